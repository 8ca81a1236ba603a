package state

import (
	"encoding/json"
	"fmt"
)

// migrations lead from each schema version to the one after it, on the JSON value of the whole snapshot without its
// checksum. They never change once released: what a version was is known for good.
var migrations = []func(map[string]any) error{fromVersion0}

// migrate brings the body of an older snapshot to the layout of the present version.
func migrate(body []byte, version int) ([]byte, error) {
	closed := append(append([]byte{}, body...), "\n  \"checksum\": \"\"\n}"...)
	var value map[string]any
	decoder := newNumberDecoder(closed)
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	delete(value, "checksum")
	for ; version < SchemaVersion; version++ {
		if err := migrations[version](value); err != nil {
			return nil, fmt.Errorf("migrate from schema version %d: %w", version, err)
		}
		value["schemaVersion"] = version + 1
	}
	return relayout(value)
}

// relayout writes a migrated value as this version's bytes.
func relayout(value map[string]any) ([]byte, error) {
	components, ok := value["components"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("it has no components")
	}
	delete(value, "components")
	var s Snapshot
	if err := convert(value, &s); err != nil {
		return nil, err
	}
	s.Components = make(map[string]Record, len(components))
	for short, component := range components {
		var record Record
		if err := convert(component, &record); err != nil {
			return nil, fmt.Errorf("component %s: %w", short, err)
		}
		s.Components[short] = record
	}
	data, err := Encode(s)
	if err != nil {
		return nil, err
	}
	return data[:len(data)-tailLength], nil
}

func convert(value, into any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	decoder := newNumberDecoder(data)
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// fromVersion0 reads the layout from before the first release: stack and environment apart, the serial called version, the
// components a list with their names, one epoch number instead of its name, and no status.
func fromVersion0(value map[string]any) error {
	stack, environment := text(value["stack"]), text(value["environment"])
	value["scope"] = stack + "/" + environment
	value["serial"] = value["version"]
	delete(value, "stack")
	delete(value, "environment")
	delete(value, "version")
	if value["floors"] == nil {
		value["floors"] = map[string]any{}
	}
	list, ok := value["components"].([]any)
	if !ok {
		return fmt.Errorf("components is not a list")
	}
	components := make(map[string]any, len(list))
	for i, item := range list {
		component, ok := item.(map[string]any)
		name := text(component["name"])
		if !ok || name == "" {
			return fmt.Errorf("component %d has no name", i)
		}
		if _, twice := components[name]; twice {
			return fmt.Errorf("component %s stands there twice", name)
		}
		delete(component, "name")
		component["address"] = stack + "/" + environment + "/" + name
		component["status"] = string(Deployed)
		if number, ok := component["epoch"].(json.Number); ok {
			component["epoch"] = "e" + number.String()
		}
		components[name] = component
	}
	value["components"] = components
	return nil
}

func text(value any) string {
	s, _ := value.(string)
	return s
}
