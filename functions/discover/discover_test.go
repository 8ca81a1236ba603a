package discover_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/discover"
	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
)

func request(w *functionstest.World, files map[string]string) run.Request {
	return run.Request{Stack: "orders", Environment: "staging", Bundle: w.Upload(files)}
}

func TestABundleBecomesResourcesOnceAndAgain(t *testing.T) {
	w := functionstest.New(t)
	in := discover.In{Run: "r1", Request: request(w, functionstest.Bundle)}
	h := discover.Handler{Objects: w.Objects, Now: w.Now}
	first, err := h.Handle(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, discover.Out{Run: run.Ref{Stack: "orders", Environment: "staging", ID: "r1", Operation: run.Deploy}, Components: 3}, first)
	second, err := h.Handle(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, first, second)

	archive := run.Archive{Store: w.Objects, Ref: first.Run}
	var set resource.Set
	require.NoError(t, archive.Read(t.Context(), run.ResourcesArtifact, &set))
	require.Len(t, set.Resources, 3)
	var kept run.Request
	require.NoError(t, archive.Read(t.Context(), run.RequestArtifact, &kept))
	require.Len(t, kept.Bundle.SHA256, 64, "what was read is known from then on")
}

func TestTheScopeIsReadFromTheBundlesKey(t *testing.T) {
	w := functionstest.New(t)
	out, err := discover.Handler{Objects: w.Objects, Now: w.Now}.Handle(t.Context(), discover.In{Run: "r1", Request: run.Request{Bundle: w.Upload(functionstest.Bundle)}})
	require.NoError(t, err)
	require.Equal(t, "orders/staging", out.Run.Scope().String())
}

func TestTheVeryVersionIsReadThatWasNamed(t *testing.T) {
	w := functionstest.New(t)
	in := discover.In{Run: "r1", Request: request(w, functionstest.Bundle)}
	w.Upload(map[string]string{"broken.yaml": "a: [\n"})
	_, err := discover.Handler{Objects: w.Objects, Now: w.Now}.Handle(t.Context(), in)
	require.NoError(t, err)
}

func TestADestroyNeedsNoBundle(t *testing.T) {
	w := functionstest.New(t)
	in := discover.In{Run: "r1", Request: run.Request{Stack: "orders", Environment: "staging", Operation: run.Destroy}}
	for range 2 {
		out, err := discover.Handler{Objects: w.Objects, Now: w.Now}.Handle(t.Context(), in)
		require.NoError(t, err)
		require.Equal(t, run.Destroy, out.Run.Operation)
	}
}

func TestWhatCannotBeReadIsRejected(t *testing.T) {
	for sentence, spoil := range map[string]func(*functionstest.World, *run.Request){
		"it is not there": func(_ *functionstest.World, r *run.Request) {
			r.Bundle = run.BundleRef{Key: "bundles/orders/staging/gone.zip"}
		},
		"it is no archive": func(w *functionstest.World, r *run.Request) {
			_, err := w.Objects.Put(t.Context(), r.Bundle.Key, []byte("no zip"), objects.Always())
			require.NoError(t, err)
			r.Bundle.VersionID = ""
		},
		"it is not the one that was announced": func(_ *functionstest.World, r *run.Request) { r.Bundle.SHA256 = strings.Repeat("0", 64) },
		"nobody says whose it is":              func(_ *functionstest.World, r *run.Request) { r.Stack, r.Bundle.Key = "", "b.zip" },
	} {
		t.Run(sentence, func(t *testing.T) {
			w := functionstest.New(t)
			r := request(w, functionstest.Bundle)
			spoil(w, &r)
			_, err := discover.Handler{Objects: w.Objects, Now: w.Now}.Handle(t.Context(), discover.In{Run: "r1", Request: r})
			var rejected *discover.BundleRejected
			require.ErrorAs(t, err, &rejected)
		})
	}
}

func TestAllMistakesAreToldAndKept(t *testing.T) {
	w := functionstest.New(t)
	files := maps.Clone(functionstest.Bundle)
	files["more.yaml"] = "apiVersion: components.deployer.io/v1\nkind: SQS\nmetadata: {name: other, service: intake}\nspec: {visibility: 3s}\n---\n" +
		"apiVersion: components.deployer.io/v1\nkind: SNS\nmetadata: {name: topic, service: intake}\nspec:\n  subscriptions:\n    - {name: in, queue: nowhere}\n"
	in := discover.In{Run: "r1", Request: request(w, files)}
	for range 2 {
		_, err := discover.Handler{Objects: w.Objects, Now: w.Now}.Handle(t.Context(), in)
		var invalid *discover.InvalidConfiguration
		require.ErrorAs(t, err, &invalid)
		require.ErrorContains(t, err, "more.yaml:4")
		require.ErrorContains(t, err, "nowhere")
	}
	kept, err := w.Objects.Get(t.Context(), "stacks/orders/staging/runs/r1/diagnostics.json")
	require.NoError(t, err)
	require.Contains(t, string(kept.Data), "nowhere")
	_, err = w.Objects.Get(t.Context(), "stacks/orders/staging/runs/r1/resources.json")
	require.ErrorIs(t, err, objects.ErrNotFound, "nothing goes on from a bundle with mistakes")
}
