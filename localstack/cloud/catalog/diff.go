package catalog

import (
	"maps"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud/property"
)

// Diff is how wanted inputs differ from a resource.
type Diff struct {
	Differences []property.Difference
	// Replacing are the paths among them that make a new resource necessary.
	Replacing []string
	// DeleteFirst: the new resource would have the old one's name, so the old one must go before.
	DeleteFirst bool
}

// Compare returns how the inputs differ from the properties that the resource has.
func (t *Type) Compare(place Place, state, inputs map[string]any, ignored []string) Diff {
	place = place.placeOf(inputs)
	in := bare(inputs)
	if _, given := in["region"]; !given && t.settable("region") && place.Region != "" {
		in["region"] = place.Region
	}
	var d Diff
	for _, name := range slices.Sorted(maps.Keys(t.schema)) {
		p := t.schema[name]
		wanted, given := in[name]
		if p.output || !given && p.computed || t.writeOnly(name) {
			continue
		}
		for _, difference := range property.Compare(name, t.unfilled(name, state[name], wanted), wanted, t.unordered[name]) {
			if ignores(ignored, difference.Path) {
				continue
			}
			d.Differences = append(d.Differences, difference)
			if t.replaces(difference.Path) || t.ReplaceToo != nil && t.ReplaceToo(difference.Path, state, in) {
				d.Replacing = append(d.Replacing, difference.Path)
			}
		}
	}
	if t.tagged {
		for _, difference := range property.Compare("tagsAll", state["tagsAll"], place.tagsAllOrUnknown(in["tags"]), false) {
			if !ignores(ignored, difference.Path) && !ignores(ignored, strings.Replace(difference.Path, "tagsAll", "tags", 1)) {
				d.Differences = append(d.Differences, difference)
			}
		}
	}
	if len(d.Replacing) > 0 {
		d.DeleteFirst = t.clashes(place, state, in, inputs)
	}
	return d
}

// unfilled is a present value at a path without what AWS has filled in where the wanted one says nothing.
func (t *Type) unfilled(path string, present, wanted any) any {
	if len(t.filled) == 0 {
		return present
	}
	switch p := present.(type) {
	case map[string]any:
		w, _ := wanted.(map[string]any)
		less := make(map[string]any, len(p))
		for k, v := range p {
			if _, said := w[k]; said || !t.filled[path+"."+k] {
				less[k] = t.unfilled(path+"."+k, v, w[k])
			}
		}
		return less
	case []any:
		w, _ := wanted.([]any)
		less := make([]any, len(p))
		for i := range p {
			var of any
			if i < len(w) {
				of = w[i]
			}
			less[i] = t.unfilled(path, p[i], of)
		}
		return less
	}
	return present
}

// replaces reports whether a change at the path replaces the resource: the path without its indices, or one above it, is
// listed.
func (t *Type) replaces(path string) bool {
	plain := withoutIndices(path)
	for plain != "" {
		if t.replace[plain] {
			return true
		}
		cut := strings.LastIndex(plain, ".")
		plain = plain[:max(cut, 0)]
	}
	return false
}

func withoutIndices(path string) string {
	var b strings.Builder
	for path != "" {
		before, rest, ok := strings.Cut(path, "[")
		b.WriteString(before)
		if !ok {
			break
		}
		_, path, _ = strings.Cut(rest, "]")
	}
	return b.String()
}

func ignores(ignored []string, path string) bool {
	return slices.ContainsFunc(ignored, func(above string) bool { return property.Below(path, above) })
}

// clashes reports whether old and new could not exist side by side.
func (t *Type) clashes(place Place, state, in, inputs map[string]any) bool {
	if t.Unique == "" || t.Overwrites && !strings.Contains(t.Unique, "{") {
		return false
	}
	if t.NameIn != "" && wasFilled(inputs, t.NameIn) {
		return false // a new one is made up for the replacement
	}
	before := &Op{Type: t, Place: Place{Account: place.Account, Region: property.Text(state, "region")}, State: state}
	after := &Op{Type: t, Place: place, State: t.merge(state, in)}
	if before.Region == "" || t.Scope != Regional {
		before.Region = after.Region
	}
	old, known := before.expandKnown(t.Unique)
	wanted, alsoKnown := after.expandKnown(t.Unique)
	return known && alsoKnown && before.Region == after.Region && old == wanted
}

// expandKnown expands a template as far as inputs alone tell; false when a part of it is unknown, drawn, looked up or
// worked out while the resource is made.
func (o *Op) expandKnown(template string) (text string, known bool) {
	var b strings.Builder
	for {
		before, rest, more := strings.Cut(template, "{")
		b.WriteString(before)
		if !more {
			return b.String(), true
		}
		word, after, _ := strings.Cut(rest, "}")
		template = after
		p, isProperty := o.schema[word]
		value := ""
		switch {
		case random("{"+word+"}") || strings.Contains(word, ">") || word == "id":
			return "", false
		case isProperty && p.output:
			of, _ := o.Outputs[word].(string)
			if of == "" {
				return "", false
			}
			if value, known = o.expandKnown(of); !known {
				return "", false
			}
		case property.HasUnknown(property.At(o.State, word)):
			return "", false
		default:
			value = o.word(word)
		}
		b.WriteString(value)
	}
}
