// Package report tells people what a run did: a plan and its outcomes go in, a Report comes out, as data (JSON), as text, as
// Markdown and as one HTML page.
package report

import (
	"slices"
	"strings"
	"time"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/run"
)

// SchemaVersion is the version of report.json's shape.
const SchemaVersion = 1

// Report is what became of a run: report.json.
type Report struct {
	SchemaVersion int             `json:"schemaVersion"`
	Run           string          `json:"run"`
	Scope         address.Address `json:"scope"`
	Operation     run.Operation   `json:"operation"`
	Ending        run.Ending      `json:"ending"`
	Failure       *run.Failure    `json:"failure,omitempty"`
	StartedBy     string          `json:"startedBy,omitempty"`
	GitCommit     string          `json:"gitCommit,omitempty"`
	Bundle        run.BundleRef   `json:"bundle"`
	StartedAt     time.Time       `json:"startedAt"`
	EndedAt       time.Time       `json:"endedAt"`
	PlanDigest    string          `json:"planDigest,omitempty"`
	Counts        plan.Counts     `json:"counts"`
	Waves         int             `json:"waves"`
	Rows          []Row           `json:"rows"`       // in the plan's order
	LeftBehind    []Leftover      `json:"leftBehind"` // empty: nothing is left half-done
	// RolledBack says that the run failed and all that it had done was taken back, but for what Rollback names as kept.
	RolledBack bool      `json:"rolledBack,omitempty"`
	Rollback   *Rollback `json:"rollback,omitempty"` // of a run that was to be taken back
}

// Rollback is what became of taking back what a run had done.
type Rollback struct {
	Waves int         `json:"waves"`
	Rows  []Row       `json:"rows"` // in the order of the rollback's plan
	Kept  []plan.Kept `json:"kept"` // what it left as it is, and why
}

// Row is one component.
type Row struct {
	Component string        `json:"component"` // service/component
	Kind      string        `json:"kind"`
	Wave      int           `json:"wave"`  // from 1
	Level     int           `json:"level"` // from 1; see plan.Step
	Action    plan.Action   `json:"action"`
	Result    Result        `json:"result"`
	Reason    string        `json:"reason,omitempty"` // why it was to change, in words
	Cause     string        `json:"cause,omitempty"`  // why it did not work
	Error     string        `json:"error,omitempty"`
	StartedAt *time.Time    `json:"startedAt,omitempty"`
	EndedAt   *time.Time    `json:"endedAt,omitempty"`
	Resources ResourceCount `json:"resources"`
}

// Result is how a component fared.
type Result string

// The results.
const (
	Succeeded Result = "succeeded"
	Unchanged Result = "unchanged" // a conditional update was not needed
	Kept      Result = "kept"      // let go of, not deleted
	Failed    Result = "failed"
	Skipped   Result = "skipped"
	Planned   Result = "planned" // not carried out
)

// ResourceCount is how many cloud resources were touched.
type ResourceCount struct {
	Create  int `json:"create"`
	Update  int `json:"update"`
	Replace int `json:"replace"`
	Delete  int `json:"delete"`
}

// Leftover is a component that was left half-done.
type Leftover struct {
	Component string   `json:"component"`
	Resources []string `json:"resources,omitempty"` // those whose fate is unknown; others are in the state
	Next      string   `json:"next"`                // what to do about it
}

// Facts are what a report says beside the plan and the outcomes.
type Facts struct {
	Ref                run.Ref
	Request            run.Request
	Ending             run.Ending
	Failure            *run.Failure
	StartedAt, EndedAt time.Time
}

// New makes the report of a run. Plan is nil when the run ended before it had one.
func New(facts Facts, p *plan.Plan, outcomes []execution.Outcome) Report {
	r := Report{SchemaVersion: SchemaVersion, Run: facts.Ref.ID, Scope: facts.Ref.Scope(), Operation: facts.Ref.Operation,
		Ending: facts.Ending, Failure: facts.Failure, StartedBy: facts.Request.StartedBy, GitCommit: facts.Request.GitCommit,
		Bundle: facts.Request.Bundle, StartedAt: facts.StartedAt.UTC(), EndedAt: facts.EndedAt.UTC(),
		Rows: []Row{}, LeftBehind: []Leftover{}}
	if p == nil {
		return r
	}
	r.Counts, r.Waves, r.PlanDigest, r.Bundle = p.Counts, len(p.Waves), p.Digest, p.Bundle
	found := make(map[address.Address]execution.Outcome, len(outcomes))
	for _, o := range outcomes {
		found[o.Address] = o
	}
	waves := waveNumbers(p)
	for _, step := range p.Steps {
		o, ok := found[step.Address]
		made := row(step, waves[step.Address.Short()], o, ok)
		if !ok && facts.Ending != run.Planned && facts.Ending != run.Rejected {
			made.Result, made.Cause = Skipped, "it was not begun"
		}
		r.Rows = append(r.Rows, made)
		if o.Dirty {
			r.LeftBehind = append(r.LeftBehind, leftover(o))
		}
	}
	return r
}

// Undone adds what became of the rollback of the run. What was left half-done by the run and was taken back is not left
// behind.
func (r *Report) Undone(undo *plan.Plan, outcomes []execution.Outcome) {
	part := New(Facts{Ending: run.FailedClean}, undo, outcomes)
	r.Rollback = &Rollback{Waves: part.Waves, Rows: part.Rows, Kept: slices.Clone(undo.Kept)}
	if r.Rollback.Kept == nil {
		r.Rollback.Kept = []plan.Kept{}
	}
	r.RolledBack = len(part.Rows) > 0 && r.Ending != run.FailedDirty
	left := part.LeftBehind
	for _, row := range part.Rows {
		isLeft := slices.ContainsFunc(left, func(l Leftover) bool { return l.Component == row.Component })
		switch {
		case isLeft:
		case row.Result == Failed:
			left = append(left, Leftover{Component: row.Component, Next: "it is not as it was before the run: " + row.Cause})
		case row.Result == Skipped:
			left = append(left, Leftover{Component: row.Component, Next: "look at it: taking it back was not begun"})
		}
	}
	for _, kept := range undo.Kept {
		if kept.Half {
			left = append(left, Leftover{Component: kept.Component, Next: kept.Reason})
		}
	}
	r.LeftBehind = left
}

func row(step plan.Step, wave int, o execution.Outcome, ended bool) Row {
	r := Row{Component: step.Address.Short(), Kind: string(step.Kind), Wave: wave, Level: step.Level, Action: step.Action, Result: Planned,
		Reason: strings.Join(step.Reasons, "; ")}
	if !ended {
		return r
	}
	r.Result, r.Error = resultOf(o.Outcome), o.Error
	if r.Result != Skipped {
		r.StartedAt, r.EndedAt = &o.StartedAt, &o.EndedAt
	}
	if r.Result != Succeeded {
		r.Cause = o.Message
	} else if o.Message != "" {
		r.Reason = strings.TrimPrefix(r.Reason+"; "+o.Message, "; ")
	}
	for _, change := range o.Changes {
		r.Resources.count(change)
	}
	return r
}

func resultOf(v execution.Verdict) Result {
	switch v {
	case execution.Done:
		return Succeeded
	case execution.Unchanged:
		return Unchanged
	case execution.Kept:
		return Kept
	case execution.Skipped:
		return Skipped
	}
	return Failed
}

func (c *ResourceCount) count(change execution.ResourceChange) {
	if change.Failed {
		return
	}
	switch change.Operation {
	case "create":
		c.Create++
	case "update":
		c.Update++
	case "replace":
		c.Replace++
	case "delete":
		c.Delete++
	}
}

func leftover(o execution.Outcome) Leftover {
	next := "mend the cause and apply again: deployer goes on from what is there"
	switch {
	case len(o.Leftovers) > 0:
		next = "apply again: deployer first reads whether these exist"
	case o.Action == plan.Delete:
		next = "mend the cause and apply again: deployer deletes what is still there"
	}
	return Leftover{Component: o.Address.Short(), Resources: o.Leftovers, Next: next}
}

func waveNumbers(p *plan.Plan) map[string]int {
	numbers := make(map[string]int, len(p.Steps))
	for i, wave := range p.Waves {
		for _, batch := range wave.Batches {
			for _, short := range batch.Steps {
				numbers[short] = i + 1
			}
		}
	}
	return numbers
}
