package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"time"

	"github.com/deployer-io/deployer/localstack/embedded"
	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/run"
)

// backend is where runs happen.
type backend interface {
	Store() objects.Store
	Locks() *lock.Locker
	// Location is where a person finds an object of the store: a file's path, or an address of S3.
	Location(key string) string
	// Running reports whether a run is on its way.
	Running(ctx context.Context, run string) (bool, error)
	// CleanUp sees to the end of a run that nobody carries out any more, and returns how many locks came free.
	CleanUp(ctx context.Context, run, why string) (released int, err error)
	// ForceUnlock stops the run that holds a lock, saves what it did, and frees the lock. Unsaved says why it could not be
	// saved; "" when it was.
	ForceUnlock(ctx context.Context, at address.Address, lockID, actor, reason string) (unsaved string, err error)
	// Recover merges what a run did into the state although its lock is gone: merged are the components of which the state
	// says so now, passed those that a later run has worked on.
	Recover(ctx context.Context, ref run.Ref, actor string) (serial int64, merged, passed []string, err error)
	// Start begins a run; Done is closed when it has ended. When ctx ends, a run that lives in this process is stopped
	// cleanly; one on AWS goes on.
	Start(ctx context.Context, id string, request run.Request) (running, error)
	// Decide records an answer to a waiting run and returns what stands in its approval.json then.
	Decide(ctx context.Context, ref run.Ref, decision run.Decision) (run.Approval, error)
	// Attach follows a run, whatever process carries it out. When ctx ends, the run goes on.
	Attach(ctx context.Context, ref run.Ref) (running, error)
	// Resume follows a run that was left to wait for people; where runs live in processes, it is carried out by this one
	// from here on. When ctx ends, it is stopped as one that was started here.
	Resume(ctx context.Context, ref run.Ref) (running, error)
	// Poll is how often it is worth to look for news of a run.
	Poll() time.Duration
	Close() error
}

// running is a run that this command started or follows.
type running interface {
	Done() <-chan struct{}
	Wait() error
	// Detach leaves a run that waits for people; Done is closed then. The error is *embedded.NotWaiting when it does not.
	Detach() error
}

// open opens the backend that --backend names.
func (o *options) open(ctx context.Context) (backend, error) {
	switch o.backend {
	case "embedded":
		environment, err := embedded.Open(ctx, embedded.Options{Dir: o.dir, Pulumi: findPulumi(o.getenv), Parallelism: o.parallelism,
			Provisioner: o.provisioner})
		if err != nil {
			return nil, err
		}
		return embeddedBackend{environment}, nil
	case "aws":
		return o.openAWS(ctx)
	}
	return nil, &exitError{code: exitConfiguration, err: fmt.Errorf("--backend %q: want embedded or aws", o.backend)}
}

type embeddedBackend struct{ *embedded.Environment }

func (b embeddedBackend) Store() objects.Store { return b.Objects }
func (b embeddedBackend) Locks() *lock.Locker  { return b.Locker }
func (b embeddedBackend) Poll() time.Duration  { return 50 * time.Millisecond }

func (b embeddedBackend) Start(ctx context.Context, id string, request run.Request) (running, error) {
	return b.Environment.Start(ctx, id, request)
}

func (b embeddedBackend) Attach(ctx context.Context, ref run.Ref) (running, error) {
	return b.Environment.Attach(ctx, ref.ID)
}

func (b embeddedBackend) Resume(ctx context.Context, ref run.Ref) (running, error) {
	return b.Environment.Resume(ctx, ref.ID)
}

// findPulumi returns the Pulumi CLI: the one named by DEPLOYER_PULUMI, the one beside this program, or the one on PATH.
func findPulumi(getenv func(string) string) string {
	if path := getenv("DEPLOYER_PULUMI"); path != "" {
		return path
	}
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), "pulumi")
		if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
			return beside
		}
	}
	path, err := exec.LookPath("pulumi")
	if err != nil {
		return ""
	}
	return path
}

// bundleSuffix is not .zip: on AWS the upload of such a file starts a run by itself, and this command starts one.
const bundleSuffix = ".bundle"

// upload puts a bundle where a run reads it. The name is its digest, so that the same bundle is kept once.
func upload(ctx context.Context, b backend, s *source) (run.BundleRef, error) {
	data, err := bundle.Pack(s.bundle)
	if err != nil {
		return run.BundleRef{}, err
	}
	digest := s.bundle.Digest()
	object, err := b.Store().Put(ctx, s.scope.BundlePrefix()+digest[:16]+bundleSuffix, data, objects.Always())
	return run.BundleRef{Key: object.Key, VersionID: object.Version, SHA256: digest}, err
}

// who names the person at the keyboard.
func who() string {
	name := "unknown"
	if current, err := user.Current(); err == nil {
		name = current.Username
	}
	if host, err := os.Hostname(); err == nil {
		return name + "@" + host
	}
	return name
}
