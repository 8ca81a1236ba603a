// Package decide is the Decide task: a person's answer to a waiting run goes in; it is recorded, and when it is the last
// one that was needed, the run is woken. The same function serves the pages behind signed links: GET shows the plan, POST
// decides.
package decide

import (
	"context"
	"time"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/run"
)

// Handler records decisions.
type Handler struct {
	Objects objects.Store
	Answers Answers
	Now     func() time.Time
}

// In is a decision. Only Run and Decision must be given: it can be typed in the Step Functions console.
type In struct {
	Run      string     `json:"run"`
	Decision run.Answer `json:"decision"` // approve or reject
	Reason   string     `json:"reason,omitempty"`
	// Stack and Environment save the search for the run.
	Stack       string `json:"stack,omitempty"`
	Environment string `json:"environment,omitempty"`
	// By is who decides. All who do not say it count as one person.
	By string `json:"by,omitempty"`
	// Plan is the digest of the plan that the person saw; empty: whichever is asked about.
	Plan string `json:"plan,omitempty"`
	// Link identifies the link by which the decision came.
	Link string `json:"link,omitempty"`
}

// Out is how the question stands now.
type Out struct {
	Run     string      `json:"run"`
	Verdict run.Verdict `json:"verdict"`
	Missing int         `json:"missing"` // approvals that are still needed
	Woken   bool        `json:"woken"`   // the run was waiting and has its answer
}

// Unnamed is who decides when nobody says it: somebody who may start this function's state machine.
const Unnamed = "somebody unnamed"

// Handle records the decision and wakes the run when it is decided. Saying the same again is fine, and wakes the run again.
// Errors: *run.RunUnknown, and those of run.Archive's Decide.
func (h Handler) Handle(ctx context.Context, in In) (Out, error) {
	ref, err := h.find(ctx, in)
	if err != nil {
		return Out{}, err
	}
	if in.By == "" {
		in.By = Unnamed
	}
	archive := run.Archive{Store: h.Objects, Ref: ref}
	decided, err := archive.Decide(ctx, run.Decision{Decision: in.Decision, By: in.By, Reason: in.Reason, At: h.Now().UTC(),
		PlanDigest: in.Plan, Link: in.Link})
	if err != nil {
		return Out{}, err
	}
	out := Out{Run: ref.ID, Verdict: decided.Verdict(), Missing: decided.Missing()}
	out.Woken, err = Wake(ctx, h.Answers, decided)
	return out, err
}

func (h Handler) find(ctx context.Context, in In) (run.Ref, error) {
	if in.Stack == "" || in.Environment == "" {
		return run.Find(ctx, h.Objects, in.Run)
	}
	scope, err := address.Parse(in.Stack + "/" + in.Environment)
	if err != nil {
		return run.Ref{}, &run.RunUnknown{Run: in.Run}
	}
	return run.Locate(ctx, h.Objects, scope, in.Run)
}
