package catalog

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud/property"
	"github.com/deployer-io/deployer/shared/diag"
)

// Failure is one thing that is wrong with the inputs.
type Failure struct{ Property, Reason string }

// Naming says how a name is made that the program did not give.
type Naming struct {
	Resource string // the Pulumi resource's name
	Seed     []byte // makes the random part repeatable
	// Proposed is a name that the user's naming pattern gives. Enforced: it is taken as it is. Off: no name is made.
	Proposed      string
	Enforced, Off bool
}

// DefaultsKey is the input that names the properties that the provider filled in, as Pulumi's AWS provider keeps it.
const DefaultsKey = "__defaults"

// Checking is one check of inputs while it runs.
type Checking struct {
	*Type
	Place
	In       map[string]any
	failures []Failure
}

// Failf adds a failure.
func (c *Checking) Failf(property, format string, args ...any) {
	c.failures = append(c.failures, Failure{property, fmt.Sprintf(format, args...)})
}

// text returns an input as text; unknown counts as none.
func (c *Checking) text(path string) string {
	if c.unknown(path) {
		return ""
	}
	return property.Text(c.In, path)
}

func (c *Checking) unknown(path string) bool { return property.HasUnknown(property.At(c.In, path)) }

// given reports whether an input has a value, known or not.
func (c *Checking) given(path string) bool {
	values := property.At(c.In, path)
	return len(values) > 0 && values[0] != nil && values[0] != ""
}

// between fails a known number outside of the limits.
func (c *Checking) between(path string, low, high float64) {
	if !c.given(path) || c.unknown(path) {
		return
	}
	if n := property.Number(c.In, path); n < low || n > high {
		c.Failf(path, "expected %s to be in the range (%g - %g), got %g", snake(path), low, high, n)
	}
}

// exactlyOne fails unless one of the inputs is given.
func (c *Checking) exactlyOne(names ...string) {
	given := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !c.given(n) })
	if len(given) != 1 {
		c.Failf(names[0], "Invalid combination of arguments: one of `%s` must be specified", strings.Join(names, ","))
	}
}

// atMostOne fails when inputs exclude each other.
func (c *Checking) atMostOne(names ...string) {
	given := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !c.given(n) })
	if len(given) > 1 {
		c.Failf(given[0], "Conflicting configuration arguments: %q conflicts with %s", snake(given[0]), snake(given[1]))
	}
}

// CheckInputs returns the inputs with what the provider fills in, and what is wrong with them. Olds are the inputs that
// an earlier check returned, from which made-up names are kept.
func (t *Type) CheckInputs(place Place, olds, news map[string]any, naming Naming) (map[string]any, []Failure) {
	c := &Checking{Type: t, Place: place, In: maps.Clone(news)}
	if c.In == nil {
		c.In = map[string]any{}
	}
	delete(c.In, DefaultsKey)
	maps.DeleteFunc(c.In, func(_ string, v any) bool { return v == nil })
	var filled []string
	fill := func(name string, v any) {
		if _, given := c.In[name]; !given && v != nil {
			c.In[name] = v
			filled = append(filled, name)
		}
	}
	if t.NameIn != "" && !c.given(t.NameIn) && !c.given(t.prefixProperty()) {
		if name := t.autoName(olds, c.In, naming); name != "" {
			delete(c.In, t.NameIn)
			fill(t.NameIn, name)
		}
	}
	for name, v := range t.Defaults {
		fill(name, (&Op{}).expandAll(v))
	}
	slices.Sort(filled)
	c.schema()
	c.writing()
	if t.Check != nil {
		t.Check(c)
	}
	c.In[DefaultsKey] = texts(filled...)
	slices.SortFunc(c.failures, func(a, b Failure) int {
		return cmp.Or(strings.Compare(a.Property, b.Property), strings.Compare(a.Reason, b.Reason))
	})
	return c.In, slices.Compact(c.failures)
}

// schema checks what can be said from the type's properties alone.
func (c *Checking) schema() {
	names := slices.Sorted(maps.Keys(c.Type.schema))
	for _, name := range names {
		if _, present := c.In[name]; c.Type.schema[name].required && !present {
			c.Failf(name, "Missing required argument. The argument %q is required, but no definition was found.. Examine values at '%s'.",
				snake(name), name)
		}
	}
	for name, v := range c.In {
		p, ok := c.Type.schema[name]
		switch {
		case strings.HasPrefix(name, "__"):
		case !ok || p.output:
			hint := diag.Nearest(name, slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !c.settable(n) }))
			if hint != "" {
				hint = fmt.Sprintf(" Did you mean %q?", hint)
			}
			c.Failf(name, "Invalid or unknown key. Examine values at '%s'.%s", name, hint)
		case !p.accepts(v):
			c.Failf(name, "expected %s to be %s. Examine values at '%s'.", snake(name), p.wants(), name)
		}
	}
	for path, allowed := range c.Enums {
		for _, v := range property.At(c.In, path) {
			text, ok := v.(string)
			if ok && text != "" && !slices.Contains(strings.Fields(allowed), text) {
				c.Failf(path, "expected %s to be one of [%q], got %s", snake(path), strings.Fields(allowed), text)
			}
		}
	}
}

func (p prop) accepts(v any) bool {
	if property.HasUnknown(v) {
		return true
	}
	switch v := v.(type) {
	case string:
		return p.kind == 's' || p.kind == 'o' || p.kind == 'b' && (v == "true" || v == "false") || p.kind == 'n' && property.Format(property.Number(object{"n": v}, "n")) == v
	case bool:
		return p.kind == 'b' || p.kind == 's'
	case float64:
		return p.kind == 'n' || p.kind == 's'
	case []any:
		return p.kind == 'l'
	case map[string]any:
		return p.kind == 'm' || p.kind == 'o' || p.kind == 'a'
	}
	return true
}

func (p prop) wants() string {
	return map[byte]string{'s': "a string", 'b': "a boolean", 'n': "a number", 'l': "a list", 'm': "a map", 'o': "an object", 'a': "an archive"}[p.kind]
}

// prefixProperty is the property beside the name that gives its beginning.
func (t *Type) prefixProperty() string {
	for _, candidate := range []string{t.NameIn + "Prefix", "namePrefix"} {
		if t.settable(candidate) {
			return candidate
		}
	}
	return "-"
}

func (t *Type) autoName(olds, news map[string]any, naming Naming) string {
	end := ""
	if t.NameEnd != nil {
		end = t.NameEnd(news)
	}
	if wasFilled(olds, t.NameIn) {
		if old, ok := olds[t.NameIn].(string); ok && strings.HasSuffix(old, end) {
			return old
		}
	}
	if naming.Off {
		return ""
	}
	if naming.Enforced {
		return naming.Proposed
	}
	name := naming.Proposed
	if name == "" {
		digest := sha256.Sum256(append(append([]byte(t.Token), naming.Seed...), naming.Resource...))
		suffix := "-" + hex.EncodeToString(digest[:])[:7]
		name = naming.Resource
		if most := t.NameMax - len(t.NameStart) - len(suffix) - len(end); len(name) > most {
			name = name[:most]
		}
		name += suffix
	}
	if !strings.HasPrefix(name, t.NameStart) {
		name = t.NameStart + name
	}
	if t.lowerCaseNames() {
		name = strings.ToLower(name)
	}
	return name + end
}

// lowerCaseNames: these services take no capitals.
func (t *Type) lowerCaseNames() bool {
	module, _, _ := strings.Cut(t.Is, ".")
	return module == "rds" || module == "docdb" || module == "elasticache" || module == "memorydb" || t.Is == "s3.Bucket" || t.Is == "ecr.Repository"
}

func wasFilled(inputs map[string]any, name string) bool {
	filled, _ := inputs[DefaultsKey].([]any)
	return slices.Contains(filled, any(name))
}

// snake turns targetGroupArn into target_group_arn, as AWS's provider calls it in its messages.
func snake(name string) string {
	var b strings.Builder
	for _, r := range name {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}
