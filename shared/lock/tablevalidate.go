package lock

import (
	"fmt"
	"slices"
)

// Validate returns an ErrInvalidWrite with its reason when no Table may take these writes: none or more than MaxWrites,
// two on one key, a verb with fields of another, values that do not fit their attribute, or a token that is empty or
// longer than MaxToken. Every Table calls it first.
func Validate(token string, writes []Write) error {
	if token == "" || len(token) > MaxToken {
		return fmt.Errorf("%w: a token has 1 to %d bytes, this one %d", ErrInvalidWrite, MaxToken, len(token))
	}
	if len(writes) == 0 || len(writes) > MaxWrites {
		return fmt.Errorf("%w: a transaction has 1 to %d writes, this one %d", ErrInvalidWrite, MaxWrites, len(writes))
	}
	keys := make(map[string]bool, len(writes))
	for i, w := range writes {
		if keys[w.Key] {
			return fmt.Errorf("%w: write %d: a second write on %q", ErrInvalidWrite, i, w.Key)
		}
		keys[w.Key] = true
		if fault := w.fault(); fault != "" {
			return fmt.Errorf("%w: write %d, %s %q: %s", ErrInvalidWrite, i, w.Verb, w.Key, fault)
		}
	}
	return nil
}

func (w Write) fault() string {
	if w.Key == "" || len(w.Key) > MaxKey {
		return fmt.Sprintf("a key has 1 to %d bytes", MaxKey)
	}
	switch w.Verb {
	case Put:
		if w.Item == nil || w.Item.Key != w.Key {
			return "its item must be given, with the same key"
		}
		if fault := w.Item.fault(); fault != "" {
			return fault
		}
	case Update:
		if fault := changesFault(w.Changes); fault != "" {
			return fault
		}
	case Check:
		if len(w.Conditions) == 0 {
			return "a check needs a condition"
		}
	case Delete:
	default:
		return "unknown verb"
	}
	if w.Verb != Put && w.Item != nil {
		return "only a put has an item"
	}
	if w.Verb != Update && len(w.Changes) > 0 {
		return "only an update has changes"
	}
	for _, c := range w.Conditions {
		if fault := c.fault(); fault != "" {
			return fmt.Sprintf("condition %s %s: %s", c.Attribute, c.Operator, fault)
		}
	}
	return ""
}

func (i Item) fault() string {
	if min(i.LockedAt, i.ExpiresAt, i.Fence, i.Version) < 0 {
		return "a number is negative"
	}
	members := slices.Sorted(slices.Values(i.IxChildren))
	if len(slices.Compact(members)) != len(i.IxChildren) || slices.Contains(i.IxChildren, "") {
		return "the members of ixChildren must differ and not be empty"
	}
	return ""
}

func (c Condition) fault() string {
	kind, known := kinds[c.Attribute]
	switch {
	case !known:
		return "unknown attribute"
	case c.Operator == Missing || c.Operator == Exists:
		return ""
	case c.Operator == Equal && (kind == text || kind == number):
		return ""
	case c.Operator == Less && kind == number:
		return ""
	case c.Operator == Contains && kind == set:
		return ""
	}
	return "the operator does not fit the attribute"
}

func changesFault(changes []Change) string {
	if len(changes) == 0 {
		return "an update needs a change"
	}
	before := map[Attribute]ChangeVerb{}
	members := map[string]bool{}
	for _, c := range changes {
		if fault := c.fault(); fault != "" {
			return fmt.Sprintf("change %s %s: %s", c.Verb, c.Attribute, fault)
		}
		verb, again := before[c.Attribute]
		before[c.Attribute] = c.Verb
		ofSet := c.Verb == Insert || c.Verb == Remove
		if again && (!ofSet || verb != c.Verb || members[c.Text]) {
			return fmt.Sprintf("change %s %s: %s is changed already", c.Verb, c.Attribute, c.Attribute)
		}
		if ofSet {
			members[c.Text] = true
		}
	}
	return ""
}

func (c Change) fault() string {
	kind, known := kinds[c.Attribute]
	if !known || c.Attribute == KeyAttr {
		return "no attribute that can be changed"
	}
	switch c.Verb {
	case Set:
		if kind == text && c.Text != "" || kind == number && c.Number > 0 || kind == mapping && len(c.Map) > 0 {
			return ""
		}
		return "it needs a value that fits the attribute and is not zero"
	case Add:
		if kind == number && c.Number > 0 {
			return ""
		}
		return "it needs a number's attribute and a positive number"
	case Insert, Remove:
		if kind == set && c.Text != "" {
			return ""
		}
		return "it needs a set's attribute and a member"
	case Clear:
		return ""
	}
	return "unknown verb"
}
