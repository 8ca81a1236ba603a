// Package embedded is the environment without an account: a folder goes in, an Environment comes out that runs the very
// state machines and handlers of AWS in this process, on files, with the real Pulumi engine and a simulated cloud.
//
// In the folder: state/ is the state bucket, locks/ the lock table, cloud/ the simulated AWS, executions/ the histories of
// the state machines, pulumi/ scratch space, logs/ what the executor logged and what people are told. All of it can be read with
// a pager. Several processes may work in one folder at once.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/deployer-io/deployer/functions/catalog"
	"github.com/deployer-io/deployer/localstack/asl"
	"github.com/deployer-io/deployer/localstack/cloud"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/provision"
)

// Options say where the environment lives and how much it may do at a time.
type Options struct {
	Dir         string // made when it is not there
	Pulumi      string // path of the Pulumi CLI; needed only when something is provisioned
	Parallelism int    // components at a time; 0: DefaultParallelism
	Now         func() time.Time
	Log         *slog.Logger // nil: a file below logs/
	// Provisioner takes the place of Pulumi and the simulated cloud, in tests and benchmarks.
	Provisioner execution.Provisioner
	// Objects takes the place of the files below state/, in tests of what stands on another store.
	Objects objects.Store
}

// DefaultParallelism is how many components are worked on at a time. The engine's processes mostly wait; measured on two
// cores, more than eight gain nothing.
const DefaultParallelism = 8

// pace is how many times faster things become ready here than on AWS: a service that takes a minute is steady at once.
const pace = 600

// Environment is an open folder.
type Environment struct {
	Objects objects.Store
	Locker  *lock.Locker

	options   Options
	functions map[string]catalog.Function
	engine    *asl.Engine
	book      *book
	tasks     tasks
	logFile   io.Closer

	provisioning sync.Mutex
	cloud        *cloud.Cloud
	provisioner  execution.Provisioner
	closers      []io.Closer
}

// stateFolder holds the objects, each in the file of its key.
const stateFolder = "state"

// Open opens the folder, makes what is missing, and finishes the runs whose process died or whose question
// expired: their locks come free.
func Open(ctx context.Context, options Options) (*Environment, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Parallelism <= 0 {
		options.Parallelism = DefaultParallelism
	}
	dir, err := filepath.Abs(options.Dir)
	if err != nil {
		return nil, err
	}
	options.Dir = dir
	e := &Environment{options: options, provisioner: options.Provisioner}
	if err := e.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("embedded environment %s: %w", options.Dir, err), e.Close())
	}
	if err := errors.Join(e.finishDead(ctx), e.finishExpired(ctx)); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// Location is the path of the file that holds an object.
func (e *Environment) Location(key string) string {
	return filepath.Join(e.options.Dir, stateFolder, filepath.FromSlash(key))
}

func (e *Environment) open() error {
	for _, folder := range []string{stateFolder, "locks", "executions", "pulumi", "logs"} {
		if err := os.MkdirAll(filepath.Join(e.options.Dir, folder), 0o700); err != nil {
			return err
		}
	}
	if e.options.Log == nil {
		file, err := os.OpenFile(filepath.Join(e.options.Dir, "logs", "executor.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		e.logFile, e.options.Log = file, slog.New(slog.NewJSONHandler(file, nil))
	}
	store, err := objects.OpenFile(filepath.Join(e.options.Dir, stateFolder))
	if err != nil {
		return err
	}
	e.closers = append(e.closers, store)
	table, err := lock.OpenFileTable(filepath.Join(e.options.Dir, "locks"), e.options.Now)
	if err != nil {
		return err
	}
	e.closers = append(e.closers, table)
	e.book = &book{dir: filepath.Join(e.options.Dir, "executions")}
	e.Objects, e.Locker = store, &lock.Locker{Table: table, Now: e.options.Now, Stopper: executions{e}}
	if e.options.Objects != nil {
		e.Objects = e.options.Objects
	}
	e.engine = asl.NewEngine(asl.Options{Clock: clock{now: e.options.Now}, Handler: asl.HandlerFunc(e.handle), Observer: e.book.record})
	e.functions = catalog.New(catalog.Ports{Objects: e.Objects, Locker: e.Locker, Executions: executions{e}, Answers: answers{e.engine},
		Now: e.options.Now, PerLevel: true, Prunes: true, Teller: e.teller()})
	return e.register()
}

// Close ends what Open and the first provisioning began.
func (e *Environment) Close() error {
	var errs []error
	for i := len(e.closers) - 1; i >= 0; i-- {
		errs = append(errs, e.closers[i].Close())
	}
	if e.logFile != nil {
		errs = append(errs, e.logFile.Close())
	}
	return errors.Join(errs...)
}

// Cloud opens the simulated AWS.
func (e *Environment) Cloud() (*cloud.Cloud, error) {
	e.provisioning.Lock()
	defer e.provisioning.Unlock()
	return e.openCloud()
}

func (e *Environment) openCloud() (*cloud.Cloud, error) {
	if e.cloud != nil {
		return e.cloud, nil
	}
	c, err := cloud.Open(cloud.Options{Dir: filepath.Join(e.options.Dir, "cloud"), Now: e.options.Now, Pace: pace})
	if err != nil {
		return nil, err
	}
	e.cloud = c
	e.closers = append(e.closers, c)
	return c, nil
}

// provision returns the Provisioner. It is made with the first batch, so that a run without changes starts no provider
// and needs no Pulumi.
func (e *Environment) provision() (execution.Provisioner, error) {
	e.provisioning.Lock()
	defer e.provisioning.Unlock()
	if e.provisioner != nil {
		return e.provisioner, nil
	}
	c, err := e.openCloud()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	p, err := provision.New(provision.Options{
		Pulumi: e.options.Pulumi, Objects: e.Objects, BackendURL: "file://" + filepath.ToSlash(filepath.Join(e.options.Dir, stateFolder)),
		SecretsProvider: "awskms://alias/deployer?region=" + cloud.HomeRegion, Env: append(os.Environ(), c.Env()...),
		WorkDir: filepath.Join(e.options.Dir, "pulumi"), Parallelism: e.options.Parallelism, Log: e.options.Log,
	})
	if err != nil {
		return nil, err
	}
	e.closers = append(e.closers, p)
	e.provisioner = given{p, c}
	return e.provisioner, nil
}

// clock tells the time as the environment does; what waits, waits in earnest.
type clock struct {
	asl.WallClock
	now func() time.Time
}

// Now implements asl.Clock.
func (c clock) Now() time.Time { return c.now() }
