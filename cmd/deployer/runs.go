package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"

	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/run"
)

// runID is what the id of a run looks like: it begins with its time.
var runID = regexp.MustCompile(`^[0-9]{8}-[0-9]{6}-[0-9a-f]+$`)

// runOr is the run that an argument names, or, where it is none, the latest run of the stack and environment that the
// arguments and the flags name. Runs that only planned do not count.
func (o *options) runOr(ctx context.Context, store objects.Store, args []string) (run.Ref, error) {
	if len(args) == 1 && runID.MatchString(args[0]) {
		return o.findRun(ctx, store, args[0])
	}
	if _, isScope := scopeNamed(args); len(args) == 1 && !isScope {
		if _, err := os.Stat(args[0]); err != nil {
			return run.Ref{}, &run.RunUnknown{Run: args[0]}
		}
	}
	scope, err := o.target(args)
	if err != nil {
		return run.Ref{}, err
	}
	ids, err := run.IDs(ctx, store, scope)
	if err != nil {
		return run.Ref{}, err
	}
	slices.Sort(ids)
	for _, id := range slices.Backward(ids) {
		ref, err := run.Locate(ctx, store, scope, id)
		if err != nil || !ref.Operation.OnlyPlans() {
			return ref, err
		}
	}
	return run.Ref{}, &NotFound{What: fmt.Sprintf("%s has no run yet; 'deployer apply' starts one", scope)}
}

// reportOf returns the report of a run; nil when it has not ended.
func reportOf(ctx context.Context, archive run.Archive) (*report.Report, error) {
	var made report.Report
	err := archive.Read(ctx, run.ReportArtifact, &made)
	if errors.Is(err, objects.ErrNotFound) {
		return nil, nil
	}
	return &made, err
}

// requestOf returns what a run was started with; nil when its bundle could not be read.
func requestOf(ctx context.Context, archive run.Archive) (*run.Request, error) {
	var request run.Request
	err := archive.Read(ctx, run.RequestArtifact, &request)
	if errors.Is(err, objects.ErrNotFound) {
		return nil, nil
	}
	return &request, err
}
