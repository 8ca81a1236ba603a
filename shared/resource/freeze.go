package resource

import (
	"fmt"
	"time"
	_ "time/tzdata" // a function's runtime and a container may have no time zones of their own
)

// FrozenWindow is the error of a deployment that may not start now.
type FrozenWindow struct {
	Environment string
	Until       time.Time // when that ends; zero when it never does
	Reason      string
	Timezone    string // of the window
}

func (e *FrozenWindow) Error() string {
	text := e.Environment + " is frozen"
	if e.Until.IsZero() {
		text += ": no window allows deployments any more"
	} else {
		until := e.Until
		if zone, err := time.LoadLocation(e.Timezone); err == nil {
			until = until.In(zone)
		}
		text += " until " + until.Format("2006-01-02 15:04 MST")
	}
	if e.Reason != "" {
		text += " (" + e.Reason + ")"
	}
	return text + "; wait until then, or deploy all the same with --override-freeze and a reason, which is recorded"
}

// Thawed returns *FrozenWindow when the environment's windows do not let a deployment start at the instant now. Where windows
// disagree, deny wins; with any allow window, everything outside of those is denied.
func (e *Environment) Thawed(now time.Time) error {
	allowing, allowed := false, false
	var opens FrozenWindow
	for _, w := range e.Windows {
		begun, zone, err := w.begun(now)
		if err != nil {
			return fmt.Errorf("environment %s: %w", e.Name, err)
		}
		open := !begun.IsZero() && now.Before(begun.Add(w.Duration.Std()))
		switch {
		case w.Kind == WindowDeny && open:
			return &FrozenWindow{Environment: e.Name, Until: begun.Add(w.Duration.Std()), Reason: w.Reason, Timezone: w.Timezone}
		case w.Kind == WindowAllow:
			allowing, allowed = true, allowed || open
			next := w.Schedule.next(now.In(zone))
			if !next.IsZero() && (opens.Until.IsZero() || next.Before(opens.Until)) {
				opens = FrozenWindow{Until: next, Timezone: w.Timezone, Reason: w.Reason}
			}
		}
	}
	if !allowing || allowed {
		return nil
	}
	opens.Environment = e.Name
	return &opens
}

// begun is when the window began last, if that was so lately that it may last until now; zero otherwise.
func (w Window) begun(now time.Time) (time.Time, *time.Location, error) {
	zone, err := time.LoadLocation(w.Timezone)
	if err != nil {
		return time.Time{}, nil, fmt.Errorf("a window's time zone: %w", err)
	}
	return w.Schedule.last(now.In(zone), w.Duration.Std()), zone, nil
}
