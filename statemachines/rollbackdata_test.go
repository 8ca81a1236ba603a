package statemachines_test

import (
	"fmt"
	"hash/fnv"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/asl"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
)

// dataSpecs is the least that a document of each kind that holds data has to say.
var dataSpecs = map[resource.Kind]string{
	"RDS":              "engine: postgres, version: '16.4', instanceClass: db.t4g.medium, database: orders",
	"DocumentDB":       "version: 5.0.0, instanceClass: db.r6g.large",
	"DynamoDB":         "partitionKey: {name: id, type: S}",
	"S3":               "",
	"EFS":              "",
	"EBS":              "size: 20",
	"AWSMemoryDB":      "version: '7.1', nodeType: db.t4g.small",
	"ElastiCacheRedis": "version: '7.1', nodeType: cache.t4g.small",
	"MSK":              "version: 3.8.x, instanceType: kafka.m7g.large, authentication: {iam: true}",
	"Kafka":            "topics: [{name: clicks}]",
	"SQS":              "",
}

// journey is what happens to a component that holds data in one run, and what is allowed.
type journey struct {
	kind     resource.Kind
	action   plan.Action
	allowed  bool // its author allows that it is replaced
	approved bool // a person has agreed to the plan
}

func (j journey) String() string {
	return fmt.Sprintf("%s, %s, allowed %v, approved %v", j.kind, j.action, j.allowed, j.approved)
}

// bundle is the data between the network and a topic that comes after it; a last topic comes after all. What replaces
// something is that the environment moves to another region.
func (j journey) bundle(tag, region string, data bool) map[string]string {
	approval := "{mode: auto}"
	if j.approved {
		approval = "{mode: required, allowSelf: true}"
	}
	tags := ", tags: {version: " + tag + "}"
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: core.deployer.io/v1\nkind: Stack\nmetadata: {name: shop}\nspec:\n  environments:\n    - {name: staging, region: %s, "+
		"approval: %s, onFailure: rollback}\n---\napiVersion: core.deployer.io/v1\nkind: Service\nmetadata: {name: orders}\nspec: {}\n", region, approval)
	fmt.Fprintf(&b, "---\napiVersion: infra.deployer.io/v1\nkind: Networking\nmetadata: {name: networking}\nspec: {cidr: 10.20.0.0/16, "+
		"availabilityZones: 2, natGateways: single%s}\n", tags)
	component := func(kind resource.Kind, name, spec string) {
		fmt.Fprintf(&b, "---\napiVersion: components.deployer.io/v1\nkind: %s\nmetadata: {name: %s, service: orders}\nspec: {%s}\n", kind, name,
			strings.TrimPrefix(spec+tags, ", "))
	}
	needs := ""
	if data {
		needs = "dependsOn: [{component: data}]"
		component(j.kind, "data", j.dataSpec())
	}
	component("SNS", "api", needs)
	component("SNS", "last", "dependsOn: [{component: api}]")
	return map[string]string{"stack.yaml": b.String()}
}

func (j journey) dataSpec() string {
	policy := "Delete"
	if plan.Saved(j.kind) {
		policy = "Snapshot"
	}
	fields := []string{"deletionPolicy: " + policy}
	if j.allowed {
		fields = append(fields, "allowReplace: true")
	}
	if spec := dataSpecs[j.kind]; spec != "" {
		fields = append(fields, spec)
	}
	return strings.Join(fields, ", ")
}

// mishap is where a run fails, and where its rollback does.
type mishap struct {
	at   string // the component that fails in the run; "": none
	half bool   // it has changed something all the same
	back int    // which call of the rollback fails, from 1; 0: none
}

// travel makes the journey: what was deployed before, the run that fails, and its rollback. It is nil where the run itself
// is refused.
func (j journey) travel(t *testing.T, m mishap) *travelled {
	t.Helper()
	w := levels(newWorld(t))
	r := &recorder{fakeCloud: w.cloud, specs: map[string]resource.Spec{}, regions: map[string]string{}}
	w.provisioner, w.parallelism = r, 1 // so that the same fails after the same
	request := func(tag, region string, data bool) run.Request {
		return run.Request{Bundle: w.upload(j.bundle(tag, region, data)), AutoApprove: j.approved, StartedBy: "ana"}
	}
	before := "eu-west-1"
	if j.action == plan.Replace {
		before = "us-east-1"
	}
	if j.action != plan.Create {
		_, result := w.deploy("r0", request("old", before, true))
		require.Equal(t, asl.StatusSucceeded, result.Status, "%s: %s", result.Error, result.Cause)
	}
	trip := &travelled{world: w, recorder: r, journey: j, mishap: m, before: maps.Clone(r.specs), region: before}
	r.calls, r.mishap = nil, m
	_, trip.result = w.deploy("r1", request("new", "eu-west-1", j.action != plan.Delete))
	if trip.result.Error == "ReplaceRefused" {
		require.False(t, j.allowed)
		require.Equal(t, plan.Replace, j.action)
		require.Empty(t, r.calls, "nothing was begun")
		return nil
	}
	return trip
}

// sampled picks some of the cases, always the same ones; DEPLOYER_SIM=full takes all.
func sampled(name string, of uint32) bool {
	if os.Getenv("DEPLOYER_SIM") == "full" {
		return true
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return h.Sum32()%of == 0
}

// mishaps are the ways in which the run may fail.
func mishaps() []mishap {
	all := []mishap{{}}
	for _, at := range []string{"platform/networking", "orders/data", "orders/api"} {
		all = append(all, mishap{at: at}, mishap{at: at, half: true})
	}
	return append(all, mishap{at: "orders/last"})
}

// Every kind that holds data goes through everything that may happen to it, by the machines and handlers themselves; the run
// fails at each of its components, and the rollback at each of its steps. What was asked of the cloud is looked at.
func TestNoRollbackTouchesDataWithoutASnapshotAndApproval(t *testing.T) {
	cases, replaced := 0, 0
	for _, kind := range slices.Sorted(maps.Keys(dataSpecs)) {
		for _, action := range []plan.Action{plan.Create, plan.Update, plan.Replace, plan.Delete} {
			for _, rights := range [][2]bool{{false, false}, {true, false}, {false, true}, {true, true}} {
				j := journey{kind, action, rights[0], rights[1]}
				t.Run(j.String(), func(t *testing.T) {
					for _, m := range mishaps() {
						if !sampled(fmt.Sprint(j, m), 8) {
							continue
						}
						trip := j.travel(t, m)
						if trip == nil {
							continue
						}
						cases++
						replaced += trip.check()
						back := len(trip.back())
						for m.back = 1; m.back <= back; m.back++ {
							if sampled(fmt.Sprint(j, m), 3) {
								cases++
								replaced += j.travel(t, m).check()
							}
						}
					}
				})
			}
		}
	}
	t.Logf("%d cases, in %d of which the rollback replaced data after a last snapshot", cases, replaced)
	require.GreaterOrEqual(t, cases, 160)
	require.Positive(t, replaced)
}

func TestTheTableHasEveryKindThatHoldsData(t *testing.T) {
	for _, kind := range resource.Kinds() {
		definition, _ := resource.Lookup(kind)
		_, listed := dataSpecs[kind]
		require.Equal(t, definition.Stateful, listed, kind)
	}
	require.GreaterOrEqual(t, len(dataSpecs), 10)
}
