package dynamotable_test

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/lock/dynamotable"
)

func cancelled(codes ...string) error {
	e := &types.TransactionCanceledException{}
	for _, code := range codes {
		e.CancellationReasons = append(e.CancellationReasons, types.CancellationReason{Code: aws.String(code)})
	}
	return &smithy.OperationError{ServiceID: "DynamoDB", OperationName: "TransactWriteItems", Err: e}
}

func TestEachFailureOfATransactionIsToldApart(t *testing.T) {
	coded := func(code string) error { return &smithy.GenericAPIError{Code: code} }
	unknown := errors.New("neither")
	for sentence, c := range map[string]struct{ err, want error }{
		"a conflict":                         {cancelled("None", "TransactionConflict"), lock.ErrTransactConflict},
		"throttled":                          {cancelled("ThrottlingError", "None"), lock.ErrThrottled},
		"no throughput":                      {cancelled("None", "ProvisionedThroughputExceeded"), lock.ErrThrottled},
		"a conflict and throttled":           {cancelled("ThrottlingError", "TransactionConflict"), lock.ErrTransactConflict},
		"invalid":                            {cancelled("None", "ValidationError"), lock.ErrInvalidWrite},
		"invalid and a condition":            {cancelled("ConditionalCheckFailed", "ValidationError"), lock.ErrInvalidWrite},
		"a reason of tomorrow":               {cancelled("None", "Eclipse"), unknown},
		"no reason":                          {cancelled(), unknown},
		"the whole call invalid":             {coded("ValidationException"), lock.ErrInvalidWrite},
		"the whole call throttled":           {coded("ThrottlingException"), lock.ErrThrottled},
		"the account throttled":              {coded("RequestLimitExceeded"), lock.ErrThrottled},
		"the table's throughput used up":     {&types.ProvisionedThroughputExceededException{}, lock.ErrThrottled},
		"the token used for other writes":    {&types.IdempotentParameterMismatchException{}, lock.ErrInvalidWrite},
		"the same token's call under way":    {&types.TransactionInProgressException{}, unknown},
		"the server failed":                  {&types.InternalServerError{}, unknown},
		"no table":                           {&types.ResourceNotFoundException{}, unknown},
		"the connection broke in the middle": {errors.New("connection reset by peer"), unknown},
	} {
		client := &sent{err: c.err}
		err := dynamotable.New(client, "locks").Transact(t.Context(), "t", []lock.Write{
			{Verb: lock.Delete, Key: "a"}, {Verb: lock.Delete, Key: "b"},
		})
		require.Error(t, err, sentence)
		for _, kind := range []error{lock.ErrTransactConflict, lock.ErrThrottled, lock.ErrInvalidWrite} {
			require.Equal(t, errors.Is(c.want, kind), errors.Is(err, kind), "%s: %v", sentence, err)
		}
		var condition *lock.ConditionError
		require.False(t, errors.As(err, &condition), sentence)
		require.ErrorContains(t, err, "locks", sentence)
	}
}

func TestFailedConditionsCarryTheItemsThatStoodThere(t *testing.T) {
	e := &types.TransactionCanceledException{CancellationReasons: []types.CancellationReason{
		{Code: aws.String("TransactionConflict")},
		{Code: aws.String("ConditionalCheckFailed"), Item: map[string]types.AttributeValue{
			"lockKey": &types.AttributeValueMemberS{Value: "b"}, "lockId": &types.AttributeValueMemberS{Value: "4f8b"},
			"fence": &types.AttributeValueMemberN{Value: "8"}, "colour": &types.AttributeValueMemberS{Value: "an attribute of tomorrow"},
		}},
		{Code: aws.String("ConditionalCheckFailed")},
	}}
	err := dynamotable.New(&sent{err: e}, "locks").Transact(t.Context(), "t", []lock.Write{
		{Verb: lock.Delete, Key: "a"}, {Verb: lock.Delete, Key: "b"}, {Verb: lock.Delete, Key: "c"},
	})
	var condition *lock.ConditionError
	require.ErrorAs(t, err, &condition)
	require.Equal(t, []lock.FailedCondition{{Index: 1, Item: &lock.Item{Key: "b", LockID: "4f8b", Fence: 8}}, {Index: 2}}, condition.Failed)
}

func TestInvalidWritesAreNotSent(t *testing.T) {
	client := &sent{}
	require.ErrorIs(t, dynamotable.New(client, "locks").Transact(t.Context(), "t", nil), lock.ErrInvalidWrite)
	require.Nil(t, client.transact)
}

func TestReadsAreConsistentAndPaged(t *testing.T) {
	key := func(s string) map[string]types.AttributeValue {
		return map[string]types.AttributeValue{"lockKey": &types.AttributeValueMemberS{Value: s}}
	}
	client := &sent{pages: []*dynamodb.ScanOutput{
		{Items: []map[string]types.AttributeValue{key("stack:c"), key("stack:a")}, LastEvaluatedKey: key("stack:a")},
		{Items: []map[string]types.AttributeValue{}, LastEvaluatedKey: key("other")},
		{Items: []map[string]types.AttributeValue{key("stack:b")}},
	}}
	table := dynamotable.New(client, "locks")
	items, err := table.List(t.Context(), "stack:")
	require.NoError(t, err)
	require.Equal(t, []lock.Item{{Key: "stack:a"}, {Key: "stack:b"}, {Key: "stack:c"}}, items)
	require.Len(t, client.scans, 3)
	for _, scan := range client.scans {
		require.True(t, *scan.ConsistentRead)
		require.Equal(t, "begins_with(#lockKey, :prefix)", *scan.FilterExpression)
	}
	require.Equal(t, key("other"), client.scans[2].ExclusiveStartKey)

	item, err := table.Get(t.Context(), "k")
	require.NoError(t, err)
	require.Nil(t, item)
	require.True(t, *client.get.ConsistentRead)
	require.Equal(t, key("k"), client.get.Key)
}

func TestReadsThatAreThrottledSaySo(t *testing.T) {
	table := dynamotable.New(&sent{err: &types.ProvisionedThroughputExceededException{}}, "locks")
	_, err := table.Get(t.Context(), "k")
	require.ErrorIs(t, err, lock.ErrThrottled)
	_, err = table.List(t.Context(), "")
	require.ErrorIs(t, err, lock.ErrThrottled)
}

func TestAnItemOfAnotherShapeIsRefusedByItsAttribute(t *testing.T) {
	for attribute, value := range map[string]types.AttributeValue{
		"lockId": &types.AttributeValueMemberN{Value: "1"}, "fence": &types.AttributeValueMemberN{Value: "1.5"},
		"rvn": &types.AttributeValueMemberS{Value: "1"}, "metadata": &types.AttributeValueMemberS{Value: "x"},
		"ixChildren": &types.AttributeValueMemberL{},
	} {
		client := &sent{pages: []*dynamodb.ScanOutput{{Items: []map[string]types.AttributeValue{{attribute: value}}}}}
		_, err := dynamotable.New(client, "locks").List(t.Context(), "")
		require.ErrorContains(t, err, attribute)
	}
}
