package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/graph"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/state"
)

// componentOf is what describe component tells.
type componentOf struct {
	Address    address.Address `json:"address"`
	Kind       resource.Kind   `json:"kind"`
	Position   diag.Position   `json:"position"`
	Spec       json.RawMessage `json:"spec"` // merged, defaults filled in
	Needs      []resource.Need `json:"needs"`
	Dependents []graph.Edge    `json:"dependents"`
	Outputs    []outputOf      `json:"outputs"`
	Guards     guardsOf        `json:"guards"`
	State      *knownOf        `json:"state"` // null where it is not deployed
}

type outputOf struct {
	Name   string              `json:"name"`
	Type   resource.OutputType `json:"type"`
	Doc    string              `json:"doc"`
	Secret bool                `json:"secret,omitempty"`
	Value  json.RawMessage     `json:"value,omitempty"` // of what is deployed; of a secret, where it is kept
}

// guardsOf says what keeps a component from harm.
type guardsOf struct {
	HoldsData          bool                    `json:"holdsData"`
	DeletionPolicy     resource.DeletionPolicy `json:"deletionPolicy"`
	DeletionProtection *bool                   `json:"deletionProtection,omitempty"` // on AWS's side, where the kind has it
	Protect            bool                    `json:"protect"`
	AllowReplace       bool                    `json:"allowReplace"`
	ReplaceOn          []string                `json:"replaceOn"` // fields that cannot be changed in place
}

// knownOf is what the state knows of a component.
type knownOf struct {
	state.Record
	Scope  int64         `json:"scopeSerial"` // of the whole snapshot
	Differ []plan.Change `json:"differ"`      // from what is deployed to what the bundle says
}

func newDescribeComponent(o *options) *cobra.Command {
	var provenance bool
	cmd := &cobra.Command{
		Use:   "component ADDRESS [BUNDLE]",
		Short: "Explain one component: its spec, what it needs and offers, and what is known of it",
		Long: "Explain one component: its spec with all layers merged and all defaults filled in, what it needs and who needs it,\n" +
			"what it offers, what guards it, and what the state knows of it. With --provenance: every field with its value, the\n" +
			"place and the layer it comes from, and what that layer overrode. ADDRESS is SERVICE/COMPONENT or\n" +
			"STACK/ENVIRONMENT/SERVICE/COMPONENT.",
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := o.find(args[0], args[1:])
			if err != nil {
				return err
			}
			if provenance {
				return o.tellProvenance(d)
			}
			told, err := o.explain(cmd.Context(), d)
			if err != nil {
				return err
			}
			if o.json() {
				return o.print(told)
			}
			return writeComponent(o.out, told)
		},
	}
	o.settable(cmd.Flags())
	cmd.Flags().BoolVar(&provenance, "provenance", false, "show where every field comes from")
	return cmd
}

func (o *options) explain(ctx context.Context, d *described) (*componentOf, error) {
	r := d.resource
	spec, err := json.Marshal(r.Spec)
	if err != nil {
		return nil, err
	}
	told := &componentOf{Address: r.Address, Kind: r.Kind, Position: r.Position, Spec: spec,
		Needs: append([]resource.Need{}, r.Needs...), Dependents: []graph.Edge{}, Outputs: []outputOf{}}
	for _, edge := range d.compiled.Graph.Edges {
		if edge.To == r.Address {
			told.Dependents = append(told.Dependents, edge)
		}
	}
	told.Dependents = slices.Compact(told.Dependents) // several outputs may be read for one field
	definition, _ := resource.Lookup(r.Kind)          // the resource was built by it
	if told.Guards, err = guards(definition, r, spec); err != nil {
		return nil, err
	}
	if told.State, err = o.known(ctx, r, spec); err != nil {
		return nil, err
	}
	for _, output := range resource.Offers(definition, r.Spec) {
		one := outputOf{Name: output.Name, Type: output.Type, Doc: output.Doc, Secret: output.Secret}
		if told.State != nil {
			one.Value = told.State.Outputs[output.Name]
		}
		told.Outputs = append(told.Outputs, one)
	}
	return told, nil
}

func guards(definition resource.Definition, r *resource.Resource, spec []byte) (guardsOf, error) {
	base := r.Spec.Base()
	g := guardsOf{HoldsData: definition.Stateful, DeletionPolicy: base.DeletionPolicy, Protect: base.Protect, AllowReplace: base.AllowReplace,
		ReplaceOn: append([]string{}, definition.ReplaceOn...)}
	return g, json.Unmarshal(spec, &struct {
		DeletionProtection **bool `json:"deletionProtection"`
	}{&g.DeletionProtection})
}

// known reads what the state says of a component; nil when it says nothing. Where nothing was ever deployed there is nothing to open, and nothing is
// made.
func (o *options) known(ctx context.Context, r *resource.Resource, spec []byte) (*knownOf, error) {
	if o.backend == "embedded" {
		if _, err := os.Stat(o.dir); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
	}
	b, err := o.open(ctx)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	snapshot, _, err := state.NewStore(b.Store(), r.Address.Scope()).Read(ctx)
	if err != nil {
		return nil, err
	}
	record, found := snapshot.Components[r.Address.Short()]
	if !found {
		return nil, nil
	}
	known := &knownOf{Record: record, Scope: snapshot.Serial, Differ: []plan.Change{}}
	if record.Kind == string(r.Kind) {
		changes, err := plan.CompareSpecs(r.Kind, record.Spec, spec)
		if err != nil {
			return nil, err
		}
		known.Differ = append(known.Differ, changes...)
	}
	return known, nil
}
