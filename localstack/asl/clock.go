package asl

import (
	"context"
	"time"
)

// Clock is where an engine reads the time and waits for it: every Wait, Retry, timeout and heartbeat. WallClock is the
// real time, a VirtualClock jumps. A handler that has to wait in the engine's time calls Sleep with its own context.
type Clock interface {
	// Now is the time.
	Now() time.Time
	// Sleep returns nil when d has passed, or the context's error as soon as that ends.
	Sleep(ctx context.Context, d time.Duration) error
	// AfterFunc calls f once d has passed; f must not block. stop prevents the call if it has not begun.
	AfterFunc(d time.Duration, f func()) (stop func())
	// Busy says that work goes on which time has to wait for, until rest is called.
	Busy() (rest func())
	// Work is Busy for a handler: it gives the context that the handler runs with, and cancel, which ends it. order
	// decides between handlers that would wake at the same moment.
	Work(ctx context.Context, order int64) (work context.Context, cancel context.CancelCauseFunc, rest func())
	// Settle calls f with the result of the work of that order: at once in real time; in virtual time when all other
	// work rests, in the order of order, so that the same machine gives the same history each time.
	Settle(order int64, f func())
}

// WallClock is the real time.
type WallClock struct{}

var _ Clock = WallClock{}

// Now is time.Now.
func (WallClock) Now() time.Time { return time.Now() }

// Sleep waits in real time.
func (WallClock) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// AfterFunc is time.AfterFunc.
func (WallClock) AfterFunc(d time.Duration, f func()) func() {
	t := time.AfterFunc(d, f)
	return func() { t.Stop() }
}

// Busy does nothing: real time waits for nobody.
func (WallClock) Busy() func() { return func() {} }

// Work is context.WithCancelCause.
func (WallClock) Work(ctx context.Context, _ int64) (context.Context, context.CancelCauseFunc, func()) {
	work, cancel := context.WithCancelCause(ctx)
	return work, cancel, func() { cancel(nil) }
}

// Settle calls f at once.
func (WallClock) Settle(_ int64, f func()) { f() }
