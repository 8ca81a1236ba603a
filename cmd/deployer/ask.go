package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/deployer-io/deployer/localstack/embedded"
	"github.com/deployer-io/deployer/shared/run"
)

// reply is what the person at the terminal said about a plan.
type reply struct {
	plan string
	yes  bool
}

// question sees to a run that waits for people: the person at the terminal is asked, if that person's word counts. Else the
// run is left to wait, and this command ends.
func (f *follower) question(ctx context.Context, started running) error {
	if f.plan == nil || f.plan.Operation.OnlyPlans() || f.plan.Counts.Changes() == 0 || f.answers != nil {
		return nil
	}
	asked, err := f.approval(ctx)
	if err != nil || asked == nil || asked.Verdict() != run.Pending || asked.PlanDigest != f.plan.Digest || f.askedAbout == asked.PlanDigest {
		return err
	}
	switch {
	case f.watches:
		f.askedAbout = asked.PlanDigest
		fmt.Fprintln(f.err, f.waitsFor(*asked))
		return nil
	case f.terminal() && f.counts(*asked):
		f.askedAbout, f.answers = asked.PlanDigest, make(chan reply, 1)
		go func(to chan<- reply) {
			to <- reply{plan: asked.PlanDigest, yes: f.confirm(ctx, "Carry out this plan?")}
		}(f.answers)
		return nil
	}
	err = started.Detach()
	var busy *embedded.NotWaiting
	if errors.As(err, &busy) {
		return nil // it is about to wait
	}
	f.left = asked
	return err
}

// counts reports whether an approval by the person at this command counts and was not given.
func (f *follower) counts(asked run.Approval) bool {
	missing := asked.Missing()
	after, err := asked.Add(run.Decision{Decision: run.Approve, By: f.me(), At: time.Now()})
	return err == nil && after.Missing() < missing
}

// answer records what the person at the terminal said.
func (f *follower) answer(ctx context.Context, said reply) error {
	decision := run.Decision{Decision: run.Approve, By: f.me(), At: time.Now().UTC(), PlanDigest: said.plan}
	if !said.yes {
		decision.Decision, decision.Reason = run.Reject, "not approved at the terminal"
	}
	decided, err := f.backend.Decide(ctx, f.archive.Ref, decision)
	var stale *run.StalePlan
	var late *run.ApprovalDecided
	switch {
	case errors.As(err, &stale), errors.As(err, &late): // the next look shows how things stand
		fmt.Fprintln(f.err, "Your answer does not count:", err)
		return nil
	case err != nil:
		return fmt.Errorf("the answer did not reach the run: %w", err)
	case decided.Verdict() == run.Pending:
		f.askedAbout = "" // one's own word was not enough: the run is left to wait
	}
	return nil
}

// awaited is what a command tells in JSON of a run that waits for people.
type awaited struct {
	Run         string    `json:"run"`
	Stack       string    `json:"stack"`
	Environment string    `json:"environment"`
	Waits       bool      `json:"awaitsApproval"`
	Plan        string    `json:"planDigest"`
	StartedBy   string    `json:"startedBy,omitempty"`
	AllowSelf   bool      `json:"allowSelf"`
	Missing     int       `json:"missing"`
	ExpiresAt   time.Time `json:"expiresAt"`
}

// awaiting ends a command whose run waits for people.
func (f *follower) awaiting(asked run.Approval) error {
	if f.json() {
		ref := f.archive.Ref
		if err := f.print(awaited{Run: ref.ID, Stack: ref.Stack, Environment: ref.Environment, Waits: true, Plan: asked.PlanDigest,
			StartedBy: asked.StartedBy, AllowSelf: asked.AllowSelf, Missing: asked.Missing(), ExpiresAt: asked.ExpiresAt}); err != nil {
			return err
		}
	}
	fmt.Fprintln(f.err)
	fmt.Fprintln(f.err, f.waitsFor(asked))
	return &exitError{code: exitAwaiting}
}

// waitsFor says what a run waits for and how it goes on.
func (f *follower) waitsFor(asked run.Approval) string {
	who := "approval"
	if n := asked.Missing(); n > 1 {
		who = fmt.Sprintf("%d more approvals", n)
	}
	if !asked.AllowSelf && asked.StartedBy != "" {
		who += " by others than " + asked.StartedBy
	}
	lines := []string{fmt.Sprintf("Run %s waits for %s until %s. Nothing was changed yet.", asked.Run, who, instant(asked.ExpiresAt))}
	for _, verb := range []string{"approve", "reject", "status"} {
		lines = append(lines, fmt.Sprintf("  deployer %s %s%s", verb, asked.Run, f.where()))
	}
	return strings.Join(lines, "\n")
}

// where repeats the flags that say where the run is.
func (o *options) where() string {
	switch {
	case o.backend == "aws":
		return " --backend aws"
	case o.dir != defaultDir:
		return " --dir " + o.dir
	}
	return ""
}

// me is the person at this command. On AWS it is whoever AWS says that the caller is.
func (o *options) me() string {
	if o.as != "" {
		return o.as
	}
	return who()
}
