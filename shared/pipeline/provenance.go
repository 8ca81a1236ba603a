package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/document"
	"github.com/deployer-io/deployer/shared/resource"
)

// The layers below a document's own (see document.Layer): tags come from the stack, the environment and the service as
// well, and what nobody says is the kind's.
const (
	LayerDefault     document.Layer = "default"     // of the kind, or chosen by deployer; it stands in no file
	LayerStack       document.Layer = "Stack"       // spec.tags of the Stack
	LayerDestination document.Layer = "Stack, here" // spec.environments[].tags of the Stack
	LayerService     document.Layer = "Service"     // spec.tags of the Service
)

// Document returns the merged document that a resource was made of.
func (c *Compiled) Document(r *resource.Resource) (*document.Document, bool) {
	i := slices.IndexFunc(c.Documents, func(d *document.Document) bool {
		return d.Position == r.Position && d.Kind == string(r.Kind) && !d.IsLayer()
	})
	if i < 0 {
		return nil, false
	}
	return c.Documents[i], true
}

// Provenance returns every field that a resource's spec has, with where it comes from: those that are written, in the
// document's order, then the tags that it takes over, then the defaults in the kind's order.
func (c *Compiled) Provenance(r *resource.Resource) ([]document.Field, error) {
	d, found := c.Document(r)
	if !found {
		return nil, fmt.Errorf("pipeline: %s has no document at %s", r.Address, r.Position)
	}
	fields := slices.DeleteFunc(d.Provenance(), func(f document.Field) bool { return f.Path == d.Spec.Path() })
	fields = c.taggedFrom(r, fields)
	defaults, err := defaultsOf(r, fields)
	return append(fields, defaults...), err
}

// taggedFrom adds what the stack, the environment and the service say about tags.
func (c *Compiled) taggedFrom(r *resource.Resource, fields []document.Field) []document.Field {
	own := map[string]int{}
	for i, f := range fields {
		own[f.Path] = i
	}
	for _, key := range slices.Sorted(maps.Keys(r.Spec.Base().Tags)) {
		path := document.Join("spec.tags", key)
		origins := c.tagOrigins(r.Address.Service, key)
		if i, written := own[path]; written {
			fields[i].Overrode = append(fields[i].Overrode, origins...)
		} else if len(origins) > 0 {
			fields = append(fields, document.Field{Path: path, Origin: origins[0], Overrode: slices.Clip(origins[1:])})
		}
	}
	return fields
}

// tagOrigins returns who gives a tag to all components of a service, the nearest first.
func (c *Compiled) tagOrigins(service, key string) []document.Origin {
	var origins []document.Origin
	add := func(layer document.Layer, tags document.Node) {
		if tag := tags.Get(key); !tag.IsZero() {
			origins = append(origins, document.Origin{Value: tag.Value(), Layer: layer, Position: tag.Position()})
		}
	}
	if d := c.core(document.KindService, service); d != nil {
		add(LayerService, d.Spec.Get("tags"))
	}
	if d := c.core(document.KindStack, c.Set.Scope.Stack); d != nil {
		add(LayerDestination, d.Spec.Get("environments").Find("["+c.Set.Scope.Environment+"]").Get("tags"))
		add(LayerStack, d.Spec.Get("tags"))
	}
	return origins
}

func (c *Compiled) core(kind, name string) *document.Document {
	i := slices.IndexFunc(c.Documents, func(d *document.Document) bool {
		return d.APIVersion == document.CoreV1 && d.Kind == kind && d.Metadata.Name == name
	})
	if i < 0 {
		return nil
	}
	return c.Documents[i]
}

// defaultsOf returns the fields of a spec that none of those written covers, in the order of the kind's struct.
func defaultsOf(r *resource.Resource, written []document.Field) ([]document.Field, error) {
	data, err := json.Marshal(r.Spec)
	if err != nil {
		return nil, fmt.Errorf("pipeline: %s: %w", r.Address, err)
	}
	l := leaves{decoder: json.NewDecoder(bytes.NewReader(data)), written: map[string]bool{}, inside: map[string]bool{}}
	l.decoder.UseNumber()
	for _, f := range written {
		mapping, isMapping := f.Value.(map[string]any)
		l.written[f.Path] = !isMapping || len(mapping) > 0 // an empty one is there for its defaults
		for at := strings.LastIndexAny(f.Path, ".["); at > 0; at = strings.LastIndexAny(f.Path[:at], ".[") {
			l.inside[f.Path[:at]] = true
		}
	}
	err = l.value("spec")
	return l.fields, err
}

// leaves walks a JSON text in its order.
type leaves struct {
	decoder *json.Decoder
	written map[string]bool // paths of fields
	inside  map[string]bool // paths that hold such fields
	fields  []document.Field
}

// value reads one value. What is null or empty is no field: nothing is said by it.
func (l *leaves) value(path string) error {
	if l.written[path] {
		var skipped json.RawMessage
		return l.decoder.Decode(&skipped)
	}
	token, err := l.decoder.Token()
	if err != nil {
		return err
	}
	if _, nested := token.(json.Delim); !nested {
		if token != nil && token != "" && !l.inside[path] {
			l.fields = append(l.fields, document.Field{Path: path, Origin: document.Origin{Value: token, Layer: LayerDefault, Position: diag.Position{}}})
		}
		return nil
	}
	for i := 0; l.decoder.More(); i++ {
		below := fmt.Sprintf("%s[%d]", path, i)
		if token == json.Delim('{') {
			key, err := l.decoder.Token()
			if err != nil {
				return err
			}
			below = document.Join(path, key.(string))
		}
		if err := l.value(below); err != nil {
			return err
		}
	}
	_, err = l.decoder.Token()
	return err
}
