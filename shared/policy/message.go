package policy

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
)

// message is a template: text, and expressions in {{ }}.
type message []part

// part is a text, or an expression whose value stands in its place.
type part struct {
	text       string
	expression *program
}

// newMessage reads a template.
func newMessage(subject, template string, cost uint64) (message, error) {
	var m message
	for rest := template; rest != ""; {
		before, after, found := strings.Cut(rest, "{{")
		if before != "" {
			m = append(m, part{text: before})
		}
		if !found {
			break
		}
		inside, behind, closed := strings.Cut(after, "}}")
		if !closed {
			return nil, &expressionError{message: "{{ without }}"}
		}
		expression, err := compile(subject, strings.TrimSpace(inside), false, cost)
		if err != nil {
			return nil, fmt.Errorf("{{%s}}: %w", inside, err)
		}
		m = append(m, part{expression: expression})
		rest = behind
	}
	return m, nil
}

const longestMessage = 2000

// text fills the template in. An expression that fails leaves a question mark: the rule is broken all the same.
func (m message) text(variables map[string]any) (string, uint64) {
	var b strings.Builder
	var total uint64
	for _, p := range m {
		if p.expression == nil {
			b.WriteString(p.text)
			continue
		}
		value, cost, err := p.expression.run(variables)
		total += cost
		if err != nil {
			b.WriteString("?")
			continue
		}
		b.WriteString(display(value))
	}
	if b.Len() > longestMessage {
		return strings.ToValidUTF8(b.String()[:longestMessage], "") + "...", total
	}
	return b.String(), total
}

// display writes a value as people do: texts as they are, lists with commas.
func display(value ref.Val) string {
	switch v := value.(type) {
	case types.String:
		return string(v)
	case traits.Lister:
		var items []string
		for it := v.Iterator(); it.HasNext() == types.True && len(items) < 20; {
			items = append(items, display(it.Next()))
		}
		return strings.Join(items, ", ")
	case object:
		text, err := json.Marshal(v.Value())
		if err != nil {
			return "?"
		}
		return string(text)
	}
	if text, ok := value.ConvertToType(types.StringType).(types.String); ok {
		return string(text)
	}
	native, err := value.ConvertToNative(reflect.TypeFor[map[string]any]())
	if err != nil {
		return "?"
	}
	text, err := json.Marshal(native)
	if err != nil {
		return "?"
	}
	return string(text)
}
