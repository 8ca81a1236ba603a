package main

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/deployer-io/deployer/shared/policy"
	"github.com/deployer-io/deployer/shared/resource"
)

// reference returns a page for each kind, and those about what kinds have in common.
func reference(root string, comments map[string]string) (map[string][]byte, error) {
	mistakes, err := readMistakes(root)
	if err != nil {
		return nil, err
	}
	examples, err := readExamples(root)
	if err != nil {
		return nil, err
	}
	creations, err := readCreations(root)
	if err != nil {
		return nil, err
	}
	pages := map[string][]byte{
		"docs/reference/README.md":    []byte(index()),
		"docs/reference/common.md":    []byte(common(comments)),
		"docs/reference/policies.md":  []byte(policies()),
		"docs/reference/resources.md": []byte(overview(creations)),
	}
	for _, k := range kinds() {
		var p page
		p.kind(k, comments)
		p.creations(creations[k.name])
		p.example(examples[k.name])
		p.mistakes(mistakes[k.name])
		pages["docs/reference/"+k.name+".md"] = []byte(p.String())
	}
	return pages, nil
}

const notice = "<!-- Written by scripts/schema from the Go types: change those, then run 'go run ./scripts/schema'. -->\n\n"

// page is a Markdown page.
type page struct{ strings.Builder }

func (p *page) say(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// table lists the fields of a spec, but for those of skip.
func (p *page) table(spec any, skip reflect.Type, comments map[string]string) {
	l := lister{comments: comments, skip: skip, listed: map[reflect.Type]string{}}
	rows := l.fields(reflect.ValueOf(spec).Elem(), "")

	p.say("| Field | Takes | Default | Meaning |\n| --- | --- | --- | --- |")
	for _, r := range rows {
		fallback := r.fallback
		if r.required {
			fallback = "required"
		}
		p.say("| `%s` | %s | %s | %s |", r.path, cell(r.kind), cell(fallback), cell(sentence(r.doc)))
	}
	p.say("")
}

func cell(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "|", `\|`), "\n", " ")
}

func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

func (p *page) kind(k kind, comments map[string]string) {
	p.WriteString(notice)
	p.say("# %s\n\n%s\n\n`apiVersion: %s`, `kind: %s`\n", k.name, k.summary, k.apiVersion, k.name)
	if k.definition != nil {
		p.nature(*k.definition, k.spec.(resource.Spec))
	}
	p.say("## Fields\n")
	p.table(k.spec, reflect.TypeFor[resource.Common](), comments)
	if d := k.definition; d != nil {
		p.outputs(d.Outputs)
		p.replacing(*d)
	}
}

// nature says what is special about a kind.
func (p *page) nature(d resource.Definition, spec resource.Spec) {
	base := spec.Base()
	p.say("Beside its own fields it has the [common ones](common.md), with `deletionPolicy: %s` and `timeout: %s` unless said otherwise.\n", base.DeletionPolicy, base.Timeout)
	if d.Networked {
		p.say("It lives in the environment's network, so there has to be a [Networking](Networking.md) document.\n")
	}
	if !d.Stateful {
		return
	}
	p.say("It holds data. A plan that would replace it is refused without `allowReplace: true`, one that deletes it follows `deletionPolicy`, " +
		"a rollback keeps what was created, and data is never put back by itself.")
	if d.NoSnapshot {
		p.say("AWS takes no final snapshot of it: `deletionPolicy` is `Retain` or `Delete`.")
	}
	p.say("")
}

func (p *page) outputs(outputs []resource.Output) {
	p.say("## Outputs\n\nOther components read them with `valueFrom: {component: SERVICE/NAME, output: OUTPUT}`.\n")
	p.say("| Output | Type | Meaning |\n| --- | --- | --- |")
	for _, o := range outputs {
		kind := string(o.Type)
		if o.Secret {
			kind += ", secret"
		}
		p.say("| `%s` | %s | %s |", o.Name, kind, cell(sentence(o.Doc)))
	}
	p.say("")
}

func (p *page) replacing(d resource.Definition) {
	p.say("## Changes that replace it\n")
	if len(d.ReplaceOn) == 0 {
		p.say("None: every change is made in place.\n")
		return
	}
	p.say("Changing `%s` deletes the component and creates it anew.\n", strings.Join(d.ReplaceOn, "`, `"))
}

func (p *page) example(text string) {
	if text != "" {
		p.say("## Example\n\n```yaml\n%s\n```\n", strings.TrimSpace(text))
	}
}

func (p *page) mistakes(told []string) {
	if len(told) == 0 {
		return
	}
	p.say("## Mistakes that are found\n\nSome of what `deployer validate` says of such documents:\n\n```text\n%s\n```\n", strings.Join(told, "\n"))
}

func index() string {
	var p page
	p.WriteString(notice)
	p.say("# Reference\n\nEvery kind of document, its fields, defaults and outputs. How documents come together: [the language](../language.md). What all components have in common: [common fields](common.md). " +
		"Built-in rules: [policies](policies.md). Cloud resources: [what becomes of each kind](resources.md). JSON Schemas for editors: `docs/schema/deployer.json`, and `docs/schema/overlay.json` for documents in `environments/NAME`.\n")
	p.say("| Kind | API version | Family | Holds data | What it is |\n| --- | --- | --- | --- | --- |")
	for _, k := range kinds() {
		family, data := "", ""
		if d := k.definition; d != nil {
			family = d.Family
			if d.Stateful {
				data = "yes"
			}
		}
		p.say("| [%s](%s.md) | %s | %s | %s | %s |", k.name, k.name, k.apiVersion, family, data, cell(k.summary))
	}
	return p.String()
}

func common(comments map[string]string) string {
	var p page
	p.WriteString(notice)
	p.say("# Common fields\n\nEvery component has these, and Networking, Security and Observability too. Defaults that differ by kind stand on the kind's page.\n")
	s := &resource.SNS{}
	s.Retry = resource.Retry{Limit: 2, Backoff: resource.Backoff{Duration: 5 * resource.Second, Factor: 2, MaxDuration: resource.Minute}}
	p.table(&s.Common, nil, comments)
	p.say(`## Values

- A **duration** is written 30s, 5m, 1h30m or 7d.
- A **schedule** is rate(5 minutes), the five fields of a crontab (0 3 * * 1-5), or AWS's six (cron(0 3 ? * MON-FRI *)).
- A **component** is SERVICE/NAME, or NAME alone within the same service.
- **valueFrom** is {component, output}, with key where the output is a list or a mapping.
- **secretRef** is {name, key, provider}: a secret in Secrets Manager, or with provider: ssm in Parameter Store. A secret never stands in a document.
- **${var.NAME}**, ${environment}, ${stack} and ${git.commit} may stand in any value of a spec.
`)
	return p.String()
}

func policies() string {
	var p page
	p.WriteString(notice)
	p.say("# Policies\n\nA [Compliance](Compliance.md) document includes packs of built-in rules, adds rules of its own as CEL expressions, and lets components " +
		"break a rule for a time, with a reason. A rule with severity `deny` stops a deployment; one with `warn` only tells. A rule that cannot be evaluated counts as broken.\n")
	p.say("## What expressions see\n")
	variables := policy.RuleVariables()
	for _, name := range []string{"resource", "plan", "environment", "platform"} {
		p.say("- `%s`: %s.", name, variables[name])
	}
	p.say("\nA field that is not written is nothing (0, \"\", false, null, an empty list); `has()` tells the difference. The pattern of `matches()` is written out, " +
		"and what an expression may cost is limited.\n")
	for _, pack := range policy.Packs() {
		p.say("## %s\n\n%s\n", pack.Name, pack.Summary)
		p.say("| Rule | Severity | For | Why | Condition |\n| --- | --- | --- | --- | --- |")
		for _, r := range pack.Rules {
			of := strings.Join(r.Kinds, ", ")
			if of == "" {
				of = "all"
			}
			if r.On == resource.OnPlan {
				of = "plans"
			}
			p.say("| `%s/%s` | %s | %s | %s | `%s` |", pack.Name, r.Name, r.Severity, of, cell(r.Description), cell(strings.ReplaceAll(r.Expression, "REQUIRED_TAGS", "requiredTags")))
		}
		p.say("")
	}
	return p.String()
}
