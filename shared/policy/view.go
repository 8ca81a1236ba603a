package policy

import (
	"encoding/json"
	"math"

	"github.com/deployer-io/deployer/shared/resource"
)

// subject is a resource as rules see it.
type subject struct {
	Address     string            `json:"address"`
	Kind        string            `json:"kind"`
	Service     string            `json:"service"`
	Component   string            `json:"component"` // service/component
	Stack       string            `json:"stack"`
	Environment string            `json:"environment"`
	Spec        resource.Spec     `json:"spec"`
	Tags        map[string]string `json:"tags"`
}

func newSubject(r *resource.Resource) *subject {
	return &subject{
		Address: r.Address.String(), Kind: string(r.Kind), Service: r.Address.Service, Component: r.Address.Short(),
		Stack: r.Address.Stack, Environment: r.Address.Environment, Spec: r.Spec, Tags: r.Spec.Base().Tags,
	}
}

// platform is what all components of an environment live in, as rules see it.
type platform struct {
	Networking    *resource.Networking    `json:"networking,omitempty"`
	Security      *resource.Security      `json:"security,omitempty"`
	Observability *resource.Observability `json:"observability,omitempty"`
}

func platformOf(set *resource.Set) *platform {
	var p platform
	for _, name := range []string{"networking", "security", "observability"} {
		r, found := set.Find(set.Scope.In(resource.PlatformService, name))
		if !found {
			continue
		}
		switch spec := r.Spec.(type) {
		case *resource.Networking:
			p.Networking = spec
		case *resource.Security:
			p.Security = spec
		case *resource.Observability:
			p.Observability = spec
		}
	}
	return &p
}

// planView names the fields of plan.json that rules may rely on. The plan itself comes as plain data.
type planView struct {
	Operation string     `json:"operation"`
	Counts    planCounts `json:"counts"`
	Steps     []planStep `json:"steps"`
	Waves     []any      `json:"waves"`
}

type planCounts struct {
	Create      int `json:"create"`
	Update      int `json:"update"`
	Replace     int `json:"replace"`
	Delete      int `json:"delete"`
	NoOp        int `json:"noOp"`
	Conditional int `json:"conditional"`
}

type planStep struct {
	Address        string       `json:"address"`
	Kind           string       `json:"kind"`
	Action         string       `json:"action"`
	Reasons        []string     `json:"reasons"`
	Changes        []planChange `json:"changes"`
	Needs          []string     `json:"needs"`
	Conditional    bool         `json:"conditional"`
	Stateful       bool         `json:"stateful"`
	DeletionPolicy string       `json:"deletionPolicy"`
}

type planChange struct {
	Path     string `json:"path"`
	Before   any    `json:"before"`
	After    any    `json:"after"`
	Unknown  bool   `json:"unknown"`
	Replaces bool   `json:"replaces"`
}

// planData prepares a decoded plan.json: whole numbers become integers, so that they can be counted with, and steps have
// the fields that JSON leaves out when they are nothing.
func planData(value any) any {
	switch v := value.(type) {
	case map[string]any:
		data := make(map[string]any, len(v)+3)
		if _, isStep := v["action"]; isStep {
			data["stateful"], data["conditional"], data["changes"], data["deletionPolicy"] = false, false, []any{}, ""
		}
		for key, item := range v {
			data[key] = planData(item)
		}
		return data
	case []any:
		data := make([]any, len(v))
		for i, item := range v {
			data[i] = planData(item)
		}
		return data
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int64(v)
		}
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	}
	return value
}
