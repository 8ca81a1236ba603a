package dynamotable_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/lock/dynamotable"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// sent is a client that keeps what it was given and answers with err.
type sent struct {
	transact *dynamodb.TransactWriteItemsInput
	get      *dynamodb.GetItemInput
	scans    []dynamodb.ScanInput
	pages    []*dynamodb.ScanOutput
	options  dynamodb.Options
	err      error
}

func (s *sent) GetItem(_ context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	s.get = in
	return &dynamodb.GetItemOutput{}, s.err
}

func (s *sent) Scan(_ context.Context, in *dynamodb.ScanInput, _ ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	s.scans = append(s.scans, *in)
	if s.err != nil {
		return nil, s.err
	}
	return s.pages[len(s.scans)-1], nil
}

func (s *sent) TransactWriteItems(_ context.Context, in *dynamodb.TransactWriteItemsInput, options ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	s.transact = in
	for _, option := range options {
		option(&s.options)
	}
	return &dynamodb.TransactWriteItemsOutput{}, s.err
}

// protocol are the steps of the lock protocol as it sends them.
var protocol = map[string][]lock.Write{
	"acquire": {
		{Verb: lock.Update, Key: "stack:shop:env:prod#fence", Changes: []lock.Change{{Attribute: lock.FenceAttr, Verb: lock.Set, Number: 8}},
			Conditions: []lock.Condition{{Attribute: lock.FenceAttr, Operator: lock.Equal, Number: 7}}},
		{Verb: lock.Update, Key: "stack:shop:env:prod", Changes: []lock.Change{
			{Attribute: lock.IxChildren, Verb: lock.Insert, Text: "stack:shop:env:prod:service:web"},
			{Attribute: lock.IxChildren, Verb: lock.Insert, Text: "stack:shop:env:prod:service:api"},
		}, Conditions: []lock.Condition{{Attribute: lock.LockID, Operator: lock.Missing}}},
		{Verb: lock.Update, Key: "stack:shop:env:prod:service:web", Changes: []lock.Change{
			{Attribute: lock.LockID, Verb: lock.Set, Text: "4f8b"}, {Attribute: lock.FenceAttr, Verb: lock.Set, Number: 8},
			{Attribute: lock.Version, Verb: lock.Set, Number: 1}, {Attribute: lock.LockedAt, Verb: lock.Set, Number: 1767225600},
			{Attribute: lock.LockedBy, Verb: lock.Set, Text: "mona"}, {Attribute: lock.ExpiresAt, Verb: lock.Set, Number: 1767229200},
			{Attribute: lock.Metadata, Verb: lock.Set, Map: map[string]string{"git_commit": "abc", "deployment_id": "r1"}},
		}, Conditions: []lock.Condition{{Attribute: lock.LockID, Operator: lock.Missing}, {Attribute: lock.IxChildren, Operator: lock.Missing}}},
	},
	"renew": {{Verb: lock.Update, Key: "stack:shop:env:prod", Changes: []lock.Change{
		{Attribute: lock.ExpiresAt, Verb: lock.Set, Number: 1767229500}, {Attribute: lock.Version, Verb: lock.Add, Number: 1},
	}, Conditions: []lock.Condition{
		{Attribute: lock.LockID, Operator: lock.Equal, Text: "4f8b"}, {Attribute: lock.FenceAttr, Operator: lock.Equal, Number: 8},
		{Attribute: lock.ExpiresAt, Operator: lock.Less, Number: 1767229500},
	}}},
	"take over": {
		{Verb: lock.Check, Key: "stack:shop:env:prod", Conditions: []lock.Condition{
			{Attribute: lock.LockID, Operator: lock.Missing},
			{Attribute: lock.IxChildren, Operator: lock.Contains, Text: "stack:shop:env:prod:service:web"},
		}},
		{Verb: lock.Put, Key: "audit:stack:shop:env:prod:service:web:8", Item: &lock.Item{
			Key: "audit:stack:shop:env:prod:service:web:8", ExpiresAt: 1775001600, Fence: 8, Actor: "mona", Event: "takeover", Previous: "4f8a",
			Reason: "its lease ended", Metadata: map[string]string{"deployment_id": "r1"}, IxChildren: []string{"b", "a"},
		}, Conditions: []lock.Condition{{Attribute: lock.KeyAttr, Operator: lock.Missing}}},
	},
	"release": {
		{Verb: lock.Delete, Key: "stack:shop:env:prod:service:web", Conditions: []lock.Condition{
			{Attribute: lock.LockID, Operator: lock.Equal, Text: "4f8b"}, {Attribute: lock.FenceAttr, Operator: lock.Equal, Number: 8},
		}},
		{Verb: lock.Update, Key: "stack:shop:env:prod", Changes: []lock.Change{
			{Attribute: lock.IxChildren, Verb: lock.Remove, Text: "stack:shop:env:prod:service:web"},
			{Attribute: lock.LockedBy, Verb: lock.Clear}, {Attribute: lock.LockedAt, Verb: lock.Clear},
		}},
		{Verb: lock.Put, Key: "bare", Item: &lock.Item{Key: "bare"}},
		{Verb: lock.Delete, Key: "unconditional"},
		{Verb: lock.Update, Key: "there", Changes: []lock.Change{{Attribute: lock.Metadata, Verb: lock.Clear}},
			Conditions: []lock.Condition{{Attribute: lock.KeyAttr, Operator: lock.Exists}}},
	},
}

func TestTheStepsOfTheProtocolAreRenderedAsRecorded(t *testing.T) {
	got := map[string]any{}
	for step, writes := range protocol {
		client := &sent{}
		require.NoError(t, dynamotable.New(client, "locks").Transact(t.Context(), "token-1", writes))
		require.Equal(t, "token-1", *client.transact.ClientRequestToken)
		require.Equal(t, 1, client.options.Retryer.MaxAttempts())
		var actions []any
		for _, action := range client.transact.TransactItems {
			actions = append(actions, readable(action))
		}
		got[step] = actions
	}
	var data bytes.Buffer
	encoder := json.NewEncoder(&data)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	require.NoError(t, encoder.Encode(got))
	const golden = "testdata/protocol.json"
	if *update {
		require.NoError(t, os.WriteFile(golden, data.Bytes(), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), data.String())
}

// action is a rendered write without the SDK's wrapping.
type action struct {
	Verb      string            `json:"verb"`
	Table     string            `json:"table"`
	Key       any               `json:"key,omitempty"`
	Item      any               `json:"item,omitempty"`
	Update    string            `json:"update,omitempty"`
	Condition string            `json:"condition,omitempty"`
	Names     map[string]string `json:"names,omitempty"`
	Values    any               `json:"values,omitempty"`
	OnFailure string            `json:"onFailure"`
}

func readable(item types.TransactWriteItem) action {
	switch {
	case item.Put != nil:
		p := item.Put
		return action{"put", *p.TableName, nil, plain(p.Item), "", aws.ToString(p.ConditionExpression), p.ExpressionAttributeNames,
			plain(p.ExpressionAttributeValues), string(p.ReturnValuesOnConditionCheckFailure)}
	case item.Update != nil:
		u := item.Update
		return action{"update", *u.TableName, plain(u.Key), nil, *u.UpdateExpression, aws.ToString(u.ConditionExpression),
			u.ExpressionAttributeNames, plain(u.ExpressionAttributeValues), string(u.ReturnValuesOnConditionCheckFailure)}
	case item.Delete != nil:
		d := item.Delete
		return action{"delete", *d.TableName, plain(d.Key), nil, "", aws.ToString(d.ConditionExpression), d.ExpressionAttributeNames,
			plain(d.ExpressionAttributeValues), string(d.ReturnValuesOnConditionCheckFailure)}
	default:
		c := item.ConditionCheck
		return action{"check", *c.TableName, plain(c.Key), nil, "", aws.ToString(c.ConditionExpression), c.ExpressionAttributeNames,
			plain(c.ExpressionAttributeValues), string(c.ReturnValuesOnConditionCheckFailure)}
	}
}

// plain writes attribute values as {"S": ...}, as DynamoDB's own JSON does.
func plain(values map[string]types.AttributeValue) any {
	if values == nil {
		return nil
	}
	out := map[string]any{}
	for name, value := range values {
		switch v := value.(type) {
		case *types.AttributeValueMemberS:
			out[name] = map[string]any{"S": v.Value}
		case *types.AttributeValueMemberN:
			out[name] = map[string]any{"N": v.Value}
		case *types.AttributeValueMemberSS:
			out[name] = map[string]any{"SS": v.Value}
		case *types.AttributeValueMemberM:
			out[name] = map[string]any{"M": plain(v.Value)}
		}
	}
	return out
}
