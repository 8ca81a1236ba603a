package plan_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
)

// copyOf is a set that has nothing in common with the first.
func copyOf(t testing.TB, set *resource.Set) *resource.Set {
	other := *set
	other.Resources = nil
	for _, r := range set.Resources {
		data, err := json.Marshal(r)
		require.NoError(t, err)
		var same resource.Resource
		require.NoError(t, json.Unmarshal(data, &same))
		other.Resources = append(other.Resources, &same)
	}
	return &other
}

// told is an impact as a person would sum it up.
func told(i *plan.Impact) []string {
	lines := []string{}
	for _, a := range i.Components {
		line := string(a.Action) + " " + a.Address.Short()
		for _, reason := range a.Reasons {
			line += "; " + reason
		}
		for _, change := range a.Changes {
			line += "; " + change.Path
		}
		for _, edge := range a.Through {
			line += fmt.Sprintf("; %s %s", edge.Reason, edge.To.Short())
		}
		lines = append(lines, line)
	}
	for _, change := range i.Settings {
		lines = append(lines, "setting "+change.Path)
	}
	return lines
}

func TestWhatAChangeTouchesAndWhy(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *world)
		want   []string
	}{
		"nothing, where nothing changes": {func(*world) {}, []string{}},
		"a component, by its fields": {func(w *world) { w.find("chat/api").Spec.(*resource.MicroService).Replicas++ },
			[]string{"update chat/api; spec differs; replicas"}},
		"those that see it, through their edges": {func(w *world) { w.find("chat/messages").Spec.Base().Protect = true },
			[]string{"update chat/api; valueFrom chat/messages", "update chat/messages; spec differs; protect"}},
		"those that live in it": {func(w *world) { w.find("platform/networking").Spec.Base().Protect = true },
			[]string{"update chat/api; platform platform/networking", "update platform/networking; spec differs; protect"}},
		"what cannot be changed in place is replaced": {func(w *world) { w.find("chat/messages").Spec.(*resource.DynamoDB).PartitionKey.Name = "other" },
			[]string{"update chat/api; valueFrom chat/messages",
				"replace chat/messages; spec differs; a field changes that cannot be changed in place; partitionKey.name"}},
		"a component that is new":  {func(w *world) { w.want("chat/news", "SNS") }, []string{"create chat/news; added"}},
		"a component that is gone": {func(w *world) { w.unwant("chat/api") }, []string{"delete chat/api; removed"}},
		"another kind is another component": {func(w *world) { w.want("chat/api", "Worker") },
			[]string{"replace chat/api; kind changes from MicroService to Worker"}},
		"another region is another place": {func(w *world) { w.set.Environment.Region = "eu-west-3" },
			[]string{"replace chat/api; region changes from eu-west-1 to eu-west-3; valueFrom chat/messages; platform platform/networking"}},
		"what it no longer needs": {func(w *world) { w.want("chat/api", "MicroService", "platform:platform/networking") },
			[]string{"update chat/api; no longer needs chat/messages"}},
		"settings, which are no component": {func(w *world) {
			w.set.Environment.Approval.MinApprovals = 3
			w.set.Services = []resource.Service{{Name: "chat", Spec: resource.ServiceSpec{Owner: "us"}}}
		}, []string{"setting environment.approval.minApprovals", "setting services.chat.owner"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.want("platform/networking", "Networking")
			w.want("chat/messages", "DynamoDB")
			w.want("chat/api", "MicroService", "chat/messages.name", "platform:platform/networking")
			base := copyOf(t, w.set)
			c.change(w)
			impact, err := plan.Affect(base, w.set)
			require.NoError(t, err)
			got := told(impact)
			if name == "another region is another place" { // everything is
				require.Len(t, impact.Components, 3)
				require.Len(t, impact.Settings, 1)
				got = got[:1]
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestAnEnvironmentThatIsNewOrGone(t *testing.T) {
	w := newWorld(t)
	w.want("chat/messages", "DynamoDB")
	w.want("chat/api", "MicroService", "chat/messages.name")
	impact, err := plan.Affect(nil, w.set)
	require.NoError(t, err)
	require.Equal(t, []string{"create chat/api; added; valueFrom chat/messages", "create chat/messages; added"}, told(impact))
	require.Equal(t, scope, impact.Scope)
	impact, err = plan.Affect(w.set, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"delete chat/api; removed", "delete chat/messages; removed"}, told(impact))
	_, err = plan.Affect(nil, nil)
	require.Error(t, err)
}

// What a change touches is what the plan would hold if the base were deployed: the two cannot tell different stories.
func TestWhatAChangeTouchesIsWhatThePlanHolds(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(t)
		shorts := []string{"a/t0", "a/t1", "b/t2", "b/t3", "c/t4", "c/t5"}
		draw := func(label string) {
			for i, short := range shorts {
				w.unwant(short)
				if !rapid.Bool().Draw(r, label+short) {
					continue
				}
				var needs []string
				for _, other := range shorts[:i] {
					if _, there := w.set.Find(at(other)); there && rapid.Bool().Draw(r, label+short+" needs "+other) {
						needs = append(needs, other+".arn")
					}
				}
				spec := w.want(short, "SNS", needs...)
				spec.Base().Retry.Limit = rapid.IntRange(1, 2).Draw(r, label+"retries of "+short)
			}
		}
		draw("first ")
		base := copyOf(t, w.set)
		w.deploy()
		draw("then ")
		impact, err := plan.Affect(base, w.set)
		require.NoError(r, err)
		made, err := w.make(plan.Options{})
		require.NoError(r, err)
		touched := map[string]plan.Action{}
		for _, a := range impact.Components {
			touched[a.Address.Short()] = a.Action
		}
		for _, step := range made.Steps {
			require.Equal(r, step.Action, touched[step.Address.Short()], step.Address.Short())
		}
	})
}
