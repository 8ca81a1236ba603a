// Package document holds what an author wrote: the files of a bundle go in, Documents come out, parsed with their places,
// each merged through all its layers for one environment and with its variables replaced. What a document means is not
// known here; Decode fills the structs of those who know.
package document

import (
	"strings"

	"github.com/deployer-io/deployer/shared/diag"
)

// Document is one document of a bundle. It does not change once made, and may be shared between goroutines.
type Document struct {
	APIVersion string
	Kind       string
	Metadata   Metadata
	// Spec is what the document says, at the path spec; never absent: a document without a spec has an empty one.
	Spec Node
	// Position is where the document begins.
	Position diag.Position
	// Environment is the environment whose overlay this is, by its folder; empty for a document that holds in all.
	Environment string

	patch  patchMode // its own $patch, in an overlay
	layers []layer   // lowest first, in a merged document
}

// Metadata says what a document is about.
type Metadata struct {
	Name        string            `json:"name" jsonschema:"required,minLength=1"`
	Service     string            `json:"service,omitempty"`
	Stack       string            `json:"stack,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`

	Node Node `json:"-"` // the mapping itself, for the places of its fields
}

// The API versions and kinds whose meaning is how other documents are merged.
const (
	CoreV1       = "core.deployer.io/v1"
	InfraV1      = "infra.deployer.io/v1"
	ComponentsV1 = "components.deployer.io/v1"

	KindStack                = "Stack"
	KindService              = "Service"
	KindInfraDefaults        = "InfraDefaults"
	KindServiceInfraDefaults = "ServiceInfraDefaults"
	KindComponentInfra       = "ComponentInfra"
)

// IsComponent reports whether the document describes a component.
func (d *Document) IsComponent() bool { return d.APIVersion == ComponentsV1 }

// IsLayer reports whether the document only gives values to others, and so describes nothing itself.
func (d *Document) IsLayer() bool {
	return d.APIVersion == InfraV1 &&
		(d.Kind == KindInfraDefaults || d.Kind == KindServiceInfraDefaults || d.Kind == KindComponentInfra)
}

// identity is what an overlay must repeat to address a document.
type identity struct{ apiVersion, kind, service, name string }

func (d *Document) identity() identity {
	return identity{d.APIVersion, d.Kind, d.Metadata.Service, d.Metadata.Name}
}

// title names the document in messages: MicroService user/api.
func (d *Document) title() string { return d.Kind + " " + d.short() }

// short is service/name, or the name alone.
func (d *Document) short() string {
	if d.Metadata.Service == "" {
		return d.Metadata.Name
	}
	return d.Metadata.Service + "/" + d.Metadata.Name
}

// environmentOf returns the environment that a file's folders say it is an overlay for, by the pair environments/NAME.
// Two pairs that disagree are an error of the author's.
func environmentOf(path string) (name string, disagree bool) {
	segments := strings.Split(path, "/")
	for i := 0; i+2 < len(segments); i++ {
		if segments[i] != "environments" {
			continue
		}
		if name != "" && name != segments[i+1] {
			return name, true
		}
		name = segments[i+1]
	}
	return name, false
}
