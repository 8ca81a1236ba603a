package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/deployer-io/deployer/shared/document"
	"github.com/deployer-io/deployer/shared/resource"
)

// row is a field as the reference shows it.
type row struct {
	path, kind, fallback, doc string
	required                  bool
}

// lister lists fields, those of each struct once a page.
type lister struct {
	comments map[string]string
	skip     reflect.Type            // an embedded struct whose fields are left out
	listed   map[reflect.Type]string // where a struct's fields were listed first
}

// fields lists the fields of a struct and of what lies in it, each with its default.
func (l *lister) fields(v reflect.Value, prefix string) []row {
	var rows []row
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Type == l.skip || name == "-" || !f.IsExported():
			continue
		case f.Anonymous && name == "":
			rows = append(rows, l.fields(v.Field(i), prefix)...)
			continue
		}
		rules := tagRules(f.Tag.Get("jsonschema"))
		r := row{path: prefix + name, kind: kindOf(f, rules), fallback: fallbackOf(v.Field(i)), required: rules.required}
		r.doc = l.comments[v.Type().PkgPath()+"."+v.Type().Name()+"."+f.Name]
		if of := f.Tag.Get("kinds"); of != "" {
			r.doc += " (" + strings.ReplaceAll(of, ",", ", ") + ")"
		}
		below, as := l.nested(v.Field(i), r.path)
		if as != "" {
			r.doc += ", with the fields of `" + as + "`"
		}
		rows = append(append(rows, r), below...)
	}
	return rows
}

// nested lists the fields of structs that a field holds, one or many, or says where they are listed already.
func (l *lister) nested(v reflect.Value, path string) (rows []row, as string) {
	t := v.Type()
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		if names[t] != "" {
			return nil, ""
		}
		switch t.Kind() {
		case reflect.Slice:
			path += "[]"
		case reflect.Map:
			path += ".NAME"
		}
		t = t.Elem()
		v = reflect.New(t)
		if d, ok := v.Interface().(document.Defaulter); ok {
			d.SetDefaults()
		}
		v = v.Elem()
	}
	if t.Kind() != reflect.Struct || names[t] != "" {
		return nil, ""
	}
	if first := l.listed[t]; first != "" {
		return nil, first
	}
	l.listed[t] = path
	return l.fields(v, path+"."), ""
}

// fallbackOf writes a default; empty where there is none.
func fallbackOf(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Struct, reflect.Pointer, reflect.Interface:
		return ""
	case reflect.Slice, reflect.Map:
		if v.Len() == 0 {
			return ""
		}
	case reflect.Bool:
	default:
		if v.IsZero() && v.Type() != reflect.TypeFor[resource.Duration]() {
			return ""
		}
	}
	data, err := json.Marshal(v.Interface())
	if err != nil {
		panic(err) // every value has a JSON form
	}
	text := strings.Trim(string(data), `"`)
	if text == "0s" {
		return ""
	}
	return "`" + text + "`"
}

// kindOf says in words what a field takes.
func kindOf(f reflect.StructField, rules rules) string {
	t := f.Type
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	many := ""
	for t.Kind() == reflect.Slice {
		many, t = many+"list of ", t.Elem()
	}
	if many != "" && rules.items != "" {
		many = rules.items + " of "
	}
	if rules.values != "" {
		return many + rules.values
	}
	return many + word(t, rules)
}

func word(t reflect.Type, rules rules) string {
	text := names[t]
	switch kind := t.Kind(); {
	case text != "":
	case kind == reflect.String:
		text = "text"
	case kind == reflect.Bool:
		text = "boolean"
	case kind == reflect.Int:
		text = "integer"
	case kind == reflect.Float64:
		text = "number"
	case kind == reflect.Map:
		text = "mapping"
	case kind == reflect.Struct:
		text = "object"
	default:
		text = "anything"
	}
	if rules.span != "" {
		text += " " + rules.span
	}
	return text
}

// rules are what a jsonschema tag says.
type rules struct {
	required            bool
	span, items, values string
}

func tagRules(tag string) rules {
	var r rules
	given := map[string]string{}
	var values []string
	for _, part := range strings.Split(strings.ReplaceAll(tag, `\,`, "\x00"), ",") {
		key, value, _ := strings.Cut(strings.ReplaceAll(part, "\x00", ","), "=")
		if key == "enum" {
			values = append(values, "`"+value+"`")
			continue
		}
		given[key] = value
	}
	_, r.required = given["required"]
	r.values = strings.Join(values, ", ")
	if len(values) > 12 {
		r.values = strings.Join(values[:6], ", ") + " ... " + values[len(values)-1]
	}
	r.span = span(given["minimum"], given["maximum"], "")
	if over := given["exclusiveMinimum"]; over != "" {
		r.span = fmt.Sprintf("above %s, up to %s", over, given["maximum"])
	}
	if r.span == "" {
		r.span = span(given["minLength"], given["maxLength"], " characters")
	}
	if pattern := given["pattern"]; pattern != "" {
		r.span = strings.TrimSpace(r.span + " like `" + pattern + "`")
	}
	if items := span(given["minItems"], given["maxItems"], ""); items != "" {
		r.items = "list (" + items + ")"
	}
	return r
}

func span(low, high, unit string) string {
	switch {
	case low == "" && high == "":
		return ""
	case low == "":
		return "up to " + high + unit
	case high == "":
		return "from " + low + unit
	}
	return low + " to " + high + unit
}
