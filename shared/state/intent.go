package state

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/objects"
)

// Intent says that a run is about to work on a component. It is written before the work, once in a run, so that whoever
// comes after a crash knows that something may have happened.
type Intent struct {
	SchemaVersion  int             `json:"schemaVersion"`
	Run            string          `json:"run"`
	Fence          int64           `json:"fence"`
	Address        address.Address `json:"address"`
	Action         string          `json:"action"`
	Epoch          string          `json:"epoch,omitempty"`          // of the checkpoint that the work is written into
	BaseEpoch      string          `json:"baseEpoch,omitempty"`      // of the checkpoint that it starts from
	BaseCheckpoint string          `json:"baseCheckpoint,omitempty"` // that checkpoint's digest
	At             time.Time       `json:"at,omitzero"`
	Attempt        string          `json:"attempt"` // one writing of the intent
}

// IntentExists is the error of a second intent for one component in one run: the work was begun before.
type IntentExists struct{ Intent }

func (e *IntentExists) Error() string {
	return fmt.Sprintf("the work on %s was begun before in run %s", e.Address, e.Run)
}

func (s *Store) intentKey(run string, a address.Address) string {
	return s.intentPrefix(run) + a.Short() + ".json"
}

func (s *Store) intentPrefix(run string) string { return s.scope.RunPrefix(run) + "intents/" }

// WriteIntent writes an intent. The error is *IntentExists, with the intent that is there, when the run has one for the
// component already.
func (s *Store) WriteIntent(ctx context.Context, intent Intent) error {
	if intent.Address.Scope() != s.scope || !intent.Address.IsComponent() || !runName(intent.Run) {
		return fmt.Errorf("state: an intent of run %q for %s in %s", intent.Run, intent.Address, s.scope)
	}
	intent.SchemaVersion, intent.Attempt = SchemaVersion, s.newID()
	if intent.At.IsZero() {
		intent.At = s.now().UTC()
	}
	data, err := json.MarshalIndent(intent, "", "  ")
	if err != nil {
		return err
	}
	key := s.intentKey(intent.Run, intent.Address)
	for range attempts {
		if _, err = s.objects.Put(ctx, key, append(data, '\n'), objects.IfAbsent()); err == nil {
			return nil
		}
		there, readErr := s.ReadIntent(ctx, intent.Run, intent.Address)
		switch {
		case readErr == nil && there.Attempt == intent.Attempt:
			return nil
		case readErr == nil:
			return &IntentExists{there}
		case !errors.Is(readErr, objects.ErrNotFound):
			return readErr
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return &StateUnavailable{Doing: "write the intent for " + intent.Address.Short(), Scope: s.scope, cause: err}
}

// ReadIntent returns a run's intent for a component; objects.ErrNotFound when there is none.
func (s *Store) ReadIntent(ctx context.Context, run string, a address.Address) (Intent, error) {
	return s.openIntent(ctx, s.intentKey(run, a))
}

func (s *Store) openIntent(ctx context.Context, key string) (Intent, error) {
	object, err := s.get(ctx, key)
	if err != nil {
		return Intent{}, err
	}
	var intent Intent
	decoder := json.NewDecoder(bytes.NewReader(object.Data))
	if err := decoder.Decode(&intent); err != nil {
		return Intent{}, fmt.Errorf("intent %s: %w", key, err)
	}
	if intent.SchemaVersion > SchemaVersion {
		return Intent{}, fmt.Errorf("intent %s: %w", key, newer(intent.SchemaVersion))
	}
	return intent, nil
}

// ReadIntents returns all intents of a run, ordered by component.
func (s *Store) ReadIntents(ctx context.Context, run string) ([]Intent, error) {
	listed, err := s.list(ctx, s.intentPrefix(run))
	if err != nil {
		return nil, err
	}
	var intents []Intent
	for _, object := range listed {
		if !strings.HasSuffix(object.Key, ".json") {
			continue
		}
		intent, err := s.openIntent(ctx, object.Key)
		if err != nil {
			return nil, err
		}
		intents = append(intents, intent)
	}
	return intents, nil
}
