package asl

import (
	"errors"
	"fmt"
)

func arrayPartition(_ *scope, args []any) (any, error) {
	list, err := listArg(args)
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
	list, err := listArg(args)
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
	list, err := listArg(args)
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
	list, err := listArg(args)
	if err != nil {
		return nil, err
	}
	return intNumber(int64(len(list))), nil
}

func arrayUnique(_ *scope, args []any) (any, error) {
	list, err := listArg(args)
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
