package main

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/deployer-io/deployer/shared/document"
	"github.com/deployer-io/deployer/shared/resource"
)

func variableSchema() object {
	return object{"type": "string", "pattern": `\$\{[^}]+\}`, "description": "a variable, as in ${var.NAME} or ${environment}"}
}

func inputSchema() object {
	return object{"description": "a text, an output of another component, or a secret", "anyOf": []any{
		object{"type": []any{"string", "number", "boolean"}}, only("valueFrom", "OutputRef"), only("secretRef", "SecretRef")}}
}

func secretSchema() object {
	secret := only("secretRef", "SecretRef")
	secret["description"] = "a secret, by the place where it is kept"
	return secret
}

func only(field, def string) object {
	return object{"type": "object", "additionalProperties": false, "required": []any{field}, "properties": object{field: object{"$ref": "#/$defs/" + def}}}
}

func patchSchema() object {
	return object{"enum": []any{"delete", "replace"}, "description": "deletes what it stands in, or replaces it as a whole"}
}

// finished turns the schema of a struct into one for what authors write: variables may stand for any value that is no
// plain text, and some texts may be written as numbers.
func finished(def object) object {
	properties, _ := def["properties"].(object)
	for name, p := range properties {
		properties[name] = finishedValue(p)
	}
	return def
}

func finishedValue(value any) any {
	p, ok := value.(object)
	if !ok {
		return value
	}
	scalar := p["scalar"] != nil
	delete(p, "scalar")
	for _, below := range []string{"items", "additionalProperties"} {
		inside, nested := p[below].(object)
		if !nested {
			continue
		}
		if scalar {
			inside["type"] = []any{"string", "number", "boolean"}
		}
		p[below] = finishedValue(inside)
		scalar = false
	}
	if scalar {
		p["type"] = []any{"string", "number", "boolean"}
	}
	if !constrained(p) {
		return p
	}
	outer := object{}
	for _, key := range []string{"description", "default", "examples"} {
		if v, has := p[key]; has {
			outer[key] = v
			delete(p, key)
		}
	}
	choices, isChoice := p["anyOf"].([]any)
	if !isChoice {
		choices = []any{p}
	}
	outer["anyOf"] = append(choices, object{"$ref": "#/$defs/Variable"})
	return outer
}

// constrained reports whether a schema is one of scalars that does not take every text.
func constrained(p object) bool {
	switch p["type"] {
	case "integer", "number", "boolean":
		return true
	case "object", "array":
		return false
	}
	if p["$ref"] != nil {
		return false
	}
	for _, key := range []string{"pattern", "enum", "maxLength", "anyOf"} {
		if p[key] != nil {
			return true
		}
	}
	return false
}

// addDefaults writes the defaults of a spec into its schema. Those of structs inside stand at the field that holds them:
// the same struct has others elsewhere. Structs that know their own defaults have them wherever they stand.
func addDefaults(defs object, spec any) {
	writeDefaults(defs, spec)
	seen := map[reflect.Type]bool{}
	var visit func(t reflect.Type)
	visit = func(t reflect.Type) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || seen[t] {
			return
		}
		seen[t] = true
		if d, ok := reflect.New(t).Interface().(document.Defaulter); ok && defs[t.Name()] != nil && t != reflect.TypeOf(spec).Elem() {
			d.SetDefaults()
			writeDefaults(defs, d)
		}
		for i := range t.NumField() {
			visit(t.Field(i).Type)
		}
	}
	visit(reflect.TypeOf(spec))
}

func writeDefaults(defs object, spec any) {
	var values object
	data, err := json.Marshal(spec)
	if err == nil {
		err = json.Unmarshal(data, &values)
	}
	if err != nil {
		panic(err) // every spec has a JSON form
	}
	properties, _ := defs[reflect.TypeOf(spec).Elem().Name()].(object)["properties"].(object)
	for name, value := range values {
		if p, has := properties[name].(object); has && given(value) {
			p["default"] = value
		}
	}
}

// given reports whether a default says anything.
func given(value any) bool {
	switch v := value.(type) {
	case nil:
		return false
	case string:
		return v != "" && v != "0s"
	case float64:
		return v != 0
	case object:
		return len(v) > 0
	case []any:
		return len(v) > 0
	}
	return true
}

// addKinds says of defaults by kind what they may hold.
func addKinds(defs object, k kind) {
	switch k.spec.(type) {
	case *resource.InfraDefaultsSpec, *resource.ServiceInfraDefaultsSpec:
		byKind := object{}
		for _, name := range resource.Kinds() {
			byKind[string(name)] = object{"$ref": "../overlay.json#/$defs/" + string(name)}
		}
		properties := defs[specName(k)].(object)["properties"].(object)
		properties["kinds"] = object{"type": "object", "additionalProperties": false, "properties": byKind,
			"description": properties["kinds"].(object)["description"]}
	}
}

// used keeps the definitions that can be reached from one.
func used(defs object, from string) object {
	kept := object{}
	var visit func(any)
	visit = func(value any) {
		switch v := value.(type) {
		case object:
			if ref, is := v["$ref"].(string); is {
				if name, inside := strings.CutPrefix(ref, "#/$defs/"); inside && kept[name] == nil {
					kept[name] = defs[name]
					visit(defs[name])
				}
			}
			for _, item := range v {
				visit(item)
			}
		case []any:
			for _, item := range v {
				visit(item)
			}
		}
	}
	visit(object{"$ref": "#/$defs/" + from})
	return kept
}

// loosened turns a schema into that of a layer: nothing is required, null deletes, $patch may stand in every mapping.
func loosened(value any) any {
	switch v := value.(type) {
	case []any:
		for i, item := range v {
			v[i] = loosened(item)
		}
	case object:
		for key, item := range v {
			v[key] = loosened(item)
		}
		if ref, is := v["$ref"].(string); is {
			v["$ref"] = strings.TrimPrefix(ref, "../overlay.json")
		}
		properties, isStruct := v["properties"].(object)
		if !isStruct {
			return v
		}
		delete(v, "required")
		for name, p := range properties {
			if inside, is := p.(object); is {
				properties[name] = object{"anyOf": []any{inside, object{"type": "null"}}}
			}
		}
		properties["$patch"] = patchSchema()
	}
	return value
}

// clone copies a schema deeply.
func clone(value any) any {
	switch v := value.(type) {
	case object:
		c := make(object, len(v))
		for key, item := range v {
			c[key] = clone(item)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, item := range v {
			c[i] = clone(item)
		}
		return c
	}
	return value
}
