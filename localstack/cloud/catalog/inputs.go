package catalog

import (
	"maps"
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud/property"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

// InputsOf returns the inputs that would lead to the resource as it is: the known ones, with what was changed behind the
// program's back. Without known ones, all that a program can set and that has a value.
func (t *Type) InputsOf(r *world.Record, known map[string]any) map[string]any {
	if len(known) == 0 {
		in := object{DefaultsKey: list{}}
		for name, v := range r.State {
			given := r.Inputs == nil || r.Inputs[name] != nil
			if t.settable(name) && given && !property.Equal(v, nil, false) {
				in[name] = v
			}
		}
		return in
	}
	in := maps.Clone(known)
	for name, v := range known {
		if strings.HasPrefix(name, "__") || t.writeOnly(name) {
			continue
		}
		present, has := r.State[name]
		present = t.unfilled(name, present, v)
		switch {
		case !has && !property.Equal(v, nil, false):
			delete(in, name)
		case !property.Equal(present, v, t.unordered[name]):
			in[name] = present
		}
	}
	return in
}

// Marks returns the physical name that the properties give, and the tags of the resource.
func (t *Type) Marks(place Place, properties map[string]any) (name string, tags map[string]string) {
	all := place.tagsAll(property.Map(properties, "tags"))
	tags = make(map[string]string, len(all))
	for k, v := range all {
		tags[k] = property.Format(v)
	}
	if t.NameIn != "" {
		name = property.Text(properties, t.NameIn)
	}
	return name, tags
}
