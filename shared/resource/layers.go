package resource

import (
	"strings"

	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/document"
)

// KindCompliance is the kind of documents that hold policies.
const KindCompliance = "Compliance"

// InfraDefaultsSpec is the spec of an InfraDefaults document: what components have that say nothing else.
type InfraDefaultsSpec struct {
	// for each kind, any of the fields of its spec
	Kinds map[Kind]map[string]any `json:"kinds,omitempty"`
}

// ServiceInfraDefaultsSpec is the spec of a ServiceInfraDefaults document: what the components of one service have that
// say nothing else.
type ServiceInfraDefaultsSpec struct {
	// for each kind, any of the fields of its spec
	Kinds map[Kind]map[string]any `json:"kinds,omitempty"`
}

// ComponentInfraSpec is the spec of a ComponentInfra document: what one component has from those who run it, below what
// its own document says.
type ComponentInfraSpec struct {
	// any of the fields of the component's spec
	Overrides map[string]any `json:"overrides,omitempty"`
}

// documentKinds are the kinds that are no components, with their API versions.
var documentKinds = map[string]string{
	document.KindStack: CoreV1, document.KindService: CoreV1, document.KindInfraDefaults: InfraV1,
	document.KindServiceInfraDefaults: InfraV1, document.KindComponentInfra: InfraV1, KindCompliance: InfraV1,
}

// kindNames are the names of the kinds that have a spec and an address.
func kindNames() []string {
	kinds := Kinds()
	names := make([]string, len(kinds))
	for i, kind := range kinds {
		names[i] = string(kind)
	}
	return names
}

// definitionOf returns the definition of a component's document; false for other documents, and for those of a kind or
// version that is not known, which it reports.
func (b *builder) definitionOf(d *document.Document) (Definition, bool) {
	if version, known := documentKinds[d.Kind]; known && version == d.APIVersion {
		return Definition{}, false
	}
	definition, known := Lookup(Kind(d.Kind))
	if known && definition.APIVersion == d.APIVersion {
		return definition, true
	}
	b.refuseKind(d, definition)
	return Definition{}, false
}

func (b *builder) refuseKind(d *document.Document, definition Definition) {
	version := definition.APIVersion
	if version == "" {
		version = documentKinds[d.Kind]
	}
	switch {
	case version != "":
		b.ds.Errorf(CodeUnknownVersion, d.Position, "apiVersion", "the kind %s belongs to %s, not to %q", d.Kind, version, shorten(d.APIVersion)).
			WithHint("write apiVersion: %s", version)
	default:
		names := append(kindNames(), sortedKeys(documentKinds)...)
		b.ds.Errorf(CodeUnknownKind, d.Position, "kind", "there is no kind %q", shorten(d.Kind)).
			WithHint("%s", b.suggest(d.Kind, names, "'deployer schema' lists the kinds"))
	}
}

// checkDefaults looks at documents that give values to others: their mistakes count although nothing may take them over.
func (b *builder) checkDefaults(docs []*document.Document) {
	for _, d := range docs {
		if !d.IsLayer() {
			continue
		}
		b.checkCredentials(d)
		if d.Metadata.Service != "" && b.services[d.Metadata.Service] == nil {
			at := d.Metadata.Node.Get("service")
			b.ds.Errorf(CodeUnknownService, at.Position(), "metadata.service", "there is no Service document named %q", shorten(d.Metadata.Service)).
				WithHint("%s", b.suggest(d.Metadata.Service, sortedKeys(b.services), "add it, or correct the name"))
		}
		for key, value := range d.Spec.Get("kinds").Each() {
			b.checkDefaultsOf(key, value)
		}
	}
}

func (b *builder) checkDefaultsOf(key, value document.Node) {
	name, _ := key.Text()
	definition, known := Lookup(Kind(name))
	if !known {
		b.ds.Errorf(CodeUnknownKind, key.Position(), value.Path(), "there is no kind %q", shorten(name)).
			WithHint("%s", b.suggest(name, kindNames(), "'deployer schema' lists the kinds"))
		return
	}
	if value.Kind() != document.Map {
		return // document.Merge has said so
	}
	for _, d := range document.Decode(value, definition.New()) {
		if d.Code != codeMissingRequired && !strings.HasSuffix(d.Path, "$patch") && !b.isVariable(value, d) {
			b.ds = append(b.ds, d)
		}
	}
}

// isVariable reports whether a diagnostic is about a value that is not known before its variables are replaced.
func (b *builder) isVariable(below document.Node, d diag.Diagnostic) bool {
	relative, found := strings.CutPrefix(d.Path, below.Path()+".")
	if !found {
		return false
	}
	text, _ := at(below, relative).Text()
	return strings.Contains(text, "${")
}

// maxSuggestions bounds the search for near names: a bundle with more such mistakes has another one.
const maxSuggestions = 50

// suggest is the hint with the nearest name, or otherwise.
func (b *builder) suggest(name string, known []string, otherwise string) string {
	if b.suggested++; b.suggested <= maxSuggestions {
		if nearest := diag.Nearest(name, known); nearest != "" {
			return "did you mean " + `"` + nearest + `"?`
		}
	}
	return otherwise
}
