package catalog

import (
	"slices"

	"github.com/deployer-io/deployer/localstack/cloud/property"
)

func (o *Op) checkReferences() error {
	for _, r := range o.refs {
		if !r.exists {
			continue
		}
		for _, value := range property.Texts(o.State, r.path) {
			if o.foreign(value) || o.exists(r, value) || o.Old != nil && slices.Contains(property.Texts(o.Old.State, r.path), value) {
				continue
			}
			o.ref = value
			text := Find(r.targets[0]).Missing
			if text == "" {
				text = "404 ResourceNotFoundException: " + Find(r.targets[0]).label() + " {ref} does not exist"
			}
			return o.refuse(text)
		}
	}
	return nil
}

func (t *Type) label() string { return t.apiError("", "", 0, "", "").Label }

func (o *Op) exists(r ref, value string) bool {
	return slices.ContainsFunc(r.targets, func(target string) bool { return o.lookup(o.Tx, target, value) != nil })
}

func (o *Op) checkUnique() error {
	if o.Unique == "" {
		return nil
	}
	identity := o.expand(o.Unique)
	for _, r := range o.Tx.Named("!" + o.Token + "|" + identity) {
		if o.Scope != World && (r.Account != o.Account || o.Scope == Regional && r.Region != o.Region) {
			continue
		}
		if o.Overwrites {
			o.ID = r.ID
			o.Tx.Delete(r.Key())
			return nil
		}
		text := o.Exists
		if text == "" {
			text = "409 ResourceAlreadyExistsException: " + o.label() + " already exists: " + identity
		}
		return o.refuse(text)
	}
	return nil
}
