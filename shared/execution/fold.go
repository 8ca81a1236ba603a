package execution

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/state"
)

// Touched returns the addresses whose records Fold may change.
func Touched(outcomes []Outcome) []address.Address {
	touched := make([]address.Address, 0, len(outcomes))
	for _, o := range outcomes {
		touched = append(touched, o.Address)
	}
	return touched
}

// Fold merges outcomes into a snapshot and reports whether that changed anything. Folding the same outcomes again changes
// nothing, so a reducer that died is simply run again; nor does their order matter.
func Fold(snapshot *state.Snapshot, outcomes []Outcome) bool {
	changed := false
	for _, o := range outcomes {
		short := o.Address.Short()
		before, known := snapshot.Components[short]
		after, stays := fold(before, known, o)
		switch {
		case !stays && known:
			delete(snapshot.Components, short)
			changed = true
		case stays && !(known && sameRecord(before, after)):
			if snapshot.Components == nil {
				snapshot.Components = map[string]state.Record{}
			}
			snapshot.Components[short] = after
			changed = true
		}
	}
	return changed
}

// fold returns the record of a component after an outcome, and whether it has one at all.
func fold(before state.Record, known bool, o Outcome) (after state.Record, stays bool) {
	switch {
	case o.Outcome == Done && o.Action == plan.Delete, o.Outcome == Kept:
		return before, false
	case o.Outcome == Done:
		after = record(before, known, o)
		after.Status, after.Spec, after.InputsDigest, after.Outputs = state.Deployed, compacted(o.Spec), o.InputsDigest, o.Outputs
		return after, true
	case o.Outcome == Unchanged && known:
		before.DependsOn = o.DependsOn // whom it waits for may have changed without changing its resources
		return before, true
	case o.Outcome == Failed && o.Dirty:
		return failed(before, known, o), true
	}
	return before, known
}

// failed is the record of a component that was left half-done: what it was before, so far as that still tells what is
// there, and what is wrong.
func failed(before state.Record, known bool, o Outcome) state.Record {
	after := record(before, known, o)
	after.Status, after.Error, after.Leftovers = state.Failed, o.Message, o.Leftovers
	after.InputsDigest = "" // so that the next plan does it again
	if o.Action == plan.Delete {
		after.Status = state.Deleting
	}
	if o.Kind != "" && string(o.Kind) != before.Kind || len(before.Spec) == 0 {
		after.Spec, after.Outputs = compacted(o.Spec), o.Outputs // a spec is of its kind
	}
	if after.Resources == 0 && before.Resources > 0 && len(o.Changes) == 0 {
		after.Resources = before.Resources // an executor that died could not count them
	}
	return after
}

// record is what every outcome that touched the component tells.
func record(before state.Record, known bool, o Outcome) state.Record {
	after := before
	if !known {
		after.Address, after.CreatedAt = o.Address, o.EndedAt
	}
	after.Kind, after.Revision, after.DependsOn = string(o.Kind), o.Revision, o.DependsOn
	after.Action, after.Account, after.Region = string(o.Action), o.Account, o.Region
	after.Epoch, after.Run, after.Resources = o.Epoch, o.Run, o.Resources
	after.UpdatedAt, after.Duration = o.EndedAt, o.EndedAt.Sub(o.StartedAt)
	after.Error, after.Leftovers = "", nil
	return after
}

// sameRecord compares what would be stored: an empty map is no map, and a time is what its text says.
func sameRecord(a, b state.Record) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

func compacted(spec []byte) []byte { return slices.Clone(plan.Compact(spec)) }
