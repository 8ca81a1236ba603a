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
	"strings"
	"unicode/utf8"
)

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
