package asl

import (
	"errors"
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
// *DefinitionError, which lists all mistakes at once: broken syntax, unknown fields, missing targets, states that
// nothing leads to, malformed paths and functions, and what this interpreter does not support, by name.
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
