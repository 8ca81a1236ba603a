package statemachines_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/catalog"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
)

// Every walk of these tests is also one through the roles of the CDK application: a function that does what its role, in
// the reviewed template, does not allow is refused as AWS would refuse it, and fails the test.

const (
	stateBucket = "arn:aws:s3:::example-deployer-state"
	lockTable   = "arn:aws:dynamodb:eu-west-1:111122223333:table/deployer-state-locks"
)

// texts is what IAM lets be one text or several; what is no text (a reference to another stack) is left out.
type texts []string

func (t *texts) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*t = texts{one}
		return nil
	}
	if data[0] != '[' {
		return nil
	}
	var many []any
	err := json.Unmarshal(data, &many)
	for _, value := range many {
		if text, ok := value.(string); ok {
			*t = append(*t, text)
		}
	}
	return err
}

type statement struct {
	Effect           string
	Action, Resource texts
	Condition        map[string]map[string]texts
}

// role is what a function or the executor may do.
type role struct {
	name    string
	allowed []statement
}

// roles are those of the reviewed templates, by the resource's name there.
var roles = sync.OnceValues(func() (map[string]role, error) {
	found := map[string]role{}
	for _, stack := range []string{"functions", "executor"} {
		data, err := os.ReadFile(filepath.Join("..", "infra", "environment", "testdata", "golden", "deployer-staging-"+stack+".json"))
		if err != nil {
			return nil, err
		}
		var template struct {
			Resources map[string]struct {
				Type       string
				Properties struct {
					Policies []struct {
						PolicyDocument struct{ Statement []statement }
					}
				}
			}
		}
		if err := json.Unmarshal(data, &template); err != nil {
			return nil, err
		}
		for name, resource := range template.Resources {
			if resource.Type != "AWS::IAM::Role" {
				continue
			}
			made := role{name: name}
			for _, policy := range resource.Properties.Policies {
				made.allowed = append(made.allowed, policy.PolicyDocument.Statement...)
			}
			found[name] = made
		}
	}
	return found, nil
})

// like is IAM's matching: * stands for any characters, / among them.
func like(pattern, text string) bool {
	known, ok := expressions.Load(pattern)
	if !ok {
		known, _ = expressions.LoadOrStore(pattern, regexp.MustCompile("^"+strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `.*`)+"$"))
	}
	return known.(*regexp.Regexp).MatchString(text)
}

var expressions sync.Map // patterns, compiled

func anyLike(patterns texts, text string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return like(pattern, text) })
}

// allows reports whether a statement allows the action; prefix is that of a listing, "" for none.
func (r role) allows(action, resource, prefix string) bool {
	return slices.ContainsFunc(r.allowed, func(s statement) bool {
		if s.Effect != "Allow" || !anyLike(s.Action, action) || !anyLike(s.Resource, resource) {
			return false
		}
		for operator, keys := range s.Condition {
			wanted, ok := keys["s3:prefix"]
			optional := strings.HasSuffix(operator, "IfExists")
			if !ok || prefix == "" && !optional || prefix != "" && !anyLike(wanted, prefix) {
				return false
			}
		}
		return true
	})
}

// guard refuses what a role does not allow, and fails the test for it.
type guard struct {
	role
	t testing.TB
}

func (g guard) check(action, resource, prefix string) error {
	if g.allows(action, resource, prefix) {
		return nil
	}
	err := fmt.Errorf("AccessDenied: %s may not %s on %s %s: its row is in infra/environment/functions.go", g.name, action, resource, prefix)
	g.t.Error(err)
	return err
}

// guardedStore is a bucket as its caller's role lets it be seen.
type guardedStore struct {
	objects.Store
	guard
}

func (s guardedStore) Get(ctx context.Context, key string) (objects.Object, error) {
	if err := s.check("s3:GetObject", stateBucket+"/"+key, ""); err != nil {
		return objects.Object{}, err
	}
	object, err := s.Store.Get(ctx, key)
	if err != nil { // without this permission a missing key is answered 403
		if denied := s.check("s3:ListBucket", stateBucket, ""); denied != nil {
			return object, denied
		}
	}
	return object, err
}

func (s guardedStore) GetVersion(ctx context.Context, key, version string) (objects.Object, error) {
	if err := s.check("s3:GetObjectVersion", stateBucket+"/"+key, ""); err != nil {
		return objects.Object{}, err
	}
	return s.Store.GetVersion(ctx, key, version)
}

func (s guardedStore) Put(ctx context.Context, key string, data []byte, condition objects.Condition) (objects.Object, error) {
	if err := s.check("s3:PutObject", stateBucket+"/"+key, ""); err != nil {
		return objects.Object{}, err
	}
	return s.Store.Put(ctx, key, data, condition)
}

func (s guardedStore) List(ctx context.Context, prefix, after string, limit int) ([]objects.Object, error) {
	if err := s.check("s3:ListBucket", stateBucket, prefix); err != nil {
		return nil, err
	}
	return s.Store.List(ctx, prefix, after, limit)
}

func (s guardedStore) Delete(ctx context.Context, key string) error {
	if err := s.check("s3:DeleteObject", stateBucket+"/"+key, ""); err != nil {
		return err
	}
	return s.Store.Delete(ctx, key)
}

// guardedTable is a lock table as its caller's role lets it be used.
type guardedTable struct {
	lock.Table
	guard
}

func (g guardedTable) Get(ctx context.Context, key string) (*lock.Item, error) {
	if err := g.check("dynamodb:GetItem", lockTable, ""); err != nil {
		return nil, err
	}
	return g.Table.Get(ctx, key)
}

func (g guardedTable) List(ctx context.Context, prefix string) ([]lock.Item, error) {
	if err := g.check("dynamodb:Scan", lockTable, ""); err != nil {
		return nil, err
	}
	return g.Table.List(ctx, prefix)
}

var verbs = map[lock.Verb]string{lock.Put: "PutItem", lock.Update: "UpdateItem", lock.Delete: "DeleteItem", lock.Check: "ConditionCheckItem"}

func (g guardedTable) Transact(ctx context.Context, token string, writes []lock.Write) error {
	for _, write := range writes {
		if err := g.check("dynamodb:"+verbs[write.Verb], lockTable, ""); err != nil {
			return err
		}
	}
	return g.Table.Transact(ctx, token, writes)
}

// guardOf is the guard of a role of the templates.
func guardOf(t testing.TB, name string) guard {
	t.Helper()
	all, err := roles()
	require.NoError(t, err)
	found, ok := all[name]
	require.True(t, ok, "the CDK application has no %s", name)
	return guard{found, t}
}

func guarded(g guard, store objects.Store, locker *lock.Locker) (objects.Store, *lock.Locker) {
	own := *locker
	own.Table = guardedTable{locker.Table, g}
	return guardedStore{store, g}, &own
}

// guardedFunctions are the functions, each with the ports that its role leaves it.
func guardedFunctions(t testing.TB, p catalog.Ports) map[string]catalog.Function {
	t.Helper()
	functions := map[string]catalog.Function{}
	for _, name := range catalog.Names() {
		own := p
		own.Objects, own.Locker = guarded(guardOf(t, name+"Role"), p.Objects, p.Locker)
		functions[name] = catalog.New(own)[name]
	}
	return functions
}

func TestTheGuardLetsThroughWhatTheRoleAllows(t *testing.T) {
	all, err := roles()
	require.NoError(t, err)
	key := stateBucket + "/stacks/shop/staging/runs/r1/plan.json"
	for sentence, c := range map[string]struct {
		role, action, resource, prefix string
		want                           bool
	}{
		"a plan is read":                   {"MakeReportRole", "s3:GetObject", key, "", true},
		"Notify writes none":               {"NotifyRole", "s3:PutObject", key, "", false},
		"nor any state":                    {"MakePlanRole", "s3:PutObject", stateBucket + "/stacks/shop/staging/state.json", "", false},
		"a checkpoint is seen":             {"SettleWaveRole", "s3:ListBucket", stateBucket, "stacks/shop/staging/pulumi/e1/x", true},
		"but not read":                     {"SettleWaveRole", "s3:GetObject", stateBucket + "/stacks/shop/staging/pulumi/e1/x", "", false},
		"whoever may not list, may not so": {"NotifyRole", "s3:ListBucket", stateBucket, "bundles/", false},
		"locks are looked at":              {"MakePlanRole", "dynamodb:GetItem", lockTable, "", true},
		"and held by others":               {"MakePlanRole", "dynamodb:PutItem", lockTable, "", false},
		"the executor keeps checkpoints":   {"TaskRole", "s3:PutObject", stateBucket + "/stacks/shop/staging/pulumi/e1/x", "", true},
	} {
		t.Run(sentence, func(t *testing.T) {
			require.Equal(t, c.want, all[c.role].allows(c.action, c.resource, c.prefix))
		})
	}
}
