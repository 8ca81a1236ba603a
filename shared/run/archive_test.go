package run

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/objects"
)

func archive(id string) Archive {
	return Archive{Store: objects.NewMemory(time.Now), Ref: Ref{Stack: "shop", Environment: "staging", ID: id, Operation: Deploy}}
}

func TestAnArtifactIsWrittenOnceAndMayBeWrittenTheSameAgain(t *testing.T) {
	a := archive("r1")
	require.NoError(t, a.Write(t.Context(), PlanArtifact, map[string]int{"steps": 3}))
	require.NoError(t, a.Write(t.Context(), PlanArtifact, map[string]int{"steps": 3}))
	var conflict *ArtifactConflict
	require.ErrorAs(t, a.Write(t.Context(), PlanArtifact, map[string]int{"steps": 4}), &conflict)
	require.Equal(t, "stacks/shop/staging/runs/r1/plan.json", conflict.Key)
	var read map[string]int
	require.NoError(t, a.Read(t.Context(), PlanArtifact, &read))
	require.Equal(t, 3, read["steps"])
	require.NoError(t, a.Replace(t.Context(), PlanArtifact, map[string]int{"steps": 5}))
	require.NoError(t, a.Read(t.Context(), PlanArtifact, &read))
	require.Equal(t, 5, read["steps"])
	require.ErrorIs(t, a.Read(t.Context(), GraphArtifact, &read), objects.ErrNotFound)
}

func TestOutcomesAndRunsAreListedInOrder(t *testing.T) {
	a := archive("r2")
	for _, component := range []string{"queue", "db"} {
		require.NoError(t, a.Write(t.Context(), OutcomeArtifact(a.Ref.Scope().In("user", component)), 1))
	}
	outcomes, err := a.Outcomes(t.Context())
	require.NoError(t, err)
	require.Len(t, outcomes, 2)
	require.Equal(t, "user/db", outcomes[0].Short())
	for _, id := range []string{"r1", "r10"} {
		other := a
		other.Ref.ID = id
		require.NoError(t, other.Write(t.Context(), RequestArtifact, Request{}))
		require.NoError(t, other.Write(t.Context(), PlanArtifact, 1))
	}
	ids, err := IDs(t.Context(), a.Store, a.Ref.Scope())
	require.NoError(t, err)
	require.Equal(t, []string{"r1", "r10", "r2"}, ids)
}

func TestARequestsScopeIsNamedOrReadFromTheBundlesKey(t *testing.T) {
	for key, want := range map[string]string{"bundles/shop/staging/b.zip": "shop/staging", "bundles/shop/b.zip": "", "other/shop/staging/b.zip": "",
		"bundles/../staging/b.zip": ""} {
		scope, err := Request{Bundle: BundleRef{Key: key}}.Scope()
		if want == "" {
			require.Error(t, err, key)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, want, scope.String())
	}
	scope, err := Request{Stack: "a", Environment: "b", Bundle: BundleRef{Key: "bundles/x/y/z"}}.Scope()
	require.NoError(t, err)
	require.Equal(t, "a/b", scope.String())
}

func TestFailureIsNamedByItsTypeThroughWrapping(t *testing.T) {
	conflict := &ArtifactConflict{Key: "k"}
	require.Equal(t, "ArtifactConflict", FailureOf(conflict).Error)
	require.Equal(t, "ArtifactConflict", FailureOf(fmt.Errorf("plan: %w", conflict)).Error)
	require.Equal(t, "ArtifactConflict", FailureOf(errors.Join(errors.New("other"), conflict)).Error)
	require.Equal(t, Stopped, FailureOf(fmt.Errorf("x: %w", context.Canceled)).Error)
	require.Equal(t, TimedOut, FailureOf(context.DeadlineExceeded).Error)
	require.Equal(t, Failure{Error: Unexpected, Cause: "boom"}, FailureOf(errors.New("boom")))
}
