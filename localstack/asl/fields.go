package asl

import "math"

// fieldSet takes an object apart and knows what nobody asked for.
type fieldSet struct {
	*parser
	pointer string
	object  *object
	taken   map[string]bool
	also    []string // further names that a suggestion may come from
}

func (p *parser) fieldsOf(pointer string, o *object) *fieldSet {
	return &fieldSet{parser: p, pointer: pointer, object: o, taken: map[string]bool{}}
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
func (f *fieldSet) quantity(name string, least float64) quantity {
	q := f.number(name, least, maxTimeout)
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
	names := append(known(f.taken), f.also...)
	for _, k := range f.object.keys {
		switch {
		case f.taken[k]:
		case jsonataFields[k]:
			f.mistake(f.at(k), "%s belongs to JSONata, which is not supported", k)
		case unsupported[k] != "":
			f.mistake(f.at(k), "%s is not supported: %s", k, unsupported[k])
		default:
			f.mistake(f.at(k), "a %s has no field %q%s", of, k, nearest(k, names))
		}
	}
}
