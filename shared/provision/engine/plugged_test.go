package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/deployer-io/deployer/shared/provision/engine/plugin"
)

// The variables by which this test binary becomes a provider plugin.
const (
	pluginDir  = "DEPLOYER_TEST_PLUGIN_DIR"  // where it notes what happens to it
	pluginMode = "DEPLOYER_TEST_PLUGIN_MODE" // what is wrong with it; empty: nothing
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(pluginDir); dir != "" {
		os.Exit(servePlugin(dir, os.Getenv(pluginMode)))
	}
	os.Exit(m.Run())
}

// notebook is a folder in which plugins note what happens to them, one line each time.
type notebook string

func (n notebook) note(name string, text any) {
	file, err := os.OpenFile(filepath.Join(string(n), name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	_, _ = fmt.Fprintln(file, text)
	_ = file.Close()
}

func (n notebook) lines(name string) []string {
	text, _ := os.ReadFile(filepath.Join(string(n), name))
	return strings.Fields(string(text))
}

// pids are those of the plugins that were started.
func (n notebook) pids(t testing.TB) []int {
	var all []int
	for _, line := range n.lines("started") {
		pid, err := strconv.Atoi(line)
		require.NoError(t, err)
		all = append(all, pid)
	}
	return all
}

// running reports whether a process is there.
func running(pid int) bool { return syscall.Kill(pid, 0) == nil }

// plugged is the provider of things in a process of its own. A creation of the value "wait" waits for the file "go", or for a Cancel.
type plugged struct {
	provider
	notebook
	cancelled chan struct{}
	once      sync.Once
	away      bool // there was a file "down" when it was configured
}

func (p *plugged) Configure(_ context.Context, r *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	region := r.GetArgs().GetFields()["region"].GetStringValue()
	if region == "nowhere" {
		return nil, status.Error(codes.InvalidArgument, "there is no region nowhere")
	}
	p.note("configured", "in-"+region)
	_, err := os.Stat(filepath.Join(string(p.notebook), "down"))
	p.away = err == nil
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true}, nil
}

func (p *plugged) Create(ctx context.Context, r *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	if p.away {
		return nil, errors.New("configured Kubernetes cluster is unreachable: no answer")
	}
	if value := r.GetProperties().GetFields()["value"].GetStringValue(); value == "wait" && !r.GetPreview() {
		p.note("waiting", r.GetName())
		for {
			if _, err := os.Stat(filepath.Join(string(p.notebook), "go")); err == nil {
				break
			}
			select {
			case <-p.cancelled:
				return nil, errors.New("cancelled")
			case <-time.After(5 * time.Millisecond): // looks again
			}
		}
	}
	return p.provider.Create(ctx, r)
}

func (p *plugged) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	p.note("cancelled", os.Getpid())
	p.once.Do(func() { close(p.cancelled) })
	return &emptypb.Empty{}, nil
}

// servePlugin is a plugin's main function.
func servePlugin(dir, mode string) int {
	n := notebook(dir)
	n.note("started", os.Getpid())
	_, _ = fmt.Fprintln(os.Stderr, "starting with password=hunter2-hunter2")
	switch mode {
	case "mute":
		select {}
	case "babbling":
		fmt.Println("hello, I am a plugin")
		select {}
	case "broken":
		return 3
	case "slow":
		time.Sleep(11 * time.Second)
	}
	p := &plugged{notebook: n, cancelled: make(chan struct{})}
	p.things = map[string]*structpb.Struct{}
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{Init: func(s *grpc.Server) error {
		pulumirpc.RegisterResourceProviderServer(s, p)
		return nil
	}})
	if err != nil {
		return 1
	}
	if conn, err := grpc.NewClient(os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials())); err == nil {
		_, _ = pulumirpc.NewEngineClient(conn).Log(context.Background(), &pulumirpc.LogRequest{Severity: pulumirpc.LogSeverity_WARNING,
			Message: "the region is far away, token=hunter2-hunter2"})
	}
	fmt.Println(handle.Port)
	if err := <-handle.Done; err != nil {
		return 1
	}
	return 0
}

// journal is a log that is written and read at the same time.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// newPluggedWorld is a world whose provider is a plugin that the engine starts.
func newPluggedWorld(t testing.TB, mode string, change ...func(*Options)) (*world, notebook, *journal) {
	t.Helper()
	dir, log := notebook(t.TempDir()), &journal{}
	self, err := os.Executable()
	require.NoError(t, err)
	return newWorld(t, append([]func(*Options){func(o *Options) {
		o.Plugins = []plugin.Pin{{Name: "toy", Version: "v1.2.3", Path: self}}
		var env []string
		for _, v := range o.Env {
			if !strings.HasPrefix(v, attachVariable+"=") {
				env = append(env, v)
			}
		}
		o.Env = append(env, pluginDir+"="+string(dir), pluginMode+"="+mode)
		o.Log = slog.New(slog.NewTextHandler(log, nil))
	}}, change...)...), dir, log
}
