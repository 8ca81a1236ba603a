package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/plan"
)

// progress shows a rollout: a line for each step that ended, and on a terminal, below them, what is under way and since
// when. Elsewhere it is plain lines.
type progress struct {
	o       *options
	live    bool
	plan    *plan.Plan
	wave    map[string]int
	running map[string]time.Time
	done    int
	apart   bool // from the plan
	drawn   int  // lines of the live part on the screen
	drawnAt time.Time
}

func newProgress(o *options) *progress {
	return &progress{o: o, live: o.terminal() && !o.noColor && !o.json(), running: map[string]time.Time{}, wave: map[string]int{}}
}

func (p *progress) planned(made *plan.Plan) {
	p.plan, p.done, p.running, p.wave = made, 0, map[string]time.Time{}, map[string]int{}
	for number, wave := range made.Waves {
		for _, batch := range wave.Batches {
			for _, short := range batch.Steps {
				p.wave[short] = number + 1
			}
		}
	}
	p.apart = false
}

// space sets the steps apart from the plan above them.
func (p *progress) space() {
	if !p.apart {
		fmt.Fprintln(p.o.err)
		p.apart = true
	}
}

func (p *progress) began(short string, at time.Time) {
	if _, known := p.running[short]; known {
		return
	}
	if at.IsZero() {
		at = time.Now()
	}
	p.running[short] = at
	if p.live {
		p.draw()
	}
}

var marks = map[execution.Verdict]string{execution.Done: "ok", execution.Unchanged: "unchanged", execution.Kept: "kept",
	execution.Failed: "FAILED", execution.Skipped: "skipped"}

var doing = map[plan.Action]string{plan.Create: "create", plan.Update: "update", plan.Replace: "replace", plan.Delete: "delete"}

func (p *progress) ended(o execution.Outcome) {
	short := o.Address.Short()
	p.running[short] = time.Time{} // known and no longer under way
	p.done++
	p.erase()
	p.space()
	took := o.EndedAt.Sub(o.StartedAt).Round(10 * time.Millisecond)
	fmt.Fprintf(p.o.err, "[%d/%d] wave %d/%d  %-8s %s (%s)  ", p.done, len(p.plan.Steps), p.wave[short], len(p.plan.Waves),
		doing[o.Action], short, o.Kind)
	p.mark(o.Outcome)
	fmt.Fprintf(p.o.err, "  %s\n", took)
	if o.Outcome == execution.Failed {
		fmt.Fprintf(p.o.err, "        %s: %s\n", o.Error, strings.ReplaceAll(strings.TrimSpace(o.Message), "\n", "\n        "))
	}
	if p.live {
		p.draw()
	}
}

// mark writes what became of a step, coloured on a terminal.
func (p *progress) mark(v execution.Verdict) {
	if !p.live || !p.o.colours() {
		fmt.Fprint(p.o.err, marks[v])
		return
	}
	code := "32"
	if !v.Fine() {
		code = "31"
	}
	fmt.Fprintf(p.o.steer(), "\x1b[%sm%s\x1b[0m", code, marks[v])
}

// draw writes what is under way; at most ten lines, so that it fits any screen.
func (p *progress) draw() {
	p.erase()
	p.space()
	p.drawnAt = time.Now()
	var active []string
	for short, since := range p.running {
		if !since.IsZero() {
			active = append(active, short)
		}
	}
	slices.Sort(active)
	for i, short := range active {
		if i == 10 {
			fmt.Fprintf(p.o.err, "        ... and %d more\n", len(active)-i)
			p.drawn++
			break
		}
		fmt.Fprintf(p.o.err, "        %s  %s\n", short, time.Since(p.running[short]).Round(time.Second))
		p.drawn++
	}
}

func (p *progress) erase() {
	if p.drawn > 0 {
		fmt.Fprintf(p.o.steer(), "\x1b[%dA\x1b[J", p.drawn)
		p.drawn = 0
	}
}

// tick draws again, so that the times move.
func (p *progress) tick() {
	if p.live && time.Since(p.drawnAt) >= time.Second {
		p.draw()
	}
}

func (p *progress) close() { p.erase() }
