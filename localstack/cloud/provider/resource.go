package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/deployer-io/deployer/localstack/cloud/catalog"
	"github.com/deployer-io/deployer/localstack/cloud/fault"
	"github.com/deployer-io/deployer/localstack/cloud/property"
	"github.com/deployer-io/deployer/localstack/cloud/world"
	"github.com/deployer-io/deployer/shared/diag"
)

// urn is taken apart: its type token and its name.
type urn string

// token is the type; those of the parents stand before it, each with a $.
func (u urn) token() string {
	parts := strings.SplitN(string(u), "::", 4)
	if len(parts) < 4 {
		return ""
	}
	return parts[2][strings.LastIndex(parts[2], "$")+1:]
}

func (u urn) name() string {
	parts := strings.SplitN(string(u), "::", 4)
	if len(parts) < 4 {
		return ""
	}
	return parts[3]
}

// subject is what a call is about.
type subject struct {
	Behaviour
	urn   urn
	token string
	place catalog.Place
}

func (s *Server) subject(ctx context.Context, of string) (subject, error) {
	sub := subject{urn: urn(of), token: urn(of).token()}
	if sub.Behaviour = s.pkg.Find(sub.token); sub.Behaviour == nil {
		text := fmt.Sprintf("the simulated %s provider does not know the resource type %s", s.pkg.Name, sub.token)
		if nearest := diag.Nearest(sub.token, s.pkg.Tokens()); nearest != "" {
			text += fmt.Sprintf(" (did you mean %s?)", nearest)
		}
		return sub, status.Error(codes.InvalidArgument, text)
	}
	var err error
	sub.place, err = s.place(ctx, of)
	return sub, err
}

// Check checks a resource's inputs and fills in what the provider fills in.
func (s *Server) Check(ctx context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	sub, err := s.subject(ctx, r.GetUrn())
	if err != nil {
		return nil, err
	}
	olds, _, err := read(r.GetOlds())
	if err != nil {
		return nil, err
	}
	news, secrets, err := read(r.GetNews())
	if err != nil {
		return nil, err
	}
	naming := catalog.Naming{Resource: sub.urn.name(), Seed: r.GetRandomSeed()}
	if a := r.GetAutonaming(); a != nil {
		naming.Proposed = a.GetProposedName()
		naming.Enforced = a.GetMode() == pulumirpc.CheckRequest_AutonamingOptions_ENFORCE
		naming.Off = a.GetMode() == pulumirpc.CheckRequest_AutonamingOptions_DISABLE
	}
	inputs, failures := sub.CheckInputs(sub.place, olds, news, naming)
	answer, err := write(inputs, secrets)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CheckResponse{Inputs: answer, Failures: failed(failures)}, nil
}

// Diff compares a resource with its wanted inputs.
func (s *Server) Diff(ctx context.Context, r *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	sub, err := s.subject(ctx, r.GetUrn())
	if err != nil {
		return nil, err
	}
	state, _, err := read(r.GetOlds())
	if err != nil {
		return nil, err
	}
	inputs, _, err := read(r.GetNews())
	if err != nil {
		return nil, err
	}
	diff := sub.Compare(sub.place, state, inputs, r.GetIgnoreChanges())
	answer := &pulumirpc.DiffResponse{
		Changes:         pulumirpc.DiffResponse_DIFF_NONE,
		HasDetailedDiff: true,
		DetailedDiff:    map[string]*pulumirpc.PropertyDiff{},
		Replaces:        roots(diff.Replacing), DeleteBeforeReplace: diff.DeleteFirst,
	}
	for _, d := range diff.Differences {
		answer.Changes = pulumirpc.DiffResponse_DIFF_SOME
		answer.Diffs = append(answer.Diffs, root(d.Path))
		answer.DetailedDiff[d.Path] = &pulumirpc.PropertyDiff{Kind: kindOf(d, slices.Contains(diff.Replacing, d.Path))}
	}
	slices.Sort(answer.Diffs)
	answer.Diffs = slices.Compact(answer.Diffs)
	return answer, nil
}

func kindOf(d property.Difference, replaces bool) pulumirpc.PropertyDiff_Kind {
	kinds := map[property.Change][2]pulumirpc.PropertyDiff_Kind{
		property.Added:   {pulumirpc.PropertyDiff_ADD, pulumirpc.PropertyDiff_ADD_REPLACE},
		property.Deleted: {pulumirpc.PropertyDiff_DELETE, pulumirpc.PropertyDiff_DELETE_REPLACE},
		property.Updated: {pulumirpc.PropertyDiff_UPDATE, pulumirpc.PropertyDiff_UPDATE_REPLACE},
	}
	if replaces {
		return kinds[d.Change][1]
	}
	return kinds[d.Change][0]
}

// root is the first name of a path.
func root(path string) string {
	if end := strings.IndexAny(path, ".["); end > 0 {
		return path[:end]
	}
	return path
}

func roots(paths []string) []string {
	var all []string
	for _, p := range paths {
		all = append(all, root(p))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Create makes a resource, or tells in a preview what it would be.
func (s *Server) Create(ctx context.Context, r *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	sub, err := s.subject(ctx, r.GetUrn())
	if err != nil {
		return nil, err
	}
	inputs, secrets, err := read(r.GetProperties())
	if err != nil {
		return nil, err
	}
	if r.GetPreview() {
		planned, err := write(sub.Planned(sub.place, nil, inputs), secrets)
		return &pulumirpc.CreateResponse{Properties: planned}, err
	}
	var made *world.Record
	spoiled, err := s.perform(ctx, sub, "create", "", inputs, func() error {
		return s.world.Update(func(tx *world.Tx) (err error) {
			made, err = sub.Create(tx, sub.place, catalog.Wanted{URN: r.GetUrn(), Inputs: inputs, Secrets: secrets})
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	properties, err := write(made.State, made.Secrets)
	if err != nil {
		return nil, err
	}
	if spoiled != nil {
		return nil, unready(sub, made.ID, properties, r.GetProperties(), spoiled)
	}
	return &pulumirpc.CreateResponse{Id: made.ID, Properties: properties}, nil
}

// Read returns what a resource is now; an empty answer when it is gone.
func (s *Server) Read(ctx context.Context, r *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	sub, err := s.subject(ctx, r.GetUrn())
	if err != nil {
		return nil, err
	}
	state, _, err := read(r.GetProperties())
	if err != nil {
		return nil, err
	}
	known, secrets, err := read(r.GetInputs())
	if err != nil {
		return nil, err
	}
	var found *world.Record
	_, err = s.perform(ctx, sub, "read", r.GetId(), state, func() error {
		return s.world.View(func(tx *world.Tx) error {
			found = sub.find(tx, r.GetId(), state)
			return nil
		})
	})
	if err != nil || found == nil {
		return &pulumirpc.ReadResponse{}, err
	}
	properties, err := write(found.State, union(found.Secrets, secrets))
	if err != nil {
		return nil, err
	}
	inputs, err := write(sub.InputsOf(found, known), union(found.Secrets, secrets))
	return &pulumirpc.ReadResponse{Id: found.ID, Properties: properties, Inputs: inputs}, err
}

// Update changes a resource in place, or tells in a preview what it would become.
func (s *Server) Update(ctx context.Context, r *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	sub, err := s.subject(ctx, r.GetUrn())
	if err != nil {
		return nil, err
	}
	state, _, err := read(r.GetOlds())
	if err != nil {
		return nil, err
	}
	inputs, secrets, err := read(r.GetNews())
	if err != nil {
		return nil, err
	}
	if r.GetPreview() {
		planned, err := write(sub.Planned(sub.place, state, inputs), secrets)
		return &pulumirpc.UpdateResponse{Properties: planned}, err
	}
	var made *world.Record
	spoiled, err := s.perform(ctx, sub, "update", r.GetId(), inputs, func() error {
		return s.world.Update(func(tx *world.Tx) (err error) {
			old := sub.find(tx, r.GetId(), state)
			if old == nil {
				name, _ := sub.Marks(sub.place, inputs)
				return sub.Fails("updating", name, 404, "ResourceNotFoundException", r.GetId()+" does not exist")
			}
			made, err = sub.Update(tx, sub.place, old, catalog.Wanted{URN: r.GetUrn(), Inputs: inputs, Secrets: secrets, Ignored: r.GetIgnoreChanges()})
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	properties, err := write(made.State, made.Secrets)
	if err != nil {
		return nil, err
	}
	if spoiled != nil {
		return nil, unready(sub, made.ID, properties, r.GetNews(), spoiled)
	}
	return &pulumirpc.UpdateResponse{Properties: properties}, nil
}

// Delete removes a resource; one that is gone already counts as removed.
func (s *Server) Delete(ctx context.Context, r *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	sub, err := s.subject(ctx, r.GetUrn())
	if err != nil {
		return nil, err
	}
	state, _, err := read(r.GetProperties())
	if err != nil {
		return nil, err
	}
	_, err = s.perform(ctx, sub, "delete", r.GetId(), state, func() error {
		return s.world.Update(func(tx *world.Tx) error {
			if old := sub.find(tx, r.GetId(), state); old != nil {
				return sub.Delete(tx, sub.place, old)
			}
			return nil
		})
	})
	return &emptypb.Empty{}, err
}

// find returns the resource that the engine knows by an id and a state. Ids are not unique for all types (revisions have
// their family's): then the ARN or the URN decides.
func (sub subject) find(tx *world.Tx, id string, state map[string]any) *world.Record {
	place := sub.place
	if region := property.Text(state, "region"); region != "" {
		place.Region = region
	}
	var byID, byName []*world.Record
	for _, r := range tx.Named(sub.token + "|" + id) {
		switch {
		case !place.Sees(r):
		case r.ID == id:
			byID = append(byID, r)
		default:
			byName = append(byName, r)
		}
	}
	if len(byID) == 0 {
		byID = byName // an import by name
	}
	for _, same := range []func(*world.Record) bool{
		func(r *world.Record) bool { return r.Text("arn") != "" && r.Text("arn") == property.Text(state, "arn") },
		func(r *world.Record) bool { return r.URN == string(sub.urn) },
		func(*world.Record) bool { return true },
	} {
		if i := slices.IndexFunc(byID, same); i >= 0 {
			return byID[i]
		}
	}
	return nil
}

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

func unready(sub subject, id string, properties, inputs *structpb.Struct, why *fault.Fault) error {
	failed := status.New(codes.Unknown, fmt.Sprintf("%s (%s): %s", sub.token, id, why.Reason()))
	detailed, err := failed.WithDetails(&pulumirpc.ErrorResourceInitFailed{Id: id, Properties: properties, Inputs: inputs, Reasons: []string{why.Reason()}})
	if err != nil {
		return failed.Err()
	}
	return detailed.Err()
}
