package plugin

import (
	"context"
	"errors"
	"io"
	"path"
	"strings"
	"sync"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
)

// link is one instance of a provider in one CLI: each dials a connection of its own.
type link struct {
	*entrance

	mu        sync.Mutex
	to        *process // nil: what it configures is not known yet
	over      bool     // its connection ended
	cancelled bool     // guarded by the family's lock
}

// use makes the link a user of a process, nil for none, and of no other. Its lock is held.
func (l *link) use(one *process) {
	f := l.family
	f.mu.Lock()
	defer f.mu.Unlock()
	if before := l.to; before != nil && before != one {
		delete(before.users, l)
		f.clear(before)
	}
	if one != nil && !l.over {
		one.users[l] = true
	}
	l.to = one
}

// pass carries one call of a CLI to the process it belongs to. What concerns a plugin as a whole is answered here.
func (e *entrance) pass(_ any, stream grpc.ServerStream) error {
	ctx := stream.Context()
	l := ctx.Value(linkKey{}).(*link)
	method, _ := grpc.MethodFromServerStream(stream)
	var request []byte
	if err := stream.RecvMsg(&request); err != nil {
		return err
	}
	switch path.Base(method) {
	case "Handshake":
		return answer(stream, l.greet)
	case "Attach":
		return answer(stream, func(context.Context) (*emptypb.Empty, error) { return &emptypb.Empty{}, nil })
	case "Cancel":
		return answer(stream, l.cancel)
	case "CheckConfig":
		return answer(stream, func(ctx context.Context) (*pulumirpc.CheckResponse, error) { return l.checkConfig(ctx, request) })
	case "Configure":
		return answer(stream, func(ctx context.Context) (*pulumirpc.ConfigureResponse, error) { return l.configure(ctx, request) })
	}
	one, err := l.process(ctx)
	if err != nil {
		return refused(err)
	}
	return l.forward(one, stream, method, request)
}

func answer[M proto.Message](stream grpc.ServerStream, with func(context.Context) (M, error)) error {
	message, err := with(stream.Context())
	if err != nil {
		return err
	}
	data, err := proto.Marshal(message)
	if err != nil {
		return err
	}
	return stream.SendMsg(&data)
}

// process is the link's, or any for what a CLI asks before it tells its configuration.
func (l *link) process(ctx context.Context) (*process, error) {
	l.mu.Lock()
	to := l.to
	l.mu.Unlock()
	if to != nil {
		return to, nil
	}
	return l.family.process(ctx, "")
}

// greetingLimit is less than the 10 seconds after which a CLI gives up.
const greetingLimit = 7 * time.Second

// greet answers with what the plugin answered us. A plugin that takes its time is greeted as one without a greeting: the CLI goes on
// to its configuration, which it waits for as long as it takes.
func (l *link) greet(ctx context.Context) (*pulumirpc.ProviderHandshakeResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, greetingLimit)
	defer cancel()
	one, err := l.family.process(ctx, "")
	switch {
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil, err == nil && one.handshake == nil:
		return nil, status.Error(codes.Unimplemented, "no handshake")
	case err != nil:
		return nil, refused(err)
	}
	return one.handshake, nil
}

// bind moves the link to the process of a configuration.
func (l *link) bind(ctx context.Context, key string) (*process, error) {
	for {
		one, err := l.family.process(ctx, key)
		if err != nil {
			return nil, refused(err)
		}
		l.mu.Lock()
		l.use(one)
		l.mu.Unlock()
		if l.family.stays(one) {
			return one, nil
		}
	}
}

// stays reports whether a process that was found is still there for whoever came to it.
func (f *family) stays(one *process) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !one.stopping && !one.retired && !one.dead()
}

// cancel asks the process to give up what it does, once everybody who uses it wants that: it knows no single users.
func (l *link) cancel(ctx context.Context) (*emptypb.Empty, error) {
	l.mu.Lock()
	one := l.to
	l.mu.Unlock()
	if one == nil {
		return &emptypb.Empty{}, nil
	}
	l.family.mu.Lock()
	l.cancelled = true
	all := true
	for user := range one.users {
		all = all && user.cancelled
	}
	one.retired = one.retired || all // it cannot be used any more
	l.family.mu.Unlock()
	if !all || one.dead() {
		return &emptypb.Empty{}, nil
	}
	return pulumirpc.NewResourceProviderClient(one.connected).Cancel(ctx, &emptypb.Empty{})
}

// forward passes a call on and its answers back.
func (l *link) forward(p *process, stream grpc.ServerStream, method string, request []byte) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	onward, err := p.connected.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, method, grpc.ForceCodecV2(raw{}))
	if err != nil {
		return l.explain(ctx, p, err)
	}
	if err := onward.SendMsg(&request); err != nil && !errors.Is(err, io.EOF) {
		return l.explain(ctx, p, err)
	}
	if err := onward.CloseSend(); err != nil {
		return l.explain(ctx, p, err)
	}
	for {
		var response []byte
		switch err := onward.RecvMsg(&response); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return l.explain(ctx, p, err)
		}
		if err := stream.SendMsg(&response); err != nil {
			return err
		}
	}
}

// unreachable is what the Kubernetes plugin says of a cluster that did not answer when it was configured. It looks no second time: who
// comes later gets another process.
const unreachable = "cluster is unreachable"

// explain says that the plugin is gone where that is the reason for an error. Whether it did what it was asked to is unknown. A CLI
// that is told of any error forgets that it began; therefore it is told nothing, and whoever runs it ends it.
func (l *link) explain(ctx context.Context, p *process, err error) error {
	if status.Code(err) == codes.Unavailable && ctx.Err() == nil {
		select { // the connection ends a moment before the process
		case <-p.ended:
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
	if !p.dead() {
		if strings.Contains(err.Error(), unreachable) {
			l.retire(p)
		}
		return err
	}
	gone := &Lost{p.pin, p.state}
	l.door.lost(gone)
	<-ctx.Done()
	return status.Error(codes.Internal, gone.Error())
}

// refused is the answer where there is no process.
func refused(err error) error {
	if unusable := (*Unusable)(nil); errors.As(err, &unusable) {
		return status.Error(codes.FailedPrecondition, err.Error())
	}
	return status.FromContextError(err).Err()
}

// raw is the codec that leaves messages as they are.
type raw struct{}

func (raw) Marshal(message any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(*message.(*[]byte))}, nil
}

func (raw) Unmarshal(data mem.BufferSlice, message any) error {
	*message.(*[]byte) = data.Materialize()
	return nil
}

func (raw) Name() string { return "proto" }
