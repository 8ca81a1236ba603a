// Package makereport is the MakeReport task: how a run ended goes in, report.json, report.txt and report.html come out.
package makereport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/run"
)

// Handler makes reports.
type Handler struct {
	Objects objects.Store
	Now     func() time.Time
}

// In tells how the run ended. Run is nil when Discover failed.
type In struct {
	Run       *run.Ref     `json:"run"`
	Execution string       `json:"execution"`
	StartedAt time.Time    `json:"startedAt"`
	Request   run.Request  `json:"request"`
	Ending    run.Ending   `json:"ending"`
	Failure   *run.Failure `json:"failure"`
}

// Out names the report.
type Out struct {
	Key string `json:"key"`
}

// Handle writes the reports; again with the same result.
func (h Handler) Handle(ctx context.Context, in In) (Out, error) {
	ref, err := in.Ref()
	if err != nil {
		return Out{}, err
	}
	archive := run.Archive{Store: h.Objects, Ref: ref}
	p, outcomes, err := done(ctx, archive)
	if err != nil {
		return Out{}, err
	}
	ended, err := h.ended(ctx, archive, in)
	if err != nil {
		return Out{}, err
	}
	made := report.New(report.Facts{Ref: ref, Request: in.Request, Ending: in.Ending, Failure: in.Failure,
		StartedAt: in.StartedAt, EndedAt: ended}, p, outcomes)
	undo := run.Archive{Store: h.Objects, Ref: ref.Undo()}
	back, taken, err := done(ctx, undo)
	if err != nil {
		return Out{}, err
	}
	if back != nil {
		made.Undone(back, taken)
	}
	for _, form := range []struct {
		artifact run.Artifact
		write    func(io.Writer) error
	}{{run.ReportTextArtifact, made.Text}, {run.ReportHTMLArtifact, made.HTML}} {
		var written bytes.Buffer
		if err := form.write(&written); err != nil {
			return Out{}, err
		}
		if err := archive.ReplaceBytes(ctx, form.artifact, written.Bytes()); err != nil {
			return Out{}, err
		}
	}
	return Out{Key: archive.Key(run.ReportArtifact)}, archive.Replace(ctx, run.ReportArtifact, made)
}

// ended is when the run ended: now, or when it was reported first.
func (h Handler) ended(ctx context.Context, archive run.Archive, in In) (time.Time, error) {
	var first report.Report
	err := archive.Read(ctx, run.ReportArtifact, &first)
	switch {
	case errors.Is(err, objects.ErrNotFound):
		return h.Now(), nil
	case err != nil:
		return time.Time{}, err
	case first.Ending != in.Ending:
		return h.Now(), nil
	}
	return first.EndedAt, nil
}

// Ref is the run's reference, or, when Discover failed, the one it would have made.
func (in In) Ref() (run.Ref, error) {
	if in.Run != nil {
		return *in.Run, nil
	}
	scope, err := in.Request.Scope()
	operation := in.Request.Operation
	if operation == "" {
		operation = run.Deploy
	}
	return run.Ref{Stack: scope.Stack, Environment: scope.Environment, ID: in.Execution, Operation: operation}, err
}

// done returns the plan, if the run came that far, and the outcomes of its steps.
func done(ctx context.Context, archive run.Archive) (*plan.Plan, []execution.Outcome, error) {
	var p plan.Plan
	err := archive.Read(ctx, run.PlanArtifact, &p)
	if errors.Is(err, objects.ErrNotFound) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	addresses := make([]address.Address, len(p.Steps))
	for i, step := range p.Steps {
		addresses[i] = step.Address
	}
	outcomes, err := execution.Outcomes(ctx, archive, addresses)
	return &p, outcomes, err
}
