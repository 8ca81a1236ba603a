package document

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"gopkg.in/yaml.v3"

	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/diag"
)

// The bounds on what is read. Those on files bound what a hostile author can make the parser do; those on all of them
// keep a large bundle from taking the machine's memory.
const (
	MaxFile         = 256 << 10 // bytes of a file
	MaxDepth        = 64        // levels of a document
	MaxAliases      = 100       // aliases in a file
	MaxKeys         = 2000      // keys of a mapping
	MaxFileNodes    = 65_536    // values and keys in a file, those behind aliases counted each time
	MaxNodes        = 8_000_000 // the same in all documents of a bundle, and again in all merged documents
	MaxDocuments    = 50_000    // documents of a bundle
	maxFileFindings = 100       // diagnostics about one file; more of them help nobody
	maxFindings     = 1000      // diagnostics of Parse
)

// The rules about files and their YAML.
const (
	codeSyntax    diag.Code = "yaml-syntax"
	codeEncoding  diag.Code = "yaml-encoding"
	codeLimit     diag.Code = "yaml-limit"
	codeAlias     diag.Code = "yaml-alias"
	codeDuplicate diag.Code = "yaml-duplicate-key"
	codeKey       diag.Code = "yaml-key"
	codeTag       diag.Code = "yaml-tag"
	codeTooMany   diag.Code = "too-many-findings"
)

// Parse reads all documents of a bundle, in the order of their files and of their places in them, together with what is
// wrong with their YAML and their outermost fields. Documents that could be read are returned even beside errors.
func Parse(b *bundle.Bundle) ([]*Document, diag.List) {
	files := b.Files()
	parsed := make([]file, len(files))
	var next, nodes, documents atomic.Int64
	var workers sync.WaitGroup
	for range min(len(files), runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(files); i = int(next.Add(1)) - 1 {
				if nodes.Load() > MaxNodes || documents.Load() > MaxDocuments {
					return
				}
				parsed[i] = parseFile(files[i])
				nodes.Add(int64(parsed[i].nodes))
				documents.Add(int64(len(parsed[i].documents)))
			}
		})
	}
	workers.Wait()
	all, ds := make([]*Document, 0, len(files)), diag.List(nil)
	for _, f := range parsed {
		all = append(all, f.documents...)
		ds.Append(f.ds)
	}
	if documents.Load() > MaxDocuments {
		ds.Errorf(codeLimit, diag.Position{}, "", "the bundle holds more than %d documents", MaxDocuments).
			WithHint("split it into several stacks")
	}
	if nodes.Load() > MaxNodes {
		ds.Errorf(codeLimit, diag.Position{}, "", "the bundle's documents hold more than %d values", MaxNodes).
			WithHint("split it into several stacks")
	}
	return all, atMost(ds, maxFindings)
}

// atMost drops what lies beyond the first n diagnostics and says so.
func atMost(ds diag.List, n int) diag.List {
	if len(ds) <= n {
		return ds
	}
	dropped, at := len(ds)-n, diag.Position{File: ds[n].File}
	ds = ds[:n:n]
	ds.Errorf(codeTooMany, at, "", "and %d more", dropped).WithHint("mend those above first")
	return ds
}

// file is what one file held.
type file struct {
	documents []*Document
	nodes     int
	ds        diag.List
}

func parseFile(f bundle.File) (parsed file) {
	start := diag.Position{File: f.Path}
	if len(f.Data) > MaxFile {
		parsed.ds.Errorf(codeLimit, start, "", "the file holds more than %d bytes", MaxFile).WithHint("split it into several files")
		return parsed
	}
	if at := firstInvalid(f.Data); at >= 0 {
		parsed.ds.Errorf(codeEncoding, place(f, at), "", "the file is not UTF-8").WithHint("save it as UTF-8")
		return parsed
	}
	environment, disagree := environmentOf(f.Path)
	if disagree {
		parsed.ds.Errorf(codeOverlay, start, "", "the file's folders name two environments").
			WithHint("keep an overlay in one environments/NAME folder")
		return parsed
	}
	defer func() {
		// The YAML library panics on some malformed input; to the author that is one more syntax error.
		if r := recover(); r != nil {
			parsed.ds.Errorf(codeSyntax, start, "", "the YAML cannot be read: %v", r).WithHint("write it more plainly")
		}
		parsed.ds = atMost(parsed.ds, maxFileFindings)
	}()
	decoder := yaml.NewDecoder(bytes.NewReader(f.Data))
	c := converter{file: f.Path, ds: &parsed.ds}
	for {
		var root yaml.Node
		switch err := decoder.Decode(&root); {
		case errors.Is(err, io.EOF):
			return parsed
		case err != nil:
			syntaxError(f, err, &parsed.ds)
			return parsed
		}
		tree := c.document(&root)
		parsed.nodes = c.nodes
		if c.broken {
			return parsed
		}
		if tree == nil || tree.kind == Null {
			continue
		}
		if d := newDocument(tree, environment, &parsed.ds); d != nil {
			parsed.documents = append(parsed.documents, d)
		}
	}
}
