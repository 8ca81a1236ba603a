package plugin

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"
)

// Door is what one CLI attaches to. Each has its own, so that it is known whom the loss of a plugin concerns.
type Door struct {
	entrances []*entrance
	mu        sync.Mutex
	told      bool
	tell      func(*Lost)
}

// entrance is the way through a door to one plugin.
type entrance struct {
	*family
	door     *Door
	server   *grpc.Server
	listener net.Listener
}

// Open makes a door. When a plugin is lost that the CLI behind it was using, lost is called, once, and the CLI gets no answer any
// more: it is to be ended by force, so that what it began stays written as begun. Close the door when the CLI has ended.
func (p *Pool) Open(lost func(*Lost)) (*Door, error) {
	d := &Door{tell: lost}
	for _, f := range p.packages {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			d.Close()
			return nil, fmt.Errorf("plugin: the door to the %s cannot be opened: %w", f.pin, err)
		}
		e := &entrance{family: f, door: d, listener: listener}
		e.server = grpc.NewServer(grpc.StatsHandler(e), grpc.ForceServerCodecV2(raw{}), grpc.MaxRecvMsgSize(mostBytes),
			grpc.MaxSendMsgSize(mostBytes), grpc.WaitForHandlers(true), grpc.UnknownServiceHandler(e.pass))
		go func() { _ = e.server.Serve(listener) }() // it ends with Close
		d.entrances = append(d.entrances, e)
	}
	return d, nil
}

// Attached is the value of PULUMI_DEBUG_PROVIDERS that makes a CLI attach to the plugins: NAME:PORT, separated by commas.
func (d *Door) Attached() string {
	var all []string
	for _, e := range d.entrances {
		all = append(all, e.pin.Name+":"+strconv.Itoa(e.listener.Addr().(*net.TCPAddr).Port))
	}
	return strings.Join(all, ",")
}

// Close ends what goes through the door.
func (d *Door) Close() {
	for _, e := range d.entrances {
		e.server.Stop()
	}
}

func (d *Door) lost(gone *Lost) {
	d.mu.Lock()
	first := !d.told
	d.told = true
	d.mu.Unlock()
	if first {
		d.tell(gone)
	}
}

type linkKey struct{}

// TagConn gives each connection its link.
func (e *entrance) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	return context.WithValue(ctx, linkKey{}, &link{entrance: e})
}

// HandleConn frees what a link used when its connection ends.
func (e *entrance) HandleConn(ctx context.Context, event stats.ConnStats) {
	if _, ended := event.(*stats.ConnEnd); ended {
		l := ctx.Value(linkKey{}).(*link)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.over = true
		l.use(nil)
	}
}

// TagRPC changes nothing.
func (e *entrance) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// HandleRPC does nothing.
func (e *entrance) HandleRPC(context.Context, stats.RPCStats) {}
