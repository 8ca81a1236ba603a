package resource

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/document"
)

// The codes of rules that hold for many kinds.
const (
	CodeRange          diag.Code = "out-of-range"
	CodeMissing        diag.Code = "missing-field"
	CodeDuplicateName  diag.Code = "duplicate-name"
	CodeDeletionPolicy diag.Code = "deletion-policy"
	CodeTag            diag.Code = "tag"
)

// Checker collects what a spec's rules find wrong. Paths are relative to the spec: scaling.min, env[2].name.
type Checker struct {
	definition  Definition
	spec        Spec
	node        document.Node // the spec's
	environment *Environment  // whose rules are kept; nil while a default is looked at alone
	broken      []string      // paths in the document that could not be read: their neighbours are not judged
	ds          diag.List
}

// Environment returns the environment that the component is for; nil when it is not known.
func (k *Checker) Environment() *Environment { return k.environment }

// Errorf reports a mistake in the field at path; where the author did not write that field, at the nearest one around it.
func (k *Checker) Errorf(code diag.Code, path, format string, args ...any) *diag.Diagnostic {
	return k.list(path).Errorf(code, k.position(path), "spec."+path, format, args...)
}

// Warnf reports what is allowed but hardly meant.
func (k *Checker) Warnf(code diag.Code, path, format string, args ...any) *diag.Diagnostic {
	return k.list(path).Warnf(code, k.position(path), "spec."+path, format, args...)
}

// Wrote reports whether the author, or a layer of defaults, gave the field.
func (k *Checker) Wrote(path string) bool { return !at(k.node, path).IsZero() }

// list is where a diagnostic about path goes: nowhere when the same mapping holds a field that could not be read, since
// the comparison would be with a default that the author did not mean.
func (k *Checker) list(path string) *diag.List {
	around := parent("spec." + path)
	for _, broken := range k.broken {
		if parent(broken) == around || strings.HasPrefix("spec."+path, broken) {
			return &diag.List{}
		}
	}
	return &k.ds
}

func (k *Checker) position(path string) diag.Position {
	for ; path != ""; path = parent(path) {
		if n := at(k.node, path); !n.IsZero() {
			return n.Position()
		}
	}
	return k.node.Position()
}

// parent cuts the last step of a path off: a.b[2] is in a.b, which is in a.
func parent(path string) string {
	if i := strings.LastIndexAny(path, ".["); i >= 0 {
		return path[:i]
	}
	return ""
}

// at walks down from n.
func at(n document.Node, path string) document.Node {
	for step := range strings.SplitSeq(path, ".") {
		name, index, indexed := strings.Cut(step, "[")
		n = n.Get(name)
		if !indexed {
			continue
		}
		i, err := strconv.Atoi(strings.TrimSuffix(index, "]"))
		items := n.Items()
		if err != nil || i >= len(items) {
			return document.Node{}
		}
		n = items[i]
	}
	return n
}

// between reports a duration that is out of its range, both ends included.
func (k *Checker) between(path string, d, low, high Duration) {
	if d < low || d > high {
		k.Errorf(CodeRange, path, "%s is out of range", d).WithHint("write a duration from %s to %s", low, high)
	}
}

// only reports a field that was given although it means nothing there.
func (k *Checker) only(path string, given, allowed bool, when string) {
	if given && !allowed {
		k.Errorf(CodeConflict, path, "has no meaning unless %s", when).WithHint("take it out")
	}
}

// need reports a field that is missing although another asks for it.
func (k *Checker) need(path string, given, wanted bool, why string) {
	if wanted && !given {
		k.Errorf(CodeMissing, path, "is missing: %s", why).WithHint("add it")
	}
}

// unique reports names that stand twice in a list: path[i].field.
func (k *Checker) unique(path, field string, names []string) {
	seen := make(map[string]bool, len(names))
	for i, name := range names {
		if seen[name] {
			k.Errorf(CodeDuplicateName, path+"["+strconv.Itoa(i)+"]"+field, "%q stands twice in %s", shorten(name), path).
				WithHint("keep one of the two")
		}
		seen[name] = true
	}
}

// hasTask reports whether the component has a task definition: it runs a container, and on ECS.
func (k *Checker) hasTask() bool {
	runs, ok := k.spec.(interface{ container() *Container })
	return ok && runs.container().Platform != EKS
}

// AWS's limits on tags: 50 a resource, of which ten are deployer's and the provider's own.
const maxTags = 40

var tagLetters = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

func checkTags(k *Checker, path string, tags map[string]string) {
	if len(tags) > maxTags {
		k.Errorf(CodeTag, path, "has %d tags", len(tags)).WithHint("AWS and deployer leave room for %d", maxTags)
	}
	for _, key := range sortedKeys(tags) {
		value := tags[key]
		switch {
		case strings.HasPrefix(strings.ToLower(key), "aws:") || strings.HasPrefix(key, "deployer:"):
			k.Errorf(CodeTag, path, "the tag %q begins with a reserved prefix", shorten(key)).WithHint("aws: and deployer: are not yours to set")
		case key == "" || len(key) > 128 || !tagLetters.MatchString(key):
			k.Errorf(CodeTag, path, "%q is no name of a tag", shorten(key)).WithHint("1 to 128 letters, digits, spaces and _.:/=+-@")
		case len(value) > 256 || !tagLetters.MatchString(value):
			k.Errorf(CodeTag, path, "the value of the tag %q is not allowed", shorten(key)).WithHint("up to 256 letters, digits, spaces and _.:/=+-@")
		}
	}
}
