package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/state"
)

// comparison is of one component as the state knows it with what is wanted.
type comparison struct {
	*maker
	step       *Step
	resource   *resource.Resource
	definition resource.Definition
	record     state.Record
	spec       []byte // as JSON
	replacing  []string
}

// compare fills in the step.
func (c *comparison) compare() error {
	if c.record.Kind != string(c.resource.Kind) {
		c.replace(fmt.Sprintf("kind changes from %s to %s", c.record.Kind, c.resource.Kind), "its kind")
		return nil
	}
	if err := c.compareSpec(); err != nil {
		return err
	}
	if c.record.Region != "" && c.region != "" && c.record.Region != c.region {
		c.replace(fmt.Sprintf("region changes from %s to %s", c.record.Region, c.region), "its region")
	}
	if c.record.Status != state.Deployed {
		c.update("the last run left it " + string(c.record.Status))
	}
	if c.record.Revision != c.definition.Revision {
		c.update(fmt.Sprintf("deployer translates %s anew (revision %d, was %d)", c.resource.Kind, c.definition.Revision, c.record.Revision))
	}
	c.compareInputs()
	c.compareNeeds()
	sortChanges(c.step.Changes)
	return nil
}

func (c *comparison) update(reason string) {
	if c.step.Action == NoOp {
		c.step.Action = Update
	}
	c.step.Reasons = append(c.step.Reasons, reason)
}

func (c *comparison) replace(reason string, because ...string) {
	c.step.Action = Replace
	c.step.Reasons = append(c.step.Reasons, reason)
	c.replacing = append(c.replacing, because...)
}

func (c *comparison) compareSpec() error {
	if bytes.Equal(c.record.Spec, c.spec) || jsonEqual(c.record.Spec, c.spec) {
		return nil
	}
	changes, err := diff(c.record.Spec, c.spec)
	if err != nil {
		return err
	}
	c.step.Changes = changes
	c.update("spec differs")
	var fields []string
	for i, change := range changes {
		if slices.ContainsFunc(c.definition.ReplaceOn, func(path string) bool { return covers(path, change.Path) }) {
			c.step.Changes[i].Replaces = true
			fields = append(fields, change.Path)
		}
	}
	if len(fields) > 0 {
		c.replace("a field changes that cannot be changed in place", fields...)
	}
	return nil
}

// compareInputs looks at what the component sees of others. An output that changes or may change makes an update; when
// it only may, the update is conditional: the executor decides with the real outputs.
func (c *comparison) compareInputs() {
	upstreams := Upstreams(c.resource.Needs, func(short string) (resource.Kind, map[string]json.RawMessage) {
		kind := resource.Kind(c.snapshot.Components[short].Kind)
		if r, wanted := c.wanted[short]; wanted {
			kind = r.Kind
		}
		return kind, c.snapshot.Components[short].Outputs
	})
	var pending []string
	for _, need := range c.resource.Needs {
		short := need.Address.Short()
		upstream := c.steps[need.Address]
		if _, seen := upstreams[short]; !seen || upstream == nil || upstream.Action == NoOp {
			continue
		}
		pending = append(pending, short)
		if need.Reason == resource.ReasonValue && c.step.Action != NoOp && !slices.ContainsFunc(c.step.Changes,
			func(change Change) bool { return change.Path == need.Path }) {
			c.step.Changes = append(c.step.Changes, Change{Path: need.Path, Unknown: true})
		}
	}
	switch {
	case c.step.Action != NoOp:
	case InputsDigest(c.resource.Kind, c.record.Revision, c.spec, upstreams) != c.record.InputsDigest:
		c.update("what it sees of the components it needs has changed since it was deployed")
	case len(pending) > 0:
		slices.Sort(pending)
		c.update("only if the outputs of " + strings.Join(slices.Compact(pending), ", ") + " change")
		c.step.Conditional = true
	}
}

// compareNeeds sees to it that the state knows what the component waits for, also where that changes nothing about its
// resources: what is deleted, and when, goes by it.
func (c *comparison) compareNeeds() {
	if c.step.Action != NoOp || slices.Equal(DependsOn(c.resource), c.record.DependsOn) {
		return
	}
	c.update("what it waits for has changed; its resources stay as they are")
	c.step.Conditional = true
}

// DependsOn returns the distinct components that a resource waits for, by service/component, sorted.
func DependsOn(r *resource.Resource) []string {
	var shorts []string
	for _, need := range r.Needs {
		shorts = append(shorts, need.Address.Short())
	}
	slices.Sort(shorts)
	return slices.Compact(shorts)
}

// covers reports whether a change at path is one of the field at prefix or below it, or of a whole that the field is in.
// A prefix names fields only; [name] and [index] of lists in path do not matter.
func covers(prefix, path string) bool {
	path = withoutItems(path)
	return path == prefix || strings.HasPrefix(path, prefix+".") || strings.HasPrefix(prefix, path+".")
}

func withoutItems(path string) string {
	if !strings.Contains(path, "[") {
		return path
	}
	var b strings.Builder
	depth := 0
	for _, c := range path {
		switch {
		case c == '[':
			depth++
		case c == ']':
			depth--
		case depth == 0:
			b.WriteRune(c)
		}
	}
	return b.String()
}
