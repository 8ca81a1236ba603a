package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// Prospect says, before anything is done, what undoing all of a plan would come to. What really is undone is found when it
// fails, by the same rules.
type Prospect struct {
	Delete   int `json:"delete"`   // created components that would be deleted
	Restore  int `json:"restore"`  // updated ones that would get their former spec
	Recreate int `json:"recreate"` // replaced and deleted ones that would be created anew
	// Irreversible are the components that would not be again what they were; sorted.
	Irreversible []Kept `json:"irreversible"`
}

// prospect returns nil for a plan that would never be undone.
func (m *maker) prospect(operation run.Operation) *Prospect {
	if operation.Destroys() || operation.RollsBack() || !m.mayRollBack() {
		return nil
	}
	p := &Prospect{Irreversible: []Kept{}}
	reasons := map[string]string{}
	for _, step := range m.steps {
		if reason := m.foresee(p, step); reason != "" {
			reasons[step.Address.Short()] = reason
		}
	}
	m.foreseeFoundations(p, reasons)
	for _, short := range slices.Sorted(maps.Keys(reasons)) {
		step := m.steps[m.at(short)]
		p.Irreversible = append(p.Irreversible, Kept{Component: short, Kind: step.Kind, Reason: reasons[short]})
	}
	return p
}

// mayRollBack reports whether any step's failure would undo the plan.
func (m *maker) mayRollBack() bool {
	for _, step := range m.steps {
		if step.Action != NoOp && (step.OnFailure == resource.OnFailureRollback || step.OnFailure == "" && m.onFailure == resource.OnFailureRollback) {
			return true
		}
	}
	return false
}

// foresee counts what undoing a step comes to, and says what of it cannot be undone.
func (m *maker) foresee(p *Prospect, step *Step) string {
	record := m.snapshot.Components[step.Address.Short()]
	was := guardsOf(record.Spec)
	switch step.Action {
	case Create:
		base := m.wanted[step.Address.Short()].Spec.Base()
		switch {
		case step.Stateful:
			return "it holds data: once created, it is kept"
		case base.Protect:
			return "it is protected: once created, it is kept"
		}
		p.Delete++
	case Update:
		p.Restore++
		return irrevocable(step)
	case Replace:
		return m.foreseeReplacement(p, step, record, was)
	case Delete:
		if step.Stateful && was.DeletionPolicy == resource.Retain {
			return "it is let go of, as its deletionPolicy says, and not taken back"
		}
		p.Recreate++
		if step.Stateful {
			return "it would be created anew, empty. " + fateOfFormerData(was.DeletionPolicy, step.Kind)
		}
	case NoOp:
	}
	return ""
}

// irrevocable names the fields of an update that AWS does not take back.
func irrevocable(step *Step) string {
	var fields []string
	for _, change := range step.Changes {
		if stays(step.Kind, change.Path, change.After, change.Before) {
			fields = append(fields, change.Path+" stays "+string(change.After)+": AWS does not take it back to "+string(change.Before))
		}
	}
	return strings.Join(fields, "; ")
}

func (m *maker) foreseeReplacement(p *Prospect, step *Step, record state.Record, was guarded) string {
	base := m.wanted[step.Address.Short()].Spec.Base()
	lost := fateOfFormerData(was.DeletionPolicy, resource.Kind(record.Kind))
	switch {
	case base.Protect || was.Protect:
		return "it is protected: once replaced, it is kept"
	case !stateful(string(step.Kind)):
		p.Recreate++
		if stateful(record.Kind) {
			return "it would be created anew, empty. " + lost
		}
		return ""
	case base.AllowReplace && was.AllowReplace && Saved(step.Kind) && base.DeletionPolicy == resource.Snapshot:
		p.Recreate++
		return "it would be created anew, empty, after a last snapshot, if a person approved this. " + lost
	}
	return "it holds data: once replaced, it is kept. " + lost
}

// foreseeFoundations keeps what those need that are kept.
func (m *maker) foreseeFoundations(p *Prospect, reasons map[string]string) {
	queue := slices.Sorted(maps.Keys(reasons))
	for len(queue) > 0 {
		above := queue[0]
		queue = queue[1:]
		if step := m.steps[m.at(above)]; step.Action != Create {
			continue
		}
		for _, at := range m.needs[m.at(above)] {
			below := m.steps[at]
			if _, kept := reasons[at.Short()]; kept || below == nil || below.Action != Create {
				continue
			}
			p.Delete--
			reasons[at.Short()] = above + ", which is kept, needs it"
			queue = append(queue, at.Short())
		}
	}
}

// at is the address of a component of the plan.
func (m *maker) at(short string) address.Address {
	if r, wanted := m.wanted[short]; wanted {
		return r.Address
	}
	return m.snapshot.Components[short].Address
}
