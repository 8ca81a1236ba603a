package asl

import (
	"math"
	"strconv"
)

const pathFunctionNames = "length, keys, min, max, avg, sum, stddev, first and last"

// pathFunctions may end a path: $.items.length().
var pathFunctions = map[string]func(v any, p *path) (any, error){
	"length": func(v any, p *path) (any, error) {
		if n := lengthOf(v); n >= 0 {
			return intNumber(int64(n)), nil
		}
		return nil, &absent{p, "length() needs an array, an object or a string"}
	},
	"keys": func(v any, p *path) (any, error) {
		o, ok := v.(*object)
		if !ok {
			return nil, &absent{p, "keys() needs an object"}
		}
		list := make([]any, len(o.keys))
		for i, k := range o.keys {
			list[i] = k
		}
		return list, nil
	},
	"first": func(v any, p *path) (any, error) { return edge(v, p, 0) },
	"last":  func(v any, p *path) (any, error) { return edge(v, p, -1) },
	"min":   aggregate(func(all []float64) float64 { return fold(all, math.Min) }),
	"max":   aggregate(func(all []float64) float64 { return fold(all, math.Max) }),
	"sum":   aggregate(sum),
	"avg":   aggregate(func(all []float64) float64 { return sum(all) / float64(len(all)) }),
	"stddev": aggregate(func(all []float64) float64 {
		mean, squares := sum(all)/float64(len(all)), 0.0
		for _, f := range all {
			squares += (f - mean) * (f - mean)
		}
		return math.Sqrt(squares / float64(len(all)))
	}),
}

func edge(v any, p *path, i int) (any, error) {
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return nil, &absent{p, "first() and last() need an array that is not empty"}
	}
	return list[(i+len(list))%len(list)], nil
}

func aggregate(of func([]float64) float64) func(any, *path) (any, error) {
	return func(v any, p *path) (any, error) {
		list, _ := v.([]any)
		var all []float64
		for _, e := range list {
			if n, ok := e.(number); ok {
				all = append(all, n.float())
			}
		}
		if len(all) == 0 {
			return nil, &absent{p, "the function needs an array with numbers"}
		}
		return floatNumber(of(all)), nil
	}
}

// floatNumber is how AWS's path functions answer: always with a decimal point.
func floatNumber(f float64) number {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return "0"
	}
	return number(number(strconv.FormatFloat(f, 'e', -1, 64)).javaText())
}

func fold(all []float64, with func(a, b float64) float64) float64 {
	v := all[0]
	for _, f := range all[1:] {
		v = with(v, f)
	}
	return v
}

func sum(all []float64) float64 {
	v := 0.0
	for _, f := range all {
		v += f
	}
	return v
}
