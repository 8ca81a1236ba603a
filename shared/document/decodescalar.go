package document

import (
	"errors"
	"math"
	"reflect"
	"strconv"
)

func decodeBool(d *decoder, n *node, at *step, v reflect.Value, _ *rules) bool {
	if n.kind != Bool {
		wrongKind(&d.ds, n, at, Bool.String())
		return false
	}
	v.SetBool(n.value().(bool))
	return true
}

func decodeInt(d *decoder, n *node, at *step, v reflect.Value, r *rules) bool {
	if n.kind != Int {
		wrongKind(&d.ds, n, at, Int.String())
		return false
	}
	i, err := parseInt(n.text)
	if err == nil && v.OverflowInt(i) {
		err = strconv.ErrRange
	}
	if err != nil {
		badNumber(d, n, at, err)
		return false
	}
	v.SetInt(i)
	return r.checkNumber(d, n, at, float64(i))
}

func decodeUint(d *decoder, n *node, at *step, v reflect.Value, r *rules) bool {
	if n.kind != Int {
		wrongKind(&d.ds, n, at, Int.String())
		return false
	}
	u, err := parseUint(n.text)
	if err == nil && v.OverflowUint(u) {
		err = strconv.ErrRange
	}
	if err != nil {
		badNumber(d, n, at, err)
		return false
	}
	v.SetUint(u)
	return r.checkNumber(d, n, at, float64(u))
}

func decodeFloat(d *decoder, n *node, at *step, v reflect.Value, r *rules) bool {
	if n.kind != Int && n.kind != Float {
		wrongKind(&d.ds, n, at, Float.String())
		return false
	}
	f, err := parseFloat(n.text)
	if err == nil && (math.IsInf(f, 0) || math.IsNaN(f) || v.OverflowFloat(f)) {
		err = strconv.ErrRange
	}
	if err != nil {
		badNumber(d, n, at, err)
		return false
	}
	v.SetFloat(f)
	return r.checkNumber(d, n, at, f)
}

func badNumber(d *decoder, n *node, at *step, err error) {
	if errors.Is(err, errLeadingZero) {
		d.ds.Errorf(codeInvalid, n.position(), at.String(), "%s: %v", shorten(n.text), err).
			WithHint("leave the leading 0 out, or write 0o for octal")
		return
	}
	d.ds.Errorf(codeOutOfRange, n.position(), at.String(), "%s is not a number that fits here", shorten(n.text)).
		WithHint("write a smaller number, without a sign where none makes sense")
}

func decodeText(d *decoder, n *node, at *step, v reflect.Value, r *rules) bool {
	if n.kind != Text && !(r != nil && r.scalar && (n.kind == Int || n.kind == Float || n.kind == Bool)) {
		wrongKind(&d.ds, n, at, Text.String())
		return false
	}
	v.SetString(n.text)
	return r.checkText(d, n, at, n.text)
}
