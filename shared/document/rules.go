package document

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/deployer-io/deployer/shared/diag"
)

// rules are a field's tags, compiled. A nil *rules allows everything.
type rules struct {
	required bool
	scalar   bool // a text field takes numbers and booleans too

	minimum, maximum, above, below, multiple *float64
	minLength, maxLength, minItems, maxItems *int
	pattern                                  *regexp.Regexp
	enum                                     []string
	unique                                   bool

	items  *rules // what holds for a list's items: all but the rules about the list
	values *rules // what holds for a mapping's values
}

// compileRules reads the tags jsonschema and jsonschema_extras. Keywords that only describe are passed over.
func compileRules(tag reflect.StructTag) (rules, error) {
	var r rules
	for _, keyword := range splitTag(tag.Get("jsonschema")) {
		name, value, _ := strings.Cut(keyword, "=")
		var err error
		switch name {
		case "required":
			r.required = true
		case "minimum":
			r.minimum, err = number(value)
		case "maximum":
			r.maximum, err = number(value)
		case "exclusiveMinimum":
			r.above, err = number(value)
		case "exclusiveMaximum":
			r.below, err = number(value)
		case "multipleOf":
			r.multiple, err = number(value)
		case "minLength":
			r.minLength, err = count(value)
		case "maxLength":
			r.maxLength, err = count(value)
		case "minItems":
			r.minItems, err = count(value)
		case "maxItems":
			r.maxItems, err = count(value)
		case "uniqueItems":
			r.unique = true
		case "pattern":
			r.pattern, err = regexp.Compile(value)
		case "enum":
			r.enum = append(r.enum, value)
		}
		if err != nil {
			return r, fmt.Errorf("tag %s: %w", keyword, err)
		}
	}
	r.scalar = slices.Contains(splitTag(tag.Get("jsonschema_extras")), "scalar=true")
	items := r
	items.required, items.minItems, items.maxItems, items.unique = false, nil, nil, false
	r.items, r.values = &items, &rules{scalar: r.scalar}
	return r, nil
}

// splitTag splits at commas; a comma after a backslash stands for itself.
func splitTag(tag string) []string {
	var parts []string
	var part strings.Builder
	for i := 0; i < len(tag); i++ {
		switch {
		case tag[i] == '\\' && i+1 < len(tag) && tag[i+1] == ',':
			part.WriteByte(',')
			i++
		case tag[i] == ',':
			parts = append(parts, part.String())
			part.Reset()
		default:
			part.WriteByte(tag[i])
		}
	}
	return append(parts, part.String())
}

func number(text string) (*float64, error) {
	f, err := strconv.ParseFloat(text, 64)
	return &f, err
}

func count(text string) (*int, error) {
	i, err := strconv.Atoi(text)
	return &i, err
}

// ofItems returns the rules for a list's items.
func (r *rules) ofItems() *rules {
	if r == nil {
		return nil
	}
	return r.items
}

// ofValues returns the rules for a mapping's values.
func (r *rules) ofValues() *rules {
	if r == nil {
		return nil
	}
	return r.values
}

func (r *rules) checkText(d *decoder, n *node, at *step, text string) bool {
	if r == nil {
		return true
	}
	before := len(d.ds)
	length := -1
	if r.minLength != nil || r.maxLength != nil {
		length = utf8.RuneCountInString(text)
	}
	if r.minLength != nil && length < *r.minLength {
		d.refuse(codeOutOfRange, n, at, "must not be shorter than %d characters", *r.minLength).WithHint("it has %d", length)
	}
	if r.maxLength != nil && length > *r.maxLength {
		d.refuse(codeOutOfRange, n, at, "must not be longer than %d characters", *r.maxLength).WithHint("it has %d", length)
	}
	if r.pattern != nil && !r.pattern.MatchString(text) {
		d.refuse(codeInvalid, n, at, "%q does not match %s", shorten(text), r.pattern).WithHint("correct the value")
	}
	if r.enum != nil && !slices.Contains(r.enum, text) {
		d.refuseEnum(n, at, text, r.enum)
	}
	return len(d.ds) == before
}

func (r *rules) checkNumber(d *decoder, n *node, at *step, f float64) bool {
	if r == nil {
		return true
	}
	before := len(d.ds)
	if r.minimum != nil && f < *r.minimum || r.above != nil && f <= *r.above ||
		r.maximum != nil && f > *r.maximum || r.below != nil && f >= *r.below {
		d.refuse(codeOutOfRange, n, at, "%s is out of range", n.text).WithHint("write a number %s", r.numberRange())
	}
	if r.multiple != nil && *r.multiple != 0 {
		if q := f / *r.multiple; math.Abs(q-math.Round(q)) > 1e-9 {
			d.refuse(codeInvalid, n, at, "%s is no multiple of %s", n.text, plain(*r.multiple)).WithHint("round it")
		}
	}
	if r.enum != nil && !slices.ContainsFunc(r.enum, func(e string) bool { allowed, err := number(e); return err == nil && *allowed == f }) {
		d.refuseEnum(n, at, n.text, r.enum)
	}
	return len(d.ds) == before
}

// numberRange says the range in words: "from 1 to 10".
func (r *rules) numberRange() string {
	var parts []string
	for _, p := range []struct {
		word  string
		bound *float64
	}{{"from", r.minimum}, {"above", r.above}, {"to", r.maximum}, {"below", r.below}} {
		if p.bound != nil {
			parts = append(parts, p.word+" "+plain(*p.bound))
		}
	}
	if r.minimum == nil && r.above == nil && r.maximum != nil {
		return "up" + " " + strings.Join(parts, " ")
	}
	return strings.Join(parts, " ")
}

func plain(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// checkItems keeps the rules about a list as a whole.
func (r *rules) checkItems(d *decoder, n *node, at *step) bool {
	if r == nil {
		return true
	}
	before := len(d.ds)
	if r.minItems != nil && len(n.items) < *r.minItems {
		d.refuse(codeOutOfRange, n, at, "must have at least %s", items(*r.minItems)).WithHint("it has %d", len(n.items))
	}
	if r.maxItems != nil && len(n.items) > *r.maxItems {
		d.refuse(codeOutOfRange, n, at, "must have at most %s", items(*r.maxItems)).WithHint("it has %d", len(n.items))
	}
	if r.unique {
		first := make(map[string]int, len(n.items))
		for i, item := range n.items {
			key := string(item.appendCanonical(nil))
			if j, twice := first[key]; twice {
				d.refuse(codeInvalid, item, d.step(at, "", i), "is the same as item %d", j).WithHint("keep one of the two")
				continue
			}
			first[key] = i
		}
	}
	return len(d.ds) == before
}

func items(n int) string {
	if n == 1 {
		return "1 item"
	}
	return strconv.Itoa(n) + " items"
}

// appendCanonical appends a text that is the same for equal values only.
func (n *node) appendCanonical(b []byte) []byte {
	b = append(b, byte('0'+n.kind))
	switch n.kind {
	case List, Map:
		b = strconv.AppendInt(b, int64(len(n.items)), 10)
		b = append(b, ':')
		for _, item := range n.items {
			b = item.appendCanonical(b)
		}
	default:
		b = strconv.AppendInt(b, int64(len(n.text)), 10)
		b = append(append(b, ':'), n.text...)
	}
	return b
}

func (d *decoder) refuse(code diag.Code, n *node, at *step, format string, args ...any) *diag.Diagnostic {
	return d.ds.Errorf(code, n.position(), at.String(), format, args...)
}

func (d *decoder) refuseEnum(n *node, at *step, text string, allowed []string) {
	list := strings.Join(allowed, ", ")
	if nearest := diag.Nearest(text, allowed); nearest != "" {
		d.refuse(codeInvalid, n, at, "%q is not one of %s", shorten(text), list).WithHint("did you mean %q?", nearest)
		return
	}
	d.refuse(codeInvalid, n, at, "%q is not one of %s", shorten(text), list).WithHint("choose one of them")
}
