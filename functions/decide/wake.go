package decide

import (
	"context"
	"encoding/json"

	"github.com/deployer-io/deployer/shared/run"
)

// Answers gives waiting tasks their result. Waiting is false when no task waits with the token: it was answered, its time
// is over, or another process has to answer it.
type Answers interface {
	Succeed(ctx context.Context, token string, output []byte) (waiting bool, err error)
	Fail(ctx context.Context, token, name, cause string) (waiting bool, err error)
}

// approvedBy is the result of the waiting task.
type approvedBy struct {
	Verdict run.Verdict `json:"verdict"`
	By      []string    `json:"by"`
}

// Wake gives the waiting run its answer, if the question is decided.
func Wake(ctx context.Context, answers Answers, approval run.Approval) (woken bool, err error) {
	if answers == nil {
		return false, nil
	}
	switch approval.Verdict() {
	case run.Approved:
		result := approvedBy{Verdict: run.Approved}
		for _, d := range approval.Decisions {
			result.By = append(result.By, d.By)
		}
		output, err := json.Marshal(result)
		if err != nil {
			return false, err
		}
		return answers.Succeed(ctx, approval.Token, output)
	case run.Refused:
		no := approval.Rejection()
		failure := run.FailureOf(&run.ApprovalRejected{By: no.By, Reason: no.Reason})
		return answers.Fail(ctx, approval.Token, failure.Error, failure.Cause)
	}
	return false, nil
}
