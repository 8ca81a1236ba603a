// Package provider serves Pulumi's resource provider protocol over a simulated cloud: an engine's calls come in over gRPC,
// are carried out in a world by the behaviour of the resource's type, and go out as the real provider would answer them.
package provider

import (
	"context"
	"fmt"
	"net"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/deployer-io/deployer/localstack/cloud/catalog"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

// Behaviour is how the resources of one type behave; *catalog.Type is one.
type Behaviour interface {
	CheckInputs(place catalog.Place, olds, news map[string]any, naming catalog.Naming) (map[string]any, []catalog.Failure)
	Compare(place catalog.Place, state, inputs map[string]any, ignored []string) catalog.Diff
	Planned(place catalog.Place, state, inputs map[string]any) map[string]any
	Create(tx *world.Tx, place catalog.Place, wanted catalog.Wanted) (*world.Record, error)
	Update(tx *world.Tx, place catalog.Place, old *world.Record, wanted catalog.Wanted) (*world.Record, error)
	Delete(tx *world.Tx, place catalog.Place, old *world.Record) error
	// InputsOf returns the inputs that would lead to the record; known are those of the last check, if there was one.
	InputsOf(r *world.Record, known map[string]any) map[string]any
	// Marks returns what a person would call the resource by, and its tags.
	Marks(place catalog.Place, inputs map[string]any) (name string, tags map[string]string)
	// Fails returns the API's error.
	Fails(doing, name string, status int, code, message string) error
}

// Package is one provider.
type Package struct {
	Name, Version string
	// Find returns the behaviour of a type, or nil.
	Find func(token string) Behaviour
	// Tokens are those of all types, in order.
	Tokens func() []string
	// Place reads a provider's configuration.
	Place func(config map[string]any) (catalog.Place, []catalog.Failure)
	// Replacing names the configuration whose change replaces the resources.
	Replacing []string
	// Invoke calls a function; known is false for one that is not simulated.
	Invoke func(tx *world.Tx, place catalog.Place, token string, args map[string]any) (result map[string]any, known bool, err error)
}

// Server serves one Package. It implements pulumirpc.ResourceProviderServer.
type Server struct {
	pulumirpc.UnimplementedResourceProviderServer
	pkg    Package
	world  *world.World
	stacks stacks

	listener net.Listener
	server   *grpc.Server
	served   chan error
}

// mostBytes is the largest message, as Pulumi's own limit.
const mostBytes = 400 << 20

// Serve starts to serve on a free port of the loopback interface.
func Serve(pkg Package, w *world.World) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("the simulated %s provider cannot be served: %w", pkg.Name, err)
	}
	s := &Server{
		pkg: pkg, world: w, listener: listener, served: make(chan error, 1),
		server: grpc.NewServer(grpc.StatsHandler(connections{}), grpc.MaxRecvMsgSize(mostBytes), grpc.MaxSendMsgSize(mostBytes)),
	}
	pulumirpc.RegisterResourceProviderServer(s.server, s)
	go func() { s.served <- s.server.Serve(listener) }()
	return s, nil
}

// Port is where the provider listens.
func (s *Server) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// Close ends the calls under way and stops.
func (s *Server) Close() error {
	s.server.Stop()
	return <-s.served
}

// Handshake says what the provider understands.
func (s *Server) Handshake(context.Context, *pulumirpc.ProviderHandshakeRequest) (*pulumirpc.ProviderHandshakeResponse, error) {
	return &pulumirpc.ProviderHandshakeResponse{
		AcceptSecrets: true, AcceptResources: true, AcceptOutputs: true, SupportsAutonamingConfiguration: true,
	}, nil
}

// GetPluginInfo returns the version of the provider that is simulated.
func (s *Server) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: s.pkg.Version}, nil
}

// GetSchema returns a schema without types: programs bring their SDK.
func (s *Server) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	return &pulumirpc.GetSchemaResponse{Schema: fmt.Sprintf(`{"name":%q,"version":%q}`, s.pkg.Name, s.pkg.Version)}, nil
}

// Attach is called by an engine that found the provider running.
func (s *Server) Attach(context.Context, *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// Cancel ends the calls of the engine that sends it, and of no other.
func (s *Server) Cancel(ctx context.Context, _ *emptypb.Empty) (*emptypb.Empty, error) {
	of(ctx).cancel()
	return &emptypb.Empty{}, nil
}

// Call is for methods of components.
func (s *Server) Call(_ context.Context, r *pulumirpc.CallRequest) (*pulumirpc.CallResponse, error) {
	return nil, s.refusal("call methods", r.GetTok())
}

// Construct is for components.
func (s *Server) Construct(_ context.Context, r *pulumirpc.ConstructRequest) (*pulumirpc.ConstructResponse, error) {
	return nil, s.refusal("construct components", r.GetType())
}

// Parameterize is for providers that are made of others.
func (s *Server) Parameterize(context.Context, *pulumirpc.ParameterizeRequest) (*pulumirpc.ParameterizeResponse, error) {
	return nil, s.refusal("be parameterized", "Parameterize")
}

// GetMapping is for converters of other languages.
func (s *Server) GetMapping(context.Context, *pulumirpc.GetMappingRequest) (*pulumirpc.GetMappingResponse, error) {
	return &pulumirpc.GetMappingResponse{}, nil
}

// GetMappings is for converters of other languages.
func (s *Server) GetMappings(context.Context, *pulumirpc.GetMappingsRequest) (*pulumirpc.GetMappingsResponse, error) {
	return &pulumirpc.GetMappingsResponse{}, nil
}

func (s *Server) refusal(what, token string) error {
	return status.Errorf(codes.Unimplemented, "the simulated %s provider cannot %s (%s)", s.pkg.Name, what, token)
}
