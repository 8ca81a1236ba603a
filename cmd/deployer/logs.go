package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/run"
)

// happened is one line of a run's log.
type happened struct {
	At   time.Time `json:"at"`
	From string    `json:"from"` // run, approval, a component, or what wrote it
	Text string    `json:"text"`
}

// keepsLogs is a backend that has more to tell of a run than its archive.
type keepsLogs interface {
	// Log calls line for each line that was logged of a run, in whatever order.
	Log(ctx context.Context, ref run.Ref, line func(at time.Time, from, text string)) error
}

func newLogs(o *options) *cobra.Command {
	var component string
	cmd := &cobra.Command{
		Use:   "logs [RUN|BUNDLE|STACK/ENVIRONMENT]",
		Short: "Tell what happened in a run, in order: decisions, components, errors in full",
		Long: "Tell what happened in a run, in order: decisions, components, errors in full. Without RUN it is the latest run of the\n" +
			"stack and environment that the bundle or the flags name.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			b, err := o.open(ctx)
			if err != nil {
				return err
			}
			defer b.Close()
			ref, err := o.runOr(ctx, b.Store(), args)
			if err != nil {
				return err
			}
			lines, err := logOf(ctx, b, ref)
			if err != nil {
				return err
			}
			if component != "" {
				lines = slices.DeleteFunc(lines, func(h happened) bool { return h.From != component })
			}
			if o.json() {
				return o.print(lines)
			}
			return write(o.out, lines)
		},
	}
	cmd.Flags().StringVar(&component, "component", "", "only what is of this component: SERVICE/COMPONENT")
	return cmd
}

func write(w io.Writer, lines []happened) error {
	for _, line := range lines {
		text := strings.ReplaceAll(strings.TrimSpace(line.Text), "\n", "\n    ")
		if _, err := fmt.Fprintf(w, "%s  %s  %s\n", line.At.UTC().Format("2006-01-02T15:04:05.000Z"), line.From, text); err != nil {
			return err
		}
	}
	return nil
}

// logOf puts together what a run's archive knows and what the backend logged.
func logOf(ctx context.Context, b backend, ref run.Ref) ([]happened, error) {
	archive := run.Archive{Store: b.Store(), Ref: ref}
	lines := []happened{}
	add := func(at time.Time, from, text string) {
		if !at.IsZero() {
			lines = append(lines, happened{At: at.UTC(), From: from, Text: text})
		}
	}
	for _, tell := range []func(context.Context, run.Archive, func(time.Time, string, string)) error{tellStages, tellPeople, tellSteps, tellEnd} {
		if err := tell(ctx, archive, add); err != nil {
			return nil, err
		}
	}
	if keeper, keeps := b.(keepsLogs); keeps {
		if err := keeper.Log(ctx, ref, add); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(lines, func(a, b happened) int { return a.At.Compare(b.At) })
	return lines, nil
}

// stages are artifacts whose writing tells how far a run got.
var stages = []struct {
	artifact run.Artifact
	text     string
}{
	{run.RequestArtifact, "the bundle was read"}, {run.GraphArtifact, "the components were ordered"},
	{run.PlanArtifact, "the plan was made"},
}

func tellStages(ctx context.Context, archive run.Archive, add func(time.Time, string, string)) error {
	for _, stage := range stages {
		object, err := archive.Store.Get(ctx, archive.Key(stage.artifact))
		if errors.Is(err, objects.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		add(object.Modified, "run", stage.text)
	}
	return nil
}

func tellPeople(ctx context.Context, archive run.Archive, add func(time.Time, string, string)) error {
	var asked run.Approval
	err := archive.Read(ctx, run.ApprovalArtifact, &asked)
	if err != nil && !errors.Is(err, objects.ErrNotFound) {
		return err
	}
	if err == nil {
		add(asked.RequestedAt, "approval", fmt.Sprintf("asked for, by %d, until %s", max(asked.MinApprovals, 1), instant(asked.ExpiresAt)))
		for _, d := range asked.Decisions {
			add(d.At, "approval", strings.TrimSuffix(fmt.Sprintf("%s by %s: %s", d.Decision, d.By, d.Reason), ": "))
		}
	}
	var halted *run.Halted
	if err := archive.Halted(ctx); errors.As(err, &halted) {
		add(halted.At, "run", strings.TrimSuffix(fmt.Sprintf("halted by %s: %s", halted.By, halted.Reason), ": "))
	} else if err != nil {
		return err
	}
	return nil
}

func tellSteps(ctx context.Context, archive run.Archive, add func(time.Time, string, string)) error {
	t, err := treeOf(ctx, archive)
	if err != nil || t == nil {
		return err
	}
	for _, short := range slices.Sorted(maps.Keys(t.begun)) {
		at := t.begun[short]
		if o, ended := t.ended[short]; ended && at.IsZero() {
			at = o.StartedAt
		}
		step, _ := t.plan.Step(short)
		if step != nil {
			add(at, short, fmt.Sprintf("%s begun (%s)", step.Action, step.Kind))
		}
	}
	for _, short := range slices.Sorted(maps.Keys(t.ended)) {
		outcome := t.ended[short]
		text := fmt.Sprintf("%s %s after %s", outcome.Action, outcome.Outcome, outcome.EndedAt.Sub(outcome.StartedAt).Round(10*time.Millisecond))
		if outcome.Outcome == execution.Failed || outcome.Message != "" {
			text += ": " + strings.TrimPrefix(outcome.Error+": "+outcome.Message, ": ")
		}
		add(outcome.EndedAt, short, text)
		for _, change := range outcome.Changes {
			add(outcome.EndedAt, short, strings.TrimSpace(fmt.Sprintf("  %s %s %s %s", change.Operation, change.Type, change.Name, change.Message)))
		}
	}
	return nil
}

func tellEnd(ctx context.Context, archive run.Archive, add func(time.Time, string, string)) error {
	made, err := reportOf(ctx, archive)
	if err != nil || made == nil {
		return err
	}
	text := string(made.Ending)
	if made.Failure != nil {
		text += ": " + made.Failure.Error + ": " + made.Failure.Cause
	}
	add(made.StartedAt, "run", fmt.Sprintf("%s of %s begun by %s", made.Operation, made.Scope, made.StartedBy))
	add(made.EndedAt, "run", text)
	return nil
}
