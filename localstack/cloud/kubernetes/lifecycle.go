package kubernetes

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/deployer-io/deployer/localstack/cloud/catalog"
	"github.com/deployer-io/deployer/localstack/cloud/property"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

// inputsKey is the property in which the state keeps the inputs: what else is in it was filled in by the cluster.
const inputsKey = "__inputs"

// filledRoots are what only the cluster sets.
var filledRoots = []string{"status", inputsKey}

// APIError is an answer of the API server that refuses a call.
type APIError struct{ Doing, Kind, Name, Message string }

func (e *APIError) Error() string {
	return fmt.Sprintf("resource %s was not successfully %s by the Kubernetes API server: %s", e.Name, e.Doing, e.Message)
}

var doings = map[string]string{"creating": "created", "updating": "updated", "deleting": "deleted", "reading": "read"}

// Fails returns the API server's error.
func (k *Kind) Fails(doing, name string, status int, code, message string) error {
	if status == 404 {
		message = fmt.Sprintf("%s %q not found", k.Plural, name)
	} else {
		message = code + ": " + message
	}
	return &APIError{Doing: doings[doing], Kind: k.Name, Name: name, Message: message}
}

func (k *Kind) id(inputs object) string {
	name := property.Text(inputs, "metadata.name")
	if k.Cluster {
		return name
	}
	return property.Text(inputs, "metadata.namespace") + "/" + name
}

// builtin are the namespaces that every cluster has.
var builtin = []string{"default", "kube-system", "kube-public", "kube-node-lease"}

// Create applies an object.
func (k *Kind) Create(tx *world.Tx, place catalog.Place, wanted catalog.Wanted) (*world.Record, error) {
	in := world.CloneMap(wanted.Inputs)
	if prefix := property.Text(in, "metadata.generateName"); prefix != "" && property.Text(in, "metadata.name") == "" {
		property.Map(in, "metadata")["name"] = prefix + tx.Hex(5)
	}
	id := k.id(in)
	if namespace := property.Text(in, "metadata.namespace"); !k.Cluster && !slices.Contains(builtin, namespace) {
		if tx.Get(world.Key{Type: namespaceToken, Account: place.Account, Region: place.Region, ID: namespace}) == nil {
			return nil, &APIError{Doing: "created", Kind: k.Name, Name: id, Message: fmt.Sprintf("namespaces %q not found", namespace)}
		}
	}
	key := world.Key{Type: k.Token, Account: place.Account, Region: place.Region, ID: id}
	if there := tx.Get(key); there != nil {
		if diff := k.Compare(place, there.State, in, nil); len(diff.Differences) > 0 && there.URN != wanted.URN {
			return nil, &APIError{Doing: "created", Kind: k.Name, Name: id, Message: fmt.Sprintf(
				"Apply failed with %d conflicts: conflict with \"pulumi-kubernetes\" using %s: .%s", len(diff.Differences), k.APIVersion, diff.Differences[0].Path)}
		}
		return k.apply(tx, there, wanted, in), nil
	}
	fresh := &world.Record{Type: k.Token, ID: id, Account: place.Account, Region: place.Region, State: object{}, Created: tx.Now()}
	return k.apply(tx, fresh, wanted, in), nil
}

const namespaceToken = "kubernetes:core/v1:Namespace"

// apply lays the inputs over the object and lets the cluster do its part.
func (k *Kind) apply(tx *world.Tx, before *world.Record, wanted catalog.Wanted, in object) *world.Record {
	state := withoutInputs(before.State, property.Map(before.State, inputsKey))
	state = overlay(state, in)
	metadata := property.Map(state, "metadata")
	if property.Text(metadata, "uid") == "" {
		h := tx.Hex(32)
		metadata["uid"] = h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
		metadata["creationTimestamp"] = tx.Now().Format(time.RFC3339)
	}
	metadata["generation"] = property.Number(metadata, "generation") + 1
	metadata["resourceVersion"] = fmt.Sprint(tx.Next("kubernetes/" + before.Region))
	if k.Settle != nil {
		k.Settle(tx, state)
	}
	state[inputsKey] = world.CloneMap(in)
	r := &world.Record{
		Type:    k.Token,
		ID:      before.ID,
		Account: before.Account,
		Region:  before.Region,
		URN:     wanted.URN,
		Inputs:  in,
		State:   state,
		Created: before.Created, Changed: tx.Now(), Ready: tx.Now(), Secrets: k.secrets(wanted.Secrets),
	}
	tx.Put(r)
	return r
}

func (k *Kind) secrets(given []string) []string {
	all := slices.Concat(given, k.Secret)
	if len(all) > 0 {
		all = append(all, inputsKey)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// withoutInputs takes the earlier inputs out of the state, so that what a program no longer says goes away.
func withoutInputs(state, inputs object) object {
	left := object{}
	for key, v := range state {
		said, wasSaid := inputs[key]
		inner, isMap := v.(map[string]any)
		saidInner, saidMap := said.(map[string]any)
		switch {
		case key == inputsKey:
		case !wasSaid:
			left[key] = v
		case isMap && saidMap:
			if rest := withoutInputs(inner, saidInner); len(rest) > 0 {
				left[key] = rest
			}
		}
	}
	return left
}

func overlay(under, over object) object {
	all := world.CloneMap(under)
	if all == nil {
		all = object{}
	}
	for key, v := range over {
		below, isMap := all[key].(map[string]any)
		above, alsoMap := v.(map[string]any)
		if isMap && alsoMap {
			all[key] = overlay(below, above)
			continue
		}
		all[key] = v
	}
	return world.CloneMap(all)
}

// Update applies an object anew.
func (k *Kind) Update(tx *world.Tx, _ catalog.Place, old *world.Record, wanted catalog.Wanted) (*world.Record, error) {
	return k.apply(tx, old, wanted, world.CloneMap(wanted.Inputs)), nil
}

// Delete removes an object; a namespace takes all that is in it along.
func (k *Kind) Delete(tx *world.Tx, _ catalog.Place, old *world.Record) error {
	tx.Delete(old.Key())
	if k.Token != namespaceToken {
		return nil
	}
	for _, token := range Tokens() {
		for _, r := range tx.OfType(token) {
			if r.Region == old.Region && property.Text(r.State, "metadata.namespace") == old.ID {
				tx.Delete(r.Key())
			}
		}
	}
	return nil
}

// Planned returns what a preview can say of the object.
func (k *Kind) Planned(_ catalog.Place, state, inputs map[string]any) map[string]any {
	planned := overlay(withoutInputs(state, property.Map(state, inputsKey)), inputs)
	planned[inputsKey] = world.CloneMap(inputs)
	if state == nil {
		planned["status"] = property.Unknown{}
		if metadata := property.Map(planned, "metadata"); metadata != nil {
			metadata["uid"] = property.Unknown{}
		}
	}
	return planned
}

// Compare returns how the inputs differ from the object, as far as the inputs of now or before say anything.
func (k *Kind) Compare(_ catalog.Place, state, inputs map[string]any, ignored []string) catalog.Diff {
	var d catalog.Diff
	before := property.Map(state, inputsKey)
	for _, name := range slices.Sorted(maps.Keys(overlay(before, inputs))) {
		if slices.Contains(filledRoots, name) {
			continue
		}
		present := said(state[name], before[name], inputs[name])
		for _, difference := range property.Compare(name, present, inputs[name], false) {
			if ignores(ignored, difference.Path) {
				continue
			}
			d.Differences = append(d.Differences, difference)
			if k.replaces(difference.Path) {
				d.Replacing = append(d.Replacing, difference.Path)
			}
		}
	}
	d.DeleteFirst = len(d.Replacing) > 0 && !wasAutonamed(inputs) && k.id(state) == k.id(inputs)
	return d
}

// said is the part of a present value of which one of two inputs speaks.
func said(present, before, now any) any {
	p, isMap := present.(map[string]any)
	if isMap {
		b, _ := before.(map[string]any)
		n, _ := now.(map[string]any)
		part := object{}
		for key, v := range p {
			_, inBefore := b[key]
			if _, inNow := n[key]; inBefore || inNow {
				part[key] = said(v, b[key], n[key])
			}
		}
		return part
	}
	if items, isList := present.([]any); isList {
		b, _ := before.([]any)
		n, _ := now.([]any)
		part := make(list, len(items))
		for i := range items {
			part[i] = said(items[i], at(b, i), at(n, i))
		}
		return part
	}
	return present
}

func at(items []any, i int) any {
	if i < len(items) {
		return items[i]
	}
	return nil
}

func (k *Kind) replaces(path string) bool {
	plain := indices.Replace(path)
	if below(plain, []string{"metadata.name", "metadata.namespace", "apiVersion", "kind"}) {
		return true
	}
	return below(plain, k.Immutable) && !below(plain, k.Mutable)
}

var indices = strings.NewReplacer(`["`, ".", `"]`, "", "[", ".", "]", "")

func below(path string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool { return path == root || strings.HasPrefix(path, root+".") })
}

func ignores(ignored []string, path string) bool {
	return slices.ContainsFunc(ignored, func(above string) bool { return property.Below(path, above) })
}

// InputsOf returns the inputs that would lead to the object as it is.
func (k *Kind) InputsOf(r *world.Record, known map[string]any) map[string]any {
	if len(known) == 0 {
		known = property.Map(r.State, inputsKey)
	}
	in := object{}
	for name, v := range known {
		if present, has := r.State[name]; has {
			in[name] = said(present, v, nil)
		}
	}
	return in
}
