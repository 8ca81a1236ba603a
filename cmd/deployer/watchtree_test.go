package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/plan"
)

var dusk = time.Date(2026, 3, 4, 18, 0, 0, 0, time.UTC)

// sampleTree is a run of three waves: the first is done, of the second's two batches one component failed and one works.
func sampleTree() *tree {
	scope := address.Scope("shop", "staging")
	p := &plan.Plan{Waves: []plan.Wave{
		{Batches: []plan.Batch{{Steps: []string{"a/db"}}}},
		{Batches: []plan.Batch{{Steps: []string{"a/api", "a/web"}}, {Steps: []string{"b/queue"}}}},
		{Batches: []plan.Batch{{Steps: []string{"b/worker"}}}}}}
	for _, short := range []string{"a/db", "a/api", "a/web", "b/queue", "b/worker"} {
		service, component, _ := strings.Cut(short, "/")
		p.Steps = append(p.Steps, plan.Step{Address: scope.In(service, component), Kind: "SQS", Action: plan.Update})
	}
	t := newTree(p)
	t.begun["a/db"], t.begun["a/api"], t.begun["a/web"] = dusk, dusk, dusk.Add(-90*time.Second)
	t.ended["a/db"] = execution.Outcome{Outcome: execution.Done, StartedAt: dusk, EndedAt: dusk.Add(1250 * time.Millisecond)}
	t.ended["a/api"] = execution.Outcome{Outcome: execution.Failed, Error: "AccessDenied", Message: "no rights\nat all", StartedAt: dusk, EndedAt: dusk.Add(time.Second)}
	return t
}

func TestTheTreeShowsWhatGoesOnAndFoldsTheRest(t *testing.T) {
	require.Equal(t, []string{
		"wave 1/3  1 done",
		"wave 2/3  1 FAILED or skipped, 1 at work, 1 to come",
		"  batch 1",
		"    update   a/api (SQS)  FAILED  1s  AccessDenied: no rights",
		"    update   a/web (SQS)  at work for 1m30s",
		"  batch 2",
		"    update   b/queue (SQS)  to come",
		"wave 3/3  1 to come",
	}, sampleTree().lines(dusk))
}

func TestTheTreeIsDrawnOverItself(t *testing.T) {
	var screen bytes.Buffer
	v := newTreeView(&options{console: console{err: &screen}})
	v.tick() // nothing is planned yet
	require.Empty(t, screen.String())
	sample := sampleTree()
	v.planned(sample.plan)
	v.tick()
	require.Contains(t, screen.String(), "wave 3/3  1 to come\n")
	screen.Reset()
	v.tick()
	require.Empty(t, screen.String(), "nothing is new")
	v.began("a/db", dusk)
	v.ended(execution.Outcome{Address: address.Scope("shop", "staging").In("a", "db"), Outcome: execution.Done, StartedAt: dusk, EndedAt: dusk})
	v.tick()
	require.True(t, strings.HasPrefix(screen.String(), "\x1b[3A\x1b[J"), "%q", screen.String())
	require.Contains(t, screen.String(), "wave 1/3  1 done\n")
	screen.Reset()
	v.close()
	require.Empty(t, screen.String(), "it was drawn already")
}

func TestATreeThatIsTallerThanTheScreenIsCut(t *testing.T) {
	var screen bytes.Buffer
	v := newTreeView(&options{console: console{err: &screen}})
	p := &plan.Plan{}
	for range 60 {
		p.Waves = append(p.Waves, plan.Wave{Batches: []plan.Batch{{Steps: []string{"a/" + strings.Repeat("x", 100)}}}})
	}
	v.planned(p)
	v.tick()
	lines := strings.Split(strings.TrimSpace(screen.String()), "\n")
	require.Len(t, lines, 23)
	require.Equal(t, "... and 38 more lines", lines[22])
}
