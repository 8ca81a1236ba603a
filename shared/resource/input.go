package resource

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/document"
)

// The codes of mistakes in values.
const (
	CodeWrongType     diag.Code = "wrong-type"
	CodeInvalid       diag.Code = "invalid-value"
	CodeConflict      diag.Code = "conflicting-fields"
	CodeSecretLiteral diag.Code = "secret-literal"
)

// Input is a text that is written out, read from another component's output, or kept in a secret store: a plain scalar,
// {valueFrom: {component, output}} or {secretRef: {name}}. The zero Input is not given.
type Input struct {
	Value     string     `json:"value"`     // when neither of the others is set
	ValueFrom *OutputRef `json:"valueFrom"` // an output of another component
	SecretRef *SecretRef `json:"secretRef"` // a secret
}

// OutputRef names an output of a component. After Build, Component is service/component.
type OutputRef struct {
	// the component, as service/component, or its name alone within the same service
	Component string `json:"component" jsonschema:"required,minLength=1"`
	// the output to read; the reference page of the component's kind lists them
	Output string `json:"output" jsonschema:"required,minLength=1"`
	// which entry to take, where the output is a list (0, 1, ...) or a map
	Key string `json:"key,omitempty" jsonschema_extras:"scalar=true"`

	Position diag.Position `json:"-"` // where it is written; unknown when read from JSON
	Path     string        `json:"-"` // as in spec.env[2].valueFrom
}

// ComponentRef names a component: service/component, or its name alone within the same service. After Build it is
// service/component. The zero ComponentRef is not given.
//
// A field's tag kinds:"ALB,NLB" says which kinds it may name, reads:"arn,url" which of its outputs the translation uses,
// where the kind has them.
type ComponentRef struct {
	Component string

	Position diag.Position // where it is written; unknown when read from JSON
	Path     string
}

// SecretRef names a secret in a secret store of the environment's account.
type SecretRef struct {
	// the secret's name or ARN
	Name string `json:"name" jsonschema:"required,minLength=1,maxLength=512,pattern=^[A-Za-z0-9/_+=.@:-]+$"`
	// the field to take, where the secret is a JSON object; without it the whole text is taken
	Key string `json:"key,omitempty" jsonschema:"maxLength=256"`
	// the store
	Provider SecretProvider `json:"provider" jsonschema:"enum=secretsManager,enum=ssm"`
}

// SecretProvider is a store of secrets.
type SecretProvider string

// The secret stores: AWS Secrets Manager and SSM Parameter Store (SecureString).
const (
	SecretsManager SecretProvider = "secretsManager"
	SSM            SecretProvider = "ssm"
)

// Secret is a value that never stands in YAML: {secretRef: {name}} alone. The zero Secret is not given.
type Secret struct {
	// where the value is kept
	SecretRef *SecretRef `json:"secretRef"`
}

// SetDefaults chooses Secrets Manager.
func (s *SecretRef) SetDefaults() { s.Provider = SecretsManager }

// UnmarshalNode keeps the place beside what is written.
func (r *OutputRef) UnmarshalNode(n document.Node) diag.List {
	type plain OutputRef
	r.Position, r.Path = n.Position(), n.Path()
	return document.Decode(n, (*plain)(r))
}

// UnmarshalNode reads a name.
func (r *ComponentRef) UnmarshalNode(n document.Node) diag.List {
	var ds diag.List
	text, ok := n.Text()
	if !ok || n.Kind() != document.Text {
		ds.Errorf(CodeWrongType, n.Position(), n.Path(), "must be the name of a component, not %s", n.Kind()).
			WithHint("write service/component, or the name alone within the same service")
		return ds
	}
	*r = ComponentRef{Component: text, Position: n.Position(), Path: n.Path()}
	return ds
}

// IsZero reports whether no component is named.
func (r ComponentRef) IsZero() bool { return r.Component == "" }

// MarshalText returns the name.
func (r ComponentRef) MarshalText() ([]byte, error) { return []byte(r.Component), nil }

// UnmarshalText reads a name.
func (r *ComponentRef) UnmarshalText(text []byte) error {
	r.Component = string(text)
	return nil
}

// inputForm is the written form of an Input that is no scalar.
type inputForm struct {
	ValueFrom *OutputRef `json:"valueFrom,omitempty"`
	SecretRef *SecretRef `json:"secretRef,omitempty"`
}

// UnmarshalNode reads any of the three forms. Numbers and booleans are texts here, as written.
func (i *Input) UnmarshalNode(n document.Node) diag.List {
	if text, ok := n.Text(); ok {
		*i = Input{Value: text}
		return nil
	}
	var form inputForm
	ds := document.Decode(n, &form)
	if !ds.HasErrors() && (form.ValueFrom == nil) == (form.SecretRef == nil) {
		ds.Errorf(CodeConflict, n.Position(), n.Path(), "must hold either valueFrom or secretRef").
			WithHint("or write the text itself")
	}
	*i = Input{ValueFrom: form.ValueFrom, SecretRef: form.SecretRef}
	return ds
}

// IsZero reports whether nothing is given.
func (i Input) IsZero() bool { return i.Value == "" && i.ValueFrom == nil && i.SecretRef == nil }

// MarshalJSON returns a JSON string, {"valueFrom": ...} or {"secretRef": ...}.
func (i Input) MarshalJSON() ([]byte, error) {
	if i.ValueFrom == nil && i.SecretRef == nil {
		return json.Marshal(i.Value)
	}
	return json.Marshal(inputForm{ValueFrom: i.ValueFrom, SecretRef: i.SecretRef})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (i *Input) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		*i = Input{}
		return json.Unmarshal(data, &i.Value)
	}
	var form inputForm
	if err := json.Unmarshal(data, &form); err != nil {
		return err
	}
	*i = Input{ValueFrom: form.ValueFrom, SecretRef: form.SecretRef}
	return nil
}

// UnmarshalNode refuses a literal without repeating it.
func (s *Secret) UnmarshalNode(n document.Node) diag.List {
	if n.Kind() == document.Map && !n.Get("secretRef").IsZero() {
		type plain Secret
		return document.Decode(n, (*plain)(s))
	}
	var ds diag.List
	ds.Errorf(CodeSecretLiteral, n.Position(), n.Path(), "a secret must not stand in YAML").
		WithHint("keep it in Secrets Manager and write secretRef: {name: NAME}")
	return ds
}

// IsZero reports whether no secret is given.
func (s Secret) IsZero() bool { return s.SecretRef == nil }

// Outputs finds an output of a deployed component by service/component and the output's name.
type Outputs func(component, output string) (json.RawMessage, bool)

// Resolved is what an Input has come to: a text that may be shown, or the place of a secret.
type Resolved struct {
	Text   string
	Secret *SecretRef // set for a secret; Text is empty then
}

// Resolve returns what the input comes to, given the outputs of the components it reads.
func (i Input) Resolve(outputs Outputs) (Resolved, error) {
	switch {
	case i.SecretRef != nil:
		return Resolved{Secret: i.SecretRef}, nil
	case i.ValueFrom != nil:
		return i.ValueFrom.Resolve(outputs)
	}
	return Resolved{Text: i.Value}, nil
}

// Resolve returns the output's value as a text. An output that is a secret is kept as {"secretRef": NAME}, optionally with
// "key", and resolves to that place.
func (r *OutputRef) Resolve(outputs Outputs) (Resolved, error) {
	data, found := outputs(r.Component, r.Output)
	if !found {
		return Resolved{}, fmt.Errorf("%s has no output %s yet", r.Component, r.Output)
	}
	var value any
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber() // so that large numbers keep their digits
	if err := decoder.Decode(&value); err != nil {
		return Resolved{}, fmt.Errorf("output %s of %s: %w", r.Output, r.Component, err)
	}
	if r.Key != "" {
		value = pick(value, r.Key)
	}
	switch v := value.(type) {
	case string:
		return Resolved{Text: v}, nil
	case json.Number:
		return Resolved{Text: v.String()}, nil
	case bool:
		return Resolved{Text: strconv.FormatBool(v)}, nil
	case map[string]any:
		if name, ok := v["secretRef"].(string); ok {
			key, _ := v["key"].(string)
			return Resolved{Secret: &SecretRef{Name: name, Key: key, Provider: SecretsManager}}, nil
		}
	case nil:
		return Resolved{}, fmt.Errorf("output %s of %s has no value at %q", r.Output, r.Component, r.Key)
	}
	return Resolved{}, fmt.Errorf("output %s of %s is no text", r.Output, r.Component)
}

func pick(value any, key string) any {
	switch v := value.(type) {
	case map[string]any:
		return v[key]
	case []any:
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(v) {
			return v[i]
		}
	}
	return nil
}
