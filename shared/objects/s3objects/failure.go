package s3objects

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/deployer-io/deployer/shared/objects"
)

// failure wraps err with the key and, where it is known, the port's reason.
func (s *Store) failure(key string, reason, err error) error {
	if reason == nil {
		return fmt.Errorf("s3://%s: %w", s.bucket, objects.KeyError(key, err))
	}
	return fmt.Errorf("s3://%s: %w: %w", s.bucket, objects.KeyError(key, reason), err)
}

func code(err error) string {
	var coded smithy.APIError
	if errors.As(err, &coded) {
		return coded.ErrorCode()
	}
	return ""
}

func status(err error) int {
	var response interface{ HTTPStatusCode() int }
	if errors.As(err, &response) {
		return response.HTTPStatusCode()
	}
	return 0
}

// readReason is ErrNotFound where the object or the version is missing; a missing bucket is another matter.
// A version id that S3 could not have made is InvalidArgument (400), and one of a delete marker MethodNotAllowed (405).
func readReason(err error, versioned bool) error {
	switch c := code(err); {
	case c == "NoSuchBucket":
		return nil
	case slices.Contains([]string{"NoSuchKey", "NoSuchVersion", "NotFound"}, c) || status(err) == http.StatusNotFound:
		return objects.ErrNotFound
	case versioned && (c == "InvalidArgument" || c == "MethodNotAllowed" || status(err) == http.StatusMethodNotAllowed):
		return objects.ErrNotFound
	}
	return nil
}

// writeReason reads the answer to a conditional Put. If-Match on what is not there is NoSuchKey (404).
func writeReason(err error, condition objects.Condition) error {
	switch c := code(err); {
	case c == "PreconditionFailed" || status(err) == http.StatusPreconditionFailed:
		return objects.ErrPrecondition
	case c == "ConditionalRequestConflict" || c == "OperationAborted":
		return objects.ErrConflict
	case condition.Match() != "" && errors.Is(readReason(err, false), objects.ErrNotFound):
		return objects.ErrPrecondition
	}
	return nil
}

// attemptOnce keeps the SDK from sending a conditional Put again after an answer was lost: the first may have been
// applied, and then the second meets its own write and is told that the condition does not hold. Only refusals are tried
// again: they changed nothing.
func attemptOnce(o *s3.Options) { o.Retryer = refusals{o.Retryer} }

type refusals struct{ aws.Retryer }

// IsErrorRetryable is true for the answers by which S3 turns a request away unread.
func (refusals) IsErrorRetryable(err error) bool {
	return slices.Contains([]string{"SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded"}, code(err))
}
