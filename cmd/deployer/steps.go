package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/state"
)

// planWriter is where the plan is shown: it is the result of the plan command and news in every other.
func (f *follower) planWriter() io.Writer {
	if f.plan != nil && f.plan.Operation.OnlyPlans() {
		return f.out
	}
	return f.err
}

// writePlan shows a plan, on a terminal no wider than that.
func (f *follower) writePlan(p *plan.Plan, previews []execution.Preview) error {
	var text bytes.Buffer
	if err := report.PreviewedText(&text, p, previews); err != nil {
		return err
	}
	to := f.planWriter()
	_, err := to.Write(wrapped(text.Bytes(), columnsOf(to)))
	return err
}

// lookAtSteps shows the steps that began or ended since the last look.
func (f *follower) lookAtSteps(ctx context.Context) error {
	if f.plan.Operation.OnlyPlans() || len(f.outcomes) == len(f.plan.Steps) {
		return nil
	}
	begun, err := state.NewStore(f.archive.Store, f.archive.Ref.Scope()).ReadIntents(ctx, f.archive.Ref.ID)
	if err != nil {
		return err
	}
	for _, intent := range begun {
		f.show.began(intent.Address.Short(), intent.At)
	}
	ended, err := f.archive.Outcomes(ctx)
	if err != nil {
		return err
	}
	var news []address.Address
	for _, at := range ended {
		if !f.outcomes[at.Short()] {
			news = append(news, at)
		}
	}
	outcomes, err := execution.Outcomes(ctx, f.archive, news)
	if err != nil {
		return err
	}
	slices.SortStableFunc(outcomes, func(a, b execution.Outcome) int { return a.EndedAt.Compare(b.EndedAt) })
	for _, outcome := range outcomes {
		f.outcomes[outcome.Address.Short()] = true
		f.wrong = f.wrong || !outcome.Outcome.Fine()
		f.show.ended(outcome)
	}
	return nil
}

// confirm asks a question whose answer is no unless it is yes.
func (o *options) confirm(_ context.Context, question string) bool {
	fmt.Fprintf(o.err, "%s Only \"yes\" is taken as yes: ", question)
	line, err := bufio.NewReader(o.in).ReadString('\n')
	return err == nil && strings.TrimSpace(line) == "yes"
}
