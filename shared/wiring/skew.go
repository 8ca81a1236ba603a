package wiring

import (
	"context"
	"sync/atomic"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
)

// skew knows by how much the own clock is ahead of a service's, from the date of the last answer. That has whole seconds,
// so it may be off by one.
type skew struct{ ahead atomic.Int64 } // nanoseconds

// Ahead is the last known skew.
func (s *skew) Ahead() time.Duration { return time.Duration(s.ahead.Load()) }

// watch reads the date of each answer. It stands around the SDK's own middleware, which compares it with the own clock.
func (s *skew) watch(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("deployer:Skew",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleDeserialize(ctx, in)
			if server, known := awsmiddleware.GetAttemptSkew(metadata); known {
				s.ahead.Store(int64(-server))
			}
			return out, metadata, err
		}), middleware.Before)
}
