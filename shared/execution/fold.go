package execution

import (
	"bytes"
	"cmp"
	"reflect"

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
// nothing, so a reducer that died is simply run again.
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
	case o.Outcome == Failed && o.Dirty:
		after = record(before, known, o)
		after.Status, after.Error, after.Leftovers = state.Failed, o.Message, o.Leftovers
		if o.Action == plan.Delete {
			after.Status = state.Deleting
		}
		after.InputsDigest = "" // so that the next plan does it again
		if after.Spec == nil {
			after.Spec = compacted(o.Spec)
		}
		if after.Outputs == nil {
			after.Outputs = o.Outputs
		}
		return after, true
	}
	return before, known
}

// record is what every outcome that touched the component tells.
func record(before state.Record, known bool, o Outcome) state.Record {
	after := before
	if !known {
		after.Address, after.CreatedAt = o.Address, o.EndedAt
	}
	after.Kind, after.Revision, after.DependsOn = string(o.Kind), o.Revision, o.DependsOn
	after.Epoch, after.Run, after.Resources = o.Epoch, o.Run, o.Resources
	after.UpdatedAt, after.Duration = o.EndedAt, o.EndedAt.Sub(o.StartedAt)
	after.Error, after.Leftovers = "", nil
	return after
}

func sameRecord(a, b state.Record) bool { return reflect.DeepEqual(a, b) }

func compacted(spec []byte) []byte { return bytes.Clone(plan.Compact(spec)) }

// Worst orders verdicts by how much attention they need, the worst first; ties are equal.
func Worst(a, b Outcome) int {
	rank := func(o Outcome) int {
		switch {
		case o.Dirty:
			return 0
		case o.Outcome == Failed:
			return 1
		case o.Outcome == Skipped:
			return 2
		}
		return 3
	}
	return cmp.Compare(rank(a), rank(b))
}
