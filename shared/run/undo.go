package run

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/deployer-io/deployer/shared/objects"
)

// undoing ends the id of the part of a run that takes back what the run did.
const undoing = "-rollback"

// Undo refers to the part of the run that takes back what the run did: it has a plan, waves and outcomes of its own, under
// the run's lock. Only a run that was rolled back has one.
func (r Ref) Undo() Ref {
	return Ref{Stack: r.Stack, Environment: r.Environment, ID: r.ID + undoing, Operation: Rollback}
}

// Undoes reports whether the reference is that of the part of a run that takes back what the run did.
func (r Ref) Undoes() bool { return strings.HasSuffix(r.ID, undoing) }

// Parts are the ids under which something of a run may be at work: its own, and that of its rollback.
func Parts(id string) []string { return []string{id, id + undoing} }

// Whole refers to the run that the reference is a part of.
func (r Ref) Whole() Ref {
	r.ID = strings.TrimSuffix(r.ID, undoing)
	return r
}

// TakenBack reports whether what the run did is being taken back, or was: there is a plan for that.
func (a Archive) TakenBack(ctx context.Context) (bool, error) {
	a.Ref = a.Ref.Undo()
	var there json.RawMessage
	err := a.Read(ctx, PlanArtifact, &there)
	if errors.Is(err, objects.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
