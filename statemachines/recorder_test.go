package statemachines_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/asl"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
)

// call is one call of the cloud, and what it meant for what was there.
type call struct {
	run, short string
	// deletes says that what was there is deleted, creates that there was nothing; both, that it is replaced.
	deletes, creates bool
	// saved says that what was there carries the wish for a last snapshot.
	saved  bool
	failed bool
	spec   resource.Spec
}

func (c call) operation() string {
	switch {
	case c.deletes && c.creates:
		return "replace"
	case c.deletes:
		return "delete"
	case c.creates:
		return "create"
	}
	return "update"
}

// recorder is a Provisioner that remembers what it was asked, knows what is there, and fails where it is told to.
type recorder struct {
	*fakeCloud
	calls   []call
	specs   map[string]resource.Spec // of what is there, by service/component
	regions map[string]string
	mishap  mishap
	undone  int // calls of the rollback
}

func (r *recorder) Apply(_ context.Context, order execution.Order) (execution.Result, error) {
	return r.ask("apply", order)
}

func (r *recorder) Destroy(_ context.Context, order execution.Order) (execution.Result, error) {
	return r.ask("destroy", order)
}

func (r *recorder) ask(verb string, order execution.Order) (execution.Result, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	short := order.Address.Short()
	present, there := r.specs[short]
	made := call{run: order.Run, short: short, spec: order.Spec, creates: verb == "apply" && !there,
		deletes: there && (verb == "destroy" || r.regions[short] != order.Region)}
	made.creates = made.creates || verb == "apply" && made.deletes
	if there {
		made.saved = present.Base().DeletionPolicy == resource.Snapshot
	}
	made.failed = r.fails(made)
	r.calls = append(r.calls, made)
	change := execution.ResourceChange{Type: "aws:test:Thing", Name: short, Operation: made.operation()}
	if change.Failed = made.failed && !r.mishap.half; change.Failed {
		change.Message = "StatusCode: 403, AccessDenied" // it was refused, so it has changed nothing
	}
	result := execution.Result{Changes: []execution.ResourceChange{change}}
	if made.failed {
		if r.mishap.half {
			if there || verb == "apply" {
				r.specs[short], r.regions[short], r.there[short] = order.Spec, order.Region, false
			}
			result.Resources = 1
		}
		return result, errors.New("AccessDenied")
	}
	if verb == "destroy" {
		delete(r.specs, short)
		delete(r.there, short)
		return result, nil
	}
	r.specs[short], r.regions[short], r.there[short] = order.Spec, order.Region, true
	result.Resources, result.Outputs = 1, map[string]json.RawMessage{}
	definition, _ := resource.Lookup(order.Kind)
	for _, output := range resource.Offers(definition, order.Spec) {
		result.Outputs[output.Name] = json.RawMessage(`"` + order.Region + `:` + short + `:` + output.Name + `"`)
	}
	return result, nil
}

// fails reports whether the call is the one that is to fail.
func (r *recorder) fails(made call) bool {
	if strings.HasSuffix(made.run, "-rollback") {
		r.undone++
		return r.undone == r.mishap.back
	}
	return made.short == r.mishap.at
}

// travelled is a journey that was made.
type travelled struct {
	*world
	*recorder
	journey
	mishap mishap
	before map[string]resource.Spec // what was there before the run
	region string
	result asl.Result
}

// back are the calls of the rollback.
func (t *travelled) back() []call {
	var calls []call
	for _, call := range t.recorder.calls {
		if strings.HasSuffix(call.run, "-rollback") {
			calls = append(calls, call)
		}
	}
	return calls
}

// check looks at what was asked of the cloud, and at how the run ended. It returns how often a rollback replaced data.
func (t *travelled) check() (replaced int) {
	t.t.Helper()
	said := func() string {
		var b strings.Builder
		for _, call := range t.recorder.calls {
			b.WriteString("\n" + call.run + " " + call.short)
			for word, is := range map[string]bool{" deletes": call.deletes, " creates": call.creates, " failed": call.failed} {
				if is {
					b.WriteString(word)
				}
			}
		}
		return b.String()
	}
	for _, call := range t.back() {
		if call.short != "orders/data" || !call.deletes {
			continue
		}
		require.True(t.t, call.creates, "a rollback deletes no data: %s", said())
		require.True(t.t, call.saved, "no last snapshot is taken: %s", said())
		require.True(t.t, t.approved, "nobody has agreed: %s", said())
		require.True(t.t, t.allowed, "its author does not allow it: %s", said())
		replaced++
	}
	t.checkOrder(said)
	t.checkEnding(said)
	return replaced
}

// needs is what each component waits for on its way there.
var needs = [][2]string{{"orders/data", "platform/networking"}, {"orders/api", "orders/data"}, {"orders/last", "orders/api"}}

// checkOrder looks whether the rollback goes in reverse, but for what is created anew or was left half-done: its users wait.
func (t *travelled) checkOrder(said func() string) {
	t.t.Helper()
	at := map[string]int{}
	calls := t.back()
	for i, call := range calls {
		at[call.short] = i + 1
	}
	for _, pair := range needs {
		user, used := at[pair[0]], at[pair[1]]
		if user == 0 || used == 0 || pair[1] == "platform/networking" && !t.networked() {
			continue
		}
		if calls[used-1].creates || calls[user-1].creates || t.half(pair[1]) {
			require.Less(t.t, used, user, "%s comes back before %s reads it: %s", pair[1], pair[0], said())
		} else {
			require.Less(t.t, user, used, "%s goes back before %s: %s", pair[0], pair[1], said())
		}
	}
}

// half reports whether the run left a component half-done.
func (t *travelled) half(short string) bool {
	return t.mishap.half && t.mishap.at == short && t.reached()
}

func (t *travelled) networked() bool {
	definition, _ := resource.Lookup(t.kind)
	return definition.Networked
}

// checkEnding compares how the run says that it ended with what there is.
func (t *travelled) checkEnding(said func() string) {
	t.t.Helper()
	t.truthful()
	ending, failure := t.told()
	switch {
	case t.mishap.at == "" || !t.reached():
		require.Equal(t.t, run.Succeeded, ending, said())
		require.Empty(t.t, t.back(), said())
		return
	case t.mishap.back > 0:
		require.Equal(t.t, run.FailedDirty, ending, said())
		require.True(t.t, failure.NeedsPerson())
		require.True(t.t, t.quarantined())
		return
	}
	kept := map[string]bool{}
	for _, k := range t.world.ending("r1").Rollback.Kept {
		kept[k.Component] = true
		if k.Half {
			require.Equal(t.t, run.FailedDirty, ending, "%s is half-done: %s", k.Component, said())
		}
	}
	for _, short := range []string{"platform/networking", "orders/data", "orders/api", "orders/last"} {
		if kept[short] {
			continue
		}
		was, before := t.before[short]
		is, now := t.specs[short]
		require.Equal(t.t, before, now, "%s: %s", short, said())
		if before {
			require.Equal(t.t, was.Base().Tags, is.Base().Tags, "%s: %s", short, said())
			require.Equal(t.t, t.region, t.regions[short], "%s: %s", short, said())
		}
	}
	t.free()
}

// reached reports whether the run came to the component that was to fail.
func (t *travelled) reached() bool {
	for _, call := range t.recorder.calls {
		if call.run == "r1" && call.failed {
			return true
		}
	}
	return false
}
