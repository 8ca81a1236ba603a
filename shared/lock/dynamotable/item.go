package dynamotable

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/deployer-io/deployer/shared/lock"
)

type attributes = map[string]types.AttributeValue

// The attributes of audit rows, which no condition or change speaks of.
const (
	actor    = "actor"
	reason   = "reason"
	event    = "event"
	previous = "previous"
)

func textValue(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func numberValue(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func mapValue(m map[string]string) types.AttributeValue {
	value := attributes{}
	for k, v := range m {
		value[k] = textValue(v)
	}
	return &types.AttributeValueMemberM{Value: value}
}

func setValue(members []string) types.AttributeValue {
	return &types.AttributeValueMemberSS{Value: slices.Sorted(slices.Values(members))}
}

func keyOf(key string) attributes { return attributes{string(lock.KeyAttr): textValue(key)} }

// texts and numbers are the item's fields by their attributes' names.
func texts(item *lock.Item) map[string]*string {
	return map[string]*string{
		string(lock.KeyAttr): &item.Key, string(lock.LockID): &item.LockID, string(lock.LockedBy): &item.LockedBy,
		actor: &item.Actor, reason: &item.Reason, event: &item.Event, previous: &item.Previous,
	}
}

func numbers(item *lock.Item) map[string]*int64 {
	return map[string]*int64{
		string(lock.LockedAt): &item.LockedAt, string(lock.ExpiresAt): &item.ExpiresAt,
		string(lock.FenceAttr): &item.Fence, string(lock.Version): &item.Version,
	}
}

// encode leaves zero fields out.
func encode(item lock.Item) attributes {
	to := attributes{}
	for name, field := range texts(&item) {
		if *field != "" {
			to[name] = textValue(*field)
		}
	}
	for name, field := range numbers(&item) {
		if *field != 0 {
			to[name] = numberValue(*field)
		}
	}
	if len(item.Metadata) > 0 {
		to[string(lock.Metadata)] = mapValue(item.Metadata)
	}
	if len(item.IxChildren) > 0 {
		to[string(lock.IxChildren)] = setValue(item.IxChildren)
	}
	return to
}

// decode passes over attributes that it does not know, as a newer program may have written them.
func decode(from attributes) (*lock.Item, error) {
	var item lock.Item
	knownTexts, knownNumbers := texts(&item), numbers(&item)
	for name, value := range from {
		fits := true
		var err error
		switch field := knownTexts[name]; {
		case field != nil:
			*field, fits = textOf(value)
		case knownNumbers[name] != nil:
			var n *types.AttributeValueMemberN
			if n, fits = value.(*types.AttributeValueMemberN); fits {
				*knownNumbers[name], err = strconv.ParseInt(n.Value, 10, 64)
			}
		case name == string(lock.Metadata):
			item.Metadata, fits = mapOf(value)
		case name == string(lock.IxChildren):
			var members *types.AttributeValueMemberSS
			if members, fits = value.(*types.AttributeValueMemberSS); fits {
				item.IxChildren = slices.Sorted(slices.Values(members.Value))
			}
		}
		if !fits || err != nil {
			return nil, fmt.Errorf("attribute %s of the item has an unexpected value of type %T; it was not written by this program", name, value)
		}
	}
	return &item, nil
}

func textOf(value types.AttributeValue) (string, bool) {
	s, fits := value.(*types.AttributeValueMemberS)
	if !fits {
		return "", false
	}
	return s.Value, true
}

func mapOf(value types.AttributeValue) (map[string]string, bool) {
	m, fits := value.(*types.AttributeValueMemberM)
	if !fits {
		return nil, false
	}
	if len(m.Value) == 0 {
		return nil, true
	}
	texts := make(map[string]string, len(m.Value))
	for k, v := range m.Value {
		if texts[k], fits = textOf(v); !fits {
			return nil, false
		}
	}
	return texts, true
}
