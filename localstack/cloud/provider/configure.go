package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/deployer-io/deployer/localstack/cloud/catalog"
	"github.com/deployer-io/deployer/localstack/cloud/property"
)

// CheckConfig checks a provider's configuration.
func (s *Server) CheckConfig(_ context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	config, _, err := read(r.GetNews())
	if err != nil {
		return nil, err
	}
	_, failures := s.pkg.Place(config)
	return &pulumirpc.CheckResponse{Inputs: r.GetNews(), Failures: failed(failures)}, nil
}

// DiffConfig tells which changes of the configuration replace the provider, and with it its resources.
func (s *Server) DiffConfig(_ context.Context, r *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	before := r.GetOldInputs()
	if len(before.GetFields()) == 0 {
		before = r.GetOlds()
	}
	olds, _, err := read(before)
	if err != nil {
		return nil, err
	}
	news, _, err := read(r.GetNews())
	if err != nil {
		return nil, err
	}
	answer := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}
	for _, name := range slices.Sorted(maps.Keys(joined(olds, news))) {
		if property.Equal(olds[name], news[name], false) {
			continue
		}
		answer.Changes = pulumirpc.DiffResponse_DIFF_SOME
		answer.Diffs = append(answer.Diffs, name)
		if slices.Contains(s.pkg.Replacing, name) {
			answer.Replaces = append(answer.Replaces, name)
		}
	}
	return answer, nil
}

func joined(a, b map[string]any) map[string]any {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// Configure says where the calls on this connection are carried out.
func (s *Server) Configure(ctx context.Context, r *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	config, _, err := read(r.GetArgs())
	if err != nil {
		return nil, err
	}
	place, failures := s.pkg.Place(config)
	if len(failures) > 0 {
		return nil, status.Errorf(codes.InvalidArgument, "provider %s: %s: %s", s.pkg.Name, failures[0].Property, failures[0].Reason)
	}
	of(ctx).configure(place)
	s.stacks.note(r.GetUrn(), place)
	return &pulumirpc.ConfigureResponse{
		AcceptSecrets:                   true,
		SupportsPreview:                 true,
		AcceptResources:                 true,
		AcceptOutputs:                   true,
		SupportsAutonamingConfiguration: true,
	}, nil
}

// place is where a call about the resource is carried out. A connection that was idle for long is dialled anew without being
// configured again: then the other providers of the same stack say where.
func (s *Server) place(ctx context.Context, urn string) (catalog.Place, error) {
	if place, configured := of(ctx).placed(); configured {
		return place, nil
	}
	if place, known := s.stacks.find(urn); known {
		return place, nil
	}
	return catalog.Place{}, status.Errorf(codes.FailedPrecondition, "the simulated %s provider was asked about %s before it was configured", s.pkg.Name, urn)
}

// stacks remembers what the providers of each stack were configured with.
type stacks struct {
	mu     sync.Mutex
	places map[string]catalog.Place
	mixed  map[string]bool // with different configurations
}

// stackOf is the beginning of a URN: urn:pulumi:STACK::PROJECT.
func stackOf(urn string) string {
	parts := strings.SplitN(urn, "::", 3)
	return strings.Join(parts[:min(2, len(parts))], "::")
}

func (s *stacks) note(urn string, place catalog.Place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.places == nil {
		s.places, s.mixed = map[string]catalog.Place{}, map[string]bool{}
	}
	stack := stackOf(urn)
	if before, known := s.places[stack]; known && fmt.Sprint(before) != fmt.Sprint(place) {
		s.mixed[stack] = true
	}
	s.places[stack] = place
}

func (s *stacks) find(urn string) (catalog.Place, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stack := stackOf(urn)
	place, known := s.places[stack]
	return place, known && !s.mixed[stack]
}

func failed(failures []catalog.Failure) []*pulumirpc.CheckFailure {
	var all []*pulumirpc.CheckFailure
	for _, f := range failures {
		all = append(all, &pulumirpc.CheckFailure{Property: f.Property, Reason: f.Reason})
	}
	return all
}
