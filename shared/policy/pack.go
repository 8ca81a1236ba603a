package policy

import (
	"strconv"
	"strings"
	"sync"

	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/resource"
)

// Pack is a set of built-in rules that Compliance documents include by its name.
type Pack struct {
	Name    string
	Summary string // one sentence
	Rules   []BuiltIn
}

// BuiltIn is a rule of a pack. Its name in violations and exceptions is pack/name.
type BuiltIn struct {
	Name         string
	Description  string // what it is for; told together with a violation
	Severity     resource.PolicySeverity
	On           resource.PolicySubject // empty for a component
	Kinds        []string               // empty for all
	Environments []string               // empty for all
	Expression   string
	Message      string
	Field        string // the field that is at fault, where it is not the first that the expression names; as in spec.multiAZ
}

// Packs returns the built-in packs, sorted by name.
func Packs() []Pack { return packs }

var packs = []Pack{backups, encryption, leastPrivilege, production, publicExposure, tags}

// requiredTagsMark stands in expressions for the list of tags that Compliance documents ask for.
const requiredTagsMark = "REQUIRED_TAGS"

var defaultRequiredTags = []string{"cost-center", "owner"}

// compiledRules keeps built-in rules once compiled, by their expression: they are the same for every stack.
var compiledRules sync.Map

// compiled returns the rule for use; required are the tags that documents ask for.
func (b *BuiltIn) compiled(pack string, required []string) *rule {
	expression, text := withTags(b.Expression, required), withTags(b.Message, required)
	key := pack + "/" + b.Name + ": " + expression
	if known, ok := compiledRules.Load(key); ok {
		return known.(*rule)
	}
	source := &resource.PolicyRule{Name: pack + "/" + b.Name, Description: b.Description, Severity: b.Severity, On: b.On,
		Match: resource.PolicyMatch{Kinds: b.Kinds, Environments: b.Environments}, Expression: expression, Message: text}
	if source.On == "" {
		source.On = resource.OnResource
	}
	r, mistakes := newRule(source, unlimited, func(string) diag.Position { return diag.Position{} }, "")
	if r == nil {
		panic("policy: a built-in rule cannot be understood: " + mistakes.String()) // a test compiles them all
	}
	if b.Field != "" {
		r.path = b.Field
	}
	compiledRules.Store(key, r)
	return r
}

func withTags(text string, required []string) string {
	if !strings.Contains(text, requiredTagsMark) {
		return text
	}
	if len(required) == 0 {
		required = defaultRequiredTags
	}
	quoted := make([]string, len(required))
	for i, tag := range required {
		quoted[i] = strconv.Quote(tag)
	}
	return strings.ReplaceAll(text, requiredTagsMark, "["+strings.Join(quoted, ", ")+"]")
}
