package asl

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
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

func listArg(args []any) ([]any, error) {
	l, ok := args[0].([]any)
	if !ok {
		return nil, fmt.Errorf("argument 1 must be an array, not %s", kindOf(args[0]))
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
