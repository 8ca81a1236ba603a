package asl

import (
	"fmt"
	"strconv"
	"strings"
)

// referred reads what a ...Path field points at.
func (v *visit) referred(p *path, field string, data any) (any, *fault) {
	r, err := p.eval(v.scope(data))
	if err != nil {
		return nil, v.runtime(fmt.Sprintf("The %s parameter does not reference an input value: %s", field, p.text))
	}
	return r, nil
}

// wholeOf takes an integer from a number or, as AWS does, from a string that holds one.
func wholeOf(v any) (int64, bool) {
	switch x := v.(type) {
	case number:
		return x.whole()
	case string:
		i, err := strconv.ParseInt(strings.TrimSpace(x), 10, 64)
		return i, err == nil
	}
	return 0, false
}

func decimalOf(v any) (float64, bool) {
	switch x := v.(type) {
	case number:
		return x.float(), true
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(x), 64)
		return f, err == nil
	}
	return 0, false
}

// seconds is a duration given in the definition or by a path.
func (v *visit) seconds(q quantity, field string, data any) (int64, *fault) {
	if q.path == nil {
		return int64(q.fixed), nil
	}
	r, f := v.referred(q.path, field, data)
	if f != nil {
		return 0, f
	}
	s, ok := wholeOf(r)
	var wrong string
	switch {
	case !ok:
		wrong = "cannot be parsed as a long value"
	case s < 0:
		wrong = "references a negative value"
	case s > maxSeconds:
		wrong = fmt.Sprintf("references a value larger than the maximum of %d", maxSeconds)
	default:
		return s, nil
	}
	return 0, v.runtime(fmt.Sprintf("The %s parameter %s: %s == %s", field, wrong, q.path.text, javaText(r)))
}

// limit is a timeout or heartbeat; 0 means none.
func (v *visit) limit(q quantity, field string, data any) (int64, *fault) {
	if !q.set {
		return 0, nil
	}
	s, f := v.seconds(q, field, data)
	if f == nil && s == 0 {
		f = v.runtime(fmt.Sprintf("The %s parameter must be greater than zero: %s == 0", field, q.path.text))
	}
	return s, f
}

// whole is an integer that a Map's field refers to.
func (v *visit) whole(q quantity, field string, data any) (int64, *fault) {
	if q.path == nil {
		return int64(q.fixed), nil
	}
	r, f := v.referred(q.path, field, data)
	if f != nil {
		return 0, f
	}
	i, ok := wholeOf(r)
	if !ok {
		return 0, v.notA("integer", field, q.path, r)
	}
	return i, nil
}

func (v *visit) percent(q quantity, field string, data any) (float64, *fault) {
	if q.path == nil {
		return q.fixed, nil
	}
	r, f := v.referred(q.path, field, data)
	if f != nil {
		return 0, f
	}
	d, ok := decimalOf(r)
	if !ok {
		return 0, v.notA("float", field, q.path, r)
	}
	return d, nil
}

func (v *visit) notA(kind, field string, p *path, value any) *fault {
	text, isText := value.(string)
	if !isText {
		text = jsonText(value)
	}
	return v.runtime(fmt.Sprintf(`The %s field refers to value "%s" which is not a valid %s: %s`, field, text, kind, p.text))
}
