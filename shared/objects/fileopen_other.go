//go:build !linux

package objects

import "os"

// open opens what stands at a path below the root, where no part of the path is a link; ErrNotFound otherwise.
func (f *File) open(at string, flags int) (*os.File, error) { return f.openByStep(at, flags) }
