package provision

import (
	"encoding/json"
	"fmt"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/resource"
)

// upstream is a component that this one needs, with its outputs as they are now.
type upstream struct {
	execution.Upstream
	short string // service/component
}

// The components of the platform that others live under.
const (
	platformNetworking = resource.PlatformService + "/networking"
	platformSecurity   = resource.PlatformService + "/security"
)

// need returns an upstream that the order must have.
func (p *program) need(short string) (upstream, error) {
	u, found := p.order.Upstreams[short]
	if !found {
		return upstream{}, fmt.Errorf("%s needs %s, which its order does not hold", p.order.Address.Short(), short)
	}
	return upstream{Upstream: u, short: short}, nil
}

// upstreams returns what the component needs, sorted, without the platform's own.
func (p *program) upstreams() []upstream {
	var all []upstream
	for _, short := range sortedKeys(p.order.Upstreams) {
		if u := p.order.Upstreams[short]; !isPlatform(u.Kind) {
			all = append(all, upstream{Upstream: u, short: short})
		}
	}
	return all
}

func isPlatform(kind resource.Kind) bool {
	definition, _ := resource.Lookup(kind)
	return definition.Family == resource.PlatformFamily
}

// has reports whether the upstream offers an output.
func (u upstream) has(output string) bool { return len(u.Outputs[output]) > 0 }

// text returns a text output, "" where there is none.
func (u upstream) text(output string) string { return outputAs[string](u, output) }

// number returns a number output, 0 where there is none.
func (u upstream) number(output string) int { return outputAs[int](u, output) }

// list returns an output that is a list of texts.
func (u upstream) list(output string) []string { return outputAs[[]string](u, output) }

func outputAs[T any](u upstream, output string) T {
	var value T
	if err := json.Unmarshal(u.Outputs[output], &value); err != nil {
		var none T
		return none
	}
	return value
}

// must returns text outputs in their order, all of which have to be there.
func (u upstream) must(outputs ...string) ([]string, error) {
	values := make([]string, len(outputs))
	for i, output := range outputs {
		if values[i] = u.text(output); values[i] == "" {
			return nil, fmt.Errorf("%s has no output %s; deploy it again", u.short, output)
		}
	}
	return values, nil
}
