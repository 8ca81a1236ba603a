package settlewave

import (
	"context"
	"errors"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/run"
)

// judgeHooks says what the hooks around the wave mean for the waves after it. A hook that failed before the batches is the
// reason that none was begun.
func (o *Out) judgeHooks(ctx context.Context, archive run.Archive, in In) error {
	for _, phase := range []struct {
		key    string
		moment execution.Moment
	}{{in.Before, execution.Before}, {in.After, execution.After}} {
		if phase.key == "" || o.Halted {
			continue
		}
		var result execution.PhaseResult
		err := archive.Read(ctx, execution.PhaseResultArtifact(in.Wave, phase.moment), &result)
		switch {
		case errors.Is(err, objects.ErrNotFound) && !o.Failed:
			result = execution.PhaseResult{Error: run.Stopped, Message: "the task that calls the hooks " + string(phase.moment) + " the wave ended without telling what became of them"}
		case err != nil && !errors.Is(err, objects.ErrNotFound):
			return err
		}
		if result.Error != "" {
			o.Failed, o.GoOn, o.Error, o.Cause = true, false, WaveFailed, result.Message
			if result.Error == VerificationFailed {
				o.Error = VerificationFailed
			}
		}
	}
	return nil
}
