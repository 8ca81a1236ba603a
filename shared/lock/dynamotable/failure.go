package dynamotable

import (
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/deployer-io/deployer/shared/lock"
)

// The codes of a cancelled transaction's reasons, one for each write in order (API reference of TransactWriteItems).
const (
	conditionFailed  = "ConditionalCheckFailed"
	conflict         = "TransactionConflict"
	throttling       = "ThrottlingError"
	throughput       = "ProvisionedThroughputExceeded"
	validation       = "ValidationError"
	duplicateItem    = "DuplicateItem"
	accelerated      = "AcceleratorTransactionConflict"
	collectionTooBig = "ItemCollectionSizeLimitExceeded"
)

// transactFailure says what an error of TransactWriteItems means in the words of lock.Table. What it does not know has an
// unknown outcome, TransactionInProgressException too: the transaction of that token may still be applied.
func (t *Table) transactFailure(err error, writes []lock.Write) error {
	var cancelled *types.TransactionCanceledException
	if errors.As(err, &cancelled) {
		return t.cancellation(cancelled, writes)
	}
	var mismatch *types.IdempotentParameterMismatchException
	var coded smithy.APIError
	switch {
	case errors.As(err, &mismatch):
		return fmt.Errorf("lock table %s: %w: the token was used for other writes: %w", t.name, lock.ErrInvalidWrite, err)
	case throttled(err):
		return fmt.Errorf("lock table %s: %w: %w", t.name, lock.ErrThrottled, err)
	case errors.As(err, &coded) && (coded.ErrorCode() == "ValidationException" || coded.ErrorCode() == "ValidationError"):
		return fmt.Errorf("lock table %s: %w: %w", t.name, lock.ErrInvalidWrite, err)
	case errors.As(err, &coded) && coded.ErrorCode() == "TransactionConflictException":
		return fmt.Errorf("lock table %s: %w: %w", t.name, lock.ErrTransactConflict, err)
	}
	return fmt.Errorf("lock table %s: the transaction's outcome is unknown: %w", t.name, err)
}

func throttled(err error) bool {
	var coded smithy.APIError
	return errors.As(err, &coded) && slices.Contains([]string{
		"ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded",
	}, coded.ErrorCode())
}

// cancellation reads the reasons, whose order is that of the writes. A failed condition decides before contention: trying
// again would meet it again. A write that DynamoDB did not come to says None, though its condition may not hold either.
func (t *Table) cancellation(cancelled *types.TransactionCanceledException, writes []lock.Write) error {
	reasons := cancelled.CancellationReasons
	if len(reasons) != len(writes) {
		return fmt.Errorf("lock table %s: a transaction of %d writes was cancelled for %d reasons: %w",
			t.name, len(writes), len(reasons), cancelled)
	}
	var failed []lock.FailedCondition
	codes := map[string]bool{}
	for i, reason := range reasons {
		code := aws.ToString(reason.Code)
		codes[code] = true
		if code != conditionFailed {
			continue
		}
		f := lock.FailedCondition{Index: i}
		if len(reason.Item) > 0 {
			item, err := decode(reason.Item)
			if err != nil {
				return fmt.Errorf("lock table %s: %w", t.name, err)
			}
			f.Item = item
		}
		failed = append(failed, f)
	}
	switch {
	case codes[validation] || codes[duplicateItem] || codes[collectionTooBig]:
		return fmt.Errorf("lock table %s: %w: %w", t.name, lock.ErrInvalidWrite, cancelled)
	case failed != nil:
		return &lock.ConditionError{Failed: failed}
	case codes[conflict] || codes[accelerated]:
		return fmt.Errorf("lock table %s: %w: %w", t.name, lock.ErrTransactConflict, cancelled)
	case codes[throttling] || codes[throughput]:
		return fmt.Errorf("lock table %s: %w: %w", t.name, lock.ErrThrottled, cancelled)
	}
	return fmt.Errorf("lock table %s: the transaction was cancelled: %w", t.name, cancelled)
}
