package world

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Record is one resource as the cloud keeps it. A Record that was put into a World is never changed again: Clone it,
// change the copy, put the copy.
type Record struct {
	Type string `json:"type"` // Pulumi type token
	ID   string `json:"id"`   // the provider's id
	// Slot stands for ID in the key, for types whose ids are not unique (the revisions of a task definition).
	Slot    string `json:"slot,omitempty"`
	Account string `json:"account,omitempty"`
	Region  string `json:"region,omitempty"` // for Kubernetes, the cluster
	URN     string `json:"urn,omitempty"`    // of the Pulumi resource that made it; empty when the cloud made it itself
	// Inputs are the properties that the last create or update was given.
	Inputs map[string]any `json:"inputs,omitempty"`
	// State are all properties, as a read returns them.
	State map[string]any `json:"state"`
	// Hidden is what the service knows but the provider does not show, such as earlier revisions.
	Hidden map[string]any `json:"hidden,omitempty"`
	// Secrets names the properties of Inputs and State whose values are secret: on disk they are sealed.
	Secrets []string  `json:"secrets,omitempty"`
	Created time.Time `json:"created"`
	Changed time.Time `json:"changed"`
	// Ready is when the resource becomes available; until then its status is that of something being made.
	Ready time.Time `json:"ready"`
}

// Key identifies a record in its World.
type Key struct {
	Type    string `json:"type"`
	Account string `json:"account,omitempty"`
	Region  string `json:"region,omitempty"`
	ID      string `json:"id"`
}

// Key returns r's identity.
func (r *Record) Key() Key { return Key{r.Type, r.Account, r.Region, cmp.Or(r.Slot, r.ID)} }

// String returns account/region/type/id.
func (k Key) String() string { return k.Account + "/" + k.Region + "/" + k.Type + "/" + k.ID }

func (k Key) compare(other Key) int {
	return slices.Compare([]string{k.Type, k.Account, k.Region, k.ID}, []string{other.Type, other.Account, other.Region, other.ID})
}

// Clone returns a copy that shares nothing with r.
func (r *Record) Clone() *Record {
	c := *r
	c.Inputs, c.State, c.Hidden = CloneMap(r.Inputs), CloneMap(r.State), CloneMap(r.Hidden)
	c.Secrets = slices.Clone(r.Secrets)
	return &c
}

// CloneMap copies a tree of JSON values.
func CloneMap(m map[string]any) map[string]any {
	if m == nil {
		return nil
	}
	c := make(map[string]any, len(m))
	for k, v := range m {
		c[k] = cloneValue(v)
	}
	return c
}

func cloneValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return CloneMap(v)
	case []any:
		c := make([]any, len(v))
		for i := range v {
			c[i] = cloneValue(v[i])
		}
		return c
	}
	return v
}

// Text returns the property as text, or "".
func (r *Record) Text(property string) string {
	s, _ := r.State[property].(string)
	return s
}

func sortedKeys[V any](m map[Key]V) []Key {
	return slices.SortedFunc(maps.Keys(m), Key.compare)
}
