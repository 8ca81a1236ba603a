// Package makeplan is the MakePlan task: resources.json, graph.json and the state go in, plan.json comes out.
package makeplan

import (
	"context"
	"encoding/json"
	"time"

	"github.com/deployer-io/deployer/functions/discover"
	"github.com/deployer-io/deployer/shared/graph"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/policy"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// Handler makes plans.
type Handler struct {
	Objects objects.Store
	Locker  *lock.Locker
	Now     func() time.Time // exceptions from policies expire
	// PerLevel makes each level of the graph a wave, where starting a task costs nothing; see plan.Options.
	PerLevel bool
	// Parallelism is how many steps an executor works on at a time; 0: plan.DefaultParallelism.
	Parallelism int
}

// In refers to the run; Lease is nil when the run only plans.
type In struct {
	Run     run.Ref     `json:"run"`
	Request run.Request `json:"request"`
	Lease   *lock.Lease `json:"lease"`
	// Round counts from 0 how often the run has planned anew because its plan had become stale.
	Round int `json:"round"`
}

// Out is what the state machine decides by.
type Out struct {
	Digest          string      `json:"digest"`
	Counts          plan.Counts `json:"counts"`
	Changes         int         `json:"changes"`
	Waves           int         `json:"waves"`
	Approved        bool        `json:"approved"`        // no person needs to be asked
	ApprovalTimeout int         `json:"approvalTimeout"` // seconds
	MinApprovals    int         `json:"minApprovals"`
	AllowSelf       bool        `json:"allowSelf"`
	Preview         bool        `json:"preview"` // somebody will look at it: tell what it means for each cloud resource
}

// defaultApprovalTimeout is how long a plan waits for a person where the environment does not say: a day, in seconds.
const defaultApprovalTimeout = 24 * 60 * 60

// Handle writes plan.json. The error is *lock.LockLost when the run's lock is no longer its own, *plan.ReplaceRefused when
// the plan would delete or replace what is guarded, *resource.FrozenWindow when nothing may be changed now,
// *state.DeploymentHeld when the very same was rolled back last.
func (h Handler) Handle(ctx context.Context, in In) (Out, error) {
	if in.Lease != nil {
		if err := h.Locker.Check(ctx, *in.Lease); err != nil {
			return Out{}, err
		}
	}
	before, err := h.deployed(ctx, in.Run)
	if err != nil {
		return Out{}, err
	}
	made, set, err := h.make(ctx, in, before)
	if err != nil {
		return Out{}, err
	}
	archive := run.Archive{Store: h.Objects, Ref: in.Run}
	write := archive.Write
	if in.Round > 0 { // an earlier plan became stale before anything of it was done
		write = archive.Replace
	}
	if err := write(ctx, run.PlanArtifact, made); err != nil {
		return Out{}, err
	}
	if before != nil { // for ConfirmPlan, and for a destroy that comes after this one
		if err := archive.Replace(ctx, run.DeployedArtifact, before.Environment); err != nil {
			return Out{}, err
		}
	}
	out, err := h.judge(in, made, set, before)
	out.Preview = out.Changes > 0 && !in.Request.Shallow && (in.Run.Operation.OnlyPlans() || !out.Approved)
	return out, err
}

// judge applies the policies on plans and finds out whether people have to be asked.
func (h Handler) judge(in In, made *plan.Plan, set *resource.Set, before *former) (Out, error) {
	out := Out{Digest: made.Digest, Counts: made.Counts, Changes: made.Counts.Changes(), Waves: len(made.Waves),
		ApprovalTimeout: defaultApprovalTimeout, MinApprovals: 1}
	if set == nil { // a destroy
		return judgeDestroy(out, in, before), nil
	}
	data, err := plain(made)
	if err != nil {
		return Out{}, err
	}
	engine, mistakes := policy.Compile(set, h.Now())
	for _, violation := range engine.CheckPlan(data) {
		mistakes = append(mistakes, violation.Diagnostic())
	}
	if mistakes.HasErrors() {
		return Out{}, &discover.PolicyViolation{Diagnostics: mistakes.Sorted()}
	}
	if out.Changes > 0 && !in.Run.Operation.OnlyPlans() && in.Request.OverrideFreeze == "" {
		if err := h.thawed(&set.Environment, before); err != nil {
			return Out{}, err
		}
	}
	rules, err := wanting(set, engine, before, data, takesData(made))
	if err != nil {
		return Out{}, err
	}
	if len(rules) > 0 {
		return asking(out, in, rules), nil
	}
	out = asking(out, in, []resource.Approval{set.Environment.Approval})
	out.Approved = true
	return out, nil
}

// plain is the plan as the policies see it.
func plain(made *plan.Plan) (map[string]any, error) {
	encoded, err := json.Marshal(made)
	if err != nil {
		return nil, err
	}
	var data map[string]any
	return data, json.Unmarshal(encoded, &data)
}

func (h Handler) make(ctx context.Context, in In, before *former) (*plan.Plan, *resource.Set, error) {
	snapshot, _, err := state.NewStore(h.Objects, in.Run.Scope()).Read(ctx)
	if err != nil {
		return nil, nil, err
	}
	archive := run.Archive{Store: h.Objects, Ref: in.Run}
	var request run.Request // as Discover completed it
	if err := archive.Read(ctx, run.RequestArtifact, &request); err != nil {
		return nil, nil, err
	}
	if in.Run.Operation == run.Deploy && !request.Release {
		if err := snapshot.Admits(request.Input()); err != nil {
			return nil, nil, err
		}
	}
	options := plan.Options{Run: in.Run.ID, Operation: in.Run.Operation, Bundle: request.Bundle, PerLevel: h.PerLevel, Parallelism: h.Parallelism}
	if request.Parallelism > 0 {
		options.Parallelism = request.Parallelism
	}
	if request.Retry != "" {
		if options.Only, err = unfinished(ctx, run.Archive{Store: h.Objects, Ref: run.Ref{Stack: in.Run.Stack, Environment: in.Run.Environment, ID: request.Retry}}); err != nil {
			return nil, nil, err
		}
	}
	if in.Run.Operation.Destroys() {
		made, err := plan.Destroy(in.Run.Scope(), &snapshot, options)
		return made, nil, err
	}
	var set resource.Set
	if err := archive.Read(ctx, run.ResourcesArtifact, &set); err != nil {
		return nil, nil, err
	}
	var order graph.Graph
	if err := archive.Read(ctx, run.GraphArtifact, &order); err != nil {
		return nil, nil, err
	}
	if before != nil {
		options.Rules = plan.RulesChanged(&before.Environment, &set.Environment, before.Compliance, set.Compliance)
	}
	made, err := plan.Make(&set, &order, &snapshot, options)
	return made, &set, err
}
