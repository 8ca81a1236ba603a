package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/plan"
)

var signs = map[plan.Action]string{plan.Create: "+", plan.Update: "~", plan.Replace: "-/+", plan.Delete: "-"}

// PlanText writes a plan for people: what changes, why, field by field, wave by wave, then the sum. Where a wave holds
// several levels, it says which.
func PlanText(w io.Writer, p *plan.Plan) error { return PreviewedText(w, p, nil) }

// PreviewedText writes a plan as PlanText does, and below each step what it means for each cloud resource, as far as the
// step was previewed.
func PreviewedText(w io.Writer, p *plan.Plan, previews []execution.Preview) error {
	var b strings.Builder
	seen := map[address.Address]execution.Preview{}
	for _, preview := range previews {
		seen[preview.Address] = preview
	}
	waves, levels := waveNumbers(p), 0
	for _, step := range p.Steps {
		levels = max(levels, step.Level)
	}
	last := ""
	for _, step := range p.Steps {
		heading := fmt.Sprintf("Wave %d of %d", waves[step.Address.Short()], len(p.Waves))
		if levels > len(p.Waves) {
			heading += fmt.Sprintf(", level %d of %d", step.Level, levels)
		}
		if heading != last {
			b.WriteString(heading + "\n")
			last = heading
		}
		writeStep(&b, step)
		if preview, previewed := seen[step.Address]; previewed {
			writePreview(&b, preview)
		}
	}
	if len(p.Steps) > 0 {
		b.WriteString("\n")
	}
	b.WriteString(PlanSummary(p) + "\n")
	writeRules(&b, p)
	writeRollback(&b, p)
	_, err := io.WriteString(w, b.String())
	return err
}

// PlanSummary is the plan in one line.
func PlanSummary(p *plan.Plan) string {
	c := p.Counts
	if c.Changes() == 0 && c.LeftOut > 0 {
		return fmt.Sprintf("Nothing of the run to do again: what it left in %s is done (%s left to other runs).", p.Scope, counted(c.LeftOut, "change"))
	}
	if c.Changes() == 0 {
		return fmt.Sprintf("No changes: what the bundle says of %s is deployed (%s).", p.Scope, counted(c.NoOp, "component"))
	}
	text := fmt.Sprintf("Plan for %s: %d to create, %d to update, %d to replace, %d to delete, %d unchanged.",
		p.Scope, c.Create, c.Update, c.Replace, c.Delete, c.NoOp)
	if c.Conditional > 0 {
		text += fmt.Sprintf(" %d of the updates happen only if it turns out that they are needed.", c.Conditional)
	}
	if c.LeftOut > 0 {
		text += fmt.Sprintf(" %s left to other runs.", counted(c.LeftOut, "change"))
	}
	return text
}

// writeRules says which rules over deployments would be others from then on. Until then those of before hold as well.
func writeRules(b *strings.Builder, p *plan.Plan) {
	if len(p.Rules) == 0 {
		return
	}
	b.WriteString("Rules over deployments that change:\n")
	for _, rule := range p.Rules {
		b.WriteString("  " + rule + "\n")
	}
}

// writeRollback says what taking the plan back would come to, or, of a plan that brings back what was, what it leaves.
func writeRollback(b *strings.Builder, p *plan.Plan) {
	if back := p.Rollback; back != nil {
		fmt.Fprintf(b, "If a component fails, all is rolled back: %d deleted, %d restored, %d created anew.\n", back.Delete, back.Restore, back.Recreate)
		writeKept(b, "What would not be again as it was:", back.Irreversible)
	}
	writeKept(b, "What stays as it is:", p.Kept)
}

// shownKept is how many components a plan names of those that a rollback leaves.
const shownKept = 12

func writeKept(b *strings.Builder, title string, all []plan.Kept) {
	if len(all) == 0 {
		return
	}
	b.WriteString(title + "\n")
	for _, kept := range all[:min(len(all), shownKept)] {
		fmt.Fprintf(b, "  %s (%s): %s\n", kept.Component, kept.Kind, kept.Reason)
	}
	if more := len(all) - shownKept; more > 0 {
		fmt.Fprintf(b, "  and %s; plan.json names all\n", counted(more, "more component"))
	}
}

func writeStep(b *strings.Builder, step plan.Step) {
	sign := signs[step.Action]
	if step.Conditional {
		sign = "~?"
	}
	fmt.Fprintf(b, "  %-3s %s (%s): %s", sign, step.Address.Short(), step.Kind, strings.Join(step.Reasons, "; "))
	b.WriteString(fateOfData(step))
	b.WriteString("\n")
	if step.Action == plan.Create {
		return // everything is new: the bundle says it better
	}
	for _, change := range step.Changes {
		note := ""
		if change.Replaces {
			note = "  (forces replacement)"
		}
		fmt.Fprintf(b, "        %s: %s%s\n", change.Path, arrow(change), note)
	}
}

// fateOfData says what becomes of the data of a component that is deleted or replaced.
func fateOfData(step plan.Step) string {
	if !step.Stateful || step.Action != plan.Delete && step.Action != plan.Replace {
		return ""
	}
	switch step.DeletionPolicy {
	case "Retain":
		if step.Action == plan.Delete {
			return " [holds data: it is kept and no longer managed]"
		}
	case "Snapshot":
		return " [holds data: it is deleted after a last snapshot]"
	case "Delete":
		return " [holds data: IT IS DELETED]"
	}
	return " [holds data]"
}

func arrow(change plan.Change) string {
	after := short(change.After)
	if change.Unknown {
		return "(known after apply)"
	}
	switch {
	case change.Before == nil:
		return "set to " + after
	case change.After == nil:
		return short(change.Before) + " removed"
	}
	return short(change.Before) + " -> " + after
}

const maxValue = 120

func short(value json.RawMessage) string {
	text := string(value)
	if len(text) > maxValue {
		return strings.ToValidUTF8(text[:maxValue], "") + "..."
	}
	return text
}
