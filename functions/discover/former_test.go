package discover_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/discover"
	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

func TestARollbackFindsWhatWasThereInTheHistory(t *testing.T) {
	w := functionstest.New(t)
	w.Deploy("r1", functionstest.Bundle)
	then := w.State()
	request := run.Request{Stack: "orders", Environment: "staging", Operation: run.Rollback, To: then.Serial, StartedBy: "ana"}
	out, err := discover.Handler{Objects: w.Objects, Now: w.Now}.Handle(t.Context(), discover.In{Run: "r2", Request: request})
	require.NoError(t, err)
	require.Equal(t, 3, out.Components)
	archive := run.Archive{Store: w.Objects, Ref: out.Run}
	var set resource.Set
	require.NoError(t, archive.Read(t.Context(), run.ResourcesArtifact, &set))
	require.Equal(t, resource.ApprovalAuto, set.Environment.Approval.Mode, "what the stack says of approval still holds")
	require.Equal(t, "eu-west-1", set.Environment.Region)
	events, found := set.Find(w.At("events"))
	require.True(t, found)
	require.Equal(t, w.At("queue"), events.Needs[0].Address)
	var completed run.Request
	require.NoError(t, archive.Read(t.Context(), run.RequestArtifact, &completed))
	require.Equal(t, then.Bundle.SHA256, completed.Bundle.SHA256)

	request.To = 99
	_, err = discover.Handler{Objects: w.Objects, Now: w.Now}.Handle(t.Context(), discover.In{Run: "r3", Request: request})
	var unknown *state.SerialUnknown
	require.ErrorAs(t, err, &unknown)
}
