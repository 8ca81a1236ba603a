package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/document"
	"github.com/deployer-io/deployer/shared/pipeline"
	"github.com/deployer-io/deployer/shared/resource"
)

// provenanceOf is what describe component --provenance tells.
type provenanceOf struct {
	Address  address.Address  `json:"address"`
	Kind     resource.Kind    `json:"kind"`
	Position diag.Position    `json:"position"`
	Fields   []document.Field `json:"fields"`
}

func (o *options) tellProvenance(d *described) error {
	fields, err := d.compiled.Provenance(d.resource)
	if err != nil {
		return err
	}
	told := provenanceOf{Address: d.resource.Address, Kind: d.resource.Kind, Position: d.resource.Position, Fields: fields}
	if o.json() {
		return o.print(told)
	}
	return writeProvenance(o.out, told)
}

// writeProvenance writes a line for each field, and below it one for each value that it overrode.
func writeProvenance(w io.Writer, told provenanceOf) error {
	var written, defaults [][]string
	for _, f := range told.Fields {
		if f.Layer == pipeline.LayerDefault {
			defaults = append(defaults, []string{f.Path, originText(f.Value)})
			continue
		}
		written = append(written, []string{f.Path, originText(f.Value), string(f.Layer), f.Position.String()})
		for _, o := range f.Overrode {
			written = append(written, []string{"  over", originText(o.Value), string(o.Layer), o.Position.String()})
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n  in %s, from %s\n", told.Kind, told.Address.Short(), told.Address.Scope(), told.Position)
	b.WriteString("\nWritten\n" + table(written))
	b.WriteString("\nDefaults of the kind\n" + table(defaults))
	_, err := io.WriteString(w, b.String())
	return err
}

func originText(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		return cut(fmt.Sprint(value))
	}
	return valueText(data)
}
