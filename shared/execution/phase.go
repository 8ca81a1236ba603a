package execution

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
)

// Phase is what runs before or after the batches of a wave: the hooks of the stack and of its waves.
type Phase struct {
	Moment    Moment              `json:"moment"`
	Pre       []resource.Hook     `json:"pre,omitempty"`
	Post      []resource.Hook     `json:"post,omitempty"`
	OnFailure []resource.Hook     `json:"onFailure,omitempty"`
	Steps     []string            `json:"steps,omitempty"`  // of the wave, service/component
	Failed    bool                `json:"failed,omitempty"` // something went wrong in an earlier wave
	Region    string              `json:"region"`
	Account   string              `json:"account,omitempty"`
	Upstreams map[string]Upstream `json:"upstreams,omitempty"` // that the hooks read, as far as they are known
	// Verify are components of earlier waves that are looked at once more at the end: what came after them may have hurt them.
	Verify []Assignment `json:"verify,omitempty"`
}

// Moment says on which side of a wave's batches a phase is.
type Moment string

// The moments.
const (
	Before Moment = "before"
	After  Moment = "after"
)

// PhaseResult is what became of a phase.
type PhaseResult struct {
	SchemaVersion int          `json:"schemaVersion"`
	Hooks         []HookResult `json:"hooks"`
	Error         string       `json:"error,omitempty"` // the error's name
	Message       string       `json:"message,omitempty"`
}

// PhaseArtifact is what a wave's phase is to do, and PhaseResultArtifact what became of it.
func PhaseArtifact(wave int, m Moment) run.Artifact {
	return run.Artifact(fmt.Sprintf("waves/%d/%s.json", wave, m))
}

// PhaseResultArtifact names the result of a wave's phase.
func PhaseResultArtifact(wave int, m Moment) run.Artifact {
	return run.Artifact(fmt.Sprintf("waves/%d/%s-result.json", wave, m))
}

// Phase returns the phase of a wave; false where it has none. A rollback of a run calls no hooks, nor does what deletes
// everything.
func (p *Preparation) Phase(wave int, m Moment, failed bool) (Batch, bool, error) {
	if p.set == nil || (run.Ref{ID: p.plan.Run}).Undoes() {
		return Batch{}, false, nil
	}
	stack, waves := p.set.Stack.Hooks, p.set.Stack.WaveHooks
	phase := &Phase{Moment: m, Failed: failed, Region: p.set.Environment.Region, Account: p.set.Environment.Account}
	if m == Before {
		if wave == 0 {
			phase.Pre = append(phase.Pre, stack.Pre...)
		}
		phase.Pre = append(phase.Pre, waves.Pre...)
	} else {
		phase.Post = append(phase.Post, waves.Post...)
		if wave == len(p.plan.Waves)-1 {
			phase.Post = append(phase.Post, stack.Post...)
		}
		phase.OnFailure = slices.Concat(waves.OnFailure, stack.OnFailure)
		var err error
		if phase.Verify, err = p.atTheEnd(wave); err != nil {
			return Batch{}, false, err
		}
	}
	if len(phase.Pre)+len(phase.Post)+len(phase.OnFailure)+len(phase.Verify) == 0 {
		return Batch{}, false, nil
	}
	for _, batch := range p.plan.Waves[wave].Batches {
		phase.Steps = append(phase.Steps, batch.Steps...)
	}
	phase.Upstreams = map[string]Upstream{}
	for _, short := range readBy(slices.Concat(phase.Pre, phase.Post, phase.OnFailure)) {
		if kind, outputs := p.now(short); kind != "" {
			phase.Upstreams[short] = Upstream{Kind: kind, Outputs: outputs}
		}
	}
	return Batch{SchemaVersion: SchemaVersion, Run: p.plan.Run, Scope: p.plan.Scope, Wave: wave, Phase: phase}, true, nil
}

// atTheEnd returns the components that the last wave's end looks at once more: those of earlier waves that say what must
// hold. Where there is but one wave, everything has just been looked at.
func (p *Preparation) atTheEnd(wave int) ([]Assignment, error) {
	if wave != len(p.plan.Waves)-1 {
		return nil, nil
	}
	var again []Assignment
	for _, earlier := range p.plan.Waves[:wave] {
		for _, batch := range earlier.Batches {
			for _, short := range batch.Steps {
				r, wanted := p.resources[short]
				if !wanted || p.steps[short].Action == plan.Delete || len(r.Spec.Base().Verify.HTTP)+len(r.Spec.Base().Verify.Alarms) == 0 {
					continue
				}
				a, err := p.assignment(p.steps[short])
				if err != nil {
					return nil, err
				}
				again = append(again, a)
			}
		}
	}
	return again, nil
}

// readBy returns the components that hooks read, and the network that their tasks run in.
func readBy(hooks []resource.Hook) []string {
	shorts := []string{resource.PlatformService + "/networking"}
	input := func(in resource.Input) {
		if in.ValueFrom != nil {
			shorts = append(shorts, in.ValueFrom.Component)
		}
	}
	for _, h := range hooks {
		switch {
		case h.Lambda != nil:
			input(h.Lambda.Function)
		case h.HTTP != nil:
			input(h.HTTP.URL)
			for _, header := range h.HTTP.Headers {
				input(header.Value)
			}
		case h.ECSTask != nil:
			shorts = append(shorts, h.ECSTask.Component.Component)
			for i := range h.ECSTask.Env {
				input(h.ECSTask.Env[i].Input())
			}
		}
	}
	slices.Sort(shorts)
	return slices.Compact(shorts)
}

// Phase carries out a phase: before the batches its pre hooks; afterwards its post hooks, or, where anything went wrong,
// those for failures. Outcomes are those of the wave's steps, as far as there are any.
func (e *Executor) Phase(ctx context.Context, batch Batch, outcomes []Outcome) PhaseResult {
	phase := batch.Phase
	result := PhaseResult{SchemaVersion: SchemaVersion, Hooks: []HookResult{}}
	h := hookRun{Executor: e, reader: reader{place: Place{Account: phase.Account, Region: phase.Region}, secrets: e.Secrets, upstreams: phase.reads(outcomes)},
		told: Told{Run: batch.Run, Stack: batch.Scope.Stack, Environment: batch.Scope.Environment, Wave: batch.Wave + 1}}
	moment, hooks := pre, phase.Pre
	if phase.Moment == After {
		moment, hooks = post, phase.Post
		if wrong := phase.wrong(outcomes); wrong != "" {
			moment, hooks, h.told.Error = onFailure, phase.OnFailure, wrong
		}
	}
	err := e.mayBegin(ctx)
	if err == nil && moment == post {
		err = e.verifyAgain(ctx, phase.Verify)
	}
	if err == nil {
		result.Hooks, err = h.run(ctx, moment, hooks)
	}
	if err != nil && moment != onFailure { // what fails there changes nothing: it has failed already
		failure := run.FailureOf(err)
		result.Error, result.Message = failure.Error, failure.Cause
	}
	if err != nil && moment == post { // the last look, or a hook after it, is a failure like any other
		h.told.Error = result.Error
		called, _ := h.run(ctx, onFailure, phase.OnFailure)
		result.Hooks = append(result.Hooks, called...)
	}
	return result
}

// verifyAgain looks at components that were well when they were deployed. They need not bake again.
func (e *Executor) verifyAgain(ctx context.Context, again []Assignment) error {
	for _, a := range again {
		v := e.verifier(a.Order, reader{place: Place{Account: a.Order.Account, Region: a.Order.Region}, secrets: e.Secrets,
			component: a.Order.Address.Short(), own: a.Outputs, upstreams: a.Order.Upstreams})
		v.verify.BakeTime = 0
		err := v.after(ctx)
		var failed *VerificationFailed
		if errors.As(err, &failed) {
			failed.Check = a.Order.Address.Short() + " at the end, " + failed.Check
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// reads is what the hooks may read: after the wave also what its steps came to.
func (p *Phase) reads(outcomes []Outcome) map[string]Upstream {
	reads := map[string]Upstream{}
	for short, upstream := range p.Upstreams {
		reads[short] = upstream
	}
	for _, o := range outcomes {
		if o.Outcome.Fine() && o.Action != plan.Delete {
			reads[o.Address.Short()] = Upstream{Kind: o.Kind, Outputs: o.Outputs}
		}
	}
	return reads
}

// wrong says what went wrong in the wave or before; "" when nothing did.
func (p *Phase) wrong(outcomes []Outcome) string {
	fine := map[string]bool{}
	for _, o := range outcomes {
		if o.Outcome == Failed {
			return o.Address.Short() + ": " + o.Message
		}
		fine[o.Address.Short()] = o.Outcome.Fine()
	}
	for _, short := range p.Steps {
		if !fine[short] {
			return short + " was not begun"
		}
	}
	if p.Failed {
		return "something failed in an earlier wave"
	}
	return ""
}
