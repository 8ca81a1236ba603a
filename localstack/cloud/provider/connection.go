package provider

import (
	"context"
	"sync"

	"google.golang.org/grpc/stats"

	"github.com/deployer-io/deployer/localstack/cloud/catalog"
)

// connection is what one instance of a provider in one engine is to us. Every instance dials its own connection, so what it
// was configured with belongs to that connection alone: neither another instance's configuration nor another engine's
// interrupt reaches it.
type connection struct {
	ctx    context.Context
	cancel context.CancelFunc

	mu         sync.Mutex
	configured bool
	place      catalog.Place
}

type connectionKey struct{}

// connections tags each connection of a gRPC server with its own *connection.
type connections struct{}

func (connections) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	c := &connection{}
	c.ctx, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
	return context.WithValue(ctx, connectionKey{}, c)
}

func (connections) HandleConn(ctx context.Context, event stats.ConnStats) {
	if _, ended := event.(*stats.ConnEnd); ended {
		of(ctx).cancel()
	}
}

func (connections) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

func (connections) HandleRPC(context.Context, stats.RPCStats) {}

// of returns the connection on which a request came.
func of(ctx context.Context) *connection {
	c, _ := ctx.Value(connectionKey{}).(*connection)
	return c
}

func (c *connection) configure(place catalog.Place) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.configured, c.place = true, place
}

func (c *connection) placed() (catalog.Place, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.place, c.configured
}

// within returns ctx, ended also by the engine's interrupt on this connection.
func (c *connection) within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(c.ctx, cancel)
	if c.ctx.Err() != nil { // AfterFunc would call it only a moment later
		cancel()
	}
	return ctx, func() { stop(); cancel() }
}
