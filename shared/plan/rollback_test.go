package plan_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/state"
)

// undo carries out a part of a plan, in the plan's order, and plans to undo it. Fates say what became of the steps that
// are named; every other one does what is planned, until the first failure.
type undo struct {
	*world
	before   *state.Snapshot
	plan     *plan.Plan
	fates    map[string]plan.Fate
	approved bool
}

// carry plans what is wanted and carries it out until the step of stop has ended as fate says; "" carries out all.
func (w *world) carry(stop string, fate plan.Fate) *undo {
	w.t.Helper()
	u := &undo{world: w, before: clone(w.snapshot), plan: w.plan(), fates: map[string]plan.Fate{}}
	for _, step := range u.plan.Steps {
		short := step.Address.Short()
		if short == stop {
			u.fates[short] = fate
			u.happen(step, fate)
			break
		}
		u.fates[short] = plan.Changed
		if step.Action == plan.Delete && step.DeletionPolicy == resource.Retain && step.Stateful {
			u.fates[short] = plan.LetGo
		}
		u.happen(step, u.fates[short])
	}
	return u
}

// happen makes known what a step has done.
func (u *undo) happen(step plan.Step, fate plan.Fate) {
	short := step.Address.Short()
	record := u.snapshot.Components[short]
	switch {
	case fate == "":
		return
	case step.Action == plan.Delete && fate == plan.Half:
		record.Status = state.Deleting
	case step.Action == plan.Delete:
		delete(u.snapshot.Components, short)
		return
	default:
		r := u.find(short)
		spec, err := json.Marshal(r.Spec)
		require.NoError(u.t, err)
		version := 2
		if step.Action == plan.Replace {
			version = 3
		}
		out := outputs(short, version)
		if step.Action == plan.Replace {
			out["endpoint"] = json.RawMessage(`"another.internal"`)
		}
		definition, _ := resource.Lookup(r.Kind)
		before := record.Spec
		record = state.Record{Address: step.Address, Kind: string(r.Kind), Status: state.Deployed, Outputs: out, Region: "eu-west-1", Epoch: "e4",
			Resources: 2, DependsOn: plan.DependsOn(r), Spec: spec, Revision: definition.Revision}
		record.InputsDigest = plan.InputsDigest(r.Kind, definition.Revision, spec, plan.Upstreams(r.Needs, func(of string) (resource.Kind, map[string]json.RawMessage) {
			return resource.Kind(u.snapshot.Components[of].Kind), u.snapshot.Components[of].Outputs
		}))
		if fate == plan.Half {
			record.Status, record.InputsDigest = state.Failed, ""
			if before != nil {
				record.Spec = before
			}
		}
	}
	u.snapshot.Components[short] = record
}

func clone(s *state.Snapshot) *state.Snapshot {
	c := *s
	c.Components = maps.Clone(s.Components)
	return &c
}

func (u *undo) rollback() *plan.Plan {
	u.t.Helper()
	p, set, err := plan.Rollback(plan.Undoing{Plan: u.plan, Fates: u.fates, Before: u.before, Now: u.snapshot, Approved: u.approved},
		plan.Options{Run: "run-1-rollback", PerLevel: true})
	require.NoError(u.t, err)
	require.NotNil(u.t, set)
	return p
}

// said is a rollback in short: each step as action component, in order.
func said(p *plan.Plan) []string {
	all := []string{}
	for _, step := range p.Steps {
		text := string(step.Action) + " " + step.Address.Short()
		if step.Conditional {
			text += "?"
		}
		all = append(all, text)
	}
	return all
}

func keeps(p *plan.Plan) map[string]string {
	all := map[string]string{}
	for _, k := range p.Kept {
		all[k.Component] = k.Reason
	}
	return all
}

func TestWhatWasCreatedIsDeletedInReverse(t *testing.T) {
	w := newWorld(t)
	w.want("shop/events", "SNS")
	w.want("shop/api", "MicroService", "shop/events.arn")
	w.want("edge/gateway", "MicroService", "shop/api")
	p := w.carry("edge/gateway", plan.Half).rollback()
	require.Equal(t, []string{"delete edge/gateway", "delete shop/api", "delete shop/events"}, said(p))
	require.Empty(t, p.Kept)
	require.Equal(t, plan.Counts{Delete: 3}, p.Counts)
	require.Nil(t, p.Rollback, "a rollback is not rolled back")

	w = newWorld(t)
	w.want("shop/events", "SNS")
	w.want("shop/api", "MicroService", "shop/events.arn")
	p = w.carry("shop/api", "").rollback()
	require.Equal(t, []string{"delete shop/events"}, said(p), "what changed nothing needs nothing")
}

func TestWhatWasUpdatedGetsItsFormerSpecInReverse(t *testing.T) {
	w := newWorld(t)
	w.want("shop/events", "SNS")
	w.want("shop/api", "MicroService", "shop/events.arn")
	w.deploy()
	w.want("shop/events", "SNS").Base().Tags = map[string]string{"team": "a"}
	w.want("shop/api", "MicroService", "shop/events.arn").(*resource.MicroService).Replicas = 7
	u := w.carry("shop/api", plan.Half)
	u.record("shop/events", func(r *state.Record) { r.Outputs = outputs("shop/events", 1) })
	p := u.rollback()
	require.Equal(t, []string{"update shop/api", "update shop/events"}, said(p))
	step, _ := p.Step("shop/events")
	require.Equal(t, []string{"gets its former spec"}, step.Reasons)
	require.Equal(t, "tags.team", step.Changes[0].Path)
	require.Nil(t, step.Changes[0].After)
}

func TestWhoReadsAnOutputThatChangesBackIsRestoredAfterwards(t *testing.T) {
	w := newWorld(t)
	w.want("edge/lb", "ALB")
	w.want("shop/api", "MicroService", "edge/lb.endpoint")
	w.want("shop/web", "MicroService", "edge/lb.endpoint")
	w.deploy()
	w.want("edge/lb", "ALB").(*resource.ALB).Scheme = resource.InternetFacing
	w.want("shop/api", "MicroService", "edge/lb.endpoint").(*resource.MicroService).Replicas = 7
	u := w.carry("shop/api", plan.Half)
	require.Equal(t, plan.Replace, u.plan.Steps[0].Action)
	p := u.rollback()
	require.Equal(t, []string{"replace edge/lb", "update shop/api", "update shop/web?"}, said(p),
		"the service that the run did not come to reads the load balancer too")
}

func TestWhatWasDeletedIsCreatedAnewBeforeThoseThatNeedIt(t *testing.T) {
	w := newWorld(t)
	w.want("shop/events", "SNS")
	w.want("shop/api", "MicroService", "shop/events").Base().DependsOn = []resource.Dependency{{Component: resource.ComponentRef{Component: "shop/events"}}}
	w.deploy()
	w.unwant("shop/events")
	w.want("shop/api", "MicroService")
	u := w.carry("shop/events", plan.Half)
	require.Equal(t, []string{"update shop/api", "delete shop/events"}, said(u.plan))
	require.Equal(t, []string{"update shop/events", "update shop/api"}, said(u.rollback()), "it is half there: it is completed")
	u.fates["shop/events"] = plan.Changed
	delete(u.snapshot.Components, "shop/events")
	p := u.rollback()
	require.Equal(t, []string{"create shop/events", "update shop/api"}, said(p))
}

func TestWhatACreatedDatabaseNeedsIsKeptWithIt(t *testing.T) {
	w := newWorld(t)
	w.want("platform/networking", "Networking")
	w.want("platform/security", "Security")
	w.want("shop/db", "RDS", "platform:platform/networking", "platform:platform/security")
	w.want("shop/api", "MicroService", "shop/db.endpoint", "platform:platform/networking")
	u := w.carry("shop/api", plan.Half)
	require.Equal(t, &plan.Prospect{Delete: 1, Irreversible: []plan.Kept{
		{Component: "platform/networking", Kind: "Networking", Reason: "shop/db, which is kept, needs it"},
		{Component: "platform/security", Kind: "Security", Reason: "shop/db, which is kept, needs it"},
		{Component: "shop/db", Kind: "RDS", Reason: "it holds data: once created, it is kept"},
	}}, u.plan.Rollback)
	p := u.rollback()
	require.Equal(t, []string{"delete shop/api"}, said(p))
	require.Equal(t, map[string]string{"shop/db": "it holds data: what was created is not deleted by a rollback",
		"platform/networking": "shop/db needs it, which is kept", "platform/security": "shop/db needs it, which is kept"}, keeps(p))
}

func TestAFieldThatAWSDoesNotTakeBackStays(t *testing.T) {
	w := newWorld(t)
	database := func(version string, size int, class string) {
		db := w.want("shop/db", "RDS").(*resource.RDS)
		db.Engine, db.Version, db.Storage.Size, db.InstanceClass = resource.Postgres, version, size, class
	}
	database("15.4", 100, "db.m7g.large")
	w.deploy()
	database("16.1", 200, "db.m7g.xlarge")
	u := w.carry("", "")
	require.Equal(t, []plan.Kept{{Component: "shop/db", Kind: "RDS",
		Reason: `storage.size stays 200: AWS does not take it back to 100; version stays "16.1": AWS does not take it back to "15.4"`}}, u.plan.Rollback.Irreversible)
	p, set, err := plan.Rollback(plan.Undoing{Plan: u.plan, Fates: u.fates, Before: u.before, Now: u.snapshot}, plan.Options{Run: "r", PerLevel: true})
	require.NoError(t, err)
	step, ok := p.Step("shop/db")
	require.True(t, ok)
	require.Equal(t, []plan.Change{{Path: "instanceClass", Before: json.RawMessage(`"db.m7g.xlarge"`), After: json.RawMessage(`"db.m7g.large"`)}}, step.Changes)
	db := set.Resources[0].Spec.(*resource.RDS)
	require.Equal(t, []any{"16.1", 200, "db.m7g.large"}, []any{db.Version, db.Storage.Size, db.InstanceClass})
	require.Contains(t, keeps(p)["shop/db"], "version stays")

	w = newWorld(t)
	database = func(_ string, size int, _ string) {
		db := w.want("shop/db", "RDS").(*resource.RDS)
		db.Engine, db.Version, db.Storage.Size, db.InstanceClass = resource.Postgres, "16.1", size, "db.m7g.large"
	}
	database("", 100, "")
	w.deploy()
	database("", 200, "")
	p = w.carry("", "").rollback()
	require.Empty(t, p.Steps, "there is nothing else to restore")
	require.Len(t, p.Kept, 1)
}

// holders are the kinds that hold data.
func holders() []resource.Kind {
	return slices.DeleteFunc(resource.Kinds(), func(k resource.Kind) bool {
		d, _ := resource.Lookup(k)
		return !d.Stateful
	})
}

// TestDataIsNotTouchedWithoutASnapshotAndApproval walks every kind that holds data through everything that may have
// happened to it.
func TestDataIsNotTouchedWithoutASnapshotAndApproval(t *testing.T) {
	require.GreaterOrEqual(t, len(holders()), 10)
	for _, kind := range holders() {
		for _, action := range []plan.Action{plan.Create, plan.Update, plan.Replace, plan.Delete} {
			for _, fate := range []plan.Fate{plan.Changed, plan.Half} {
				for _, approved := range []bool{false, true} {
					for _, allowed := range []bool{false, true} {
						name := strings.Join([]string{string(kind), string(action), string(fate), map[bool]string{true: "approved"}[approved],
							map[bool]string{true: "allowed"}[allowed]}, " ")
						t.Run(name, func(t *testing.T) { checkHolder(t, kind, action, fate, approved, allowed) })
					}
				}
			}
		}
	}
}

func checkHolder(t *testing.T, kind resource.Kind, action plan.Action, fate plan.Fate, approved, allowed bool) {
	w := newWorld(t)
	want := func(tag string) resource.Spec {
		spec := w.want("shop/data", kind)
		spec.Base().AllowReplace = true
		if plan.Saved(kind) {
			spec.Base().DeletionPolicy = resource.Snapshot
		}
		if tag != "" {
			spec.Base().Tags = map[string]string{"tag": tag}
		}
		return spec
	}
	if action != plan.Create {
		want("").Base().AllowReplace = allowed
		w.deploy()
	}
	if action == plan.Delete {
		w.unwant("shop/data")
	} else {
		want("new")
	}
	if action == plan.Replace { // as if one of its fields could not be changed in place: a kind may have none that is simple
		w.record("shop/data", func(r *state.Record) { r.Region = "us-east-1" })
	}
	u := w.carry("shop/data", fate)
	u.approved = approved
	step, planned := u.plan.Step("shop/data")
	require.True(t, planned)
	require.Equal(t, action, step.Action)
	require.NotNil(t, u.plan)
	p := u.rollback()
	back, acts := p.Step("shop/data")
	switch {
	case action == plan.Create:
		require.False(t, acts)
	case action == plan.Replace && approved && allowed && plan.Saved(kind):
		require.True(t, acts)
		require.Equal(t, plan.Replace, back.Action)
		require.True(t, back.Saves)
		require.Equal(t, resource.Snapshot, back.DeletionPolicy)
	case action == plan.Replace:
		require.False(t, acts, "%v", back)
		require.Contains(t, keeps(p)["shop/data"], "was replaced")
	case action == plan.Delete && fate == plan.Changed:
		require.True(t, acts)
		require.Equal(t, plan.Create, back.Action)
		require.Contains(t, back.Reasons[0], "empty")
	default:
		require.True(t, acts)
		require.Equal(t, plan.Update, back.Action)
	}
	if !acts {
		require.Equal(t, fate == plan.Half, p.Kept[0].Half)
	}
}

func TestWhatWasLetGoOfIsNotTakenBack(t *testing.T) {
	w := newWorld(t)
	w.want("shop/files", "S3")
	w.deploy()
	w.unwant("shop/files")
	u := w.carry("", "")
	require.Equal(t, plan.LetGo, u.fates["shop/files"])
	require.Contains(t, u.plan.Rollback.Irreversible[0].Reason, "let go of")
	p := u.rollback()
	require.Empty(t, p.Steps)
	require.Contains(t, keeps(p)["shop/files"], "deployer does not manage them")
}

func TestAComponentThatHadFailedBeforeTheRunIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	w.want("shop/api", "MicroService")
	w.want("shop/web", "MicroService")
	w.deploy()
	w.record("shop/api", func(r *state.Record) { r.Status, r.InputsDigest = state.Failed, "" })
	w.want("shop/web", "MicroService").(*resource.MicroService).Replicas = 9
	u := w.carry("shop/web", plan.Half)
	delete(u.fates, "shop/api")
	u.record("shop/api", func(r *state.Record) { r.Status = state.Failed })
	require.Equal(t, []string{"update shop/web"}, said(u.rollback()))
}
