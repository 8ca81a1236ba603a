package lock

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
)

// kind is what an attribute holds.
type kind int

const (
	text kind = iota
	number
	mapping
	set
)

var kinds = map[Attribute]kind{
	KeyAttr: text, LockID: text, LockedBy: text, LockedAt: number, ExpiresAt: number, FenceAttr: number, Version: number,
	Metadata: mapping, IxChildren: set,
}

// effect is what a transaction makes of one item: nil deletes it.
type effect struct {
	key  string
	item *Item
}

// evaluate decides validated writes on the items that find knows (nil: none), as DynamoDB would: every condition is tried
// on the items as they are, and either all hold and the effects are returned, or a *ConditionError with each that failed.
// It changes nothing itself, and what it returns shares nothing with what find gave.
func evaluate(writes []Write, find func(key string) *Item) ([]effect, error) {
	var failed []FailedCondition
	for i, w := range writes {
		item := find(w.Key)
		if slices.ContainsFunc(w.Conditions, func(c Condition) bool { return !c.holds(item) }) {
			failed = append(failed, FailedCondition{Index: i, Item: clone(item)})
		}
	}
	if failed != nil {
		return nil, &ConditionError{Failed: failed}
	}
	effects := make([]effect, 0, len(writes))
	for _, w := range writes {
		switch w.Verb {
		case Put:
			effects = append(effects, effect{w.Key, clone(w.Item)})
		case Delete:
			effects = append(effects, effect{w.Key, nil})
		case Update:
			item := clone(find(w.Key))
			if item == nil {
				item = &Item{Key: w.Key}
			}
			for _, c := range w.Changes {
				c.apply(item)
			}
			effects = append(effects, effect{w.Key, item})
		}
	}
	return effects, nil
}

func (c Condition) holds(item *Item) bool {
	switch c.Operator {
	case Missing:
		return !present(item, c.Attribute)
	case Exists:
		return present(item, c.Attribute)
	}
	if !present(item, c.Attribute) {
		return false
	}
	switch c.Operator {
	case Equal:
		if kinds[c.Attribute] == text {
			return *item.text(c.Attribute) == c.Text
		}
		return *item.number(c.Attribute) == c.Number
	case Less:
		return *item.number(c.Attribute) < c.Number
	default:
		return slices.Contains(item.IxChildren, c.Text)
	}
}

func present(item *Item, a Attribute) bool {
	if item == nil {
		return false
	}
	switch kinds[a] {
	case text:
		return *item.text(a) != ""
	case number:
		return *item.number(a) != 0
	case mapping:
		return len(item.Metadata) > 0
	default:
		return len(item.IxChildren) > 0
	}
}

func (c Change) apply(item *Item) {
	switch c.Verb {
	case Set:
		switch kinds[c.Attribute] {
		case text:
			*item.text(c.Attribute) = c.Text
		case number:
			*item.number(c.Attribute) = c.Number
		default:
			item.Metadata = maps.Clone(c.Map)
		}
	case Add:
		*item.number(c.Attribute) += c.Number
	case Insert:
		if at, there := slices.BinarySearch(item.IxChildren, c.Text); !there {
			item.IxChildren = slices.Insert(item.IxChildren, at, c.Text)
		}
	case Remove:
		if at, there := slices.BinarySearch(item.IxChildren, c.Text); there {
			item.IxChildren = slices.Delete(item.IxChildren, at, at+1)
		}
		if len(item.IxChildren) == 0 {
			item.IxChildren = nil
		}
	case Clear:
		item.clear(c.Attribute)
	}
}

func (i *Item) clear(a Attribute) {
	switch kinds[a] {
	case text:
		*i.text(a) = ""
	case number:
		*i.number(a) = 0
	case mapping:
		i.Metadata = nil
	default:
		i.IxChildren = nil
	}
}

func (i *Item) text(a Attribute) *string {
	switch a {
	case LockID:
		return &i.LockID
	case LockedBy:
		return &i.LockedBy
	default:
		return &i.Key
	}
}

func (i *Item) number(a Attribute) *int64 {
	switch a {
	case LockedAt:
		return &i.LockedAt
	case ExpiresAt:
		return &i.ExpiresAt
	case FenceAttr:
		return &i.Fence
	default:
		return &i.Version
	}
}

// clone copies an item deep, its set sorted, its empty map and set absent.
func clone(item *Item) *Item {
	if item == nil {
		return nil
	}
	c := *item
	c.Metadata, c.IxChildren = nil, nil
	if len(item.Metadata) > 0 {
		c.Metadata = maps.Clone(item.Metadata)
	}
	if len(item.IxChildren) > 0 {
		c.IxChildren = slices.Clone(item.IxChildren)
		slices.Sort(c.IxChildren)
	}
	return &c
}

// digest tells writes apart, for the tokens.
func digest(writes []Write) string {
	data, err := json.Marshal(writes)
	if err != nil {
		panic(err) // they consist of text, numbers and maps of text
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
