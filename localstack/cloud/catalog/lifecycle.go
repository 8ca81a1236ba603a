package catalog

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud/property"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

// Wanted is what a create or update asks for.
type Wanted struct {
	URN     string
	Inputs  map[string]any // as CheckInputs returned them
	Secrets []string       // the inputs whose values are secret
	// Ignored are properties whose changes the program ignores: an update leaves them as they are.
	Ignored []string
}

// placeOf is p, with the region that the inputs name.
func (p Place) placeOf(inputs map[string]any) Place {
	if region, ok := inputs["region"].(string); ok && region != "" {
		p.Region = region
	}
	return p
}

// Create makes the resource. Errors: *APIError.
func (t *Type) Create(tx *world.Tx, place Place, wanted Wanted) (*world.Record, error) {
	return t.create(tx, place, wanted, "")
}

// Add makes a resource that was there before any program, with the id that programs know it by. Errors: *APIError.
func (t *Type) Add(tx *world.Tx, place Place, id string, inputs map[string]any) (*world.Record, error) {
	return t.create(tx, place, Wanted{Inputs: inputs}, id)
}

func (t *Type) create(tx *world.Tx, place Place, wanted Wanted, id string) (*world.Record, error) {
	o := &Op{Type: t, Place: place.placeOf(wanted.Inputs), Tx: tx, doing: "creating", Hidden: object{}, ID: id}
	o.In = bare(wanted.Inputs)
	o.State = world.CloneMap(o.In)
	o.common()
	if prefix := o.text(t.prefixProperty()); t.NameIn != "" && o.name() == "" {
		o.State[t.NameIn] = prefix + tx.Now().Format("20060102150405") + tx.Hex(12)
	}
	if err := o.run(t.Before); err != nil {
		return nil, err
	}
	if err := o.checkReferences(); err != nil {
		return nil, err
	}
	if o.ID == "" {
		o.ID = o.expand(t.ID)
	}
	if err := o.checkUnique(); err != nil {
		return nil, err
	}
	o.workOut()
	if err := o.run(t.After); err != nil {
		return nil, err
	}
	return o.put(wanted), nil
}

// Update changes the resource. Errors: *APIError.
func (t *Type) Update(tx *world.Tx, place Place, old *world.Record, wanted Wanted) (*world.Record, error) {
	place.Account, place.Region = old.Account, cmp.Or(old.Region, old.Text("region"), place.Region)
	o := &Op{Type: t, Place: place, Tx: tx, doing: "updating", Old: old, ID: old.ID, Hidden: world.CloneMap(old.Hidden)}
	if o.Hidden == nil {
		o.Hidden = object{}
	}
	o.In = bare(wanted.Inputs)
	for _, path := range wanted.Ignored {
		if v, has := property.Get(old.State, path); has {
			_ = property.Set(o.In, path, v) // a path with * is no place to put anything; the engine has reset the inputs there
		}
	}
	o.State = t.merge(old.State, o.In)
	for name := range t.renewed {
		if _, given := o.In[name]; !given {
			delete(o.State, name)
		}
	}
	o.common()
	if err := o.run(t.Before); err != nil {
		return nil, err
	}
	if err := o.checkReferences(); err != nil {
		return nil, err
	}
	o.workOut()
	if err := o.run(t.After); err != nil {
		return nil, err
	}
	return o.put(wanted), nil
}

// Delete removes the resource and its parts. Errors: *APIError.
func (t *Type) Delete(tx *world.Tx, place Place, old *world.Record) error {
	place.Account, place.Region = old.Account, cmp.Or(old.Region, old.Text("region"), place.Region)
	o := &Op{Type: t, Place: place, Tx: tx, doing: "deleting", Old: old, ID: old.ID, State: old.State, Hidden: old.Hidden}
	if err := o.run(t.OnDelete); err != nil {
		return err
	}
	if by := referrers(tx, old, func(r ref) bool { return r.blocks }); len(by) > 0 {
		o.by = by[0].ID
		text := t.InUse
		if text == "" {
			text = "409 ResourceInUseException: {id} is in use by {by}"
		}
		return o.refuse(text)
	}
	Remove(tx, old)
	return nil
}

// Remove takes a resource away with its parts, without asking what AWS would say.
func Remove(tx *world.Tx, r *world.Record) {
	parts := referrers(tx, r, func(r ref) bool { return r.part })
	tx.Delete(r.Key())
	for _, part := range parts {
		if tx.Get(part.Key()) != nil {
			Remove(tx, part)
		}
	}
}

// Planned returns what a preview can say of the properties after a create (state nil) or update.
func (t *Type) Planned(place Place, state, inputs map[string]any) map[string]any {
	place = place.placeOf(inputs)
	in := bare(inputs)
	if state == nil {
		planned := maps.Clone(in)
		for name, p := range t.schema {
			if _, known := in[name]; !known && p.computed {
				planned[name] = property.Unknown{}
			}
		}
		t.plannedCommon(place, planned)
		return planned
	}
	planned := t.merge(state, in)
	for name := range t.renewed {
		if _, given := in[name]; !given {
			planned[name] = property.Unknown{}
		}
	}
	t.plannedCommon(place, planned)
	return planned
}

func (t *Type) plannedCommon(place Place, planned map[string]any) {
	if t.settable("region") && place.Region != "" {
		planned["region"] = place.Region
	}
	if t.tagged {
		planned["tagsAll"] = place.tagsAllOrUnknown(planned["tags"])
	}
}

func (p Place) tagsAllOrUnknown(tags any) any {
	if _, unknown := tags.(property.Unknown); unknown {
		return tags
	}
	return p.tagsAll(tags)
}

func (o *Op) run(hook func(*Op) error) error {
	if hook == nil {
		return nil
	}
	return hook(o)
}

func (o *Op) put(wanted Wanted) *world.Record {
	now := o.Tx.Now()
	r := &world.Record{
		Type: o.Token, ID: o.ID, Account: o.Account, Region: o.Region, URN: wanted.URN, Inputs: o.In, State: o.State,
		Secrets: o.secretsOf(wanted.Secrets), Created: now, Changed: now, Ready: o.Tx.In(o.Settles),
	}
	if o.Scope == Account {
		r.Region = ""
	}
	if len(o.Hidden) > 0 {
		r.Hidden = o.Hidden
	}
	if o.Slot != "" {
		r.Slot = o.expand(o.Slot)
	}
	if o.Old != nil {
		r.Created = o.Old.Created
		if !o.settling {
			r.Ready = o.Old.Ready
		}
		if r.URN == "" {
			r.URN = o.Old.URN
		}
	}
	for name := range o.schema {
		if o.writeOnly(name) {
			delete(r.State, name)
			delete(r.Inputs, name)
		}
	}
	o.Tx.Put(r)
	return r
}

func (t *Type) secretsOf(given []string) []string {
	all := map[string]bool{}
	for _, name := range given {
		all[name] = true
	}
	for name, p := range t.schema {
		if p.secret {
			all[name] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// bare is the inputs without what the provider notes among them.
func bare(inputs map[string]any) map[string]any {
	in := world.CloneMap(inputs)
	if in == nil {
		in = object{}
	}
	maps.DeleteFunc(in, func(name string, _ any) bool { return strings.HasPrefix(name, "__") })
	return in
}
