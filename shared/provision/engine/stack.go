package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/deployer-io/deployer/shared/objects"
)

// stack is one call's stack: its checkpoint in the store, and the files that the CLI reads.
type stack struct {
	*Engine
	call Call
	dir  string // the call's own folder: Pulumi.yaml, Pulumi.<stack>.yaml and, for a passive call, the checkpoint's copy
	// adopting says that the checkpoint is that of resources which an earlier destruction let go of.
	adopting bool
}

// The layout of a Pulumi backend below its root: version 1, project-scoped stacks.
const (
	metaPath    = ".pulumi/meta.yaml"
	metaContent = "version: 1\n"
	locksPath   = ".pulumi/locks/"
	markerPath  = "destroyed.json" // ours: in this epoch the stack was destroyed to the end
)

func (s *stack) checkpointPath() string {
	return ".pulumi/stacks/" + s.call.Project + "/" + s.call.Stack + ".json"
}

// CheckpointMissing is the error of a call whose stack was deployed before but whose checkpoint is not there. Going on would
// create everything a second time.
type CheckpointMissing struct{ Key string }

func (e *CheckpointMissing) Error() string {
	return fmt.Sprintf("the Pulumi checkpoint %s is missing, although the state says that the component is deployed; "+
		"restore the object, or remove the component from the state if its resources are gone", e.Key)
}

// prepare puts everything in place for the CLI. It reports false when there is nothing to do.
func (s *stack) prepare(ctx context.Context) (proceed bool, err error) {
	data, err := s.checkpoint(ctx)
	if err != nil {
		return false, err
	}
	destroying := s.call.Operation == Destroy || s.call.Operation == PreviewDestroy || s.call.Operation == Observe
	if data == nil && destroying {
		return false, nil
	}
	var base checkpoint
	if data != nil {
		if base, err = parseCheckpoint(data); err != nil {
			return false, fmt.Errorf("%s: %w", s.call.Prefix+s.checkpointPath(), err)
		}
		if err := s.letGo(ctx, data); err != nil {
			return false, err
		}
		if data, err = s.edit(base, data); err != nil {
			return false, err
		}
	}
	if err := s.place(ctx, data); err != nil {
		return false, err
	}
	return true, s.writeSettings(base)
}

// checkpoint returns the checkpoint to start from, nil for a stack that has none. For an active call, what comes from
// the base is copied into the prefix first: from then on an older holder of the lock writes into a dead place.
func (s *stack) checkpoint(ctx context.Context) ([]byte, error) {
	data, err := s.get(ctx, s.call.Prefix+s.checkpointPath())
	if err != nil || data != nil {
		return data, err
	}
	if s.call.Base == "" {
		return s.kept(ctx)
	}
	if marker, err := s.get(ctx, s.call.Prefix+markerPath); err != nil || marker != nil && s.call.Operation == Destroy {
		return nil, err
	}
	if data, err = s.get(ctx, s.call.Base+s.checkpointPath()); err != nil {
		return nil, err
	}
	if data == nil {
		return nil, &CheckpointMissing{Key: s.call.Base + s.checkpointPath()}
	}
	return data, nil
}

func (s *stack) get(ctx context.Context, key string) ([]byte, error) {
	object, err := s.options.Objects.Get(ctx, key)
	if errors.Is(err, objects.ErrNotFound) {
		return nil, nil
	}
	return object.Data, err
}

// place writes the checkpoint to where the CLI works: the store, or the call's folder for a passive call. A stack without
// one gets its first.
func (s *stack) place(ctx context.Context, data []byte) error {
	if data == nil {
		data = firstCheckpoint(s.call)
	}
	if s.call.Operation.passive() {
		if err := s.writeLocal("state/"+metaPath, []byte(metaContent)); err != nil {
			return err
		}
		return s.writeLocal("state/"+s.checkpointPath(), data)
	}
	key := s.call.Prefix + s.checkpointPath()
	existing, err := s.options.Objects.Get(ctx, key)
	switch {
	case errors.Is(err, objects.ErrNotFound):
		if _, err := s.options.Objects.Put(ctx, s.call.Prefix+metaPath, []byte(metaContent), objects.Always()); err != nil {
			return err
		}
		_, err = s.options.Objects.Put(ctx, key, data, objects.IfAbsent())
		return err
	case err != nil:
		return err
	case string(existing.Data) != string(data):
		if _, err := s.options.Objects.Put(ctx, key, data, objects.IfMatch(existing.ETag)); err != nil {
			return err
		}
	}
	return s.dropLocks(ctx)
}

// dropLocks removes the locks that a killed CLI left behind. That nobody else is at work is what the fence and the turn
// see to.
func (s *stack) dropLocks(ctx context.Context) error {
	locks, err := s.options.Objects.List(ctx, s.call.Prefix+locksPath, "", 0)
	if err != nil {
		return err
	}
	for _, lock := range locks {
		s.options.Log.Info("removing the lock of an interrupted Pulumi operation", "key", lock.Key)
		if err := s.options.Objects.Delete(ctx, lock.Key); err != nil {
			return err
		}
	}
	return nil
}

// writeSettings writes the project's and the stack's settings. The key that encrypts secrets is that of the base
// checkpoint; without one the CLI makes a new one.
func (s *stack) writeSettings(base checkpoint) error {
	provider, key := s.options.SecretsProvider, ""
	if state, ok := base.secrets(); ok {
		provider, key = state.URL, state.EncryptedKey
	}
	project, err := yaml.Marshal(map[string]string{"name": s.call.Project, "runtime": "go"})
	if err != nil {
		return err
	}
	settings := map[string]string{"secretsprovider": provider}
	if key != "" {
		settings["encryptedkey"] = key
	}
	text, err := yaml.Marshal(settings)
	if err != nil {
		return err
	}
	if err := s.writeLocal("Pulumi.yaml", project); err != nil {
		return err
	}
	return s.writeLocal("Pulumi."+s.call.Stack+".yaml", text)
}

func (s *stack) writeLocal(name string, data []byte) error {
	file := filepath.Join(s.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	return os.WriteFile(file, data, 0o600)
}

// backendURL is the root of the call's backend.
func (s *stack) backendURL() string {
	if s.call.Operation.passive() {
		return "file://" + filepath.ToSlash(filepath.Join(s.dir, "state")) + "?metadata=skip"
	}
	root, err := url.Parse(s.options.BackendURL)
	if err != nil {
		return s.options.BackendURL // the CLI says what is wrong with it
	}
	root.Path = path.Join("/", root.Path, s.call.Prefix)
	if root.Scheme == "file" {
		// Without this the backend keeps a second file beside every file.
		query := root.Query()
		query.Set("metadata", "skip")
		root.RawQuery = query.Encode()
	}
	return root.String()
}

// conclude reads the checkpoint after the work. Nothing is left of a stack that was destroyed to the end but a marker.
func (s *stack) conclude(ctx context.Context, succeeded bool, report *Report) error {
	var data []byte
	var err error
	if s.call.Operation.passive() {
		data, err = os.ReadFile(filepath.Join(s.dir, "state", filepath.FromSlash(s.checkpointPath())))
	} else {
		data, err = s.get(ctx, s.call.Prefix+s.checkpointPath())
	}
	if err != nil || data == nil {
		return err
	}
	read, err := s.read(data)
	if err != nil {
		return err
	}
	report.Resources, report.Pending, report.Outputs, report.Secrets = read.Resources, read.Pending, read.Outputs, read.Secrets
	if succeeded && s.call.Operation == Destroy && len(report.Resources) == 0 {
		return s.remove(ctx)
	}
	report.Checkpoint = read.Checkpoint
	return nil
}

// read tells what a checkpoint says.
func (s *stack) read(data []byte) (Report, error) {
	c, err := parseCheckpoint(data)
	if err != nil {
		return Report{}, fmt.Errorf("%s: %w", s.call.Prefix+s.checkpointPath(), err)
	}
	outputs, secrets, err := c.outputs()
	sum := sha256.Sum256(data)
	return Report{Resources: c.resources(), Pending: c.pending(), Outputs: outputs, Secrets: secrets,
		Checkpoint: hex.EncodeToString(sum[:])}, err
}

// remove deletes what the backend keeps under the prefix.
func (s *stack) remove(ctx context.Context) error {
	if _, err := s.options.Objects.Put(ctx, s.call.Prefix+markerPath, []byte("{}\n"), objects.Always()); err != nil {
		return err
	}
	all, err := s.options.Objects.List(ctx, s.call.Prefix, "", 0)
	if err != nil {
		return err
	}
	for _, object := range all {
		if strings.HasPrefix(object.Key, s.call.Prefix+".pulumi/") {
			if err := s.options.Objects.Delete(ctx, object.Key); err != nil {
				return err
			}
		}
	}
	return nil
}
