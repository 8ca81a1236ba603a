// Package catalog lists the functions: ports go in, a Function for each Task name comes out. The bootstrap picks one of
// them; the embedded environment calls all of them in process. Both therefore run the same code.
package catalog

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"

	"github.com/deployer-io/deployer/functions/acquirelock"
	"github.com/deployer-io/deployer/functions/buildgraph"
	"github.com/deployer-io/deployer/functions/cleanup"
	"github.com/deployer-io/deployer/functions/confirmplan"
	"github.com/deployer-io/deployer/functions/decide"
	"github.com/deployer-io/deployer/functions/discover"
	"github.com/deployer-io/deployer/functions/keeplocks"
	"github.com/deployer-io/deployer/functions/makeplan"
	"github.com/deployer-io/deployer/functions/makereport"
	"github.com/deployer-io/deployer/functions/metric"
	"github.com/deployer-io/deployer/functions/notify"
	"github.com/deployer-io/deployer/functions/planrollback"
	"github.com/deployer-io/deployer/functions/preparepreview"
	"github.com/deployer-io/deployer/functions/preparewave"
	"github.com/deployer-io/deployer/functions/quarantine"
	"github.com/deployer-io/deployer/functions/releaselock"
	"github.com/deployer-io/deployer/functions/requestapproval"
	"github.com/deployer-io/deployer/functions/savestate"
	"github.com/deployer-io/deployer/functions/settlewave"
	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
)

// Ports is what the functions stand on.
type Ports struct {
	Objects objects.Store
	Locker  *lock.Locker
	// Executions is what KeepLocks and Cleanup know of executions.
	Executions keeplocks.Executions
	// Workers stops what a rollout has left at work; nil where it leaves nothing.
	Workers savestate.Workers
	// Answers wakes runs that wait for approval. Signer and ApprovalURL make and check the links by which people approve;
	// without them there are none. Teller tells people that a run waits; nil: nobody is told.
	Answers     decide.Answers
	Signer      decide.Signer
	ApprovalURL string
	Teller      *notify.Teller
	// Outlets reach those whom a stack names; Webhook is the installation's own channel. Either may be nil.
	Outlets notify.Outlets
	Webhook *resource.SecretRef
	// Metrics is where KeepLocks counts; nil: it does not.
	Metrics *metric.Writer
	Limits  bundle.Limits
	Now     func() time.Time
	// PerLevel makes each level of a plan's graph a wave, for an environment in which starting a task costs nothing.
	PerLevel bool
	// Parallelism is how many steps an executor task works on at a time; 0: plan.DefaultParallelism.
	Parallelism int
	// Prunes makes KeepLocks throw old history away once a day, for an environment in which no schedule does.
	Prunes bool
}

// Function is a handler as Lambda calls it: JSON in, JSON out. Its errors are messages.InvokeResponse_Error, whose Type is
// a name of the state machines' vocabulary.
type Function = lambda.Handler

// New returns the functions by Task name.
func New(p Ports) map[string]Function {
	return map[string]Function{
		"Discover":        function(discover.Handler{Objects: p.Objects, Limits: p.Limits, Now: p.Now}.Handle),
		"BuildGraph":      function(buildgraph.Handler{Objects: p.Objects}.Handle),
		"AcquireLock":     function(acquirelock.Handler{Objects: p.Objects, Locker: p.Locker, Now: p.Now}.Handle),
		"MakePlan":        function(makeplan.Handler{Objects: p.Objects, Locker: p.Locker, Now: p.Now, PerLevel: p.PerLevel, Parallelism: p.Parallelism}.Handle),
		"PreparePreview":  function(preparepreview.Handler{Objects: p.Objects}.Handle),
		"RequestApproval": function(requestapproval.Handler{Objects: p.Objects, Answers: p.Answers, Now: p.Now, Signer: p.Signer, BaseURL: p.ApprovalURL, Teller: p.Teller}.Handle),
		"Decide":          function(decide.Entrance{Pages: decide.Pages{Handler: decide.Handler{Objects: p.Objects, Answers: p.Answers, Now: p.Now}, Signer: p.Signer}}.Handle),
		"ConfirmPlan":     function(confirmplan.Handler{Objects: p.Objects, Locker: p.Locker, Now: p.Now, Teller: p.Teller}.Handle),
		"PrepareWave":     function(preparewave.Handler{Objects: p.Objects, Locker: p.Locker}.Handle),
		"SettleWave":      function(settlewave.Handler{Objects: p.Objects, Locker: p.Locker, Now: p.Now}.Handle),
		"PlanRollback":    function(planrollback.Handler{Objects: p.Objects, Locker: p.Locker, Now: p.Now, PerLevel: p.PerLevel, Parallelism: p.Parallelism}.Handle),
		"Quarantine":      function(quarantine.Handler{Locker: p.Locker, Teller: p.Teller}.Handle),
		"SaveState":       function(savestate.Handler{Objects: p.Objects, Now: p.Now, Workers: p.Workers}.Handle),
		"ReleaseLock":     function(releaselock.Handler{Locker: p.Locker, Teller: p.Teller}.Handle),
		"KeepLocks":       function(keeplocks.Handler{Objects: p.Objects, Locker: p.Locker, Executions: p.Executions, Now: p.Now, Teller: p.Teller, Metrics: p.Metrics, Prunes: p.Prunes}.Handle),
		"Cleanup":         function(cleanup.Handler{Objects: p.Objects, Locker: p.Locker, Executions: p.Executions, Now: p.Now, Teller: p.Teller}.Handle),
		"MakeReport":      function(makereport.Handler{Objects: p.Objects, Now: p.Now}.Handle),
		"Notify":          function(notify.Handler{Objects: p.Objects, Teller: p.Teller, Outlets: p.Outlets, Webhook: p.Webhook}.Handle),
	}
}

// Names returns the Task names, sorted.
func Names() []string {
	var names []string
	for name := range New(Ports{}) {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// function names a handler's errors: Lambda would report the outermost type, which is useless for a wrapped error.
func function[In, Out any](handle func(context.Context, In) (Out, error)) Function {
	return lambda.NewHandler(func(ctx context.Context, in In) (Out, error) {
		out, err := handle(ctx, in)
		if err != nil {
			failure := run.FailureOf(err)
			return out, messages.InvokeResponse_Error{Type: failure.Error, Message: failure.Cause}
		}
		return out, nil
	})
}
