package cloud

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/deployer-io/deployer/localstack/cloud/catalog"
	"github.com/deployer-io/deployer/localstack/cloud/kubernetes"
	"github.com/deployer-io/deployer/localstack/cloud/property"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

// Resource is something that exists in the cloud.
type Resource struct {
	Type       string            `json:"type"` // Pulumi's type token
	ID         string            `json:"id"`   // the provider's id
	Name       string            `json:"name,omitempty"`
	ARN        string            `json:"arn,omitempty"`
	Account    string            `json:"account,omitempty"`
	Region     string            `json:"region,omitempty"` // of Kubernetes objects: the cluster
	URN        string            `json:"urn,omitempty"`    // empty when the cloud made it itself
	Tags       map[string]string `json:"tags,omitempty"`
	Properties map[string]any    `json:"properties"` // secret ones are replaced by "[secret]"
	Status     Status            `json:"status"`
	Created    time.Time         `json:"created"`
	Changed    time.Time         `json:"changed"`
}

// Status is where a resource stands.
type Status string

// The statuses.
const (
	Creating  Status = "creating"
	Modifying Status = "modifying"
	Available Status = "available"
)

// Filter says which resources are meant: those that satisfy all fields that are set.
type Filter struct {
	Type    string // token, or its last part as in Queue
	Account string
	Region  string
	URN     string            // or its beginning, as in urn:pulumi:STACK::PROJECT
	Tags    map[string]string // among all tags, the provider's defaults too
}

func (f Filter) keeps(r Resource) bool {
	for k, v := range f.Tags {
		if r.Tags[k] != v {
			return false
		}
	}
	return (f.Type == "" || r.Type == f.Type || strings.HasSuffix(r.Type, ":"+f.Type)) &&
		(f.Account == "" || r.Account == f.Account) && (f.Region == "" || r.Region == f.Region) && strings.HasPrefix(r.URN, f.URN)
}

// NoSuchResource is the error of an id that nothing has.
type NoSuchResource struct{ ID string }

func (e *NoSuchResource) Error() string {
	return fmt.Sprintf("nothing in the simulated cloud has the id, ARN, name or URN %q", e.ID)
}

// AmbiguousResource is the error of an id that several resources have.
type AmbiguousResource struct {
	ID         string
	Candidates []string // TYPE::ID of each
}

func (e *AmbiguousResource) Error() string {
	return fmt.Sprintf("%q may be any of %s; write one of these, or an ARN", e.ID, strings.Join(e.Candidates, ", "))
}

// Resources returns what exists, ordered by type, account, region and id.
func (c *Cloud) Resources(filter Filter) ([]Resource, error) {
	var found []Resource
	err := c.world.View(func(tx *world.Tx) error {
		for _, r := range tx.All() {
			if !real(r) {
				continue
			}
			if shown := show(r, tx.Now()); filter.keeps(shown) {
				found = append(found, shown)
			}
		}
		return nil
	})
	return found, err
}

// real reports whether a record is a resource, and not the cloud's own note.
func real(r *world.Record) bool { return !strings.HasPrefix(r.Type, "cloud:") }

func show(r *world.Record, now time.Time) Resource {
	shown := Resource{
		Type: r.Type, ID: r.ID, ARN: r.Text("arn"), Account: r.Account, Region: r.Region, URN: r.URN, Status: statusOf(r, now),
		Created: r.Created, Changed: r.Changed, Properties: world.CloneMap(r.State), Tags: map[string]string{},
	}
	for _, b := range behaviours() {
		if t := b(r.Type); t != nil {
			shown.Name, _ = t.Marks(catalog.Place{}, r.State)
		}
	}
	tags := property.Map(r.State, "tagsAll")
	if tags == nil {
		tags = property.Map(r.State, "metadata.labels")
	}
	for k, v := range tags {
		shown.Tags[k] = property.Format(v)
	}
	for _, name := range r.Secrets {
		if _, has := shown.Properties[name]; has {
			shown.Properties[name] = "[secret]"
		}
	}
	return shown
}

func statusOf(r *world.Record, now time.Time) Status {
	switch {
	case !now.Before(r.Ready):
		return Available
	case r.Changed.After(r.Created):
		return Modifying
	}
	return Creating
}

// find returns the one record that text names: by URN, ARN, id or name, or as TYPE::ID.
func find(tx *world.Tx, text string) (*world.Record, error) {
	var byID, byName []*world.Record
	for _, r := range tx.All() {
		switch shown := r.Text("arn"); {
		case !real(r):
		case text == r.URN || text == shown || text == r.Type+"::"+r.ID:
			return r, nil
		case text == r.ID:
			byID = append(byID, r)
		case text == show(r, tx.Now()).Name:
			byName = append(byName, r)
		}
	}
	if len(byID) == 0 {
		byID = byName
	}
	switch len(byID) {
	case 0:
		return nil, &NoSuchResource{text}
	case 1:
		return byID[0], nil
	}
	ambiguous := &AmbiguousResource{ID: text}
	for _, r := range byID {
		ambiguous.Candidates = append(ambiguous.Candidates, r.Type+"::"+r.ID)
	}
	return nil, ambiguous
}

// Get returns the resource with the id, ARN, URN, physical name or TYPE::ID. Errors: *NoSuchResource, *AmbiguousResource.
func (c *Cloud) Get(id string) (shown Resource, err error) {
	err = c.world.View(func(tx *world.Tx) error {
		r, err := find(tx, id)
		if err == nil {
			shown = show(r, tx.Now())
		}
		return err
	})
	return shown, err
}

// Edit changes a property behind Pulumi's back: the path is as in tags.team or rules[0].status, a nil value takes the
// property away.
func (c *Cloud) Edit(id, path string, value any) error {
	value, err := decoded(value)
	if err != nil {
		return fmt.Errorf("the new value of %s: %w", path, err)
	}
	return c.world.Update(func(tx *world.Tx) error {
		r, err := find(tx, id)
		if err != nil {
			return err
		}
		root := path[:cmp.Or(max(strings.IndexAny(path, ".["), 0), len(path))]
		if t := catalog.Find(r.Type); t != nil && !t.Has(root) {
			return fmt.Errorf("%s has no property %s", r.Type, root)
		}
		edited := r.Clone()
		if err := property.Set(edited.State, path, value); err != nil {
			return fmt.Errorf("%s: %w", r.ID, err)
		}
		if root == "tags" {
			edited.State["tagsAll"] = retagged(property.Map(r.State, "tagsAll"), property.Map(r.State, "tags"), property.Map(edited.State, "tags"))
		}
		edited.Changed = tx.Now()
		tx.Put(edited)
		return nil
	})
}

// retagged is what all tags become when the own ones change: those of the provider's defaults stay.
func retagged(all, before, after map[string]any) map[string]any {
	tags := maps.Clone(all)
	if tags == nil {
		tags = map[string]any{}
	}
	maps.DeleteFunc(tags, func(k string, _ any) bool { _, own := before[k]; return own })
	maps.Copy(tags, after)
	return tags
}

// decoded is a value as JSON has it.
func decoded(value any) (any, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var v any
	return v, json.Unmarshal(text, &v)
}

// Existing is a resource that is there although no program made it: a VPC that another team gave, a hosted zone, a
// certificate.
type Existing struct {
	Type       string         `json:"type"` // token
	ID         string         `json:"id"`   // empty: made up
	Account    string         `json:"account,omitempty"`
	Region     string         `json:"region,omitempty"`
	Properties map[string]any `json:"properties,omitempty"` // its inputs; what AWS fills in may be given too
}

// Add puts an existing resource into the cloud; one that is there already stays as it is. It returns the id.
func (c *Cloud) Add(e Existing) (id string, err error) {
	t := catalog.Find(e.Type)
	if t == nil {
		return "", fmt.Errorf("the simulated cloud does not know the resource type %s", e.Type)
	}
	var place catalog.Place
	place.Account, place.Region = placed(e.Account, e.Region)
	properties, err := decoded(e.Properties)
	if err != nil {
		return "", err
	}
	given, _ := properties.(map[string]any)
	for name := range given {
		if !t.Has(name) {
			return "", fmt.Errorf("%s has no property %s", e.Type, name)
		}
	}
	err = c.world.Update(func(tx *world.Tx) error {
		for _, r := range tx.Named(e.Type + "|" + e.ID) {
			if place.Sees(r) && r.ID == e.ID {
				id = r.ID
				return nil
			}
		}
		made, err := t.Add(tx, place, e.ID, given)
		if err == nil {
			id = made.ID
		}
		return err
	})
	return id, err
}

// Remove takes a resource and its parts away behind Pulumi's back, whatever protects them.
func (c *Cloud) Remove(id string) error {
	return c.world.Update(func(tx *world.Tx) error {
		r, err := find(tx, id)
		if err != nil {
			return err
		}
		if k := kubernetes.Find(r.Type); k != nil {
			return k.Delete(tx, catalog.Place{}, r)
		}
		catalog.Remove(tx, r)
		return nil
	})
}

// Types returns the type tokens that the cloud knows, in order.
func (c *Cloud) Types() []string {
	var all []string
	for _, pkg := range packages() {
		all = append(all, pkg.Tokens()...)
	}
	slices.Sort(all)
	return all
}
