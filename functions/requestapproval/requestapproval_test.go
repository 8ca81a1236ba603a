package requestapproval_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/functions/requestapproval"
	"github.com/deployer-io/deployer/shared/run"
)

func TestTheQuestionIsBoundToThePlanAndMayBePutAgain(t *testing.T) {
	w := functionstest.New(t)
	r := w.Discover("r1", run.Deploy, functionstest.Bundle).MakePlan()
	in := requestapproval.In{Run: r.Ref, Token: "token-1"}
	in.Plan.Digest, in.Plan.ApprovalTimeout = r.Plan.Digest, 3600
	for _, token := range []string{"token-1", "token-1", "token-2"} { // a task that is retried gets another
		in.Token = token
		_, err := requestapproval.Handler{Objects: w.Objects, Now: w.Now}.Handle(t.Context(), in)
		require.NoError(t, err)
		var asked run.Approval
		require.NoError(t, r.Archive().Read(t.Context(), run.ApprovalArtifact, &asked))
		require.Equal(t, run.Approval{SchemaVersion: run.ApprovalVersion, Run: "r1", PlanDigest: r.Plan.Digest, Token: token, RequestedAt: functionstest.Start,
			ExpiresAt: functionstest.Start.Add(time.Hour)}, asked)
	}
}
