package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// pulumiCLI returns the Pulumi CLI of this checkout or of the PATH, and skips the test where there is none.
func pulumiCLI(t testing.TB) string {
	t.Helper()
	built, err := filepath.Abs("../../.bin/pulumi")
	require.NoError(t, err)
	if _, err := os.Stat(built); err == nil {
		return built
	}
	found, err := exec.LookPath("pulumi")
	if err != nil {
		t.Skip("needs the Pulumi CLI in .bin or on PATH")
	}
	return found
}

// language runs Go programs for the CLI (--client).
type language struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	mu      sync.Mutex
	program pulumi.RunFunc
}

func (l *language) Run(ctx context.Context, r *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	l.mu.Lock()
	program := l.program
	l.mu.Unlock()
	c, err := pulumi.NewContext(ctx, pulumi.RunInfo{
		Project: r.GetProject(), Stack: r.GetStack(), Organization: r.GetOrganization(), Config: r.GetConfig(), Parallel: r.GetParallel(),
		DryRun: r.GetDryRun(), MonitorAddr: r.GetMonitorAddress(), EngineAddr: strings.Join(r.GetArgs(), ""),
	})
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	if err := pulumi.RunWithContext(c, program); err != nil {
		return &pulumirpc.RunResponse{Error: err.Error()}, nil
	}
	return &pulumirpc.RunResponse{}, nil
}

func (l *language) GetRequiredPackages(context.Context, *pulumirpc.GetRequiredPackagesRequest) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

func (l *language) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "1.0.0"}, nil
}

// workshop is a folder with Pulumi projects whose stacks live in the cloud.
type workshop struct {
	testing.TB
	cloud    *Cloud
	cli      string
	dir      string
	language *language
	client   string
}

func newWorkshop(t testing.TB, c *Cloud) *workshop {
	t.Helper()
	w := &workshop{TB: t, cloud: c, cli: pulumiCLI(t), dir: t.TempDir(), language: &language{}}
	stop := make(chan bool)
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{Cancel: stop, Init: func(s *grpc.Server) error {
		pulumirpc.RegisterLanguageRuntimeServer(s, w.language)
		return nil
	}})
	require.NoError(t, err)
	t.Cleanup(func() { close(stop); <-handle.Done })
	w.client = fmt.Sprintf("127.0.0.1:%d", handle.Port)
	require.NoError(t, os.MkdirAll(filepath.Join(w.dir, "backend"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(w.dir, "Pulumi.yaml"), []byte("name: workshop\nruntime: go\n"), 0o600))
	w.must("stack", "init", "organization/workshop/test", "--secrets-provider=awskms://alias/deployer?region="+HomeRegion+"&awssdk=v2")
	return w
}

func (w *workshop) command(args ...string) *exec.Cmd {
	command := exec.Command(w.cli, append(args, "--non-interactive", "--color=never")...)
	command.Dir = w.dir
	command.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + w.dir, "PULUMI_HOME=" + filepath.Join(w.dir, "home"), "GOGC=400", "PULUMI_SKIP_UPDATE_CHECK=true",
		"PULUMI_BACKEND_URL=file://" + filepath.Join(w.dir, "backend"), "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true",
		"PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK=true", "PULUMI_DIY_BACKEND_NO_LEGACY_WARNING=true",
	}, w.cloud.Env()...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return command
}

func (w *workshop) run(args ...string) (string, error) {
	output, err := w.command(args...).CombinedOutput()
	return string(output), err
}

func (w *workshop) must(args ...string) string {
	w.Helper()
	output, err := w.run(args...)
	require.NoErrorf(w, err, "pulumi %v: %s", args, output)
	return output
}

// with makes program the one that the next commands run, and returns arguments that make them do so.
func (w *workshop) with(program pulumi.RunFunc, args ...string) []string {
	w.language.mu.Lock()
	w.language.program = program
	w.language.mu.Unlock()
	return append(args, "--stack=organization/workshop/test", "--exec-kind=auto.inline", "--client="+w.client)
}

func (w *workshop) up(program pulumi.RunFunc) string {
	w.Helper()
	return w.must(w.with(program, "up", "--yes", "--skip-preview")...)
}

func (w *workshop) outputs() map[string]any {
	w.Helper()
	var outputs map[string]any
	text := w.must("stack", "output", "--json", "--show-secrets", "--stack=organization/workshop/test")
	require.NoError(w, json.Unmarshal([]byte(text), &outputs))
	return outputs
}

func openCloud(t testing.TB, dir string) *Cloud {
	t.Helper()
	c, err := Open(Options{Dir: dir, Seed: "test"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	require.NoError(t, c.Start())
	return c
}
