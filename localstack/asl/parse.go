package asl

import (
	"errors"
	"math"
	"sort"
	"strings"
	"unicode/utf8"
)

// Limits of a definition, as AWS sets them.
const (
	maxDefinition = 1 << 20 // bytes
	maxNameLength = 80      // characters, of a state or a variable
	maxSeconds    = 1<<31 - 1
	maxTimeout    = 99_999_999
)

type parser struct {
	text     string
	places   map[string]int
	mistakes []Mistake
	all      []*state
	named    map[string]string // pointer of each state by name
}

// Parse reads a definition in Amazon States Language. The error of a definition that is not valid is a
// *DefinitionError, which lists all mistakes at once: broken syntax, unknown fields, missing targets, states that nothing leads to,
// malformed paths and functions, and what this interpreter does not support, by name.
func Parse(definition []byte) (*Machine, error) {
	p := &parser{text: string(definition), places: map[string]int{}, named: map[string]string{}}
	m := p.machine()
	if len(p.mistakes) > 0 {
		return nil, &DefinitionError{p.sorted()}
	}
	return m, nil
}

func (p *parser) machine() *Machine {
	if len(p.text) > maxDefinition {
		p.mistake("", "the definition has %d bytes; AWS takes at most %d", len(p.text), maxDefinition)
		return nil
	}
	r := &jsonReader{text: p.text, places: p.places}
	v, err := r.document()
	var broken *syntaxError
	if errors.As(err, &broken) {
		p.places = map[string]int{"": broken.offset}
		p.mistake("", "%s", broken.reason)
		return nil
	}
	for _, d := range r.duplicates {
		p.mistake(d, "the field appears twice")
	}
	top, ok := v.(*object)
	if !ok {
		p.mistake("", "a state machine is a JSON object, not %s", kindOf(v))
		return nil
	}
	f := p.fieldsOf("", top)
	m := &Machine{Comment: f.text("Comment")}
	if version, ok := f.optional("Version"); ok && version != "1.0" {
		p.mistake("/Version", `the version must be "1.0"`)
	}
	if q := f.number("TimeoutSeconds", 1, maxTimeout); q.set {
		m.TimeoutSeconds = int64(q.fixed)
	}
	f.queryLanguage()
	m.body = p.workflow(f, "", nil)
	f.done("state machine")
	m.all = p.all
	return m
}

// workflow reads StartAt and States.
func (p *parser) workflow(f *fieldSet, parent string, outerNames map[string]bool) *workflow {
	w := &workflow{states: map[string]*state{}}
	w.startAt = f.requiredText("StartAt")
	at := f.pointer + "/States"
	v, ok := f.take("States")
	states, isObject := v.(*object)
	if !ok || !isObject || len(states.keys) == 0 {
		p.mistake(at, "States must be an object with at least one state")
		return w
	}
	names := map[string]bool{}
	for n := range outerNames {
		names[n] = true
	}
	assignedIn(states, names)
	for i, name := range states.keys {
		pointer := at + "/" + pointerToken(name)
		if utf8.RuneCountInString(name) > maxNameLength || name == "" {
			p.mistake(pointer, "a state's name has 1 to %d characters", maxNameLength)
		}
		if first, twice := p.named[name]; twice {
			p.mistake(pointer, "the name %q is already used at %s; names are unique in the whole machine", name, first)
		}
		p.named[name] = pointer
		o, ok := states.values[i].(*object)
		if !ok {
			p.mistake(pointer, "a state is an object, not %s", kindOf(states.values[i]))
			continue
		}
		s := &state{name: name, parent: parent, pointer: pointer}
		p.all = append(p.all, s)
		w.states[name] = s
		w.order = append(w.order, name)
		p.state(s, p.fieldsOf(pointer, o), outerNames, names)
	}
	p.transitions(f.pointer, w)
	return w
}

// assignedIn collects the names of the variables that the states of one workflow assign.
func assignedIn(states *object, names map[string]bool) {
	add := func(v any) {
		if o, ok := v.(*object); ok {
			if assigned, ok := o.get("Assign"); ok {
				if a, ok := assigned.(*object); ok {
					for _, k := range a.keys {
						names[strings.TrimSuffix(k, ".$")] = true
					}
				}
			}
		}
	}
	for _, v := range states.values {
		add(v)
		o, ok := v.(*object)
		if !ok {
			continue
		}
		for _, list := range []string{"Choices", "Catch"} {
			if l, ok := o.get(list); ok {
				items, _ := l.([]any)
				for _, item := range items {
					add(item)
				}
			}
		}
	}
}

// transitions checks that every target exists and that every state can be reached.
func (p *parser) transitions(pointer string, w *workflow) {
	reached := map[string]bool{}
	var visit func(from, field, name string)
	visit = func(from, field, name string) {
		if name == "" {
			return
		}
		s, ok := w.states[name]
		if !ok {
			p.mistake(from+"/"+field, "there is no state %q here%s", name, nearest(name, w.order))
			return
		}
		if reached[name] {
			return
		}
		reached[name] = true
		visit(s.pointer, "Next", s.next)
		visit(s.pointer, "Default", s.defaultNext)
		for i, r := range s.rules {
			visit(s.pointer, indexed("Choices", i), r.next)
		}
		for i, c := range s.catch {
			visit(s.pointer, indexed("Catch", i), c.next)
		}
	}
	visit(pointer, "StartAt", w.startAt)
	for _, name := range w.order {
		if s := w.states[name]; !reached[name] {
			p.mistake(s.pointer, "nothing leads to the state %q", name)
			visit(s.pointer, "Next", s.next) // its own targets are checked all the same
		}
	}
}

func indexed(list string, i int) string { return list + "/" + string(intNumber(int64(i))) + "/Next" }

// fieldSet takes an object apart and knows what nobody asked for.
type fieldSet struct {
	*parser
	pointer string
	object  *object
	taken   map[string]bool
}

func (p *parser) fieldsOf(pointer string, o *object) *fieldSet {
	return &fieldSet{p, pointer, o, map[string]bool{}}
}

func (f *fieldSet) at(name string) string { return f.pointer + "/" + pointerToken(name) }

func (f *fieldSet) take(name string) (any, bool) {
	f.taken[name] = true
	return f.object.get(name)
}

func (f *fieldSet) optional(name string) (any, bool) { return f.take(name) }

func (f *fieldSet) has(name string) bool {
	_, ok := f.object.get(name)
	return ok
}

func (f *fieldSet) text(name string) string {
	v, ok := f.take(name)
	if !ok {
		return ""
	}
	s, isText := v.(string)
	if !isText {
		f.mistake(f.at(name), "%s must be a string, not %s", name, kindOf(v))
	}
	return s
}

func (f *fieldSet) requiredText(name string) string {
	if !f.has(name) {
		f.taken[name] = true
		f.mistake(f.pointer, "%s is missing", name)
		return ""
	}
	s := f.text(name)
	if v, _ := f.object.get(name); v == "" {
		f.mistake(f.at(name), "%s must not be empty", name)
	}
	return s
}

// number reads a whole number between least and most.
func (f *fieldSet) number(name string, least, most float64) quantity {
	q := f.decimal(name, least, most)
	if q.set && q.fixed != math.Trunc(q.fixed) {
		f.mistake(f.at(name), "%s must be a whole number", name)
	}
	return q
}

func (f *fieldSet) decimal(name string, least, most float64) quantity {
	v, ok := f.take(name)
	if !ok {
		return quantity{}
	}
	n, isNumber := v.(number)
	if !isNumber {
		f.mistake(f.at(name), "%s must be a number, not %s", name, kindOf(v))
		return quantity{}
	}
	q := quantity{set: true, fixed: n.float()}
	if q.fixed < least || q.fixed > most {
		f.mistake(f.at(name), "%s must be between %v and %v, not %s", name, least, int64(most), n)
	}
	return q
}

// quantity reads Name or NamePath, never both.
func (f *fieldSet) quantity(name string, least, most float64) quantity {
	q := f.number(name, least, most)
	return f.orPath(name, q)
}

func (f *fieldSet) orPath(name string, q quantity) quantity {
	pathName := name + "Path"
	if !f.has(pathName) {
		return q
	}
	if f.has(name) {
		f.mistake(f.at(pathName), "%s and %s exclude each other", name, pathName)
	}
	return quantity{set: true, path: f.referencePath(pathName)}
}

func (f *fieldSet) path(name string) *path {
	s := f.text(name)
	if s == "" {
		if f.has(name) {
			f.mistake(f.at(name), "%s must be a path", name)
		}
		return nil
	}
	p, err := parsePath(s)
	if err != nil {
		f.mistake(f.at(name), "%v", err)
	}
	return p
}

func (f *fieldSet) referencePath(name string) *path {
	s := f.text(name)
	p, err := parseReferencePath(s)
	if err != nil {
		f.mistake(f.at(name), "%v", err)
	}
	return p
}

func (f *fieldSet) selection(name string) selection {
	v, ok := f.object.get(name)
	if ok && v == nil {
		f.taken[name] = true
		return selection{dropped: true}
	}
	p := f.path(name)
	if p != nil && p.root == rootInput && len(p.steps) == 0 {
		p = nil
	}
	return selection{path: p}
}

// list reads an array of objects.
func (f *fieldSet) list(name string) []*fieldSet {
	v, ok := f.take(name)
	if !ok {
		return nil
	}
	items, isList := v.([]any)
	if !isList {
		f.mistake(f.at(name), "%s must be an array, not %s", name, kindOf(v))
		return nil
	}
	sets := make([]*fieldSet, 0, len(items))
	for i, item := range items {
		pointer := f.at(name) + "/" + string(intNumber(int64(i)))
		o, isObject := item.(*object)
		if !isObject {
			f.mistake(pointer, "an element of %s is an object, not %s", name, kindOf(item))
			continue
		}
		sets = append(sets, f.fieldsOf(pointer, o))
	}
	return sets
}

func (f *fieldSet) templateOf(name string) template {
	v, ok := f.take(name)
	if !ok {
		return nil
	}
	if _, isObject := v.(*object); !isObject {
		f.mistake(f.at(name), "%s must be an object, not %s", name, kindOf(v))
		return nil
	}
	return f.template(f.at(name), v)
}

// jsonataFields belong to the other query language.
var jsonataFields = map[string]bool{"Arguments": true, "Output": true, "Condition": true, "Items": true}

// unsupported are fields that AWS knows and this interpreter does not.
var unsupported = map[string]string{
	"ItemReader":   "a Map that reads its items from S3",
	"ItemBatcher":  "batches of items in a Map",
	"ResultWriter": "a Map that writes its results to S3",
}

func (f *fieldSet) queryLanguage() {
	v, ok := f.take("QueryLanguage")
	switch {
	case !ok || v == "JSONPath":
	case v == "JSONata":
		f.mistake(f.at("QueryLanguage"), "JSONata is not supported; write the machine with JSONPath")
	default:
		f.mistake(f.at("QueryLanguage"), `the query language must be "JSONPath"`)
	}
}

// done reports every field that was not taken.
func (f *fieldSet) done(of string) {
	known := make([]string, 0, len(f.taken))
	for n := range f.taken {
		known = append(known, n)
	}
	sort.Strings(known)
	for _, k := range f.object.keys {
		switch {
		case f.taken[k]:
		case jsonataFields[k]:
			f.mistake(f.at(k), "%s belongs to JSONata, which is not supported", k)
		case unsupported[k] != "":
			f.mistake(f.at(k), "%s is not supported: %s", k, unsupported[k])
		default:
			f.mistake(f.at(k), "a %s has no field %q%s", of, k, nearest(k, known))
		}
	}
}
