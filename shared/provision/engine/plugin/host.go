package plugin

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// host stands towards the plugins for the Pulumi engine. A plugin knows one engine at a time, and with several of them would
// send its messages to whichever came last, be it over or not.
type host struct {
	pulumirpc.UnimplementedEngineServer
	address string
	log     *slog.Logger
	essence func(string) string
	stop    chan bool
	done    <-chan error
}

func serveHost(log *slog.Logger, essence func(string) string) (*host, error) {
	h := &host{log: log, essence: essence, stop: make(chan bool)}
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{Cancel: h.stop, Init: func(server *grpc.Server) error {
		pulumirpc.RegisterEngineServer(server, h)
		return nil
	}})
	if err != nil {
		return nil, fmt.Errorf("plugin: the host cannot be served: %w", err)
	}
	h.address, h.done = fmt.Sprintf("127.0.0.1:%d", handle.Port), handle.Done
	return h, nil
}

func (h *host) close() error {
	close(h.stop)
	return <-h.done
}

// Log hands on what a plugin says, without what looks like a credential.
func (h *host) Log(ctx context.Context, r *pulumirpc.LogRequest) (*emptypb.Empty, error) {
	level := map[pulumirpc.LogSeverity]slog.Level{pulumirpc.LogSeverity_DEBUG: slog.LevelDebug, pulumirpc.LogSeverity_INFO: slog.LevelInfo,
		pulumirpc.LogSeverity_WARNING: slog.LevelWarn, pulumirpc.LogSeverity_ERROR: slog.LevelError}[r.GetSeverity()]
	if !r.GetEphemeral() && h.log.Enabled(ctx, level) {
		h.log.Log(ctx, level, "a provider plugin says", "resource", r.GetUrn(), "text", h.essence(r.GetMessage()))
	}
	return &emptypb.Empty{}, nil
}

// tell returns what logs a line of a plugin's standard error.
func (p *Pool) tell(pin Pin) func(string) {
	return func(line string) {
		if text := p.options.Essence(line); text != "" {
			p.options.Log.Info("a provider plugin says", "plugin", pin.Name, "text", text)
		}
	}
}
