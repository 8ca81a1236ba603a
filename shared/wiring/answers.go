package wiring

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// TaskTokens is what is asked of Step Functions about waiting tasks; *sfn.Client answers it.
type TaskTokens interface {
	SendTaskSuccess(ctx context.Context, in *sfn.SendTaskSuccessInput, options ...func(*sfn.Options)) (*sfn.SendTaskSuccessOutput, error)
	SendTaskFailure(ctx context.Context, in *sfn.SendTaskFailureInput, options ...func(*sfn.Options)) (*sfn.SendTaskFailureOutput, error)
}

// Answers gives waiting tasks of Step Functions their results.
type Answers struct{ Client TaskTokens }

// The most that Step Functions takes of an error and its cause, in characters.
const (
	maxError = 256
	maxCause = 32768
)

// Succeed wakes the task with its output. Waiting is false when no task waits with the token any more.
func (a Answers) Succeed(ctx context.Context, token string, output []byte) (waiting bool, err error) {
	_, err = a.Client.SendTaskSuccess(ctx, &sfn.SendTaskSuccessInput{TaskToken: aws.String(token), Output: aws.String(string(output))})
	return stillWaiting(err)
}

// Fail wakes the task with an error.
func (a Answers) Fail(ctx context.Context, token, name, cause string) (waiting bool, err error) {
	_, err = a.Client.SendTaskFailure(ctx, &sfn.SendTaskFailureInput{TaskToken: aws.String(token),
		Error: aws.String(fmt.Sprintf("%.*s", maxError, name)), Cause: aws.String(fmt.Sprintf("%.*s", maxCause, cause))})
	return stillWaiting(err)
}

func stillWaiting(err error) (bool, error) {
	var gone *sfntypes.TaskDoesNotExist
	var late *sfntypes.TaskTimedOut
	var malformed *sfntypes.InvalidToken
	if errors.As(err, &gone) || errors.As(err, &late) || errors.As(err, &malformed) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("wake the waiting task: %w", err)
	}
	return true, nil
}
