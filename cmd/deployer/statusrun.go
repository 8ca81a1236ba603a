package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// The phases of a run that has not ended; one that has is told by its ending.
const (
	phaseBegun   = "begun"
	phasePlanned = "planned"
	phaseWaits   = "awaits approval"
	phaseWorks   = "at work"
	phaseDead    = "ended without a report"
)

// runStatus is how a run stands.
type runStatus struct {
	Run         string        `json:"run"`
	Stack       string        `json:"stack"`
	Environment string        `json:"environment"`
	Operation   run.Operation `json:"operation"`
	Phase       string        `json:"phase"`
	Ending      run.Ending    `json:"ending,omitempty"`
	Failure     *run.Failure  `json:"failure,omitempty"`
	StartedBy   string        `json:"startedBy,omitempty"`
	Retry       string        `json:"retry,omitempty"` // the run that it does again
	Halted      *run.Halt     `json:"halted,omitempty"`
	Decisions   []said        `json:"decisions,omitempty"`
	Missing     int           `json:"missingApprovals,omitempty"`
	ExpiresAt   time.Time     `json:"expiresAt,omitzero"`
	Counts      plan.Counts   `json:"counts"`
	Steps       []stepStatus  `json:"steps"`
}

// said is a decision without what is not for everybody.
type said struct {
	Decision run.Answer `json:"decision"`
	By       string     `json:"by"`
	Reason   string     `json:"reason,omitempty"`
	At       time.Time  `json:"at"`
}

type stepStatus struct {
	Component string      `json:"component"`
	Kind      string      `json:"kind"`
	Action    plan.Action `json:"action"`
	Wave      int         `json:"wave"` // from 1
	Status    string      `json:"status"`
	Message   string      `json:"message,omitempty"`
}

func (o *options) statusOfRun(ctx context.Context, id string) error {
	b, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer b.Close()
	ref, err := o.findRun(ctx, b.Store(), id)
	if err != nil {
		return err
	}
	return o.tellRun(ctx, b, ref)
}

func (o *options) tellRun(ctx context.Context, b backend, ref run.Ref) error {
	archive := run.Archive{Store: b.Store(), Ref: ref}
	t, err := treeOf(ctx, archive)
	if err != nil {
		return err
	}
	told, err := statusIn(ctx, b, archive, t)
	if err != nil {
		return err
	}
	if o.json() {
		return o.print(told)
	}
	fmt.Fprintln(o.out, told.headline())
	for _, line := range told.notes() {
		fmt.Fprintln(o.out, line)
	}
	if t != nil && len(t.plan.Waves) > 0 && !ref.Operation.OnlyPlans() {
		fmt.Fprintln(o.out)
		for _, line := range t.lines(time.Now()) {
			fmt.Fprintln(o.out, line)
		}
	}
	return nil
}

// treeOf reads how far a run is; nil when it has no plan.
func treeOf(ctx context.Context, archive run.Archive) (*tree, error) {
	var p plan.Plan
	err := archive.Read(ctx, run.PlanArtifact, &p)
	if errors.Is(err, objects.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	t := newTree(&p)
	intents, err := state.NewStore(archive.Store, archive.Ref.Scope()).ReadIntents(ctx, archive.Ref.ID)
	if err != nil {
		return nil, err
	}
	for _, intent := range intents {
		t.begun[intent.Address.Short()] = intent.At
	}
	at, err := archive.Outcomes(ctx)
	if err != nil {
		return nil, err
	}
	outcomes, err := execution.Outcomes(ctx, archive, at)
	for _, outcome := range outcomes {
		t.ended[outcome.Address.Short()] = outcome
	}
	return t, err
}

func statusIn(ctx context.Context, b backend, archive run.Archive, t *tree) (runStatus, error) {
	ref := archive.Ref
	told := runStatus{Run: ref.ID, Stack: ref.Stack, Environment: ref.Environment, Operation: ref.Operation, Phase: phaseBegun, Steps: []stepStatus{}}
	request, err := requestOf(ctx, archive)
	if err != nil {
		return told, err
	}
	if request != nil {
		told.StartedBy, told.Retry = request.StartedBy, request.Retry
	}
	if t != nil {
		told.Phase, told.Counts = phasePlanned, t.plan.Counts
		told.steps(t)
		if len(t.begun) > 0 {
			told.Phase = phaseWorks
		}
	}
	if err := told.people(ctx, archive); err != nil {
		return told, err
	}
	made, err := reportOf(ctx, archive)
	if err != nil {
		return told, err
	}
	if made != nil {
		told.Ending, told.Failure, told.Phase = made.Ending, made.Failure, string(made.Ending)
		return told, nil
	}
	alive, err := b.Running(ctx, ref.ID)
	if err == nil && !alive {
		told.Phase = phaseDead
	}
	return told, err
}

func (s *runStatus) steps(t *tree) {
	for number, wave := range t.plan.Waves {
		for _, batch := range wave.Batches {
			for _, short := range batch.Steps {
				one := stepStatus{Component: short, Wave: number + 1, Status: "to come"}
				if step, known := t.plan.Step(short); known {
					one.Kind, one.Action = string(step.Kind), step.Action
				}
				if _, begun := t.begun[short]; begun {
					one.Status = phaseWorks
				}
				if o, ended := t.ended[short]; ended {
					one.Status, one.Message = string(o.Outcome), o.Message
				}
				s.Steps = append(s.Steps, one)
			}
		}
	}
}

// people adds what people said about the run.
func (s *runStatus) people(ctx context.Context, archive run.Archive) error {
	var halted *run.Halted
	if err := archive.Halted(ctx); errors.As(err, &halted) {
		s.Halted = &halted.Halt
	} else if err != nil {
		return err
	}
	var asked run.Approval
	err := archive.Read(ctx, run.ApprovalArtifact, &asked)
	if errors.Is(err, objects.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, d := range asked.Decisions {
		s.Decisions = append(s.Decisions, said{Decision: d.Decision, By: d.By, Reason: d.Reason, At: d.At})
	}
	if asked.Verdict() == run.Pending {
		s.Phase, s.Missing, s.ExpiresAt = phaseWaits, asked.Missing(), asked.ExpiresAt
	}
	return nil
}

func (s *runStatus) headline() string {
	line := fmt.Sprintf("Run %s: %s of %s/%s, %s", s.Run, s.Operation, s.Stack, s.Environment, s.Phase)
	if s.StartedBy != "" {
		line += "; started by " + s.StartedBy
	}
	return line + "."
}

func (s *runStatus) notes() []string {
	var notes []string
	if s.Retry != "" {
		notes = append(notes, "It does again what was left of run "+s.Retry+".")
	}
	if s.Phase == phaseWaits {
		notes = append(notes, fmt.Sprintf("Approvals missing: %d, until %s. 'deployer approve %s' gives one, 'deployer reject %s' ends the run.",
			s.Missing, instant(s.ExpiresAt), s.Run, s.Run))
	}
	for _, d := range s.Decisions {
		notes = append(notes, strings.TrimSuffix(fmt.Sprintf("%s by %s at %s: %s", d.Decision, d.By, instant(d.At), d.Reason), ": "))
	}
	if s.Halted != nil {
		notes = append(notes, strings.TrimSuffix(fmt.Sprintf("halted by %s at %s: %s", s.Halted.By, instant(s.Halted.At), s.Halted.Reason), ": "))
	}
	if s.Failure != nil {
		notes = append(notes, s.Failure.Error+": "+s.Failure.Cause)
	}
	return notes
}
