package run

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/objects"
)

// Artifact is the name of one of a run's artifacts, relative to the run's prefix.
type Artifact string

// The artifacts.
const (
	RequestArtifact     Artifact = "request.json"
	DiagnosticsArtifact Artifact = "diagnostics.json"
	ResourcesArtifact   Artifact = "resources.json"
	GraphArtifact       Artifact = "graph.json"
	DeployedArtifact    Artifact = "environment.json" // the environment as what was deployed before the run says; may be missing
	PlanArtifact        Artifact = "plan.json"
	ApprovalArtifact    Artifact = "approval.json"
	FailureArtifact     Artifact = "failure.json"
	ReportArtifact      Artifact = "report.json"
	ReportTextArtifact  Artifact = "report.txt"
	ReportHTMLArtifact  Artifact = "report.html"
)

// WaveArtifact is what one wave is to do, and BatchArtifact what one of its batches is to do.
func WaveArtifact(wave int) Artifact { return Artifact(fmt.Sprintf("waves/%d.json", wave)) }

// BatchArtifact names the orders of batch number batch of a wave.
func BatchArtifact(wave, batch int) Artifact {
	return Artifact(fmt.Sprintf("waves/%d/%d.json", wave, batch))
}

// OutcomeArtifact is what became of one component.
func OutcomeArtifact(a address.Address) Artifact {
	return Artifact("outcomes/" + a.Short() + ".json")
}

const outcomesPrefix = "outcomes/"

// Archive keeps one run's artifacts. What a stage has written is not changed afterwards: writing the same bytes again is
// fine (a task may run twice), writing others is a Conflict, except for artifacts that are written by Replace.
type Archive struct {
	Store objects.Store
	Ref   Ref
}

// ArtifactConflict is the error of a second, different write of one artifact.
type ArtifactConflict struct{ Key string }

func (e *ArtifactConflict) Error() string {
	return fmt.Sprintf("artifact %s was already written with other contents; start a new run", e.Key)
}

// Key is the object key of an artifact.
func (a Archive) Key(artifact Artifact) string { return a.Ref.Prefix() + string(artifact) }

// Write encodes value as JSON and writes it once.
func (a Archive) Write(ctx context.Context, artifact Artifact, value any) error {
	data, err := Encode(value)
	if err != nil {
		return fmt.Errorf("encode %s: %w", artifact, err)
	}
	key := a.Key(artifact)
	_, err = a.Store.Put(ctx, key, data, objects.IfAbsent())
	if !errors.Is(err, objects.ErrPrecondition) && !errors.Is(err, objects.ErrConflict) {
		return err
	}
	there, err := a.Store.Get(ctx, key)
	if err != nil {
		return err
	}
	if !bytes.Equal(there.Data, data) {
		return &ArtifactConflict{Key: key}
	}
	return nil
}

// Replace encodes value as JSON and writes it, whatever stood there: for what is rightly written again, such as a report.
func (a Archive) Replace(ctx context.Context, artifact Artifact, value any) error {
	data, err := Encode(value)
	if err != nil {
		return fmt.Errorf("encode %s: %w", artifact, err)
	}
	return a.ReplaceBytes(ctx, artifact, data)
}

// ReplaceBytes writes data as it is.
func (a Archive) ReplaceBytes(ctx context.Context, artifact Artifact, data []byte) error {
	_, err := a.Store.Put(ctx, a.Key(artifact), data, objects.Always())
	return err
}

// Read decodes an artifact into value; objects.ErrNotFound when it was not written.
func (a Archive) Read(ctx context.Context, artifact Artifact, value any) error {
	object, err := a.Store.Get(ctx, a.Key(artifact))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(object.Data, value); err != nil {
		return fmt.Errorf("decode %s: %w", object.Key, err)
	}
	return nil
}

// Outcomes returns the addresses, in order, of the components whose outcome was written.
func (a Archive) Outcomes(ctx context.Context) ([]address.Address, error) {
	prefix := a.Ref.Prefix() + outcomesPrefix
	listed, err := a.Store.List(ctx, prefix, "", 0)
	if err != nil {
		return nil, err
	}
	addresses := make([]address.Address, 0, len(listed))
	for _, object := range listed {
		short := strings.TrimSuffix(strings.TrimPrefix(object.Key, prefix), ".json")
		at, err := address.Parse(a.Ref.Scope().String() + "/" + short)
		if err != nil {
			return nil, fmt.Errorf("outcome %s: %w", object.Key, err)
		}
		addresses = append(addresses, at)
	}
	return addresses, nil
}

// IDs lists the ids of a scope's runs, the oldest first (ids begin with their time). The rollback of a run is a part of it.
func IDs(ctx context.Context, store objects.Store, scope address.Address) ([]string, error) {
	prefix := scope.Prefix() + "runs/"
	var ids []string
	for after := ""; ; {
		page, err := store.List(ctx, prefix, after, 1)
		if err != nil || len(page) == 0 {
			return ids, err
		}
		id, _, _ := strings.Cut(strings.TrimPrefix(page[0].Key, prefix), "/")
		if !strings.HasSuffix(id, undoing) {
			ids = append(ids, id)
		}
		after = prefix + id + "/\U0010ffff"
	}
}

// Encode is the JSON form of every artifact: indented by two spaces, so that a person can read it, with a final newline.
func Encode(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(value)
	return b.Bytes(), err
}
