package plan

import (
	"encoding/json"

	"github.com/deployer-io/deployer/shared/resource"
)

// settingsDiffer compares what is no component.
func settingsDiffer(base, head *resource.Set) ([]Change, error) {
	before, err := json.Marshal(settingsOf(base))
	if err != nil {
		return nil, err
	}
	after, err := json.Marshal(settingsOf(head))
	if err != nil {
		return nil, err
	}
	changes, err := diff(before, after)
	sortChanges(changes)
	return changes, err
}

// settings is a set without its components and without the places of anything.
type settings struct {
	Stack       resource.StackSpec              `json:"stack"`
	Environment resource.Environment            `json:"environment"`
	Services    map[string]resource.ServiceSpec `json:"services"`
	Compliance  map[string]any                  `json:"compliance"`
}

func settingsOf(set *resource.Set) settings {
	s := settings{Stack: set.Stack, Environment: set.Environment, Services: map[string]resource.ServiceSpec{}, Compliance: map[string]any{}}
	for _, service := range set.Services {
		s.Services[service.Name] = service.Spec
	}
	for _, compliance := range set.Compliance {
		s.Compliance[compliance.Name] = compliance.Spec
	}
	return s
}
