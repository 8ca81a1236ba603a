// Package task is the executor's task: the environment of a Fargate task goes in, the batch it names is carried out, and
// each step's outcome is in the archive. The embedded environment calls it in process.
package task

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// The variables that the wave machine sets on the task.
const (
	RunVariable   = "DEPLOYER_RUN"   // a run.Ref as JSON
	LeaseVariable = "DEPLOYER_LEASE" // a lock.Lease as JSON; not read for a preview
	BatchVariable = "DEPLOYER_BATCH" // the object key of an execution.Batch
)

// Ports is what the task stands on.
type Ports struct {
	Objects     objects.Store
	Locker      *lock.Locker
	Provisioner execution.Provisioner
	// Health, HTTP, Calls and Secrets are those of execution.Executor.
	Health      execution.Health
	HTTP        execution.HTTP
	Calls       execution.Calls
	Secrets     execution.Secrets
	Look        time.Duration // see execution.Executor
	Parallelism int           // steps at a time
	Now         func() time.Time
	Log         *slog.Logger
	Watch       func(execution.Outcome) // may be nil
	Heartbeat   time.Duration           // 0: DefaultHeartbeat
}

// BatchFailed is the error of a batch in which a step was not fine. The outcomes say which.
type BatchFailed struct{ Failed, Steps int }

func (e *BatchFailed) Error() string {
	return fmt.Sprintf("%d of %d steps failed or were skipped; their outcomes say why", e.Failed, e.Steps)
}

// Run carries out the batch that the environment names.
func Run(ctx context.Context, getenv func(string) string, ports Ports) error {
	var ref run.Ref
	if err := json.Unmarshal([]byte(getenv(RunVariable)), &ref); err != nil {
		return fmt.Errorf("%s: %w", RunVariable, err)
	}
	batch, err := read(ctx, ports.Objects, getenv(BatchVariable))
	if err != nil {
		return err
	}
	if batch.Run != ref.ID || batch.Scope != ref.Scope() {
		return fmt.Errorf("%s: the batch is of run %s in %s, the task of run %s in %s", BatchVariable, batch.Run, batch.Scope, ref.ID, ref.Scope())
	}
	archive := run.Archive{Store: ports.Objects, Ref: ref}
	if batch.Preview != "" {
		return preview(ctx, archive, batch, ports)
	}
	var lease lock.Lease
	if err := json.Unmarshal([]byte(getenv(LeaseVariable)), &lease); err != nil {
		return fmt.Errorf("%s: %w", LeaseVariable, err)
	}
	log := ports.Log.With("run", ref.ID, "scope", ref.Scope().String(), "wave", batch.Wave, "batch", batch.Number)
	guard := fence{locker: ports.Locker, lease: lease}
	heart := &pulse{fence: guard, every: cmp.Or(ports.Heartbeat, DefaultHeartbeat), now: ports.Now, log: log, flight: map[string]time.Time{}}
	executor := execution.Executor{Provisioner: ports.Provisioner, Parallelism: ports.Parallelism, Now: ports.Now, Log: log,
		Health: ports.Health, HTTP: ports.HTTP, Calls: ports.Calls, Secrets: ports.Secrets, Look: ports.Look,
		Watch: heart.watch(ports.Watch), Fence: guard, Halt: archive.Halted,
		Journal: execution.RunJournal{Archive: archive, State: state.NewStore(ports.Objects, ref.Scope(), state.WithClock(ports.Now)), Fence: lease.Fence}}
	ctx, stop := heart.beat(ctx)
	defer stop()
	if batch.Phase != nil {
		return phase(ctx, archive, batch, &executor)
	}
	outcomes, err := executor.Run(ctx, batch)
	if err != nil {
		return err
	}
	failed := 0
	for _, o := range outcomes {
		log.Info("step ended", "component", o.Address.Short(), "action", o.Action, "outcome", o.Outcome, "error", o.Error,
			"seconds", o.EndedAt.Sub(o.StartedAt).Seconds())
		if !o.Outcome.Fine() {
			failed++
		}
	}
	if failed > 0 {
		return &BatchFailed{Failed: failed, Steps: len(outcomes)}
	}
	return nil
}

// phase calls the hooks before or after a wave's batches.
func phase(ctx context.Context, archive run.Archive, batch execution.Batch, executor *execution.Executor) error {
	var addresses []address.Address
	for _, short := range batch.Phase.Steps {
		at, err := address.Parse(batch.Scope.String() + "/" + short)
		if err != nil {
			return err
		}
		addresses = append(addresses, at)
	}
	outcomes, err := execution.Outcomes(ctx, archive, addresses)
	if err != nil {
		return err
	}
	result := executor.Phase(ctx, batch, outcomes)
	if err := archive.Replace(context.WithoutCancel(ctx), execution.PhaseResultArtifact(batch.Wave, batch.Phase.Moment), result); err != nil {
		return err
	}
	if result.Error != "" {
		return &BatchFailed{Failed: 1, Steps: len(batch.Phase.Pre) + len(batch.Phase.Post)}
	}
	return nil
}

// preview writes what each step of the batch would do. It needs no lock: it changes nothing.
func preview(ctx context.Context, archive run.Archive, batch execution.Batch, ports Ports) error {
	executor := execution.Executor{Provisioner: ports.Provisioner, Parallelism: ports.Parallelism, Now: ports.Now, Log: ports.Log}
	return executor.Preview(ctx, batch, func(ctx context.Context, seen execution.Preview) error {
		ports.Log.Info("step previewed", "run", archive.Ref.ID, "component", seen.Address.Short(), "changes", len(seen.Changes), "error", seen.Error)
		return archive.Replace(ctx, execution.PreviewArtifact(seen.Address), seen)
	})
}

func read(ctx context.Context, store objects.Store, key string) (execution.Batch, error) {
	var batch execution.Batch
	object, err := store.Get(ctx, key)
	if err != nil {
		return batch, fmt.Errorf("batch: %w", err)
	}
	if err := json.Unmarshal(object.Data, &batch); err != nil {
		return batch, fmt.Errorf("batch %s: %w", key, err)
	}
	if batch.SchemaVersion != execution.SchemaVersion {
		return batch, fmt.Errorf("batch %s has schema version %d, this executor knows %d; deploy the executor's image and the functions together",
			key, batch.SchemaVersion, execution.SchemaVersion)
	}
	return batch, nil
}

// fence asks the lock table, with every step, whether the run may still act.
type fence struct {
	locker *lock.Locker
	lease  lock.Lease
}

func (f fence) Check(ctx context.Context) error { return f.locker.Check(ctx, f.lease) }
