// Package discover is the Discover task: a request goes in; the bundle is read, validated and judged, and resources.json
// comes out. A bundle with mistakes ends the run here, before any lock.
package discover

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/pipeline"
	"github.com/deployer-io/deployer/shared/run"
)

// Handler reads bundles.
type Handler struct {
	Objects objects.Store
	Limits  bundle.Limits
	Now     func() time.Time
}

// In names the run and says what was asked for.
type In struct {
	Run     string      `json:"run"`
	Request run.Request `json:"request"`
}

// Out refers to the run.
type Out struct {
	Run        run.Ref `json:"run"`
	Components int     `json:"components"`
}

// BundleRejected is the error of a bundle that cannot be read: absent, too large, hostile.
type BundleRejected struct{ Reason string }

func (e *BundleRejected) Error() string { return "bundle rejected: " + e.Reason }

// InvalidConfiguration is the error of a bundle whose documents have mistakes. Its text lists them all.
type InvalidConfiguration struct{ Diagnostics diag.List }

func (e *InvalidConfiguration) Error() string { return shorten(e.Diagnostics) }

// PolicyViolation is the error of a bundle that is well-formed but breaks a policy.
type PolicyViolation struct{ Diagnostics diag.List }

func (e *PolicyViolation) Error() string { return shorten(e.Diagnostics) }

// maxCause keeps a cause well below what Step Functions takes (32,768 characters); diagnostics.json has the rest.
const maxCause = 8 << 10

func shorten(list diag.List) string {
	text := list.String()
	if len(text) > maxCause {
		text = text[:maxCause] + "... (all of them are in the run's diagnostics.json)"
	}
	return text
}

// Handle reads, validates and judges the bundle. Destroying needs no bundle: the state says what is there.
func (h Handler) Handle(ctx context.Context, in In) (Out, error) {
	scope, err := in.Request.Scope()
	if err != nil {
		return Out{}, &BundleRejected{Reason: err.Error()}
	}
	in.Request.StartedBy, in.Request.OverrideFreeze = run.Said(in.Request.StartedBy), run.Said(in.Request.OverrideFreeze)
	ref := run.Ref{Stack: scope.Stack, Environment: scope.Environment, ID: in.Run, Operation: in.Request.Operation}
	if ref.Operation == "" {
		ref.Operation = run.Deploy
	}
	archive := run.Archive{Store: h.Objects, Ref: ref}
	if ref.Operation.Destroys() {
		return Out{Run: ref}, archive.Write(ctx, run.RequestArtifact, in.Request)
	}
	if ref.Operation.RollsBack() {
		return h.former(ctx, archive, in.Request)
	}
	files, digest, err := h.read(ctx, in.Request.Bundle)
	if err != nil {
		return Out{}, err
	}
	in.Request.Bundle.SHA256 = digest
	if err := archive.Write(ctx, run.RequestArtifact, in.Request); err != nil {
		return Out{}, err
	}
	compiled, err := h.compile(ctx, archive, files, in.Request, scope)
	if err != nil {
		return Out{}, err
	}
	return Out{Run: ref, Components: len(compiled.Set.Resources)}, archive.Write(ctx, run.ResourcesArtifact, compiled.Set)
}

// read fetches the very version that was named and returns the digest of its contents.
func (h Handler) read(ctx context.Context, ref run.BundleRef) (*bundle.Bundle, string, error) {
	object, err := h.get(ctx, ref)
	if errors.Is(err, objects.ErrNotFound) {
		return nil, "", &BundleRejected{Reason: fmt.Sprintf("%s (version %q) is not in the bucket; upload it again", ref.Key, ref.VersionID)}
	}
	if err != nil {
		return nil, "", err
	}
	files, mistakes := bundle.FromZip(object.Data, h.Limits)
	if mistakes.HasErrors() {
		return nil, "", &BundleRejected{Reason: shorten(mistakes)}
	}
	if digest := files.Digest(); ref.SHA256 != "" && ref.SHA256 != digest {
		return nil, "", &BundleRejected{Reason: fmt.Sprintf("%s has the digest %s, not %s as announced: it was replaced after the run was started", ref.Key, digest, ref.SHA256)}
	}
	return files, files.Digest(), nil
}

func (h Handler) get(ctx context.Context, ref run.BundleRef) (objects.Object, error) {
	if ref.VersionID != "" {
		return h.Objects.GetVersion(ctx, ref.Key, ref.VersionID)
	}
	return h.Objects.Get(ctx, ref.Key)
}

func (h Handler) compile(ctx context.Context, archive run.Archive, files *bundle.Bundle, request run.Request, scope address.Address) (*pipeline.Compiled, error) {
	compiled, diagnostics := pipeline.Compile(files, pipeline.Options{Scope: scope, Sets: request.Sets, GitCommit: request.GitCommit, Now: h.Now()})
	if len(diagnostics) > 0 {
		if err := archive.Replace(ctx, run.DiagnosticsArtifact, diagnostics); err != nil {
			return nil, err
		}
	}
	if compiled != nil {
		return compiled, nil
	}
	for _, d := range diagnostics {
		if d.Severity == diag.Error && d.Code != pipeline.CodePolicy {
			return nil, &InvalidConfiguration{Diagnostics: diagnostics}
		}
	}
	return nil, &PolicyViolation{Diagnostics: diagnostics}
}
