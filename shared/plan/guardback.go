package plan

import (
	"encoding/json"
	"strings"

	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/state"
)

// guarded is what a recorded spec says about its component's data.
type guarded struct {
	Protect        bool                    `json:"protect"`
	AllowReplace   bool                    `json:"allowReplace"`
	DeletionPolicy resource.DeletionPolicy `json:"deletionPolicy"`
}

func guardsOf(spec []byte) guarded {
	var g guarded
	if json.Unmarshal(spec, &g) != nil {
		return guarded{Protect: true} // what cannot be read is handled with the greater care
	}
	return g
}

// Saved reports whether AWS takes a last snapshot of a kind's data when it is deleted, as far as the translation asks it to.
func Saved(kind resource.Kind) bool {
	definition, known := resource.Lookup(kind)
	return known && definition.Stateful && !definition.NoSnapshot && kind != resource.KindDynamoDB
}

// guardDeletionBack keeps what a rollback must not delete.
func (m *maker) guardDeletionBack(step *Step, record state.Record) {
	switch {
	case step.Stateful && m.back.fate(step.Address.Short()) == Half:
		m.back.keep(step, "it holds data and was created half-way: look at what is there, then apply again or destroy it")
	case step.Stateful:
		m.back.keep(step, "it holds data: what was created is not deleted by a rollback")
	case guardsOf(record.Spec).Protect:
		m.back.keep(step, "it is protected")
	}
}

// guardReplacementBack keeps what a rollback must not replace, and has the data of what it may replace saved first.
func (m *maker) guardReplacementBack(c *comparison) {
	now, base := guardsOf(c.record.Spec), c.resource.Spec.Base()
	holds := stateful(c.record.Kind) && exists(c.record)
	c.step.Stateful = c.step.Stateful || holds
	why := ""
	switch {
	case now.Protect || base.Protect:
		why = "it is protected"
	case !holds:
		return
	case !now.AllowReplace || !base.AllowReplace:
		why = "it holds data and does not allow to be replaced (allowReplace)"
	case !m.back.approved():
		why = "it holds data and nobody has approved that it is replaced"
	case !Saved(resource.Kind(c.record.Kind)):
		why = "it holds data of which no last snapshot can be taken"
	case now.DeletionPolicy != resource.Snapshot: // that of what is there now: its resources carry it
		why = "it holds data, and its deletionPolicy (" + string(now.DeletionPolicy) + ") takes no last snapshot of it"
	}
	if why == "" {
		c.step.DeletionPolicy, c.step.Saves = resource.Snapshot, true
		return
	}
	if m.back.was(c.step.Address.Short()) == Replace {
		why = "it was replaced, and " + why + ". " + fateOfFormerData(guardsOf(c.recordBefore().Spec).DeletionPolicy, resource.Kind(c.recordBefore().Kind))
	}
	m.back.keep(c.step, "%s", why)
}

// recordBefore is what was known of the component before the run.
func (c *comparison) recordBefore() state.Record {
	if c.back.undoing == nil {
		return c.record
	}
	return c.back.undoing.Before.Components[c.step.Address.Short()]
}

// fateOfFormerData says where the data is of a component that was deleted or replaced.
func fateOfFormerData(policy resource.DeletionPolicy, kind resource.Kind) string {
	switch {
	case !stateful(string(kind)):
		return "It had no data before"
	case policy == resource.Delete || !Saved(kind):
		return "The data that it had is gone, unless a backup has it"
	}
	return "The data that it had is in its last snapshot"
}

// guardCreationBack decides about a component that was deleted: it is created anew, without its data, unless its resources
// are still there and would stand in the way.
func (m *maker) guardCreationBack(r *resource.Resource, step *Step) {
	short, policy := step.Address.Short(), r.Spec.Base().DeletionPolicy
	switch fate := m.back.fate(short); {
	case fate == "":
		step.Action, step.Reasons, step.Changes = NoOp, nil, nil
	case fate == LetGo, m.back.undoing == nil && step.Stateful && policy == resource.Retain:
		m.back.keep(step, "its resources were let go of, as its deletionPolicy says: they are there, and deployer does not manage them")
	case step.Stateful:
		step.Reasons = []string{"was deleted: it is created anew, empty. " + fateOfFormerData(policy, step.Kind)}
	default:
		step.Reasons = []string{"was deleted: it is created anew"}
	}
}

// takeBack completes the comparison of a component that a rollback may touch.
func (c *comparison) takeBack() {
	if c.back.was(c.step.Address.Short()) == Replace && c.step.Action == Update {
		c.replace("was replaced")
	}
	for i, reason := range c.step.Reasons {
		if reason == "spec differs" {
			c.step.Reasons[i] = "gets its former spec"
		}
	}
}

// follow is the comparison of a component that a rollback need not touch: only what it sees may change back.
func (c *comparison) follow() {
	if c.record.Status != state.Deployed || c.record.Revision != c.definition.Revision || c.record.Kind != string(c.resource.Kind) {
		return
	}
	c.compareInputs()
	c.step.Conditional = c.step.Action == Update
}

// oneWay are the fields that AWS changes in one direction only: a version is never lowered, a disk never made smaller.
var oneWay = map[resource.Kind][]string{
	"RDS": {"version", "storage.size"}, "DocumentDB": {"version"}, "ElastiCacheRedis": {"version"}, "AWSMemoryDB": {"version"},
	"MSK": {"version", "storage.size"}, "EBS": {"size"},
}

// stays reports whether a rollback has to leave a field as it is now.
func stays(kind resource.Kind, path string, now, former json.RawMessage) bool {
	for _, field := range oneWay[kind] {
		if field != path || now == nil || former == nil {
			continue
		}
		var is, was float64
		if json.Unmarshal(now, &is) == nil && json.Unmarshal(former, &was) == nil {
			return is > was
		}
		return string(now) != string(former)
	}
	return false
}

// holdFields gives the former spec those fields of the present one that AWS does not take back, and notes them.
func (m *maker) holdFields(c *comparison) error {
	if c.record.Kind != string(c.resource.Kind) {
		return nil
	}
	changes, err := diff(c.record.Spec, c.spec)
	if err != nil {
		return err
	}
	var held []string
	for _, change := range changes {
		if !stays(c.resource.Kind, change.Path, change.Before, change.After) {
			continue
		}
		if c.spec, err = with(c.spec, strings.Split(change.Path, "."), change.Before); err != nil {
			return err
		}
		held = append(held, change.Path+" stays "+string(change.Before)+": AWS does not take it back to "+string(change.After))
	}
	if len(held) == 0 {
		return nil
	}
	short := c.step.Address.Short()
	m.back.kept[short] = Kept{Component: short, Kind: c.step.Kind, Reason: strings.Join(held, "; ")}
	if c.resource.Spec, err = resource.DecodeSpec(c.resource.Kind, c.spec); err != nil {
		return err
	}
	c.spec, err = json.Marshal(c.resource.Spec)
	return err
}

// with returns a JSON object with another value at a path.
func with(object []byte, path []string, value json.RawMessage) ([]byte, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		return nil, err
	}
	if len(path) > 1 {
		below, err := with(fields[path[0]], path[1:], value)
		if err != nil {
			return nil, err
		}
		value = below
	}
	fields[path[0]] = value
	return json.Marshal(fields)
}

func sameOutputs(a, b map[string]json.RawMessage) bool {
	if len(a) != len(b) {
		return false
	}
	for name, value := range a {
		other, has := b[name]
		if !has || string(canonical(value)) != string(canonical(other)) {
			return false
		}
	}
	return true
}
