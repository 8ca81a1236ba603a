package document

import (
	"slices"
	"strings"

	"github.com/deployer-io/deployer/shared/diag"
)

// The rules about a document's outermost fields.
const (
	codeEnvelope     diag.Code = "document-envelope"
	codeUnknownField diag.Code = "unknown-field"
	codeMissingField diag.Code = "missing-field"
	codeOverlay      diag.Code = "overlay"
)

var envelopeKeys = []string{"apiVersion", "kind", "metadata", "spec"}

// newDocument reads the outermost fields; nil when the document cannot even be named.
func newDocument(root *node, environment string, ds *diag.List) *Document {
	if root.kind != Map {
		ds.Errorf(codeEnvelope, root.position(), "", "a document must be a mapping, not %s", root.kind).
			WithHint("begin it with apiVersion, kind, metadata and spec")
		return nil
	}
	d := &Document{Position: root.position(), Environment: environment}
	before := len(*ds)
	d.checkFields(root, ds)
	d.APIVersion = requiredText(root, "apiVersion", ds)
	d.Kind = requiredText(root, "kind", ds)
	d.readMetadata(root, ds)
	d.readSpec(root, ds)
	if (*ds)[before:].HasErrors() && (d.APIVersion == "" || d.Kind == "" || d.Metadata.Name == "") {
		return nil
	}
	return d
}

func (d *Document) checkFields(root *node, ds *diag.List) {
	for i := 0; i < len(root.items); i += 2 {
		key := root.items[i]
		if key.text == patchKey {
			d.readPatch(root.items[i+1], ds)
			continue
		}
		if !slices.Contains(envelopeKeys, key.text) {
			unknownField(ds, key, nil, envelopeKeys)
		}
	}
}

// readPatch reads the $patch of a whole document, which only an overlay may have.
func (d *Document) readPatch(value *node, ds *diag.List) {
	if d.Environment == "" {
		ds.Errorf(codePatch, value.position(), patchKey, "only a document in an environments/NAME folder may patch another as a whole").
			WithHint("move it there, or take $patch out")
		return
	}
	mode, ok := patchModes[value.text]
	if !ok || value.kind != Text {
		badPatch(ds, value, &step{key: patchKey})
		return
	}
	d.patch = mode
}

func requiredText(root *node, key string, ds *diag.List) string {
	value := root.get(key)
	switch {
	case value == nil || value.kind == Null:
		missingField(ds, root, nil, key)
	case value.kind != Text:
		wrongKind(ds, value, &step{key: key}, Text.String())
	case strings.TrimSpace(value.text) == "":
		ds.Errorf(codeEnvelope, value.position(), key, "must not be empty").WithHint("name it")
	default:
		return value.text
	}
	return ""
}

func (d *Document) readMetadata(root *node, ds *diag.List) {
	metadata := root.get("metadata")
	if metadata == nil || metadata.kind == Null {
		missingField(ds, root, nil, "metadata")
		return
	}
	d.Metadata.Node = Node{metadata, &step{key: "metadata"}}
	ds.Append(Decode(d.Metadata.Node, &d.Metadata))
	if metadata.flags&hasVariable != 0 {
		ds.Errorf(codeVariable, metadata.position(), "metadata", "variables are replaced in spec only, not in metadata").
			WithHint("write it out")
	}
}

func (d *Document) readSpec(root *node, ds *diag.List) {
	at := &step{key: "spec"}
	spec := root.get("spec")
	if spec != nil && spec.kind != Map && spec.kind != Null {
		wrongKind(ds, spec, at, Map.String())
		spec = nil
	}
	if spec == nil || spec.kind == Null {
		spec = &node{from: root.from, line: root.line, column: root.column, size: 1, height: 1, kind: Map}
	}
	d.Spec = Node{spec, at}
}

// The findings that several readers share.

func unknownField(ds *diag.List, key *node, at *step, known []string) {
	path := (&step{parent: at, key: key.text}).String()
	d := ds.Errorf(codeUnknownField, key.position(), path, "unknown field %q", shorten(key.text))
	switch nearest := diag.Nearest(key.text, known); {
	case nearest != "":
		d.WithHint("did you mean %q?", nearest)
	case len(known) == 0:
		d.WithHint("nothing may stand here")
	case len(known) <= 12:
		d.WithHint("known here: %s", strings.Join(slices.Sorted(slices.Values(known)), ", "))
	default:
		d.WithHint("see 'deployer schema' for what may stand here")
	}
}

func missingField(ds *diag.List, parent *node, at *step, key string) {
	ds.Errorf(codeMissingField, parent.position(), (&step{parent: at, key: key}).String(), "is required and not there").
		WithHint("add %s", key)
}
