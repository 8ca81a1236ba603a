package document

import (
	"slices"
	"strings"

	"github.com/deployer-io/deployer/shared/diag"
)

// resolver replaces the variables in variables.
type resolver struct {
	variables *variables
	declared  map[string]*declaration
	state     map[string]visit
	way       []string
	ds        *diag.List
}

type visit uint8

const (
	untouched visit = iota
	underWay
	done
)

// resolve makes sure that the variable has its final value, or is known to have none.
func (r *resolver) resolve(name string) {
	d, known := r.declared[name]
	if !known || r.state[name] == done {
		return
	}
	full := "var." + name
	if r.state[name] == underWay {
		r.cycle(name)
		return
	}
	r.state[name] = underWay
	r.way = append(r.way, name)
	switch {
	case d.value == nil:
		r.variables.unset[full] = true
	case d.value.flags&hasVariable == 0:
		r.variables.values[full] = d.value
	default:
		for _, named := range namedIn(d.value, nil) {
			r.resolve(strings.TrimPrefix(named, "var."))
			if r.variables.broken[named] {
				r.variables.broken[full] = true
			}
		}
		before := len(*r.ds)
		expand := expander{variables: r.variables, ds: r.ds}
		value := expand.tree(d.value, d.at)
		r.variables.values[full] = value
		if len(*r.ds) > before || r.variables.broken[full] {
			r.variables.broken[full] = true
		} else if d.kind != "" && !slices.Contains(variableTypes[d.kind], value.kind) {
			r.ds.Errorf(codeVariable, d.value.position(), d.at.String(), "the variable %s is of the type %s, not %s", name, d.kind, value.kind).
				WithHint("%s", typeHint(d.kind))
		}
	}
	r.way = r.way[:len(r.way)-1]
	r.state[name] = done
}

func (r *resolver) cycle(name string) {
	members := r.way[slices.Index(r.way, name):]
	d := r.declared[name]
	r.ds.Errorf(codeCycle, d.value.position(), d.at.String(), "the variables lead back to themselves: %s -> %s",
		strings.Join(members, " -> "), name).WithHint("give one of them a value of its own")
	for _, member := range members {
		r.variables.broken["var."+member] = true
	}
}

// namedIn returns the declared variables that a tree names.
func namedIn(n *node, names []string) []string {
	if n.flags&hasVariable == 0 {
		return names
	}
	for _, item := range n.items {
		names = namedIn(item, names)
	}
	for _, part := range splitText(n.text) {
		if part.variable && strings.HasPrefix(part.text, "var.") {
			names = append(names, part.text)
		}
	}
	return names
}
