package bundle

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/deployer-io/deployer/shared/diag"
)

// FromFiles makes a bundle of files in memory, under the same rules as any other.
func FromFiles(files []File, limits Limits) (*Bundle, diag.List) {
	limits = limits.withDefaults()
	var ds diag.List
	if len(files) > limits.Entries {
		tooMany(&ds, len(files), limits)
		return nil, ds
	}
	taken, total := make([]File, 0, len(files)), int64(0)
	seen := newNames(len(files))
	for _, f := range files {
		if why := checkPath(f.Path); why != "" {
			ds.Errorf(codePath, diag.Position{File: f.Path}, "", "the entry %s", why).WithHint("rename it")
			continue
		}
		if liesInIgnored(f.Path) || !isYAML(f.Path) || !seen.add(f.Path, &ds) {
			continue
		}
		total += int64(len(f.Data))
		if checkContents(f, limits, &ds) {
			taken = append(taken, f)
		}
	}
	if total > limits.Total {
		tooLarge(&ds, limits)
	}
	return finish(taken, ds)
}

func checkContents(f File, limits Limits, ds *diag.List) bool {
	at := diag.Position{File: f.Path}
	if int64(len(f.Data)) > limits.File {
		fileTooLarge(ds, f.Path, limits)
		return false
	}
	if format := archiveSignature(f.Data); format != "" {
		ds.Errorf(codeNested, at, "", "the file is a %s archive inside the bundle", format).
			WithHint("unpack it and put its YAML files into the bundle")
		return false
	}
	return true
}

func finish(files []File, ds diag.List) (*Bundle, diag.List) {
	if ds.HasErrors() {
		return nil, ds
	}
	if len(files) == 0 {
		ds.Errorf(codeEmpty, diag.Position{}, "", "the bundle holds no .yaml or .yml file").
			WithHint("name the folder that holds the stack's documents, or run 'deployer init' to write the first ones")
		return nil, ds
	}
	return newBundle(files), ds
}

func tooMany(ds *diag.List, count int, limits Limits) {
	ds.Errorf(codeTooLarge, diag.Position{}, "", "the bundle holds %d entries; at most %d are allowed", count, limits.Entries).
		WithHint("put several documents into one file, or raise the limit in the configuration")
}

func tooLarge(ds *diag.List, limits Limits) {
	ds.Errorf(codeTooLarge, diag.Position{}, "", "the bundle's files hold more than %d bytes together", limits.Total).
		WithHint("take out what is not configuration, or raise the limit in the configuration")
}

func fileTooLarge(ds *diag.List, path string, limits Limits) {
	ds.Errorf(codeTooLarge, diag.Position{File: path}, "", "the file holds more than %d bytes", limits.File).
		WithHint("split it into several files")
}

// readAll calls read for 0 to n-1 from a few goroutines and returns all that they had to say, in that order. What is
// still to do is dropped once the contents exceed limits.Total.
func readAll(n int, limits Limits, read func(i int, ds *diag.List) int64) diag.List {
	lists := make([]diag.List, n)
	var next, total atomic.Int64
	var workers sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && total.Load() <= limits.Total; i = int(next.Add(1)) - 1 {
				total.Add(read(i, &lists[i]))
			}
		})
	}
	workers.Wait()
	ds := slices.Concat(lists...)
	if total.Load() > limits.Total {
		tooLarge(&ds, limits)
	}
	return ds
}
