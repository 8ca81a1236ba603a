package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/shared/resource"
)

// creation is one type of cloud resource that components of a kind are made of.
type creation struct {
	token  string // Pulumi type token, as in aws:s3/bucket:Bucket
	always bool   // every golden case of the kind has it
	guards []string
}

// wants is the part of a translation's golden that is read here.
type wants struct {
	Resources []struct {
		Type    string         `json:"type"`
		Inputs  map[string]any `json:"inputs"`
		Protect bool           `json:"protect"`
		Retain  bool           `json:"retain"`
	} `json:"resources"`
}

// serviceGuards are the inputs by which AWS itself refuses to delete something, or saves it first.
var serviceGuards = map[string]string{
	"deletionProtection": "deletion protection", "deletionProtectionEnabled": "deletion protection",
	"enableDeletionProtection": "deletion protection", "disableApiTermination": "termination protection",
	"finalSnapshotIdentifier": "last snapshot", "finalSnapshotName": "last snapshot", "finalSnapshot": "last snapshot",
}

// readCreations returns what components are made of, by kind, as the golden files of the translations say.
func readCreations(root string) (map[string][]creation, error) {
	found := map[string][]creation{}
	for _, kind := range resource.Kinds() {
		files, err := filepath.Glob(filepath.Join(root, "shared/provision/testdata", string(kind), "*.json"))
		if err != nil {
			return nil, err
		}
		all := map[string]*creation{}
		cases := map[string]int{}
		for _, file := range files {
			if err := addCase(file, all, cases); err != nil {
				return nil, err
			}
		}
		for _, token := range slices.Sorted(maps.Keys(all)) {
			c := all[token]
			c.always = cases[token] == len(files)
			slices.Sort(c.guards)
			c.guards = slices.Compact(c.guards)
			found[string(kind)] = append(found[string(kind)], *c)
		}
	}
	return found, nil
}

// addCase adds what one golden has, and counts its types.
func addCase(file string, all map[string]*creation, cases map[string]int) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var golden wants
	if err := json.Unmarshal(data, &golden); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	counted := map[string]bool{}
	for _, r := range golden.Resources {
		if all[r.Type] == nil {
			all[r.Type] = &creation{token: r.Type}
		}
		c := all[r.Type]
		if !counted[r.Type] {
			counted[r.Type] = true
			cases[r.Type]++
		}
		if r.Protect {
			c.guards = append(c.guards, "Pulumi protect")
		}
		if r.Retain {
			c.guards = append(c.guards, "outlives the component")
		}
		for input, guard := range serviceGuards {
			if value := r.Inputs[input]; value != nil && value != false {
				c.guards = append(c.guards, guard)
			}
		}
	}
	return nil
}

func (p *page) creations(made []creation) {
	if len(made) == 0 {
		return
	}
	p.say("## Resources created\n")
	p.say("| Resource | When | Guards |\n| --- | --- | --- |")
	for _, c := range made {
		when := "as the spec asks for it"
		if c.always {
			when = "always"
		}
		p.say("| `%s` | %s | %s |", c.token, when, cmp.Or(strings.Join(c.guards, ", "), "none"))
	}
	p.say("")
}

// overview is the page with one row for each kind.
func overview(creations map[string][]creation) string {
	var p page
	p.WriteString(notice)
	p.say("# What becomes of each kind\n\nA component is one Pulumi stack. Which resources are in it depends on its spec: the kind's page says which are always there. " +
		"A guard is lifted only by a deletion or replacement that the component's `deletionPolicy` and `allowReplace` let through.\n")
	p.say("| Kind | Always created | Created as the spec asks | Outputs | Changes that replace it | Guards |\n| --- | --- | --- | --- | --- | --- |")
	for _, k := range kinds() {
		if k.definition == nil {
			continue
		}
		var always, other, guards, outputs []string
		for _, c := range creations[k.name] {
			name := short(c.token)
			if c.always {
				always = append(always, name)
			} else {
				other = append(other, name)
			}
			if len(c.guards) > 0 {
				guards = append(guards, name+": "+strings.Join(c.guards, ", "))
			}
		}
		for _, o := range k.definition.Outputs {
			outputs = append(outputs, o.Name)
		}
		p.say("| [%s](%s.md) | %s | %s | %s | %s | %s |", k.name, k.name, strings.Join(always, ", "), strings.Join(other, ", "),
			strings.Join(outputs, ", "), cmp.Or(strings.Join(k.definition.ReplaceOn, ", "), "none"), cmp.Or(strings.Join(guards, "; "), "none"))
	}
	return p.String()
}

// short is a type token as people say it: s3 Bucket, apps Deployment.
func short(token string) string {
	parts := strings.Split(token, ":")
	module, _, _ := strings.Cut(parts[len(parts)-2], "/")
	return module + " " + parts[len(parts)-1]
}
