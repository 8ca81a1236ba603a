package asl

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"unicode/utf8"
)

// intrinsic is one function of the States. family with the number of arguments it takes; most -1 means any number.
type intrinsic struct {
	least, most int
	apply       func(at *scope, args []any) (any, error)
}

func (f intrinsic) arity() string {
	switch {
	case f.most < 0:
		return fmt.Sprintf("at least %d arguments", f.least)
	case f.least == f.most:
		return fmt.Sprintf("%d arguments", f.least)
	default:
		return fmt.Sprintf("%d to %d arguments", f.least, f.most)
	}
}

// Limits of the functions, as AWS documents them.
const (
	maxEncoded = 10_000 // characters that Base64 and Hash take
	maxRange   = 1_000  // elements that ArrayRange gives
)

var intrinsics map[string]intrinsic

func init() {
	intrinsics = map[string]intrinsic{
		"States.Array":          {0, -1, func(_ *scope, args []any) (any, error) { return append([]any{}, args...), nil }},
		"States.ArrayPartition": {2, 2, arrayPartition},
		"States.ArrayContains":  {2, 2, arrayContains},
		"States.ArrayRange":     {3, 3, arrayRange},
		"States.ArrayGetItem":   {2, 2, arrayGetItem},
		"States.ArrayLength":    {1, 1, arrayLength},
		"States.ArrayUnique":    {1, 1, arrayUnique},
		"States.Base64Encode":   {1, 1, base64Encode},
		"States.Base64Decode":   {1, 1, base64Decode},
		"States.Format":         {1, -1, format},
		"States.Hash":           {2, 2, hashOf},
		"States.JsonMerge":      {3, 3, jsonMerge},
		"States.JsonToString":   {1, 1, func(_ *scope, args []any) (any, error) { return javaJSON(args[0]), nil }},
		"States.MathAdd":        {2, 2, mathAdd},
		"States.MathRandom":     {2, 3, mathRandom},
		"States.StringSplit":    {2, 2, stringSplit},
		"States.StringToJson":   {1, 1, stringToJSON},
		"States.UUID":           {0, 0, func(at *scope, _ []any) (any, error) { return at.newID(), nil }},
	}
}

func textArg(args []any, i int) (string, error) {
	s, ok := args[i].(string)
	if !ok {
		return "", fmt.Errorf("argument %d must be a string, not %s", i+1, kindOf(args[i]))
	}
	return s, nil
}

func listArg(args []any, i int) ([]any, error) {
	l, ok := args[i].([]any)
	if !ok {
		return nil, fmt.Errorf("argument %d must be an array, not %s", i+1, kindOf(args[i]))
	}
	return l, nil
}

// intArg rounds half up, as AWS does with every number where it needs an integer.
func intArg(args []any, i int) (int64, error) {
	n, ok := args[i].(number)
	if !ok {
		return 0, fmt.Errorf("argument %d must be a number, not %s", i+1, kindOf(args[i]))
	}
	if w, ok := n.whole(); ok {
		return w, nil
	}
	f := math.Floor(n.float() + 0.5)
	if math.Abs(f) >= 1<<53 {
		return 0, fmt.Errorf("argument %d is too large: %s", i+1, n)
	}
	return int64(f), nil
}

func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case number:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "an array"
	default:
		return "an object"
	}
}

func arrayPartition(_ *scope, args []any) (any, error) {
	list, err := listArg(args, 0)
	if err != nil {
		return nil, err
	}
	size, err := intArg(args, 1)
	if err != nil {
		return nil, err
	}
	if size <= 0 {
		return nil, errors.New("the size of a chunk must be greater than zero")
	}
	chunks := []any{}
	for len(list) > 0 {
		n := int(min(size, int64(len(list))))
		chunks = append(chunks, list[:n:n])
		list = list[n:]
	}
	return chunks, nil
}

func arrayContains(_ *scope, args []any) (any, error) {
	list, err := listArg(args, 0)
	if err != nil {
		return nil, err
	}
	return member(list, args[1]), nil
}

func arrayRange(_ *scope, args []any) (any, error) {
	var bound [3]int64
	for i := range bound {
		n, err := intArg(args, i)
		if err != nil {
			return nil, err
		}
		if n > 1<<53 || n < -1<<53 {
			return nil, fmt.Errorf("argument %d is too large", i+1)
		}
		bound[i] = n
	}
	first, last, by := bound[0], bound[1], bound[2]
	if by == 0 {
		return nil, errors.New("the step must not be zero")
	}
	list := []any{}
	for n := first; by > 0 && n <= last || by < 0 && n >= last; n += by {
		if len(list) == maxRange {
			return nil, fmt.Errorf("the range has more than %d elements", maxRange)
		}
		list = append(list, intNumber(n))
	}
	return list, nil
}

func arrayGetItem(_ *scope, args []any) (any, error) {
	list, err := listArg(args, 0)
	if err != nil {
		return nil, err
	}
	i, err := intArg(args, 1)
	if err != nil {
		return nil, err
	}
	if i < 0 || i >= int64(len(list)) {
		return nil, fmt.Errorf("the index %d is outside the array of %d elements", i, len(list))
	}
	return list[i], nil
}

func arrayLength(_ *scope, args []any) (any, error) {
	list, err := listArg(args, 0)
	if err != nil {
		return nil, err
	}
	return intNumber(int64(len(list))), nil
}

func arrayUnique(_ *scope, args []any) (any, error) {
	list, err := listArg(args, 0)
	if err != nil {
		return nil, err
	}
	unique := []any{}
	for _, e := range list {
		if !member(unique, e) {
			unique = append(unique, e)
		}
	}
	return unique, nil
}

func boundedText(args []any, i int) (string, error) {
	s, err := textArg(args, i)
	if err == nil && utf8.RuneCountInString(s) > maxEncoded {
		err = fmt.Errorf("argument %d has more than %d characters", i+1, maxEncoded)
	}
	return s, err
}

func base64Encode(_ *scope, args []any) (any, error) {
	s, err := boundedText(args, 0)
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.EncodeToString([]byte(s)), nil
}

func base64Decode(_ *scope, args []any) (any, error) {
	s, err := boundedText(args, 0)
	if err != nil {
		return nil, err
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		if b, err = base64.RawStdEncoding.DecodeString(s); err != nil {
			return nil, errors.New("the argument is not Base64")
		}
	}
	return strings.ToValidUTF8(string(b), "\ufffd"), nil
}

func hashOf(_ *scope, args []any) (any, error) {
	data, isText := args[0].(string)
	if !isText {
		data = javaJSON(args[0])
	}
	if utf8.RuneCountInString(data) > maxEncoded {
		return nil, fmt.Errorf("argument 1 has more than %d characters", maxEncoded)
	}
	algorithm, err := textArg(args, 1)
	if err != nil {
		return nil, err
	}
	var sum []byte
	switch algorithm {
	case "MD5":
		h := md5.Sum([]byte(data))
		sum = h[:]
	case "SHA-1":
		h := sha1.Sum([]byte(data))
		sum = h[:]
	case "SHA-256":
		h := sha256.Sum256([]byte(data))
		sum = h[:]
	case "SHA-384":
		h := sha512.Sum384([]byte(data))
		sum = h[:]
	case "SHA-512":
		h := sha512.Sum512([]byte(data))
		sum = h[:]
	default:
		return nil, fmt.Errorf("%q is not an algorithm; known are MD5, SHA-1, SHA-256, SHA-384 and SHA-512", algorithm)
	}
	return hex.EncodeToString(sum), nil
}

func jsonMerge(_ *scope, args []any) (any, error) {
	a, okA := args[0].(*object)
	b, okB := args[1].(*object)
	if !okA || !okB {
		return nil, errors.New("the first two arguments must be objects")
	}
	if args[2] != false {
		return nil, errors.New("the third argument must be false: only shallow merging is supported")
	}
	merged := newObject(len(a.keys) + len(b.keys))
	for _, o := range []*object{a, b} {
		for i, k := range o.keys {
			merged.set(k, o.values[i])
		}
	}
	return merged, nil
}

func mathAdd(_ *scope, args []any) (any, error) {
	a, err := intArg(args, 0)
	if err != nil {
		return nil, err
	}
	b, err := intArg(args, 1)
	if err != nil {
		return nil, err
	}
	for _, n := range []int64{a, b, a + b} {
		if n < math.MinInt32 || n > math.MaxInt32 {
			return nil, fmt.Errorf("%d is outside the range of a 32-bit integer", n)
		}
	}
	return intNumber(a + b), nil
}

// mathRandom draws from [start, end); the same seed draws the same number.
func mathRandom(at *scope, args []any) (any, error) {
	from, err := intArg(args, 0)
	if err != nil {
		return nil, err
	}
	to, err := intArg(args, 1)
	if err != nil {
		return nil, err
	}
	if to <= from || to-from <= 0 {
		return nil, errors.New("the end must be greater than the start")
	}
	random := at.random()
	if len(args) == 3 {
		seed, err := intArg(args, 2)
		if err != nil {
			return nil, err
		}
		random = rand.New(rand.NewPCG(uint64(seed), 0))
	}
	return intNumber(from + random.Int64N(to-from)), nil
}

// stringSplit cuts at every character of the second argument and drops what is empty.
func stringSplit(_ *scope, args []any) (any, error) {
	s, err := textArg(args, 0)
	if err != nil {
		return nil, err
	}
	cuts, err := textArg(args, 1)
	if err != nil {
		return nil, err
	}
	parts := []any{}
	for _, p := range strings.FieldsFunc(s, func(c rune) bool { return strings.ContainsRune(cuts, c) }) {
		parts = append(parts, p)
	}
	return parts, nil
}

func stringToJSON(_ *scope, args []any) (any, error) {
	s, err := textArg(args, 0)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(s) == "" {
		return nil, nil
	}
	v, err := parseJSON(s)
	if err != nil {
		return nil, fmt.Errorf("the string is not JSON: %w", err)
	}
	return v, nil
}

// format puts its arguments in place of {}; \{ and \} are braces.
func format(_ *scope, args []any) (any, error) {
	template, err := textArg(args, 0)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	used := 1
	for i := 0; i < len(template); i++ {
		switch c := template[i]; {
		case c == '\\' && i+1 < len(template) && strings.IndexByte(`'\{}`, template[i+1]) >= 0:
			i++
			b.WriteByte(template[i])
		case c == '{' && i+1 < len(template) && template[i+1] == '}':
			i++
			if used < len(args) {
				b.WriteString(javaText(args[used]))
			}
			used++
		default:
			b.WriteByte(c)
		}
	}
	if used != len(args) {
		return nil, fmt.Errorf("the template has %d places {} for %d arguments", used-1, len(args)-1)
	}
	return b.String(), nil
}

// javaText is how AWS shows a value inside a string: Java's toString of maps and lists.
func javaText(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case number:
		return x.javaText()
	case []any:
		parts := make([]string, len(x))
		for i, e := range x {
			parts[i] = javaText(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case *object:
		parts := make([]string, len(x.keys))
		for i, k := range x.keys {
			parts[i] = k + "=" + javaText(x.values[i])
		}
		return "{" + strings.Join(parts, ", ") + "}"
	default:
		return jsonText(v)
	}
}

// javaJSON is JSON text with numbers as Java writes them.
func javaJSON(v any) string { return jsonText(javaNumbers(v)) }

func javaNumbers(v any) any {
	switch x := v.(type) {
	case number:
		return number(x.javaText())
	case []any:
		c := make([]any, len(x))
		for i, e := range x {
			c[i] = javaNumbers(e)
		}
		return c
	case *object:
		c := newObject(len(x.keys))
		for i, k := range x.keys {
			c.set(k, javaNumbers(x.values[i]))
		}
		return c
	default:
		return v
	}
}
