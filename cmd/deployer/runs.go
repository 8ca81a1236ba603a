package main

import (
	"context"
	"errors"
	"regexp"

	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/run"
)

// runID is what the id of a run looks like: it begins with its time.
var runID = regexp.MustCompile(`^[0-9]{8}-[0-9]{6}-[0-9a-f]+$`)

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
