package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/deployer-io/deployer/localstack/cloud/catalog"
	"github.com/deployer-io/deployer/localstack/cloud/fault"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

// doing is how an operation is called in AWS's errors.
var doing = map[string]string{"create": "creating", "read": "reading", "update": "updating", "delete": "deleting"}

// perform carries a call out, unless a fault meets it. It returns the fault that leaves what was made unready.
func (s *Server) perform(ctx context.Context, sub subject, operation, id string, properties map[string]any, run func() error) (*fault.Fault, error) {
	ctx, cancel := of(ctx).within(ctx)
	defer cancel()
	name, tags := sub.Marks(sub.place, properties)
	met, err := fault.Meet(ctx, s.world, fault.Occasion{
		Type: sub.token, Operation: operation, Names: []string{sub.urn.name(), name, id}, Tags: tags,
	})
	if err != nil {
		return nil, s.interrupted(err, operation, string(sub.urn))
	}
	if f := met.Refusal; f != nil {
		code, message := cmp.Or(f.Code, "InternalServerError"), cmp.Or(f.Message, "We encountered an internal error. Please try again.")
		if f.Kind == fault.Throttle {
			code, message = cmp.Or(f.Code, "ThrottlingException"), cmp.Or(f.Message, "Rate exceeded")
		}
		return nil, shown(sub.Fails(doing[operation], name, cmp.Or(f.Status, 400), code, message))
	}
	if err := ctx.Err(); err != nil {
		return nil, s.interrupted(err, operation, string(sub.urn))
	}
	if err := run(); err != nil {
		return nil, shown(err)
	}
	switch {
	case met.After == nil || operation == "read" || operation == "delete" && met.After.Kind == fault.Unready:
		return nil, nil
	case met.After.Kind == fault.Partial:
		return nil, status.Errorf(codes.Unavailable, "%s %s: exceeded maximum number of attempts, 25, https response error StatusCode: 0, RequestID: , "+
			"request send failed: read: connection reset by peer", doing[operation], cmp.Or(name, id, sub.urn.name()))
	}
	return met.After, nil
}

func (s *Server) interrupted(err error, operation, what string) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return status.Errorf(codes.Canceled, "%s %s was interrupted: %v", operation, what, err)
	}
	return err
}

// shown is an error as the provider shows it.
func shown(err error) error {
	var refused *catalog.APIError
	if errors.As(err, &refused) {
		return status.Error(codes.Unknown, fmt.Sprintf("1 error occurred:\n\t* %s\n\n", refused))
	}
	return err
}

// Invoke calls a function.
func (s *Server) Invoke(ctx context.Context, r *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	place, configured := of(ctx).placed()
	if !configured {
		return nil, status.Errorf(codes.FailedPrecondition, "the simulated %s provider was asked for %s before it was configured", s.pkg.Name, r.GetTok())
	}
	args, secrets, err := read(r.GetArgs())
	if err != nil {
		return nil, err
	}
	ctx, cancel := of(ctx).within(ctx)
	defer cancel()
	met, err := fault.Meet(ctx, s.world, fault.Occasion{Type: r.GetTok(), Operation: "invoke"})
	if err != nil {
		return nil, s.interrupted(err, "invoke", r.GetTok())
	}
	if f := met.Refusal; f != nil {
		return nil, status.Errorf(codes.Unknown, "invoking %s: api error %s: %s", r.GetTok(), cmp.Or(f.Code, "ThrottlingException"), cmp.Or(f.Message, "Rate exceeded"))
	}
	var result map[string]any
	var known bool
	err = s.world.View(func(tx *world.Tx) (err error) {
		result, known, err = s.pkg.Invoke(tx, place, r.GetTok(), args)
		return err
	})
	switch {
	case !known && err == nil:
		return nil, status.Errorf(codes.Unimplemented, "the simulated %s provider does not know the function %s", s.pkg.Name, r.GetTok())
	case err != nil:
		return nil, status.Errorf(codes.Unknown, "invoking %s: %v", r.GetTok(), err)
	}
	answer, err := write(result, secrets)
	return &pulumirpc.InvokeResponse{Return: answer}, err
}
