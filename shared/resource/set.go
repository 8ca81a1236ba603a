package resource

import (
	"maps"
	"slices"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/diag"
)

// SchemaVersion is the version of resources.json's shape.
const SchemaVersion = 1

// Set is all that one stack wants in one environment. Its JSON form is resources.json.
type Set struct {
	SchemaVersion int             `json:"schemaVersion"`
	Scope         address.Address `json:"scope"`
	// Stack is the stack's spec without its environments and variables, which have done their work.
	Stack StackSpec `json:"stack"`
	// Environment is the one that the set is for, without its variables.
	Environment Environment  `json:"environment"`
	Services    []Service    `json:"services"`             // sorted by name
	Compliance  []Compliance `json:"compliance,omitempty"` // sorted by name
	Resources   []*Resource  `json:"resources"`            // sorted by address
}

// Service is one service of the stack.
type Service struct {
	Name     string        `json:"name"`
	Spec     ServiceSpec   `json:"spec"`
	Position diag.Position `json:"position"`
}

// Find returns the resource at an address.
func (s *Set) Find(at address.Address) (*Resource, bool) {
	i, found := slices.BinarySearchFunc(s.Resources, at, func(r *Resource, a address.Address) int { return r.Address.Compare(a) })
	if !found {
		return nil, false
	}
	return s.Resources[i], true
}

// Service returns the service of that name.
func (s *Set) Service(name string) (Service, bool) {
	i := slices.IndexFunc(s.Services, func(service Service) bool { return service.Name == name })
	if i < 0 {
		return Service{}, false
	}
	return s.Services[i], true
}

// Tags returns the tags of a resource, those of its stack, environment and service included. Those that deployer adds by
// itself (deployer:stack and so on) are not among them.
func (s *Set) Tags(r *Resource) map[string]string { return maps.Clone(r.Spec.Base().Tags) }
