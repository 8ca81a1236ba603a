package plan_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/state"
)

// surrounded is a component that holds data between a network that it needs and a service that reads it, all of which the
// plan changes so that the data is created, updated, replaced or deleted.
func surrounded(t *testing.T, kind resource.Kind, action plan.Action, allowed bool) *world {
	w := newWorld(t)
	want := func(tag string, data, present bool) {
		tags := map[string]string{"version": tag}
		w.want("platform/networking", "Networking").Base().Tags = tags
		if data {
			spec := w.want("shop/data", kind, "platform:platform/networking").Base()
			spec.Tags, spec.AllowReplace = tags, allowed || !present
			if plan.Saved(kind) {
				spec.DeletionPolicy = resource.Snapshot
			}
			w.want("shop/api", "MicroService", "shop/data.endpoint", "platform:platform/networking").Base().Tags = tags
			return
		}
		w.want("shop/api", "MicroService", "platform:platform/networking").Base().Tags = tags
	}
	if action == plan.Create {
		want("new", true, false)
		return w
	}
	want("old", true, true)
	w.deploy()
	if action == plan.Delete {
		w.unwant("shop/data")
		want("new", false, false)
		return w
	}
	want("new", true, false)
	if action == plan.Replace {
		w.record("shop/data", func(r *state.Record) { r.Region = "us-east-1" })
	}
	return w
}

// TestNoRollbackDestroysDataByItself walks every kind that holds data through everything that may happen to it, the run
// failing at each of its steps, before or after it had changed something, or at its very end.
func TestNoRollbackDestroysDataByItself(t *testing.T) {
	cases, replaced := 0, 0
	for _, kind := range holders() {
		for _, action := range []plan.Action{plan.Create, plan.Update, plan.Replace, plan.Delete} {
			for _, allowed := range []bool{false, true} {
				if action == plan.Replace && !allowed {
					continue // the run itself would be refused
				}
				stops := []string{""}
				for _, step := range surrounded(t, kind, action, allowed).plan().Steps {
					stops = append(stops, step.Address.Short())
				}
				for _, stop := range stops {
					for _, fate := range []plan.Fate{plan.Half, ""} {
						for _, approved := range []bool{false, true} {
							cases++
							u := surrounded(t, kind, action, allowed).carry(stop, fate)
							u.approved = approved
							p := u.rollback()
							said := fmt.Sprintf("%s %s, failed at %q (%q), approved %v, allowed %v: %v", kind, action, stop, fate, approved, allowed, said(p))
							replaced += checkData(t, u, p, approved, said)
						}
					}
				}
			}
		}
	}
	t.Logf("%d cases, in %d of which data was replaced after a last snapshot", cases, replaced)
	require.GreaterOrEqual(t, cases, 160)
	require.Positive(t, replaced)
}

// checkData returns 1 where the rollback replaces the data.
func checkData(t *testing.T, u *undo, p *plan.Plan, approved bool, said string) int {
	record, there := u.snapshot.Components["shop/data"]
	step, acts := p.Step("shop/data")
	switch {
	case !acts && there:
		// nothing happens to it; then nothing that it needs goes either
		for _, below := range record.DependsOn {
			if other, gone := p.Step(below); gone {
				require.NotEqual(t, plan.Delete, other.Action, said)
				require.NotEqual(t, plan.Replace, other.Action, said)
			}
		}
		return 0
	case !acts || !there:
		return 0
	}
	require.NotEqual(t, plan.Delete, step.Action, said)
	if step.Action != plan.Replace {
		return 0
	}
	require.True(t, approved, said)
	require.True(t, step.Saves, said)
	require.Equal(t, resource.Snapshot, step.DeletionPolicy, said)
	require.True(t, plan.Saved(step.Kind), said)
	require.Contains(t, string(record.Spec), `"allowReplace":true`, said)
	require.Contains(t, string(record.Spec), `"deletionPolicy":"Snapshot"`, said)
	require.Contains(t, string(u.before.Components["shop/data"].Spec), `"allowReplace":true`, said)
	return 1
}
