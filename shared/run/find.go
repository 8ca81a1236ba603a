package run

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/objects"
)

// RunUnknown is the error of a run that is nowhere.
type RunUnknown struct{ Run string }

func (e *RunUnknown) Error() string {
	return fmt.Sprintf("there is no run %q; 'deployer history' lists them", e.Run)
}

const scopesPrefix = "stacks/"

// Scopes lists the stacks and environments that something is kept of, in order. It takes two calls for each.
func Scopes(ctx context.Context, store objects.Store) ([]address.Address, error) {
	var scopes []address.Address
	for after := ""; ; {
		page, err := store.List(ctx, scopesPrefix, after, 1)
		if err != nil || len(page) == 0 {
			return scopes, err
		}
		parts := strings.SplitN(strings.TrimPrefix(page[0].Key, scopesPrefix), "/", 3)
		if len(parts) < 3 {
			after = page[0].Key
			continue
		}
		scope, err := address.Parse(parts[0] + "/" + parts[1])
		if err == nil {
			scopes = append(scopes, scope)
		}
		after = scopesPrefix + parts[0] + "/" + parts[1] + "/\U0010ffff"
	}
}

// Find returns the reference of a run by its id alone. The error is *RunUnknown when no scope has it.
func Find(ctx context.Context, store objects.Store, id string) (Ref, error) {
	if !isID(id) {
		return Ref{}, &RunUnknown{Run: id}
	}
	scopes, err := Scopes(ctx, store)
	if err != nil {
		return Ref{}, err
	}
	for _, scope := range scopes {
		ref, err := Locate(ctx, store, scope, id)
		var unknown *RunUnknown
		if !errors.As(err, &unknown) {
			return ref, err
		}
	}
	return Ref{}, &RunUnknown{Run: id}
}

// maxID is the longest name of an execution of a state machine, which a run's id is.
const maxID = 80

// isID reports whether a text can be a run's id: it stands in keys, in ARNs and on command lines, and leads nowhere else.
func isID(text string) bool {
	return text != "" && len(text) <= maxID && strings.Trim(text, "-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

// Locate returns the reference of a scope's run. The error is *RunUnknown when the scope has none of that id.
func Locate(ctx context.Context, store objects.Store, scope address.Address, id string) (Ref, error) {
	if !isID(id) {
		return Ref{}, &RunUnknown{Run: id}
	}
	ref := Ref{Stack: scope.Stack, Environment: scope.Environment, ID: id, Operation: Deploy}
	var request Request
	err := Archive{Store: store, Ref: ref}.Read(ctx, RequestArtifact, &request)
	switch {
	case err == nil && request.Operation != "":
		ref.Operation = request.Operation
		return ref, nil
	case err == nil:
		return ref, nil
	case !errors.Is(err, objects.ErrNotFound):
		return Ref{}, err
	}
	// A run whose bundle could not be read has a report and no request.
	any, err := store.List(ctx, ref.Prefix(), "", 1)
	if err == nil && len(any) == 0 {
		err = &RunUnknown{Run: id}
	}
	return ref, err
}
