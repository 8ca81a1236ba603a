package dynamotable

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/deployer-io/deployer/shared/lock"
)

// render turns a validated write into an action. Attribute names always stand behind a placeholder, since some of them
// are reserved words.
func (t *Table) render(w lock.Write) types.TransactWriteItem {
	e := &expression{names: map[string]string{}, values: attributes{}}
	const old = types.ReturnValuesOnConditionCheckFailureAllOld
	switch w.Verb {
	case lock.Put:
		condition := e.conditions(w.Conditions)
		return types.TransactWriteItem{Put: &types.Put{
			TableName: &t.name, Item: encode(*w.Item), ConditionExpression: condition,
			ExpressionAttributeNames: e.usedNames(), ExpressionAttributeValues: e.usedValues(), ReturnValuesOnConditionCheckFailure: old,
		}}
	case lock.Delete:
		condition := e.conditions(w.Conditions)
		return types.TransactWriteItem{Delete: &types.Delete{
			TableName: &t.name, Key: keyOf(w.Key), ConditionExpression: condition,
			ExpressionAttributeNames: e.usedNames(), ExpressionAttributeValues: e.usedValues(), ReturnValuesOnConditionCheckFailure: old,
		}}
	case lock.Check:
		condition := e.conditions(w.Conditions)
		return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
			TableName: &t.name, Key: keyOf(w.Key), ConditionExpression: condition,
			ExpressionAttributeNames: e.usedNames(), ExpressionAttributeValues: e.usedValues(), ReturnValuesOnConditionCheckFailure: old,
		}}
	default:
		update, condition := e.changes(w.Changes), e.conditions(w.Conditions)
		return types.TransactWriteItem{Update: &types.Update{
			TableName: &t.name, Key: keyOf(w.Key), UpdateExpression: update, ConditionExpression: condition,
			ExpressionAttributeNames: e.usedNames(), ExpressionAttributeValues: e.usedValues(), ReturnValuesOnConditionCheckFailure: old,
		}}
	}
}

// expression collects the placeholders of one action.
type expression struct {
	names  map[string]string
	values attributes
}

func (e *expression) name(a lock.Attribute) string {
	placeholder := "#" + string(a)
	e.names[placeholder] = string(a)
	return placeholder
}

func (e *expression) value(v types.AttributeValue) string {
	placeholder := fmt.Sprintf(":v%d", len(e.values))
	e.values[placeholder] = v
	return placeholder
}

// usedNames and usedValues are nil when empty: DynamoDB refuses an empty map.
func (e *expression) usedNames() map[string]string {
	if len(e.names) == 0 {
		return nil
	}
	return e.names
}

func (e *expression) usedValues() attributes {
	if len(e.values) == 0 {
		return nil
	}
	return e.values
}

func (e *expression) conditions(conditions []lock.Condition) *string {
	if len(conditions) == 0 {
		return nil
	}
	parts := make([]string, 0, len(conditions))
	for _, c := range conditions {
		parts = append(parts, e.condition(c))
	}
	joined := strings.Join(parts, " AND ")
	return &joined
}

func (e *expression) condition(c lock.Condition) string {
	name := e.name(c.Attribute)
	switch c.Operator {
	case lock.Missing:
		return "attribute_not_exists(" + name + ")"
	case lock.Exists:
		return "attribute_exists(" + name + ")"
	case lock.Contains:
		return "contains(" + name + ", " + e.value(textValue(c.Text)) + ")"
	case lock.Less:
		return name + " < " + e.value(numberValue(c.Number))
	default:
		return name + " = " + e.value(e.scalar(c.Attribute, c.Text, c.Number))
	}
}

func (e *expression) scalar(a lock.Attribute, text string, number int64) types.AttributeValue {
	if _, is := numbers(&lock.Item{})[string(a)]; is {
		return numberValue(number)
	}
	return textValue(text)
}

// changes renders the four clauses in a fixed order, and the members of one set change as one set.
func (e *expression) changes(changes []lock.Change) *string {
	var set, cleared, add, remove []string
	var inserted, removed []string
	for _, c := range changes {
		name := e.name(c.Attribute)
		switch c.Verb {
		case lock.Set:
			value := e.scalar(c.Attribute, c.Text, c.Number)
			if c.Attribute == lock.Metadata {
				value = mapValue(c.Map)
			}
			set = append(set, name+" = "+e.value(value))
		case lock.Add:
			add = append(add, name+" "+e.value(numberValue(c.Number)))
		case lock.Clear:
			cleared = append(cleared, name)
		case lock.Insert:
			inserted = append(inserted, c.Text)
		case lock.Remove:
			removed = append(removed, c.Text)
		}
	}
	if inserted != nil {
		add = append(add, e.name(lock.IxChildren)+" "+e.value(setValue(inserted)))
	}
	if removed != nil {
		remove = append(remove, e.name(lock.IxChildren)+" "+e.value(setValue(removed)))
	}
	var clauses []string
	for _, clause := range []struct {
		verb  string
		parts []string
	}{{"SET", set}, {"REMOVE", cleared}, {"ADD", add}, {"DELETE", remove}} {
		if clause.parts != nil {
			clauses = append(clauses, clause.verb+" "+strings.Join(clause.parts, ", "))
		}
	}
	joined := strings.Join(clauses, " ")
	return &joined
}
