package catalog

import (
	"maps"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud/world"
)

// merge returns the state with the inputs laid over it. An input that is gone loses its value, unless AWS fills it in.
func (t *Type) merge(state, in map[string]any) map[string]any {
	merged := world.CloneMap(state)
	for name, p := range t.schema {
		if v, given := in[name]; given {
			merged[name] = v
		} else if !p.computed {
			delete(merged, name)
		}
	}
	return merged
}

// common sets what nearly every type has.
func (o *Op) common() {
	if o.settable("region") {
		o.State["region"] = o.Region
	}
	if o.tagged {
		o.State["tagsAll"] = o.tagsAll(o.State["tags"])
	}
}

// workOut fills in the outputs that neither the inputs nor Before have given.
func (o *Op) workOut() {
	for _, name := range slices.Sorted(maps.Keys(o.Outputs)) {
		template := o.Outputs[name]
		text, isText := template.(string)
		switch {
		case o.In[name] != nil && o.In[name] != "":
		case o.State[name] != nil && o.State[name] != "" && (o.Old == nil || !o.follows(name, template)):
		case isText:
			o.output(name, text)
		default:
			o.State[name] = o.expandAll(template)
		}
	}
	for name, p := range o.schema {
		if _, known := o.State[name]; known || !p.computed {
			continue
		}
		switch p.kind {
		case 's':
			o.State[name] = ""
		case 'b':
			o.State[name] = false
		case 'n':
			o.State[name] = 0.0
		}
	}
}

// follows reports whether an update works an output out again that has a value.
func (o *Op) follows(name string, template any) bool {
	text, ok := template.(string)
	if !ok || !strings.Contains(text, "{") || !o.schema[name].output {
		return false
	}
	return !random(text)
}

// random reports whether a template draws something.
func random(template string) bool {
	return strings.Contains(template, "{hex") || strings.Contains(template, "{HEX") || strings.Contains(template, "{uuid") ||
		strings.Contains(template, "{now")
}
