// Package dynamotable is the lock table on DynamoDB: transactions of typed writes go in, and TransactWriteItems with
// condition and update expressions goes out.
package dynamotable

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/deployer-io/deployer/shared/lock"
)

// Client is what the table uses of *dynamodb.Client.
type Client interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Table implements lock.Table on a DynamoDB table whose partition key is lockKey, a string, without a sort key.
type Table struct {
	client Client
	name   string
}

// New returns the table of that name.
func New(client Client, name string) *Table { return &Table{client: client, name: name} }

var _ lock.Table = (*Table)(nil)

// Get implements lock.Table by a consistent read.
func (t *Table) Get(ctx context.Context, key string) (*lock.Item, error) {
	out, err := t.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &t.name, Key: keyOf(key), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return nil, fmt.Errorf("lock table %s: get %q: %w", t.name, key, readFailure(err))
	}
	if len(out.Item) == 0 {
		return nil, nil
	}
	item, err := decode(out.Item)
	if err != nil {
		return nil, fmt.Errorf("lock table %s: get %q: %w", t.name, key, err)
	}
	return item, nil
}

// List implements lock.Table by a consistent scan of the whole table: it is what an operator asks for now and then.
func (t *Table) List(ctx context.Context, prefix string) ([]lock.Item, error) {
	input := &dynamodb.ScanInput{TableName: &t.name, ConsistentRead: aws.Bool(true)}
	if prefix != "" {
		input.FilterExpression = aws.String("begins_with(#lockKey, :prefix)")
		input.ExpressionAttributeNames = map[string]string{"#lockKey": string(lock.KeyAttr)}
		input.ExpressionAttributeValues = map[string]types.AttributeValue{":prefix": textValue(prefix)}
	}
	var items []lock.Item
	for pages := dynamodb.NewScanPaginator(t.client, input); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("lock table %s: list %q: %w", t.name, prefix, readFailure(err))
		}
		for _, raw := range page.Items {
			item, err := decode(raw)
			if err != nil {
				return nil, fmt.Errorf("lock table %s: list %q: %w", t.name, prefix, err)
			}
			items = append(items, *item)
		}
	}
	slices.SortFunc(items, func(a, b lock.Item) int { return strings.Compare(a.Key, b.Key) })
	return items, nil
}

// Transact implements lock.Table. It is sent once: an answer of the kind "nothing was changed" must be the answer to the
// only attempt, for an earlier one may have been applied and its answer lost. Trying again is the caller's, with the same
// token.
func (t *Table) Transact(ctx context.Context, token string, writes []lock.Write) error {
	if err := lock.Validate(token, writes); err != nil {
		return err
	}
	input := &dynamodb.TransactWriteItemsInput{ClientRequestToken: &token}
	for _, w := range writes {
		input.TransactItems = append(input.TransactItems, t.render(w))
	}
	once := func(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} }
	if _, err := t.client.TransactWriteItems(ctx, input, once); err != nil {
		return t.transactFailure(err, writes)
	}
	return nil
}

func readFailure(err error) error {
	if throttled(err) {
		return errors.Join(lock.ErrThrottled, err)
	}
	return err
}
