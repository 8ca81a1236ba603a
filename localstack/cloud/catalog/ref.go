package catalog

import (
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud/property"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

// ref is one reference of a type to others.
type ref struct {
	path    string
	targets []string // tokens
	// exists: the target must exist when the reference is made. blocks: the target cannot be deleted. part: it takes
	// this resource along.
	exists, blocks, part bool
}

func parseRef(text string) ref {
	words := strings.Fields(text)
	r := ref{path: words[0], exists: true, blocks: true}
	if len(words) == 3 {
		switch words[2] {
		case "?":
			r.blocks = false
		case "+":
			r.blocks, r.part = false, true
		case "~":
			r.exists, r.blocks = false, false
		case "-":
			r.exists = false
		default:
			panic("catalog: the reference " + text + " has an unknown mark")
		}
	}
	for is := range strings.SplitSeq(words[1], "|") {
		r.targets = append(r.targets, token(is))
	}
	return r
}

// Index returns the names under which a world finds r, and the names that r refers to: a type and an id, ARN or physical
// name. Records of types that are not in the catalog are found by their id.
func Index(r *world.Record) (names, references []string) {
	t := Find(r.Type)
	if t == nil {
		return []string{r.Type + "|" + r.ID}, nil
	}
	seen := map[string]bool{"": true}
	name := func(value string) {
		if !seen[value] {
			seen[value] = true
			names = append(names, r.Type+"|"+value)
		}
	}
	name(r.ID)
	name(r.Text("arn"))
	name(r.Text(t.NameIn))
	o := reading(t, r)
	for _, template := range t.Also {
		name(o.expand(template))
	}
	if t.Unique != "" {
		names = append(names, "!"+r.Type+"|"+o.expand(t.Unique))
	}
	for _, ref := range t.refs {
		for _, value := range property.Texts(r.State, ref.path) {
			for _, target := range ref.targets {
				references = append(references, target+"|"+value)
			}
		}
	}
	return names, references
}

// Sees reports whether a record is visible from a place: same account, and same region unless the type knows none.
func (p Place) Sees(r *world.Record) bool {
	if t := Find(r.Type); t != nil && t.Scope == World {
		return true
	}
	return r.Account == p.Account && (r.Region == p.Region || r.Region == "")
}

// Lookup returns the record of the type (as in ec2.Vpc) that the value names for this place, or nil.
func (p Place) Lookup(tx *world.Tx, is, value string) *world.Record {
	return p.lookup(tx, token(is), value)
}

func (p Place) lookup(tx *world.Tx, token, value string) *world.Record {
	if value == "" {
		return nil
	}
	if strings.HasPrefix(value, "arn:") { // an ARN says where it is
		for _, r := range tx.Named(token + "|" + value) {
			return r
		}
		return nil
	}
	for _, r := range tx.Named(token + "|" + value) {
		if p.Sees(r) {
			return r
		}
	}
	return nil
}

// foreign reports whether a value names something outside of this account, which nobody here can check: another
// account's ARN, or what AWS itself provides.
func (p Place) foreign(value string) bool {
	if strings.HasPrefix(value, "alias/aws/") || strings.HasPrefix(value, "default") {
		return true
	}
	parts := strings.SplitN(value, ":", 6)
	return len(parts) == 6 && parts[0] == "arn" && parts[4] != "" && parts[4] != p.Account
}

// referrers returns the references of others to r that satisfy the filter.
func referrers(tx *world.Tx, r *world.Record, keep func(ref) bool) []*world.Record {
	var found []*world.Record
	seen := map[world.Key]bool{r.Key(): true}
	names, _ := Index(r)
	for _, name := range names {
		for _, by := range tx.Referrers(name) {
			if !seen[by.Key()] && refersFrom(by, r, name, keep) {
				seen[by.Key()] = true
				found = append(found, by)
			}
		}
	}
	return found
}

func refersFrom(by, r *world.Record, name string, keep func(ref) bool) bool {
	t := Find(by.Type)
	_, value, _ := strings.Cut(name, "|")
	if !strings.HasPrefix(value, "arn:") && !(Place{Account: by.Account, Region: by.Region}).Sees(r) && by.Region != "" {
		return false
	}
	for _, ref := range t.refs {
		if !keep(ref) {
			continue
		}
		for _, target := range ref.targets {
			if target != r.Type {
				continue
			}
			for _, v := range property.Texts(by.State, ref.path) {
				if v == value {
					return true
				}
			}
		}
	}
	return false
}

// Referring returns the records of a type (as in lb.Listener) that refer to r.
func Referring(tx *world.Tx, r *world.Record, is string) []*world.Record {
	var found []*world.Record
	for _, by := range referrers(tx, r, func(ref) bool { return true }) {
		if by.Type == token(is) {
			found = append(found, by)
		}
	}
	return found
}
