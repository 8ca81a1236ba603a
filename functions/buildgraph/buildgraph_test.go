package buildgraph_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/buildgraph"
	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/shared/graph"
	"github.com/deployer-io/deployer/shared/run"
)

func TestResourcesBecomeAGraphOnceAndAgain(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle)
	for range 2 {
		out, err := buildgraph.Handler{Objects: w.Objects}.Handle(t.Context(), buildgraph.In{Run: r.Ref})
		require.NoError(t, err)
		require.Equal(t, buildgraph.Out{Components: 3, Edges: 2, Waves: 2}, out, "the topic reads two outputs of the queue")
	}
	var made graph.Graph
	require.NoError(t, r.Archive().Read(t.Context(), run.GraphArtifact, &made))
	require.Equal(t, "intake/events", made.Edges[0].From.Short())
	require.Equal(t, "intake/queue", made.Edges[0].To.Short())
}

func TestADestroysGraphIsOfWhatThereIs(t *testing.T) {
	w := functionstest.New(t)
	w.Deploy("r1", functionstest.Bundle)
	r := w.Discover("r2", run.Destroy, nil)
	for range 2 {
		out, err := buildgraph.Handler{Objects: w.Objects}.Handle(t.Context(), buildgraph.In{Run: r.Ref})
		require.NoError(t, err)
		require.Equal(t, buildgraph.Out{Components: 3, Edges: 1, Waves: 2}, out)
	}
}
