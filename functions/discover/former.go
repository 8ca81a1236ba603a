package discover

import (
	"context"
	"errors"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// former writes the components as they stood at an earlier serial: a rollback needs no bundle, the history says what was
// there. What the stack says of approval, freezes and policies is as it was deployed last. The error is
// *state.SerialUnknown for a serial that the history does not hold.
func (h Handler) former(ctx context.Context, archive run.Archive, request run.Request) (Out, error) {
	store := state.NewStore(h.Objects, archive.Ref.Scope())
	wanted, err := store.At(ctx, request.To)
	if err != nil {
		return Out{}, err
	}
	current, _, err := store.Read(ctx)
	if err != nil {
		return Out{}, err
	}
	rules, err := h.rules(ctx, archive.Ref.Scope(), current.Run)
	if err != nil {
		return Out{}, err
	}
	places := plan.Whereabouts(&wanted)
	environment := places
	if rules.Environment.Name != "" {
		environment = rules.Environment
		environment.Account, environment.Region = places.Account, places.Region
	}
	set, err := plan.Restored(&wanted, rules.Stack, environment)
	if err != nil {
		return Out{}, err
	}
	set.Services, set.Compliance = append(set.Services, rules.Services...), rules.Compliance
	request.Bundle = run.BundleRef{Key: wanted.Bundle.Key, VersionID: wanted.Bundle.VersionID, SHA256: wanted.Bundle.SHA256}
	if err := archive.Write(ctx, run.RequestArtifact, request); err != nil {
		return Out{}, err
	}
	return Out{Run: archive.Ref, Components: len(set.Resources)}, archive.Write(ctx, run.ResourcesArtifact, set)
}

// rules returns the set of the run that committed the state last; an empty one when that is gone.
func (h Handler) rules(ctx context.Context, scope address.Address, id string) (resource.Set, error) {
	ref := run.Ref{Stack: scope.Stack, Environment: scope.Environment, ID: id}.Whole()
	var set resource.Set
	err := run.Archive{Store: h.Objects, Ref: ref}.Read(ctx, run.ResourcesArtifact, &set)
	if errors.Is(err, objects.ErrNotFound) {
		err = nil
	}
	return set, err
}
