package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/deployer-io/deployer/shared/objects"
)

// HaltArtifact is the wish that a run begins nothing new.
const HaltArtifact Artifact = "halt.json"

// Halt is the wish of a person that a run finishes what is in flight and begins nothing new.
type Halt struct {
	By     string    `json:"by"`
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at"`
}

// Halted is the error of a run that was asked to begin nothing new.
type Halted struct{ Halt }

func (e *Halted) Error() string {
	why := ""
	if e.Reason != "" {
		why = " (" + e.Reason + ")"
	}
	return fmt.Sprintf("halted by %s%s: what was in flight has ended, nothing new was begun; 'deployer retry' goes on from there", e.By, why)
}

// Halted returns *Halted when the run was asked to begin nothing new, and another error when that cannot be told.
func (a Archive) Halted(ctx context.Context) error {
	var halt Halt
	err := a.Read(ctx, HaltArtifact, &halt)
	switch {
	case errors.Is(err, objects.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	return &Halted{halt}
}

// Halt asks the run to begin nothing new. Who asked first is kept.
func (a Archive) Halt(ctx context.Context, halt Halt) error {
	halt.By, halt.Reason = Said(halt.By), Said(halt.Reason)
	data, err := Encode(halt)
	if err != nil {
		return err
	}
	_, err = a.Store.Put(ctx, a.Key(HaltArtifact), data, objects.IfAbsent())
	if errors.Is(err, objects.ErrPrecondition) || errors.Is(err, objects.ErrConflict) {
		return nil
	}
	return err
}
