package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// checkpoint is the part of a Pulumi checkpoint (schema version 3) that is read here.
type checkpoint struct {
	Version    int `json:"version"`
	Checkpoint struct {
		Latest *struct {
			SecretsProviders *struct {
				Type  string          `json:"type"`
				State json.RawMessage `json:"state"`
			} `json:"secrets_providers"`
			Resources []checkpointResource `json:"resources"`
			Pending   []struct {
				Resource checkpointResource `json:"resource"`
				Type     string             `json:"type"`
			} `json:"pending_operations"`
		} `json:"latest"`
	} `json:"checkpoint"`
}

type checkpointResource struct {
	URN     string                     `json:"urn"`
	Type    string                     `json:"type"`
	ID      string                     `json:"id"`
	Custom  bool                       `json:"custom"`
	Delete  bool                       `json:"delete"`
	Protect bool                       `json:"protect"`
	Retain  bool                       `json:"retainOnDelete"`
	Inputs  map[string]json.RawMessage `json:"inputs"`
	Outputs map[string]json.RawMessage `json:"outputs"`
}

// Resource is one cloud resource of a checkpoint.
type Resource struct {
	URN, Type, Name, ID string
	Protected           bool
	Inputs, Outputs     map[string]json.RawMessage
}

// PendingOperation is an operation on a resource that began and is not known to have ended.
type PendingOperation struct {
	Resource
	Operation string // creating, updating, deleting, reading, importing
}

// Resolution says what becomes of a pending operation: a creation whose ID is known is adopted, any other is forgotten.
// What is true then shows in a refresh.
type Resolution struct{ ID string }

// MaxCheckpoint is the newest schema version of a checkpoint that is understood.
const MaxCheckpoint = 3

func parseCheckpoint(data []byte) (checkpoint, error) {
	var c checkpoint
	if err := json.Unmarshal(data, &c); err != nil {
		return c, fmt.Errorf("the Pulumi checkpoint is damaged: %w", err)
	}
	if c.Version > MaxCheckpoint {
		return c, fmt.Errorf("the Pulumi checkpoint has schema version %d; this version of deployer reads up to %d", c.Version, MaxCheckpoint)
	}
	return c, nil
}

// firstCheckpoint is that of a stack without resources; with it in the backend, the stack exists.
func firstCheckpoint(call Call) []byte {
	return fmt.Appendf(nil, `{"version":%d,"checkpoint":{"stack":%q}}`+"\n", MaxCheckpoint, "organization/"+call.id())
}

type cloudKey struct {
	URL          string `json:"url"`
	EncryptedKey string `json:"encryptedkey"` // base64, as the settings file wants it too
}

// secrets returns the key that encrypts the checkpoint's secrets, itself encrypted by the key service.
func (c checkpoint) secrets() (cloudKey, bool) {
	var key cloudKey
	if c.Checkpoint.Latest == nil || c.Checkpoint.Latest.SecretsProviders == nil {
		return key, false
	}
	provider := c.Checkpoint.Latest.SecretsProviders
	err := json.Unmarshal(provider.State, &key)
	return key, provider.Type == "cloud" && err == nil && key.EncryptedKey != ""
}

// cloudResource leaves out what Pulumi keeps for itself: the stack and the providers.
func (r checkpointResource) cloudResource() bool {
	return r.Custom && !strings.HasPrefix(r.Type, "pulumi:")
}

func (r checkpointResource) export() Resource {
	return Resource{URN: r.URN, Type: r.Type, Name: nameOf(r.URN), ID: r.ID, Protected: r.Protect, Inputs: r.Inputs, Outputs: r.Outputs}
}

func (c checkpoint) resources() []Resource {
	if c.Checkpoint.Latest == nil {
		return nil
	}
	var all []Resource
	for _, r := range c.Checkpoint.Latest.Resources {
		if r.cloudResource() {
			all = append(all, r.export())
		}
	}
	return all
}

func (c checkpoint) pending() []PendingOperation {
	if c.Checkpoint.Latest == nil {
		return nil
	}
	var all []PendingOperation
	for _, p := range c.Checkpoint.Latest.Pending {
		all = append(all, PendingOperation{Resource: p.Resource.export(), Operation: p.Type})
	}
	return all
}

// secretSignature marks a value in a checkpoint that is not plain JSON; secretKind says that it is a secret
// (pulumi/sdk/v3/go/common/resource/sig).
const (
	secretSignature = "4dabf18193072939515e22adb298388d"
	secretKind      = "1b47061264138c4ac30d75fd1eb44270"
)

// outputs returns the stack's outputs. Secret ones are named only.
func (c checkpoint) outputs() (map[string]json.RawMessage, []string, error) {
	outputs, secrets := map[string]json.RawMessage{}, []string{}
	if c.Checkpoint.Latest == nil {
		return outputs, secrets, nil
	}
	for _, r := range c.Checkpoint.Latest.Resources {
		if r.Type != "pulumi:pulumi:Stack" {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(r.Outputs)) {
			value := r.Outputs[name]
			switch {
			case bytes.Contains(value, []byte(secretKind)):
				secrets = append(secrets, name)
			case bytes.Contains(value, []byte(secretSignature)):
				return nil, nil, fmt.Errorf("output %s of the program is not plain data", name)
			default:
				var flat bytes.Buffer
				if err := json.Compact(&flat, value); err != nil {
					return nil, nil, err
				}
				outputs[name] = flat.Bytes()
			}
		}
	}
	return outputs, secrets, nil
}

// edit applies what the call asks for to the checkpoint: pending operations are resolved, protection is lifted. The rest
// of the checkpoint is kept as it is, known or not.
func (s *stack) edit(base checkpoint, data []byte) ([]byte, error) {
	pending := base.pending()
	resolve := s.call.Resolve != nil && len(pending) > 0 && !s.call.Operation.passive()
	if !resolve && !s.call.Unprotect {
		return data, nil
	}
	var resolutions []Resolution
	if resolve {
		var err error
		if resolutions, err = s.call.Resolve(pending); err != nil {
			return nil, err
		}
		if len(resolutions) != len(pending) {
			return nil, errors.New("engine: Resolve must answer for every pending operation")
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var whole map[string]any
	if err := decoder.Decode(&whole); err != nil {
		return nil, err
	}
	latest, ok := dig(whole, "checkpoint", "latest")
	if !ok {
		return data, nil
	}
	resources, _ := latest["resources"].([]any)
	if resolve {
		resources = append(resources, adopted(latest, resolutions)...)
		delete(latest, "pending_operations")
		s.call.Refresh = true
	}
	if s.call.Unprotect {
		for _, r := range resources {
			if r, ok := r.(map[string]any); ok {
				delete(r, "protect")
			}
		}
	}
	latest["resources"] = resources
	return json.Marshal(whole)
}

// adopted returns the resources of pending creations whose ID is known. They come after all others, and so after what
// they depend on, as a checkpoint demands.
func adopted(latest map[string]any, resolutions []Resolution) []any {
	operations, _ := latest["pending_operations"].([]any)
	var resources []any
	for i, operation := range operations {
		operation, _ := operation.(map[string]any)
		resource, ok := operation["resource"].(map[string]any)
		if ok && operation["type"] == "creating" && resolutions[i].ID != "" {
			resource["id"] = resolutions[i].ID
			resources = append(resources, resource)
		}
	}
	return resources
}

func dig(value map[string]any, path ...string) (map[string]any, bool) {
	for _, key := range path {
		next, ok := value[key].(map[string]any)
		if !ok {
			return nil, false
		}
		value = next
	}
	return value, true
}

// nameOf returns the logical name at the end of a URN.
func nameOf(urn string) string {
	if i := strings.LastIndex(urn, "::"); i >= 0 {
		return urn[i+2:]
	}
	return urn
}
