// Package resource gives documents their meaning: merged documents go in, a Set of typed, defaulted and validated
// Resources comes out, each with what it needs and what it offers, together with every mistake its author made.
package resource

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/diag"
)

// Resource is one component of a stack in one environment, with its spec typed and complete (defaults filled in).
// Its JSON form is an entry of resources.json; Spec is decoded by Kind.
type Resource struct {
	Address  address.Address `json:"address"`
	Kind     Kind            `json:"kind"`
	Spec     Spec            `json:"spec"`
	Needs    []Need          `json:"needs,omitempty"` // sorted by address, then reason, then path
	Position diag.Position   `json:"position"`
}

// Need says that a resource has to wait for another one, and why.
type Need struct {
	Address  address.Address `json:"address"`
	Reason   Reason          `json:"reason"`
	Path     string          `json:"path,omitempty"`   // the field that says so, as in spec.env[2].valueFrom
	Output   string          `json:"output,omitempty"` // the output read, for ReasonValue
	Position diag.Position   `json:"position,omitzero"`
}

// Reason is why a resource needs another.
type Reason string

// The reasons.
const (
	ReasonDependsOn Reason = "dependsOn" // the author said so
	ReasonValue     Reason = "valueFrom" // it reads one of the other's outputs
	ReasonPlatform  Reason = "platform"  // it lives in the environment's network, or under its security or observability
	ReasonService   Reason = "service"   // its service depends on the other's; an order only, which gives no access
)

// PlatformService is the reserved service that Networking, Security and Observability documents belong to; their
// components are named networking, security and observability.
const PlatformService = "platform"

// UnmarshalJSON decodes Spec into the struct of its Kind.
func (r *Resource) UnmarshalJSON(data []byte) error {
	type plain Resource
	kind := peekKind(data)
	definition, ok := Lookup(kind)
	if !ok {
		return fmt.Errorf("kind %q is not known to this version of deployer", kind)
	}
	p := plain{Spec: definition.New()} // encoding/json fills the struct that the interface holds
	if err := json.Unmarshal(data, &p); err != nil {
		return fmt.Errorf("resource of kind %s: %w", kind, err)
	}
	if p.Kind != kind || p.Spec == nil {
		return fmt.Errorf("resource of kind %s: want the fields address, kind and spec, in this order", kind)
	}
	*r = Resource(p)
	return nil
}

// peekKind reads the kind without decoding the rest, which is most of the work: it stands before the spec.
func peekKind(data []byte) Kind {
	_, after, found := bytes.Cut(data, []byte(`"kind":`))
	if !found {
		return ""
	}
	after = bytes.TrimLeft(after, " \t\r\n")
	text, _, found := bytes.Cut(bytes.TrimPrefix(after, []byte{'"'}), []byte{'"'})
	if !found || len(text) == len(after) {
		return ""
	}
	return Kind(text)
}

// DecodeSpec decodes the JSON form of a kind's spec, as kept in resources.json and in the state.
func DecodeSpec(kind Kind, data []byte) (Spec, error) {
	definition, ok := Lookup(kind)
	if !ok {
		return nil, fmt.Errorf("kind %q is not known to this version of deployer", kind)
	}
	spec := definition.New()
	if err := json.Unmarshal(data, spec); err != nil {
		return nil, fmt.Errorf("spec of kind %s: %w", kind, err)
	}
	return spec, nil
}
