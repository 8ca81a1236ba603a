package execution

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Snapshot is a last snapshot of a component's data, taken as the data itself went.
type Snapshot struct {
	Service SnapshotService `json:"service"`
	Name    string          `json:"name,omitempty"` // what it was to be called; empty where AWS gives the name
	Of      string          `json:"of"`             // id of the resource whose data it holds
}

// SnapshotService is the service that keeps a snapshot.
type SnapshotService string

// The services.
const (
	RDSSnapshot         SnapshotService = "rds"
	RDSClusterSnapshot  SnapshotService = "rds-cluster" // also of DocumentDB
	ElastiCacheSnapshot SnapshotService = "elasticache"
	MemoryDBSnapshot    SnapshotService = "memorydb"
	EBSSnapshot         SnapshotService = "ebs"
)

func (s Snapshot) String() string {
	if s.Name == "" {
		return string(s.Service) + " snapshot of " + s.Of
	}
	return string(s.Service) + " snapshot " + s.Name
}

// SnapshotState is how a snapshot fares.
type SnapshotState struct {
	Name   string // "" when there is none
	Status string // in the service's words: creating, pending, available, completed, failed, error
}

// SnapshotUnverified is the error of a component whose data has gone and whose last snapshot is not there as it should be.
type SnapshotUnverified struct {
	Snapshot string
	Seen     string
}

func (e *SnapshotUnverified) Error() string {
	return fmt.Sprintf("the data was to be saved in the %s, and %s; look for it in the AWS console, and for an automatic backup, before anything else",
		e.Snapshot, e.Seen)
}

// settling is how long a snapshot may take to become available once the data it is of has gone. AWS has it complete by then.
const settling = 10 * time.Minute

// verifySnapshots looks whether the last snapshots exist and are available, and returns their names.
func (e *Executor) verifySnapshots(ctx context.Context, at Place, saved []Snapshot) (names []string, err error) {
	for _, s := range saved {
		name, err := e.verifySnapshot(ctx, at, s)
		if err != nil {
			return names, err
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

func (e *Executor) verifySnapshot(ctx context.Context, at Place, s Snapshot) (string, error) {
	latest := e.Now().Add(settling)
	for {
		state, err := e.Health.Snapshot(ctx, at, s)
		seen := ""
		switch status := strings.ToLower(state.Status); {
		case err != nil:
			seen = "it cannot be looked at: " + err.Error()
		case state.Name == "":
			seen = "there is none"
		case status == "available" || status == "completed":
			return state.Name, nil
		case status == "failed" || status == "error":
			return "", &SnapshotUnverified{Snapshot: s.String(), Seen: "it is " + state.Status}
		default:
			seen = "it is " + state.Status + " for too long"
		}
		if !e.Now().Before(latest) {
			return "", &SnapshotUnverified{Snapshot: s.String(), Seen: seen}
		}
		look := e.Look
		if look <= 0 {
			look = lookEvery
		}
		if err := e.sleep(ctx, look); err != nil {
			return "", &SnapshotUnverified{Snapshot: s.String(), Seen: seen + " (" + err.Error() + ")"}
		}
	}
}

// save completes the outcome of work that has taken last snapshots: it says that the data is saved only when that is so.
func (r *batchRun) save(ctx context.Context, order Order, outcome Outcome, result Result) Outcome {
	if len(result.Saved) == 0 {
		return outcome
	}
	if r.Health == nil {
		outcome.Snapshots = asked(result.Saved)
		outcome.Message = "a last snapshot was asked for, and nobody has looked whether it is there: " + strings.Join(outcome.Snapshots, ", ")
		return outcome
	}
	names, err := r.verifySnapshots(ctx, Place{Account: order.Account, Region: order.Region}, result.Saved)
	if err != nil {
		outcome = fail(outcome, err, &result)
		outcome.Dirty = true
		return outcome
	}
	outcome.Snapshots = names
	outcome.Message = "the data that it had is saved: " + strings.Join(names, ", ")
	return outcome
}

// asked names snapshots of which nobody knows yet whether they are there.
func asked(saved []Snapshot) (names []string) {
	for _, s := range saved {
		names = append(names, s.String())
	}
	return names
}
