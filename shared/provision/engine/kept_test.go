package engine

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func keeping(operation Operation, program pulumi.RunFunc, prefix string) Call {
	c := call(operation, program)
	c.Prefix, c.Kept = prefix, "p/kept/"
	return c
}

func TestWhatWasLetGoOfIsTakenOverAndNotMadeAgain(t *testing.T) {
	ctx, w := t.Context(), newWorld(t)
	report, err := w.engine.Run(ctx, keeping(Up, things("one", "a", "b"), "p/e1/"))
	require.NoError(t, err)
	require.False(t, report.Adopted)

	kept, err := w.engine.Keep(ctx, keeping(Destroy, nil, "p/e1/"))
	require.NoError(t, err)
	require.Len(t, kept.Resources, 2)
	require.Equal(t, 2, w.provider.count())

	w.provider.mu.Lock()
	for id := range w.provider.things {
		if id[0] == 'b' {
			delete(w.provider.things, id) // somebody deleted it since
		}
	}
	w.provider.mu.Unlock()

	report, err = w.engine.Run(ctx, keeping(Preview, things("two", "a", "b"), "p/e2/"))
	require.NoError(t, err)
	require.True(t, report.Adopted)
	require.Contains(t, describe(report.Changes), "a update [value]")

	w.provider.onCreate = func(context.Context, string) error { return errors.New("not now") }
	report, err = w.engine.Run(ctx, keeping(Up, things("two", "a", "b"), "p/e2/"))
	require.Error(t, err)
	require.True(t, report.Adopted)
	require.NotEmpty(t, keys(t, w, "p/kept/"), "until it has worked, a run that knows nothing of this attempt must find it")

	w.provider.onCreate = nil
	report, err = w.engine.Run(ctx, keeping(Up, things("two", "a", "b"), "p/e3/"))
	require.NoError(t, err)
	require.True(t, report.Adopted)
	require.Equal(t, 2, w.provider.count())
	require.Empty(t, keys(t, w, "p/kept/"))

	_, err = w.engine.Keep(ctx, keeping(Destroy, nil, "p/e3/"))
	require.NoError(t, err)
	_, err = w.engine.Run(ctx, keeping(Destroy, nil, "p/e3/"))
	require.NoError(t, err)
	require.Empty(t, keys(t, w, "p/kept/"), "what is deleted cannot be taken over")

	report, err = w.engine.Run(ctx, keeping(Up, things("one", "a"), "p/e4/"))
	require.NoError(t, err)
	require.False(t, report.Adopted)
	require.Equal(t, "a create []", describe(report.Changes))
}

func TestOfADestroyedStackWhatIsRetainedStaysKnown(t *testing.T) {
	const checkpoint = `{"version":3,"checkpoint":{"stack":"s","latest":{"secrets_providers":{"type":"cloud"},
	"pending_operations":[{"type":"updating"}],"resources":[
	{"urn":"u::stack","type":"pulumi:pulumi:Stack"},
	{"urn":"u::aws","type":"pulumi:providers:aws","parent":"u::stack"},
	{"urn":"u::trail","type":"aws:cloudtrail/trail:Trail","parent":"u::stack","dependencies":["u::logs"]},
	{"urn":"u::logs","type":"aws:s3/bucket:Bucket","parent":"u::stack","provider":"u::aws","retainOnDelete":true,"id":"logs",
	 "dependencies":["u::key","u::trail"],"propertyDependencies":{"bucket":["u::trail"],"key":["u::key"]},"deletedWith":"u::trail"},
	{"urn":"u::key","type":"aws:kms/key:Key","parent":"u::trail","retainOnDelete":true,"id":"12345678901234567890"},
	{"urn":"u::shared","type":"kubernetes:core/v1:Namespace","retainOnDelete":true}]}}}`
	left, err := retained([]byte(checkpoint))
	require.NoError(t, err)
	require.JSONEq(t, `{"version":3,"checkpoint":{"stack":"s","latest":{"secrets_providers":{"type":"cloud"},"resources":[
	{"urn":"u::stack","type":"pulumi:pulumi:Stack"},
	{"urn":"u::aws","type":"pulumi:providers:aws","parent":"u::stack"},
	{"urn":"u::logs","type":"aws:s3/bucket:Bucket","parent":"u::stack","provider":"u::aws","retainOnDelete":true,"id":"logs",
	 "dependencies":["u::key"],"propertyDependencies":{"bucket":[],"key":["u::key"]}},
	{"urn":"u::key","type":"aws:kms/key:Key","retainOnDelete":true,"id":"12345678901234567890"}]}}}`, string(left))

	var whole map[string]any
	require.NoError(t, json.Unmarshal([]byte(checkpoint), &whole))
	latest := whole["checkpoint"].(map[string]any)["latest"].(map[string]any)
	latest["resources"] = slices.DeleteFunc(latest["resources"].([]any), func(r any) bool { _, _, keeps := nature(r); return keeps })
	none, err := json.Marshal(whole)
	require.NoError(t, err)
	left, err = retained(none)
	require.NoError(t, err)
	require.Nil(t, left)
}
