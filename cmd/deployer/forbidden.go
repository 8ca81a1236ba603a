package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/deployer-io/deployer/shared/run"
)

// record lets a run refuse a bundle that a policy forbids, although that is known already: so the attempt stands in the
// history, and those who watch over policies are told of it. It returns the refusal, whatever becomes of the record. Any
// other error is returned as it is.
func (o *options) record(ctx context.Context, s *source, refusal error) error {
	var ended *exitError
	if !errors.As(refusal, &ended) || ended.code != exitPolicy {
		return refusal
	}
	id, err := o.refusedRun(ctx, s)
	if err != nil {
		fmt.Fprintln(o.err, "Nobody was told that a policy forbids this:", err)
		return refusal
	}
	fmt.Fprintf(o.err, "Run %s records that a policy forbids this; those who watch over policies are told.\n", id)
	return refusal
}

func (o *options) refusedRun(ctx context.Context, s *source) (id string, err error) {
	b, err := o.open(ctx)
	if err != nil {
		return "", err
	}
	defer b.Close()
	ref, err := upload(ctx, b, s)
	if err != nil {
		return "", err
	}
	request := o.request(s, run.Deploy)
	request.Bundle, request.StartedBy = ref, o.me()
	id = newRunID(time.Now())
	started, err := b.Start(ctx, id, request)
	if err != nil {
		return "", err
	}
	select {
	case <-started.Done():
		return id, started.Wait()
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
