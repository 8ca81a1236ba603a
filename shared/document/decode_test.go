package document_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/document"
)

type span time.Duration

func (s *span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	if err != nil {
		return errors.New("is not a duration like 30s")
	}
	*s = span(d)
	return nil
}

// input is a literal or a reference, and reads itself.
type input struct {
	Literal string
	From    *reference
	path    string
}

type reference struct {
	Component string `json:"component" jsonschema:"required"`
}

func (i *input) UnmarshalNode(n document.Node) diag.List {
	i.path = n.Path()
	if text, ok := n.Text(); ok {
		i.Literal = text
		return nil
	}
	i.From = &reference{}
	return document.Decode(n.Get("valueFrom"), i.From)
}

type base struct {
	Tags  map[string]string `json:"tags,omitempty"`
	Retry struct {
		Limit int `json:"limit" jsonschema:"minimum=0,maximum=5"`
	} `json:"retry"`
	Hidden string `json:"image"` // the outer field of that name hides it
}

type port struct {
	Name string `json:"name"`
	Port int    `json:"port" jsonschema:"required,minimum=1,maximum=65535"`
	Kind string `json:"kind"`
}

func (p *port) SetDefaults() { p.Kind = "tcp" }

type service struct {
	base
	Image    string           `json:"image" jsonschema:"required,minLength=3,maxLength=20,pattern=^[a-z\\,]+(:[0-9]+)?$"`
	Mode     mode             `json:"mode" jsonschema:"enum=rolling,enum=blueGreen"`
	Replicas int              `json:"replicas" jsonschema:"minimum=1,maximum=10"`
	Ratio    float64          `json:"ratio" jsonschema:"exclusiveMinimum=0,exclusiveMaximum=1"`
	Memory   uint16           `json:"memory" jsonschema:"multipleOf=128"`
	Size     int              `json:"size" jsonschema:"enum=1,enum=2,enum=4"`
	Small    int8             `json:"small"`
	Enabled  bool             `json:"enabled"`
	Ports    []port           `json:"ports" jsonschema:"minItems=1,maxItems=2"`
	Health   *port            `json:"health"`
	Names    []string         `json:"names" jsonschema:"uniqueItems=true,pattern=^[a-z]+$,enum=a,enum=b,enum=c"`
	Timeout  span             `json:"timeout"`
	Command  input            `json:"command"`
	Env      map[string]input `json:"env"`
	Value    string           `json:"value" jsonschema_extras:"scalar=true"`
	Values   []string         `json:"values" jsonschema_extras:"scalar=true"`
	ByName   map[string]*port `json:"byName"`
	Free     any              `json:"free"`
	Raw      document.Node    `json:"raw"`
	Nested   []*service       `json:"nested"`
	Secret   string           `json:"-"`
	internal string
}

type mode string

func decode(t testing.TB, spec string) (service, diag.List) {
	t.Helper()
	docs, ds := document.Parse(files(t, "a.yaml", api("\n"+spec)))
	require.Empty(t, ds.String())
	s := service{Mode: "rolling", Replicas: 2, internal: "kept"}
	s.Retry.Limit = 3
	ds = document.Decode(docs[0].Spec, &s)
	require.Equal(t, "kept", s.internal)
	return s, ds
}

func TestDecodeFillsStructs(t *testing.T) {
	s, ds := decode(t, `  image: a,b:1
  tags: {x: y}
  retry: {limit: 5}
  replicas: null
  ratio: 0.5
  memory: 256
  size: 4
  small: -128
  enabled: true
  ports: [{port: 80}, {port: 0x50, kind: udp}]
  health: {port: 8080}
  names: [a, b]
  timeout: 90s
  command: run
  env: {A: x, B: {valueFrom: {component: db}}, C: null}
  value: 5432
  values: [1, true, x]
  byName: {a: {port: 1}}
  free: {a: [1, 1.5, x, null]}
  raw: {b: 1}
  nested: [{image: abc}]
`)
	require.Empty(t, ds.String())
	require.Equal(t, "a,b:1", s.Image)
	require.Empty(t, s.Hidden)
	require.Equal(t, map[string]string{"x": "y"}, s.Tags)
	require.Equal(t, 5, s.Retry.Limit)
	require.Equal(t, 2, s.Replicas, "null is as if it were not there")
	require.Equal(t, mode("rolling"), s.Mode)
	require.InDelta(t, 0.5, s.Ratio, 0)
	require.EqualValues(t, 256, s.Memory)
	require.EqualValues(t, -128, s.Small)
	require.True(t, s.Enabled)
	require.Equal(t, []port{{Port: 80, Kind: "tcp"}, {Port: 80, Kind: "udp"}}, s.Ports)
	require.Equal(t, &port{Port: 8080, Kind: "tcp"}, s.Health)
	require.Equal(t, []string{"a", "b"}, s.Names)
	require.Equal(t, span(90*time.Second), s.Timeout)
	require.Equal(t, input{Literal: "run", path: "spec.command"}, s.Command)
	require.Equal(t, map[string]input{"A": {Literal: "x", path: "spec.env.A"},
		"B": {From: &reference{Component: "db"}, path: "spec.env.B"}}, s.Env)
	require.Equal(t, "5432", s.Value)
	require.Equal(t, []string{"1", "true", "x"}, s.Values)
	require.Equal(t, map[string]*port{"a": {Port: 1, Kind: "tcp"}}, s.ByName)
	require.Equal(t, map[string]any{"a": []any{int64(1), 1.5, "x", nil}}, s.Free)
	require.Equal(t, "spec.raw.b", s.Raw.Get("b").Path())
	require.Equal(t, "abc", s.Nested[0].Image)
}

func TestDecodeReportsEveryMistake(t *testing.T) {
	for sentence, c := range map[string]struct{ spec, want string }{
		"a missing field":               {"replicas: 3", "a.yaml:5:3: error: spec.image: is required and not there (add image)"},
		"null does not stand for it":    {"image: null", "a.yaml:5:3: error: spec.image: is required and not there (add image)"},
		"an unknown field":              {"image: abc\n  replica: 3", "a.yaml:6:3: error: spec.replica: unknown field \"replica\" (did you mean \"replicas\"?)"},
		"a hidden field":                {"image: abc\n  Secret: x", "a.yaml:6:3: error: spec.Secret: unknown field \"Secret\" (see 'deployer schema' for what may stand here)"},
		"an unknown field of a few":     {"image: abc\n  health: {port: 1, zzzz: 1}", "a.yaml:6:21: error: spec.health.zzzz: unknown field \"zzzz\" (known here: kind, name, port)"},
		"a number for a text":           {"image: 5", "a.yaml:5:10: error: spec.image: must be a text, not an integer (quote it to make it a text)"},
		"a boolean for a text":          {"image: true", "a.yaml:5:10: error: spec.image: must be a text, not a boolean (quote it to make it a text)"},
		"a text for a number":           {"image: abc\n  replicas: '3'", "a.yaml:6:13: error: spec.replicas: must be an integer, not a text (write a number, without quotes)"},
		"a fraction for an integer":     {"image: abc\n  replicas: 1.5", "a.yaml:6:13: error: spec.replicas: must be an integer, not a number (write an integer here)"},
		"yes for a boolean":             {"image: abc\n  enabled: yes", "a.yaml:6:12: error: spec.enabled: must be a boolean, not a text (write true or false, without quotes)"},
		"a mapping for a list":          {"image: abc\n  ports: {port: 1}", "a.yaml:6:10: error: spec.ports: must be a list, not a mapping (begin each item with '- ')"},
		"a list for a mapping":          {"image: abc\n  health: [1]", "a.yaml:6:11: error: spec.health: must be a mapping, not a list (write a mapping here)"},
		"a text for a mapping of texts": {"image: abc\n  tags: x", "a.yaml:6:9: error: spec.tags: must be a mapping, not a text (write a mapping here)"},
		"a number among labels":         {"image: abc\n  tags: {a: 1}", "a.yaml:6:13: error: spec.tags.a: must be a text, not an integer (quote it to make it a text)"},
		"null in a list":                {"image: abc\n  names: [a, ~]", "a.yaml:6:14: error: spec.names[1]: an item of a list must not be null (take the item out or fill it in)"},
		"a number below its range":      {"image: abc\n  replicas: 0", "a.yaml:6:13: error: spec.replicas: 0 is out of range (write a number from 1 to 10)"},
		"a number at an open end":       {"image: abc\n  ratio: 1", "a.yaml:6:10: error: spec.ratio: 1 is out of range (write a number above 0 below 1)"},
		"an inner number out of range":  {"image: abc\n  retry: {limit: 6}", "a.yaml:6:18: error: spec.retry.limit: 6 is out of range (write a number from 0 to 5)"},
		"no multiple":                   {"image: abc\n  memory: 100", "a.yaml:6:11: error: spec.memory: 100 is no multiple of 128 (round it)"},
		"a number not in its set":       {"image: abc\n  size: 3", "a.yaml:6:9: error: spec.size: \"3\" is not one of 1, 2, 4 (did you mean \"1\"?)"},
		"a number too large for bits":   {"image: abc\n  small: 128", "a.yaml:6:10: error: spec.small: 128 is not a number that fits here (write a smaller number, without a sign where none makes sense)"},
		"a negative number of bytes":    {"image: abc\n  memory: -128", "a.yaml:6:11: error: spec.memory: -128 is not a number that fits here (write a smaller number, without a sign where none makes sense)"},
		"a number beyond all bits":      {"image: abc\n  replicas: 18446744073709551615", "a.yaml:6:13: error: spec.replicas: 18446744073709551615 is not a number that fits here (write a smaller number, without a sign where none makes sense)"},
		"an octal of old":               {"image: abc\n  replicas: 010", "a.yaml:6:13: error: spec.replicas: 010: a number that begins with 0 is read differently by different programs (leave the leading 0 out, or write 0o for octal)"},
		"infinity":                      {"image: abc\n  ratio: .inf", "a.yaml:6:10: error: spec.ratio: .inf is not a number that fits here (write a smaller number, without a sign where none makes sense)"},
		"a text too short":              {"image: ab", "a.yaml:5:10: error: spec.image: must not be shorter than 3 characters (it has 2)"},
		"a text too long":               {"image: abcdefghijklmnopqrstuvwxyz", "a.yaml:5:10: error: spec.image: must not be longer than 20 characters (it has 26)"},
		"a text of another form":        {"image: ABC", "a.yaml:5:10: error: spec.image: \"ABC\" does not match ^[a-z,]+(:[0-9]+)?$ (correct the value)"},
		"a text not in its set":         {"image: abc\n  mode: rolln", "a.yaml:6:9: error: spec.mode: \"rolln\" is not one of rolling, blueGreen (did you mean \"rolling\"?)"},
		"too few items":                 {"image: abc\n  ports: []", "a.yaml:6:10: error: spec.ports: must have at least 1 item (it has 0)"},
		"too many items":                {"image: abc\n  ports: [{port: 1}, {port: 2}, {port: 3}]", "a.yaml:6:10: error: spec.ports: must have at most 2 items (it has 3)"},
		"the same item twice":           {"image: abc\n  names: [a, b, a]", "a.yaml:6:17: error: spec.names[2]: is the same as item 0 (keep one of the two)"},
		"an item not in its set":        {"image: abc\n  names: [zebra]", "a.yaml:6:11: error: spec.names[0]: \"zebra\" is not one of a, b, c (choose one of them)"},
		"a type's own text error":       {"image: abc\n  timeout: soon", "a.yaml:6:12: error: spec.timeout: is not a duration like 30s (correct the value)"},
		"a list for a type of texts":    {"image: abc\n  timeout: [1]", "a.yaml:6:12: error: spec.timeout: must be a text, not a list (write a text here)"},
		"a type's own node errors":      {"image: abc\n  command: {valueFrom: {komponent: x}}", "a.yaml:6:25: error: spec.command.valueFrom.komponent: unknown field \"komponent\" (did you mean \"component\"?)\na.yaml:6:24: error: spec.command.valueFrom.component: is required and not there (add component)"},
		"a mistake in a nested one":     {"image: abc\n  nested: [{image: abc, nested: [{}]}]", "a.yaml:6:34: error: spec.nested[0].nested[0].image: is required and not there (add image)"},
		"an item of a mapping":          {"image: abc\n  byName: {x: {}}", "a.yaml:6:15: error: spec.byName.x.port: is required and not there (add port)"},
	} {
		t.Run(sentence, func(t *testing.T) {
			_, ds := decode(t, "  "+c.spec+"\n")
			require.ElementsMatch(t, strings.Split(c.want, "\n"), strings.Split(strings.TrimSuffix(ds.String(), "\n"), "\n"))
		})
	}
	_, ds := decode(t, "  imag: x\n  replicas: 11\n  enabled: 1\n  ports: [{}]\n")
	require.Len(t, ds, 5, ds.String())
}

func TestDecodeOfNothingMissesWhatIsRequired(t *testing.T) {
	var s service
	ds := document.Decode(document.Node{}, &s)
	require.Len(t, ds, 1)
	require.Equal(t, "image", ds[0].Path)
}

func TestDecodeRefusesTypesAtFirstUse(t *testing.T) {
	docs, _ := document.Parse(files(t, "a.yaml", api("{}")))
	require.Panics(t, func() { document.Decode(docs[0].Spec, service{}) })
	require.Panics(t, func() { document.Decode(docs[0].Spec, &struct{ C chan int }{}) })
	require.Panics(t, func() {
		document.Decode(docs[0].Spec, &struct {
			A string `jsonschema:"pattern=("`
		}{})
	})
}
