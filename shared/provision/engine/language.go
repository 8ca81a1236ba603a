package engine

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// language is the language runtime that CLI processes are told to use (--client). One serves the programs of all stacks:
// a CLI names its project and stack when it asks for the program to be run.
type language struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	address string
	stop    chan bool
	done    <-chan error

	mu       sync.Mutex
	programs map[string]*program // by project/stack
}

// program is one stack's program and how it ended.
type program struct {
	run pulumi.RunFunc

	mu    sync.Mutex
	err   error
	ended bool // it has told all that it has to tell
}

func serveLanguage() (*language, error) {
	l := &language{stop: make(chan bool), programs: map[string]*program{}}
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: l.stop,
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, l)
			return nil
		},
	})
	if err != nil {
		return nil, fmt.Errorf("engine: the language runtime cannot be served: %w", err)
	}
	l.address, l.done = fmt.Sprintf("127.0.0.1:%d", handle.Port), handle.Done
	return l, nil
}

func (l *language) close() error {
	close(l.stop)
	return <-l.done
}

func (l *language) serve(id string, run pulumi.RunFunc) *program {
	p := &program{run: run}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.programs[id] = p
	return p
}

func (l *language) forget(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.programs, id)
}

func (p *program) end(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err, p.ended = err, true
}

// complete reports whether the program ran to its end.
func (p *program) complete() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended && p.err == nil
}

// failed returns the error with which the program ended.
func (p *program) failed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// Run runs the program of the stack that the request names.
func (l *language) Run(ctx context.Context, request *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	id := request.GetProject() + "/" + request.GetStack()
	l.mu.Lock()
	p := l.programs[id]
	l.mu.Unlock()
	if p == nil || p.run == nil {
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("no program is served for stack %s", id)}, nil
	}
	var engineAddress string
	if args := request.GetArgs(); len(args) > 0 {
		engineAddress = args[0]
	}
	pulumiContext, err := pulumi.NewContext(ctx, pulumi.RunInfo{
		Project: request.GetProject(), Stack: request.GetStack(), Organization: request.GetOrganization(),
		Config: request.GetConfig(), ConfigSecretKeys: request.GetConfigSecretKeys(),
		Parallel: request.GetParallel(), DryRun: request.GetDryRun(),
		MonitorAddr: request.GetMonitorAddress(), EngineAddr: engineAddress,
	})
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	defer func() { _ = pulumiContext.Close() }()
	err = guarded(pulumiContext, p.run)
	p.end(err)
	if err != nil {
		return &pulumirpc.RunResponse{Error: err.Error()}, nil
	}
	return &pulumirpc.RunResponse{}, nil
}

// guarded runs a program and turns its panic into an error: one broken program must not end the others.
func guarded(ctx *pulumi.Context, run pulumi.RunFunc) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("the program panicked: %v\n%s", reason, debug.Stack())
		}
	}()
	return pulumi.RunWithContext(ctx, run)
}

// GetRequiredPlugins names none: the providers are attached, or installed with the CLI.
func (l *language) GetRequiredPlugins(context.Context, *pulumirpc.GetRequiredPluginsRequest) (*pulumirpc.GetRequiredPluginsResponse, error) {
	return &pulumirpc.GetRequiredPluginsResponse{}, nil
}

// GetRequiredPackages names none, as GetRequiredPlugins.
func (l *language) GetRequiredPackages(context.Context, *pulumirpc.GetRequiredPackagesRequest) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

// GetPluginInfo tells a version, which the engine insists on.
func (l *language) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "1.0.0"}, nil
}

// InstallDependencies has nothing to do.
func (l *language) InstallDependencies(*pulumirpc.InstallDependenciesRequest, pulumirpc.LanguageRuntime_InstallDependenciesServer) error {
	return nil
}
