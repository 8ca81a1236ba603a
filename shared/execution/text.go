package execution

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/deployer-io/deployer/shared/resource"
)

// Secrets reads secrets. What it returns is written nowhere.
type Secrets interface {
	// Secret returns a secret's text; with a key, that field of the JSON object that it is.
	Secret(ctx context.Context, at Place, name, key string) (string, error)
}

// reader finds what the inputs of checks and hooks say.
type reader struct {
	place     Place
	secrets   Secrets
	component string                     // service/component of whom they are
	own       map[string]json.RawMessage // its outputs
	upstreams map[string]Upstream
}

// text is what an input says.
func (r reader) text(ctx context.Context, in resource.Input) (string, error) {
	switch {
	case in.SecretRef != nil && r.secrets == nil:
		return "", fmt.Errorf("the secret %s cannot be read here", in.SecretRef.Name)
	case in.SecretRef != nil:
		return r.secrets.Secret(ctx, r.place, in.SecretRef.Name, in.SecretRef.Key)
	case in.ValueFrom != nil:
		return r.output(in.ValueFrom.Component, in.ValueFrom.Output, in.ValueFrom.Key)
	}
	return in.Value, nil
}

// output is an output of the component itself or of one that it needs, as text; key picks an entry of a list or a map.
func (r reader) output(component, name, key string) (string, error) {
	outputs := r.upstreams[component].Outputs
	if component == r.component || component == "" {
		outputs = r.own
	}
	value, there := outputs[name]
	if !there {
		return "", &OutputMissing{Component: component, Output: name}
	}
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.UseNumber()
	var decoded any
	if err := decoder.Decode(&decoded); err != nil {
		return "", fmt.Errorf("output %s of %s: %w", name, component, err)
	}
	if key != "" {
		decoded = entry(decoded, key)
	}
	switch text := decoded.(type) {
	case string:
		return text, nil
	case json.Number:
		return text.String(), nil
	}
	return "", fmt.Errorf("output %s of %s is no text", name, component)
}

func entry(of any, key string) any {
	switch of := of.(type) {
	case map[string]any:
		return of[key]
	case []any:
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(of) {
			return of[i]
		}
	}
	return nil
}

// given returns an output's text; "" where there is none.
func given(outputs map[string]json.RawMessage, name string) string {
	var text string
	if json.Unmarshal(outputs[name], &text) != nil {
		return ""
	}
	return text
}
