package provision

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/resource"
)

var update = flag.Bool("update", false, "write the goldens that do not exist yet; delete one to have it written anew")

// golden is the file of a case. The revision of the kind is part of its name: what is created may change only with it, or
// components that are deployed would never be brought up to it.
func golden(kind resource.Kind, name string) string {
	definition, _ := resource.Lookup(kind)
	file := strings.NewReplacer(" ", "-", ",", "").Replace(name)
	return filepath.Join("testdata", string(kind), fmt.Sprintf("%s.r%d.json", file, definition.Revision))
}

func TestTranslationsMakeWhatTheirGoldensSay(t *testing.T) {
	used := map[string]bool{}
	for name, order := range cases {
		t.Run(name, func(t *testing.T) {
			var text bytes.Buffer
			encoder := json.NewEncoder(&text)
			encoder.SetIndent("", "  ")
			encoder.SetEscapeHTML(false)
			require.NoError(t, encoder.Encode(translate(t, order, false)))
			file := golden(order.Kind, name)
			used[file] = true
			want, err := os.ReadFile(file)
			if os.IsNotExist(err) && *update {
				require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
				require.NoError(t, os.WriteFile(file, text.Bytes(), 0o644))
				return
			}
			require.NoError(t, err, "run the test with -update to write it")
			require.Empty(t, firstDifference(string(want), text.String()),
				"the translation of %s creates something else than in this revision: raise its Revision and run the test with -update", order.Kind)
		})
	}
	left, err := filepath.Glob("testdata/*/*.json")
	require.NoError(t, err)
	for _, file := range left {
		if !used[file] && *update {
			require.NoError(t, os.Remove(file))
			continue
		}
		require.True(t, used[file], "%s belongs to no case; run the test with -update", file)
	}
}

// firstDifference shows where two texts part; goldens are too long to be shown whole.
func firstDifference(want, got string) string {
	if want == got {
		return ""
	}
	old, now := strings.Split(want, "\n"), strings.Split(got, "\n")
	i := 0
	for i < min(len(old), len(now)) && old[i] == now[i] {
		i++
	}
	part := func(lines []string) string { return strings.Join(lines[max(0, i-3):min(len(lines), i+4)], "\n") }
	return fmt.Sprintf("line %d\n--- golden\n%s\n--- now\n%s", i+1, part(old), part(now))
}

func TestEveryKindHasATranslationAndACase(t *testing.T) {
	covered := map[resource.Kind]bool{}
	for _, order := range cases {
		covered[order.Kind] = true
	}
	for _, kind := range resource.Kinds() {
		require.Contains(t, translations, kind, "kind %s has no translation", kind)
		require.True(t, covered[kind], "kind %s has no case", kind)
	}
	for kind := range translations {
		_, known := resource.Lookup(kind)
		require.True(t, known, "%s is no kind", kind)
	}
}

func TestWhatCannotBeMadeIsRefusedByName(t *testing.T) {
	o := execution.Order{Address: cases["a queue"].Address, Kind: "Mainframe", Spec: &resource.SQS{}}
	e := &Engine{}
	_, applied := e.Apply(t.Context(), o)
	_, previewed := e.Preview(t.Context(), o, false)
	_, destroyed := e.Destroy(t.Context(), o)
	for _, err := range []error{applied, previewed, destroyed} {
		var refusal *NotTranslated
		require.ErrorAs(t, err, &refusal)
		require.ErrorContains(t, err, "shop/staging/web/it is a Mainframe")
	}
}

func TestTranslationsOfferWhatTheirKindsDeclare(t *testing.T) {
	for name, order := range cases {
		definition, _ := resource.Lookup(order.Kind)
		var want []string
		for _, output := range resource.Offers(definition, order.Spec) {
			want = append(want, output.Name)
		}
		result := translate(t, order, false)
		require.Equal(t, want, slices.Sorted(maps.Keys(result.Outputs)), name)
		for _, output := range definition.Outputs {
			value, offered := result.Outputs[output.Name]
			if !offered {
				continue
			}
			require.True(t, hasType(value, output), "%s: output %s is %T", name, output.Name, value)
		}
	}
}

func hasType(value any, output resource.Output) bool {
	if output.Secret {
		place, ok := value.(map[string]string)
		return ok && place["secretRef"] != ""
	}
	switch output.Type {
	case resource.Text:
		switch v := value.(type) {
		case string:
			return v != ""
		case *string:
			return v != nil
		}
		return strings.HasSuffix(fmt.Sprintf("%T", value), "pulumi.ID")
	case resource.Number:
		_, isInt := value.(int)
		return isInt
	case resource.TextList:
		_, ok := value.([]string)
		return ok
	case resource.TextMap:
		_, ok := value.(map[string]string)
		return ok
	}
	return false
}

func TestNothingIsOpenToTheWorldUnlessItsAuthorMadeItPublic(t *testing.T) {
	for name, order := range cases {
		public := isPublic(order.Spec)
		for _, r := range translate(t, order, false).Resources {
			anywhere := r.Inputs["cidrIpv4"] == "0.0.0.0/0" || r.Inputs["cidrIpv6"] == "::/0"
			if !strings.Contains(r.Type, "SecurityGroup") || !anywhere {
				continue
			}
			out := strings.Contains(r.Type, "Egress") && r.Inputs["fromPort"] == 443.0 &&
				r.Inputs["toPort"] == 443.0 // AWS's interfaces and registries
			require.True(t, public || out, "%s: %s %s lets everybody in", name, r.Type, r.Name)
		}
	}
}

func isPublic(spec resource.Spec) bool {
	switch s := spec.(type) {
	case *resource.ALB:
		return s.Scheme == resource.InternetFacing
	case *resource.RDS:
		return s.PubliclyAccessible
	case *resource.NLB:
		return s.Scheme == resource.InternetFacing
	case *resource.EC2Instance:
		return slices.ContainsFunc(s.AllowedPorts,
			func(a resource.AllowedPort) bool { return slices.ContainsFunc(a.CIDRs, resource.CIDR.IsAnywhere) })
	}
	return false
}

func TestPoliciesAllowNothingOnEverythingWithoutAReason(t *testing.T) {
	for name, order := range cases {
		for _, r := range translate(t, order, false).Resources {
			for field, value := range r.Inputs {
				text, ok := value.(string)
				if !ok || !strings.Contains(text, `"Statement"`) {
					continue
				}
				var policy struct{ Statement []policyStatement }
				require.NoError(t, json.Unmarshal([]byte(text), &policy), "%s: %s of %s", name, field, r.Name)
				for _, s := range policy.Statement {
					if r.Type == "aws:kms/key:Key" {
						checkKeyStatement(t, name, s)
						continue
					}
					checkStatement(t, name+": "+r.Type+" "+r.Name, s)
				}
			}
		}
	}
}

// checkKeyStatement knows that in the policy of a key * is the key itself: everything may be allowed to the account, whose own
// policies then decide, and to services only for this account.
func checkKeyStatement(t *testing.T, where string, s policyStatement) {
	t.Helper()
	principal, err := json.Marshal(s.Principal)
	require.NoError(t, err)
	if !slices.Contains(s.Action, "kms:*") {
		require.Contains(t, string(principal), "amazonaws.com", where)
		require.NotEmpty(t, s.Condition, "%s: %s lets %s use the key for other accounts", where, s.Sid, principal)
		return
	}
	require.JSONEq(t, `{"AWS":"arn:aws:iam::123456789012:root"}`, string(principal), where)
}

func checkStatement(t *testing.T, where string, s policyStatement) {
	t.Helper()
	if s.Effect == "Deny" {
		return
	}
	require.NotEmpty(t, s.Action, where)
	for _, action := range s.Action {
		require.False(t, action == "*" || strings.HasSuffix(action, ":*"), "%s allows %s", where, action)
		if slices.Contains(s.Resource, "*") {
			require.NotEmpty(t, withoutResources[action], "%s allows %s on everything", where, action)
		}
	}
	if s.Principal == "*" {
		require.NotEmpty(t, s.Condition, "%s lets anybody in", where)
	}
}

func TestEveryRoleHasTheBoundaryAndThePath(t *testing.T) {
	const own = "arn:aws:iam::123456789012:policy/boundary" // what the cases' Security document says too
	roles, profiles := 0, 0
	for name, order := range cases {
		limited := translate(t, order, false, func(p *program) { p.limit, p.rolePath = own, "/deployer/staging/" })
		for _, r := range limited.Resources {
			switch r.Type {
			case "aws:iam/role:Role":
				roles++
				require.Equal(t, own, r.Inputs["permissionsBoundary"], "%s: %s", name, r.Name)
			case "aws:iam/instanceProfile:InstanceProfile":
				profiles++
			default:
				continue
			}
			require.Equal(t, "/deployer/staging/", r.Inputs["path"], "%s: %s", name, r.Name)
		}
	}
	require.Greater(t, roles, len(cases)/2)
	require.NotZero(t, profiles)
}

// AWS lets the executor make roles with the installation's boundary only: another is refused in words, not with AccessDenied.
func TestAnotherBoundaryThanTheInstallationsIsRefused(t *testing.T) {
	const limit, own = "arn:aws:iam::123456789012:policy/limit", "arn:aws:iam::123456789012:policy/boundary"
	order := cases["a microservice under a security document"]
	p := &program{order: order, limit: limit}
	_, err := p.boundary()
	require.ErrorContains(t, err, own)
	require.ErrorContains(t, err, limit)
	p.limit = own
	_, err = p.boundary()
	require.NoError(t, err)
}

func TestEverythingThatCanCarryTagsSaysWhoseItIs(t *testing.T) {
	for name, order := range cases {
		for _, r := range translate(t, order, false).Resources {
			tags, ok := r.Inputs["tags"].(map[string]any)
			if !ok {
				continue
			}
			for key, want := range map[string]string{"deployer:stack": "shop", "deployer:environment": "staging",
				"deployer:service":   "web",
				"deployer:component": "it", "deployer:run": "run-1", "owner": "team-web"} {
				require.Equal(t, want, tags[key], "%s: %s %s", name, r.Type, r.Name)
			}
		}
	}
}

func TestDismantlingChangesNothingButGuards(t *testing.T) {
	for name, order := range cases {
		before, after := translate(t, order, false), translate(t, order, true)
		require.Len(t, after.Resources, len(before.Resources), name)
		for i, r := range after.Resources {
			require.False(t, r.Protect, "%s: %s", name, r.Name)
			for field := range r.Inputs {
				changed := fmt.Sprint(r.Inputs[field]) != fmt.Sprint(before.Resources[i].Inputs[field])
				guard := guards[r.Type]
				if changed && !slices.Contains(guard.protecting, field) && !slices.Contains(guard.saving, field) {
					require.Contains(t, r.IgnoreChanges, field, "%s: %s would be changed", name, r.Name)
				}
			}
		}
	}
}

func TestDeletionPoliciesDecideAboutTheLastSnapshot(t *testing.T) {
	for policy, skips := range map[resource.DeletionPolicy]bool{resource.Snapshot: false, resource.Delete: true} {
		o := order("RDS", func(s *resource.RDS) {
			s.Engine, s.Version, s.InstanceClass, s.DeletionPolicy = resource.Postgres, "16.4", "db.m7g.large", policy
		})
		for dismantle, protected := range map[bool]bool{false: true, true: false} {
			for _, r := range translate(t, o, dismantle).Resources {
				if r.Type == "aws:rds/instance:Instance" {
					require.Equal(t, protected, r.Protect, policy)
					require.Equal(t, protected, r.Inputs["deletionProtection"], policy)
					require.Equal(t, dismantle && skips, r.Inputs["skipFinalSnapshot"], policy)
					require.NotEmpty(t, r.Inputs["finalSnapshotIdentifier"], policy)
				}
			}
		}
	}
}
