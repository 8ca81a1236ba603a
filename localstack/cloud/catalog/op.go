package catalog

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deployer-io/deployer/localstack/cloud/property"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

// Place is where a request is carried out: what the provider that sent it is configured with.
type Place struct {
	Account, Region string // for Kubernetes: "kubernetes" and the cluster
	DefaultTags     map[string]string
	Namespace       string // of Kubernetes objects that name none
}

// Partition is aws, aws-cn or aws-us-gov.
func (p Place) Partition() string {
	switch {
	case strings.HasPrefix(p.Region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(p.Region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// Op is one create, update or deletion while it is carried out.
type Op struct {
	*Type
	Place
	Tx *world.Tx
	// Old is the resource before; nil when it is created. ID, State and Hidden are what it becomes.
	Old    *world.Record
	ID     string
	In     map[string]any
	State  map[string]any
	Hidden map[string]any

	doing    string
	settling bool // an update that takes as long as the creation
	ref, by  string
	expanded map[string]bool // outputs under way, to stop a circle
}

// reading is an Op that only expands templates about an existing record.
func reading(t *Type, r *world.Record) *Op {
	return &Op{Type: t, Place: Place{Account: r.Account, Region: r.Region}, Old: r, ID: r.ID, State: r.State, Hidden: r.Hidden}
}

// creating reports whether the resource is being made.
func (o *Op) creating() bool { return o.Old == nil }

// text returns a property as text.
func (o *Op) text(path string) string { return property.Text(o.State, path) }

// number returns a property as a number.
func (o *Op) number(path string) float64 { return property.Number(o.State, path) }

// yes reports whether a property is true.
func (o *Op) yes(path string) bool { return property.True(o.State, path) }

// name returns the physical name.
func (o *Op) name() string { return o.word(o.NameIn) }

// given reports whether a property has a value.
func (o *Op) given(property string) bool { return o.State[property] != nil && o.State[property] != "" }

// fill sets a property that has no value yet.
func (o *Op) fill(property string, v any) {
	if o.State[property] == nil || o.State[property] == "" {
		o.State[property] = v
	}
}

// changed reports whether an update gives a property another value.
func (o *Op) changed(name string) bool {
	return o.Old != nil && !property.Equal(o.Old.State[name], o.State[name], o.unordered[name])
}

// target returns the first resource that the reference at the path names, or nil.
func (o *Op) target(path string) *world.Record {
	for _, r := range o.targets(path) {
		return r
	}
	return nil
}

// targets returns the resources that the reference at the path names; what does not exist is left out.
func (o *Op) targets(path string) []*world.Record {
	var found []*world.Record
	for _, ref := range o.refs {
		if ref.path != path {
			continue
		}
		for _, value := range property.Texts(o.State, path) {
			for _, target := range ref.targets {
				if r := o.lookup(o.Tx, target, value); r != nil {
					found = append(found, r)
					break
				}
			}
		}
	}
	return found
}

// find returns the resource of a type that a value names.
func (o *Op) find(is, value string) *world.Record { return o.Lookup(o.Tx, is, value) }

// change puts a changed copy of a record.
func (o *Op) change(r *world.Record, edit func(*world.Record)) {
	c := r.Clone()
	edit(c)
	c.Changed = o.Tx.Now()
	o.Tx.Put(c)
}

// also puts a resource that the service makes by itself beside the one asked for.
func (o *Op) also(is, id string, state map[string]any) {
	r := o.record(token(is), id, state)
	if Find(r.Type).Scope == Account {
		r.Region = ""
	}
	o.Tx.Put(r)
}

// record is a resource at this place that no program asked for.
func (o *Op) record(token, id string, state map[string]any) *world.Record {
	now := o.Tx.Now()
	return &world.Record{Type: token, ID: id, Account: o.Account, Region: o.Region, State: state, Created: now, Changed: now, Ready: now}
}

// now is the time as AWS writes it.
func (o *Op) now() string { return o.Tx.Now().Format(time.RFC3339) }

// born is when the resource was created, as AWS writes it.
func (o *Op) born() string {
	if o.Old != nil {
		return o.Old.Created.Format(time.RFC3339)
	}
	return o.now()
}

func (o *Op) uuid() string {
	h := o.Tx.Hex(32)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:32]
}

// expand fills in a template.
func (o *Op) expand(template string) string {
	if !strings.Contains(template, "{") {
		return template
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(template, "{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		word, after, ok := strings.Cut(rest, "}")
		if !ok {
			b.WriteString("{" + rest)
			return b.String()
		}
		b.WriteString(o.word(word))
		template = after
	}
}

func (o *Op) word(word string) string {
	switch word {
	case "":
		return ""
	case "account":
		return o.Account
	case "region":
		return o.Region
	case "partition":
		return o.Partition()
	case "id":
		return o.ID
	case "ref":
		return o.ref
	case "by":
		return o.by
	case "uuid":
		return o.uuid()
	case "now":
		return o.now()
	}
	if digits, ok := strings.CutPrefix(word, "hex"); ok {
		if n, err := strconv.Atoi(digits); err == nil {
			return o.Tx.Hex(n)
		}
	}
	if digits, ok := strings.CutPrefix(word, "HEX"); ok {
		if n, err := strconv.Atoi(digits); err == nil {
			return strings.ToUpper(o.Tx.Hex(n))
		}
	}
	if path, ok := strings.CutPrefix(word, "*"); ok {
		all := property.Texts(o.State, path)
		slices.Sort(all)
		return strings.Join(all, ",")
	}
	if reference, path, ok := strings.Cut(word, ">"); ok {
		if r := o.target(reference); r != nil {
			return property.Text(r.State, path)
		}
		return ""
	}
	if values := property.At(o.State, word); len(values) > 0 {
		return property.Format(values[0])
	}
	if template, ok := o.Outputs[word].(string); ok && !o.expanded[word] {
		return o.output(word, template)
	}
	return ""
}

// output works an output out and keeps it, so that a random part is drawn once.
func (o *Op) output(name, template string) string {
	if o.expanded == nil {
		o.expanded = map[string]bool{}
	}
	o.expanded[name] = true
	text := o.expand(template)
	delete(o.expanded, name)
	o.State[name] = text
	return text
}

// expandAll fills in the templates of a tree.
func (o *Op) expandAll(v any) any {
	switch v := v.(type) {
	case string:
		return o.expand(v)
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = o.expandAll(v[i])
		}
		return list
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, item := range v {
			m[k] = o.expandAll(item)
		}
		return m
	case int:
		return float64(v)
	}
	return v
}

// tagsAll returns the provider's default tags with the resource's own over them.
func (p Place) tagsAll(tags any) map[string]any {
	all := map[string]any{}
	for k, v := range p.DefaultTags {
		all[k] = v
	}
	own, _ := tags.(map[string]any)
	maps.Copy(all, own)
	return all
}

// texts makes a list of property values.
func texts(values ...string) []any {
	list := make([]any, len(values))
	for i, v := range values {
		list[i] = v
	}
	return list
}

// record is how other files name what a world holds.
type record = world.Record

type object = map[string]any

type list = []any
