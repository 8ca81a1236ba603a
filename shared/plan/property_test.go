package plan_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/state"
)

var drawn = []resource.Kind{"SQS", "SNS", "MicroService", "Worker", "DynamoDB", "S3"}

// draw wants some components, each of which needs some of those before it.
func (w *world) draw(t *rapid.T, label string) {
	n := rapid.IntRange(0, 14).Draw(t, label+" components")
	var there []string
	for i := range n {
		if rapid.IntRange(0, 4).Draw(t, label+" absent") == 0 {
			w.unwant(short(i))
			continue
		}
		var needs []string
		for range min(len(there), rapid.IntRange(0, 3).Draw(t, label+" needs")) {
			how := rapid.SampledFrom([]string{"%s", "%s.endpoint", "%s.taskDefinitionArn", "service:%s"}).Draw(t, label+" how")
			need := fmt.Sprintf(how, rapid.SampledFrom(there).Draw(t, label+" on"))
			if !slices.Contains(needs, need) {
				needs = append(needs, need)
			}
		}
		base := w.want(short(i), rapid.SampledFrom(drawn).Draw(t, label+" kind"), needs...).Base()
		base.AllowReplace = true
		if rapid.Bool().Draw(t, label+" tagged") {
			base.Tags = map[string]string{"drawn": rapid.StringN(0, 3, -1).Draw(t, label+" tag")}
		}
		there = append(there, short(i))
	}
	for i := n; i < 14; i++ {
		w.unwant(short(i))
	}
}

func short(i int) string { return fmt.Sprintf("s%d/c%d", i%3, i) }

func anyOptions(t *rapid.T) plan.Options {
	return plan.Options{PerLevel: rapid.Bool().Draw(t, "per level"), BatchSize: rapid.IntRange(0, 5).Draw(t, "batch size"),
		Parallelism: rapid.IntRange(0, 4).Draw(t, "parallelism")}
}

func TestEveryPlanIsOrderedWholeAndRepeatable(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		w.draw(rt, "before")
		w.deploy()
		w.spoil(rt)
		w.draw(rt, "after")
		options := anyOptions(rt)
		p, err := w.make(options)
		require.NoError(t, err)
		checkShape(t, w, p, options)
		again, err := w.make(options)
		require.NoError(t, err)
		one, err := json.Marshal(p)
		require.NoError(t, err)
		other, err := json.Marshal(again)
		require.NoError(t, err)
		require.Equal(t, string(one), string(other), "the same input gives the same bytes")
	})
}

// spoil makes some records those of components that failed.
func (w *world) spoil(t *rapid.T) {
	for i := range 14 {
		if _, known := w.snapshot.Components[short(i)]; known && rapid.IntRange(0, 5).Draw(t, "spoilt") == 0 {
			w.record(short(i), func(r *state.Record) { r.Status, r.InputsDigest = state.Failed, "" })
		}
	}
}

// checkShape holds what is true of every plan.
func checkShape(t *testing.T, w *world, p *plan.Plan, options plan.Options) {
	type place struct{ wave, batch, index int }
	places, levels := map[string]place{}, map[string]int{}
	for i, wave := range p.Waves {
		require.NotEmpty(t, wave.Batches)
		for j, batch := range wave.Batches {
			require.NotEmpty(t, batch.Steps)
			if options.BatchSize > 0 {
				require.LessOrEqual(t, len(batch.Steps), options.BatchSize)
			}
			for k, short := range batch.Steps {
				require.NotContains(t, places, short, "in two batches")
				places[short] = place{i, j, k}
			}
		}
	}
	require.Len(t, places, len(p.Steps), "each step is in a batch")
	for _, step := range p.Steps {
		levels[step.Address.Short()] = step.Level
	}
	for _, step := range p.Steps {
		here, level := places[step.Address.Short()], 0
		for _, need := range step.Needs {
			before, there := places[need]
			require.True(t, there)
			sameBatchBefore := before.wave == here.wave && before.batch == here.batch && before.index < here.index
			require.True(t, before.wave < here.wave || sameBatchBefore, "%s needs %s", step.Address, need)
			level = max(level, levels[need])
		}
		require.Equal(t, level+1, step.Level)
		require.Positive(t, step.Seconds)
		require.NotEmpty(t, step.Reasons)
		if options.PerLevel {
			require.Equal(t, step.Level, here.wave+1)
		}
	}
	fates := map[string]int{}
	for _, r := range w.set.Resources {
		fates[r.Address.Short()] = 0
	}
	for short := range w.snapshot.Components {
		fates[short] = 0
	}
	for _, step := range p.Steps {
		fates[step.Address.Short()]++
		require.Equal(t, 1, fates[step.Address.Short()], "one fate each")
	}
	require.Equal(t, len(fates), p.Counts.Changes()+p.Counts.NoOp)
	require.Equal(t, len(p.Steps), p.Counts.Changes())
}

func TestThePlanAfterAPlanIsEmpty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		for _, label := range []string{"first", "second", "third"} {
			w.draw(rt, label)
			p, err := w.make(anyOptions(rt))
			require.NoError(t, err)
			w.apply(p, nil)
			again, err := w.make(plan.Options{})
			require.NoError(t, err)
			require.Empty(t, again.Steps, "after the %s", label)
		}
		p, err := plan.Destroy(scope, w.snapshot, anyOptions(rt))
		require.NoError(t, err)
		w.apply(p, nil)
		require.Empty(t, w.snapshot.Components)
	})
}

func TestWhateverFailsTheNextPlanFinishesTheJob(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		w.draw(rt, "first")
		p, err := w.make(anyOptions(rt))
		require.NoError(t, err)
		w.apply(p, nil)
		w.draw(rt, "second")
		p, err = w.make(anyOptions(rt))
		require.NoError(t, err)
		fails := map[string]bool{}
		for _, step := range p.Steps {
			fails[step.Address.Short()] = rapid.IntRange(0, 4).Draw(rt, "fails") == 0
		}
		clean := rapid.Bool().Draw(rt, "clean")
		w.apply(p, func(short string) (bool, error) {
			if fails[short] {
				return clean, errors.New("it did not work")
			}
			return true, nil
		})
		p, err = w.make(anyOptions(rt))
		require.NoError(t, err)
		w.apply(p, nil)
		p, err = w.make(plan.Options{})
		require.NoError(t, err)
		require.Empty(t, p.Steps)
		require.Len(t, w.snapshot.Components, len(w.set.Resources))
	})
}

func TestAComponentIsWorkedOnAfterWhatItNeedsAndGoneBeforeIt(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		w.draw(rt, "all")
		p, err := w.make(anyOptions(rt))
		require.NoError(t, err)
		made := w.apply(p, nil)
		needs := map[string][]string{}
		for _, r := range w.set.Resources {
			needs[r.Address.Short()] = plan.DependsOn(r)
		}
		p, err = plan.Destroy(scope, w.snapshot, anyOptions(rt))
		require.NoError(t, err)
		gone := w.apply(p, nil)
		for short, upstreams := range needs {
			for _, upstream := range upstreams {
				require.Less(t, slices.Index(made, upstream), slices.Index(made, short))
				require.Less(t, slices.Index(gone, short), slices.Index(gone, upstream))
			}
		}
	})
}
