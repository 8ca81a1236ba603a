package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/plan"
)

// tree is a run as its waves, batches and components, and how far each is.
type tree struct {
	plan  *plan.Plan
	begun map[string]time.Time         // by service/component
	ended map[string]execution.Outcome // by service/component
}

func newTree(p *plan.Plan) *tree {
	return &tree{plan: p, begun: map[string]time.Time{}, ended: map[string]execution.Outcome{}}
}

// lines draws the tree. A wave whose components are all done, or of which none has begun, is one line.
func (t *tree) lines(now time.Time) []string {
	var lines []string
	for number, wave := range t.plan.Waves {
		count := t.count(wave)
		lines = append(lines, fmt.Sprintf("wave %d/%d  %s", number+1, len(t.plan.Waves), count))
		if count.quiet() {
			continue
		}
		for i, batch := range wave.Batches {
			indent := "  "
			if len(wave.Batches) > 1 {
				lines = append(lines, fmt.Sprintf("  batch %d", i+1))
				indent = "    "
			}
			for _, short := range batch.Steps {
				lines = append(lines, indent+t.step(short, now))
			}
		}
	}
	return lines
}

func (t *tree) step(short string, now time.Time) string {
	line := short
	if step, known := t.plan.Step(short); known {
		line = fmt.Sprintf("%-8s %s (%s)", doing[step.Action], short, step.Kind)
	}
	if o, ended := t.ended[short]; ended {
		line += fmt.Sprintf("  %s  %s", marks[o.Outcome], o.EndedAt.Sub(o.StartedAt).Round(10*time.Millisecond))
		if o.Outcome == execution.Failed {
			first, _, _ := strings.Cut(strings.TrimSpace(o.Message), "\n")
			line += "  " + o.Error + ": " + first
		}
		return line
	}
	if since, begun := t.begun[short]; begun {
		if since.IsZero() {
			return line + "  at work"
		}
		return line + "  at work for " + max(0, now.Sub(since)).Round(time.Second).String()
	}
	return line + "  to come"
}

// tally counts a wave's components.
type tally struct{ fine, bad, working, left int }

func (t *tree) count(w plan.Wave) tally {
	var c tally
	for _, batch := range w.Batches {
		for _, short := range batch.Steps {
			o, ended := t.ended[short]
			_, begun := t.begun[short]
			switch {
			case ended && o.Outcome.Fine():
				c.fine++
			case ended:
				c.bad++
			case begun:
				c.working++
			default:
				c.left++
			}
		}
	}
	return c
}

func (c tally) quiet() bool { return c.bad+c.working == 0 && (c.left == 0 || c.fine == 0) }

func (c tally) String() string {
	var parts []string
	for _, one := range []struct {
		n    int
		what string
	}{{c.fine, "done"}, {c.bad, "FAILED or skipped"}, {c.working, "at work"}, {c.left, "to come"}} {
		if one.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", one.n, one.what))
		}
	}
	return strings.Join(parts, ", ")
}

// treeView keeps the tree on a terminal.
type treeView struct {
	o       *options
	tree    *tree
	drawn   int
	drawnAt time.Time
	stale   bool
}

func newTreeView(o *options) *treeView { return &treeView{o: o} }

func (v *treeView) planned(p *plan.Plan) {
	v.tree, v.stale = newTree(p), true
	if p.Counts.Changes() > 0 {
		fmt.Fprintln(v.o.err)
	}
}

func (v *treeView) began(short string, at time.Time) {
	if _, known := v.tree.begun[short]; known {
		return
	}
	if at.IsZero() {
		at = time.Now()
	}
	v.tree.begun[short], v.stale = at, true
}

func (v *treeView) ended(o execution.Outcome) {
	v.tree.ended[o.Address.Short()], v.stale = o, true
}

func (v *treeView) tick() {
	if v.tree != nil && (v.stale || time.Since(v.drawnAt) >= time.Second) {
		v.draw()
	}
}

// draw writes as many lines as the screen has.
func (v *treeView) draw() {
	v.erase()
	v.stale, v.drawnAt = false, time.Now()
	lines := v.tree.lines(v.drawnAt)
	width, height := v.size()
	if len(lines) > height-1 {
		hidden := len(lines) - (height - 2)
		lines = append(lines[:height-2:height-2], fmt.Sprintf("... and %d more lines", hidden))
	}
	for _, line := range lines {
		if runes := []rune(line); len(runes) >= width {
			line = string(runes[:width-1])
		}
		fmt.Fprintln(v.o.err, line)
	}
	v.drawn = len(lines)
}

func (v *treeView) size() (width, height int) {
	if file, ok := v.o.steer().(*os.File); ok {
		if width, height, err := term.GetSize(int(file.Fd())); err == nil && width > 10 && height > 4 {
			return width, height
		}
	}
	return 80, 24
}

func (v *treeView) erase() {
	if v.drawn > 0 {
		fmt.Fprintf(v.o.steer(), "\x1b[%dA\x1b[J", v.drawn)
		v.drawn = 0
	}
}

func (v *treeView) close() {
	if v.tree != nil && v.stale {
		v.draw()
	}
}
