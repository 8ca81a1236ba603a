package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/deployer-io/deployer/shared/resource"
)

const dialect = "https://json-schema.org/draft/2020-12/schema"

// object is a JSON object.
type object = map[string]any

// readComments reads the comments of the fields below root, by package.Type.Field.
func readComments(root string) (map[string]string, error) {
	var r jsonschema.Reflector
	back, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Chdir(back) }()
	if err := os.Chdir(root); err != nil { // the paths of the files become those of their packages
		return nil, err
	}
	if err := r.AddGoComments("github.com/deployer-io/deployer", filepath.FromSlash("shared/resource")); err != nil {
		return nil, err
	}
	return r.CommentMap, nil
}

// schemas returns one schema for each kind, one that picks among them, and one for overlays.
func schemas(comments map[string]string) (map[string][]byte, error) {
	files := map[string][]byte{}
	overlay := object{}
	var picks, overlays []any
	for _, k := range kinds() {
		defs, err := definitions(k, comments)
		if err != nil {
			return nil, err
		}
		for name, def := range defs {
			overlay[name] = loosened(clone(def))
		}
		name := path.Join(group(k), k.name+".json")
		picks = append(picks, pick(k, object{"$ref": name}))
		overlays = append(overlays, pick(k, object{"properties": object{"spec": object{"$ref": "#/$defs/" + specName(k)}}}))
		if files["docs/schema/"+name], err = encode(kindSchema(k, defs)); err != nil {
			return nil, err
		}
	}
	var err error
	if files["docs/schema/deployer.json"], err = encode(envelope("A document of deployer", picks, nil)); err != nil {
		return nil, err
	}
	files["docs/schema/overlay.json"], err = encode(envelope("A document in environments/NAME, laid over that of the same kind and name", overlays, overlay))
	return files, err
}

func group(k kind) string { return strings.TrimSuffix(k.apiVersion, "/v1") }

func specName(k kind) string { return reflect.TypeOf(k.spec).Elem().Name() }

// pick is what holds for documents of one kind.
func pick(k kind, then object) object {
	return object{
		"if":   object{"properties": object{"apiVersion": object{"const": k.apiVersion}, "kind": object{"const": k.name}}, "required": []any{"apiVersion", "kind"}},
		"then": then,
	}
}

// envelope is what all documents have, and a choice by kind; with defs it is that of overlays.
func envelope(title string, picks []any, defs object) object {
	var names []any
	versions := map[string]bool{}
	for _, k := range kinds() {
		names = append(names, k.name)
		versions[k.apiVersion] = true
	}
	properties := object{
		"apiVersion": object{"enum": slices.Sorted(maps.Keys(versions))},
		"kind":       object{"enum": names},
		"metadata":   object{"type": "object"},
		"spec":       object{"type": "object"},
	}
	schema := object{"$schema": dialect, "title": title, "type": "object", "properties": properties,
		"required": []any{"apiVersion", "kind", "metadata"}, "additionalProperties": false, "allOf": picks}
	if defs != nil {
		properties["$patch"] = patchSchema()
		properties["metadata"] = metadata(kind{})
		schema["$defs"] = defs
	}
	return schema
}

func metadata(k kind) object {
	name := object{"type": "string", "pattern": "^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$", "description": "the name, as in addresses"}
	texts := object{"type": "object", "additionalProperties": object{"type": "string"}}
	required := []any{"name"}
	if k.service {
		required = append(required, "service")
	}
	return object{"type": "object", "additionalProperties": false, "required": required, "properties": object{
		"name": name, "service": object{"type": "string", "description": "the service that it belongs to"},
		"stack": object{"type": "string", "description": "the stack, where a bundle holds several"}, "labels": texts, "annotations": texts,
	}}
}

// kindSchema is the schema of a kind's documents.
func kindSchema(k kind, defs object) object {
	required := []any{"apiVersion", "kind", "metadata"}
	spec := defs[specName(k)].(object)
	if k.layered {
		delete(spec, "required") // defaults and overlays may give them; 'deployer validate' knows
	} else if spec["required"] != nil {
		required = append(required, "spec")
	}
	return object{
		"$schema": dialect, "title": k.name, "description": k.summary, "type": "object", "additionalProperties": false, "required": required,
		"properties": object{
			"apiVersion": object{"const": k.apiVersion}, "kind": object{"const": k.name}, "metadata": metadata(k), "spec": object{"$ref": "#/$defs/" + specName(k)},
		},
		"$defs": defs,
	}
}

// definitions are the schemas of a spec and of all types in it.
func definitions(k kind, comments map[string]string) (object, error) {
	r := jsonschema.Reflector{Anonymous: true, RequiredFromJSONSchemaTags: true, CommentMap: comments,
		Mapper: func(t reflect.Type) *jsonschema.Schema { return copied(texts[t]) }}
	types := append([]reflect.Type{reflect.TypeOf(k.spec).Elem()}, reflect.TypeFor[resource.OutputRef](), reflect.TypeFor[resource.SecretRef]())
	defs := object{"Variable": variableSchema(), "Input": inputSchema(), "Secret": secretSchema()}
	for _, t := range types {
		data, err := json.Marshal(r.ReflectFromType(t).Definitions)
		if err != nil {
			return nil, err
		}
		var more object
		decoder := json.NewDecoder(bytes.NewReader(data))
		decoder.UseNumber()
		if err := decoder.Decode(&more); err != nil {
			return nil, err
		}
		for name, def := range more {
			defs[name] = finished(def.(object))
		}
	}
	addDefaults(defs, k.spec)
	addKinds(defs, k)
	return used(defs, specName(k)), nil
}

// copied protects the schemas that all reflections share from what each writes into them.
func copied(s *jsonschema.Schema) *jsonschema.Schema {
	if s == nil {
		return nil
	}
	c := *s
	return &c
}

// encode writes a schema with its keys in order.
func encode(schema object) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(schema); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
