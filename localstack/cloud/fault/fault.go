// Package fault makes calls to the simulated cloud fail or wait on purpose: faults go into a world, where every process
// that shares it meets them; for each call a Meeting comes out that says what happens to it.
package fault

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/deployer-io/deployer/localstack/cloud/world"
)

// Kind is what a fault does to a call.
type Kind string

// The kinds.
const (
	Error    Kind = "error"    // it is refused with Code and Message, and nothing happens
	Throttle Kind = "throttle" // it is refused as too frequent
	Hang     Kind = "hang"     // it does not answer until it is cancelled, and nothing happens
	Delay    Kind = "delay"    // it takes Delay longer
	Partial  Kind = "partial"  // it is carried out, but its answer is lost
	Unready  Kind = "unready"  // what it made is there, but does not become ready
)

var kinds = []Kind{Error, Throttle, Hang, Delay, Partial, Unready}

// Match says which calls a fault meets: those that satisfy all fields that are set. Type and Name are patterns as
// path.Match knows them.
type Match struct {
	Type string `json:"type,omitempty"` // type token, as in aws:sqs/queue:Queue, or the token of a function
	// Name is compared with the Pulumi resource's name, the physical name and the id.
	Name string `json:"name,omitempty"`
	// Operation is create, read, update, delete or invoke.
	Operation string            `json:"operation,omitempty"`
	Tags      map[string]string `json:"tags,omitempty"`
}

// Fault is something that goes wrong.
type Fault struct {
	ID    string `json:"id,omitempty"` // given by Inject
	Match Match  `json:"match"`
	Kind  Kind   `json:"kind"`
	// Times is how many calls it meets; 0 means all until it is removed.
	Times int `json:"times,omitempty"`
	// Code and Message make the API error, with the HTTP status Status.
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
	Status  int    `json:"status,omitempty"`
	// Delay is how long a call waits, in nanoseconds.
	Delay time.Duration `json:"delay,omitempty"`
}

// Occasion is a call that may meet a fault.
type Occasion struct {
	Type, Operation string
	Names           []string
	Tags            map[string]string
}

const recordType = "cloud:fault"

// Inject adds a fault and returns its id.
func Inject(w *world.World, f Fault) (string, error) {
	if !slices.Contains(kinds, f.Kind) {
		return "", fmt.Errorf("fault kind %q is unknown; the kinds are %v", f.Kind, kinds)
	}
	if f.Kind == Delay && f.Delay <= 0 {
		return "", fmt.Errorf("a fault of kind %s needs a delay", Delay)
	}
	for _, pattern := range []string{f.Match.Type, f.Match.Name} {
		if _, err := path.Match(pattern, ""); err != nil {
			return "", fmt.Errorf("fault pattern %q: %w", pattern, err)
		}
	}
	err := w.Update(func(tx *world.Tx) error {
		f.ID = fmt.Sprintf("fault-%06d", tx.Next(recordType))
		return put(tx, f)
	})
	return f.ID, err
}

func put(tx *world.Tx, f Fault) error {
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	var state map[string]any
	if err := json.Unmarshal(text, &state); err != nil {
		return err
	}
	tx.Put(&world.Record{Type: recordType, ID: f.ID, State: state, Created: tx.Now(), Changed: tx.Now()})
	return nil
}

func read(r *world.Record) (f Fault, err error) {
	text, err := json.Marshal(r.State)
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	return f, err
}

// List returns the faults that still await calls, the oldest first.
func List(w *world.World) (faults []Fault, err error) {
	err = w.View(func(tx *world.Tx) error {
		faults, err = list(tx)
		return err
	})
	return faults, err
}

func list(tx *world.Tx) ([]Fault, error) {
	var faults []Fault
	for _, r := range tx.OfType(recordType) {
		f, err := read(r)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.ID, err)
		}
		faults = append(faults, f)
	}
	return faults, nil
}

// Remove takes a fault away; an empty id takes all away.
func Remove(w *world.World, id string) error {
	return w.Update(func(tx *world.Tx) error {
		for _, r := range tx.OfType(recordType) {
			if id == "" || r.ID == id {
				tx.Delete(r.Key())
			}
		}
		return nil
	})
}

// Meeting is what happens to one call.
type Meeting struct {
	// Refusal is the fault that refuses the call before anything is done; nil: it is carried out.
	Refusal *Fault
	// After is the fault that spoils a call that was carried out, or nil.
	After *Fault
}

// Meet waits and takes from the faults of the world as the call's faults say. Its error is that of ctx.
func Meet(ctx context.Context, w *world.World, call Occasion) (Meeting, error) {
	met, err := take(w, call)
	if err != nil {
		return Meeting{}, err
	}
	var m Meeting
	for i, f := range met {
		switch f.Kind {
		case Delay:
			if err := wait(ctx, f.Delay); err != nil {
				return m, err
			}
		case Hang:
			<-ctx.Done()
			return m, ctx.Err()
		case Error, Throttle:
			m.Refusal = &met[i]
			return m, nil
		default:
			m.After = &met[i]
		}
	}
	return m, nil
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// take returns the faults that meet the call, all delays and at most one other, and counts them down.
func take(w *world.World, call Occasion) ([]Fault, error) {
	var met []Fault
	choose := func(tx *world.Tx) error {
		met = nil
		faults, err := list(tx)
		if err != nil {
			return err
		}
		spoiled := false
		for _, f := range faults {
			if !f.Match.meets(call) || f.Kind != Delay && spoiled {
				continue
			}
			spoiled = spoiled || f.Kind != Delay
			met = append(met, f)
		}
		return nil
	}
	if err := w.View(choose); err != nil || !slices.ContainsFunc(met, func(f Fault) bool { return f.Times > 0 }) {
		return met, err
	}
	err := w.Update(func(tx *world.Tx) error { // another process may have taken one since
		if err := choose(tx); err != nil {
			return err
		}
		for _, f := range met {
			switch {
			case f.Times == 1:
				tx.Delete(world.Key{Type: recordType, ID: f.ID})
			case f.Times > 1:
				f.Times--
				if err := put(tx, f); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return met, err
}

func (m Match) meets(call Occasion) bool {
	if m.Operation != "" && m.Operation != call.Operation {
		return false
	}
	if m.Type != "" && !matches(m.Type, call.Type) {
		return false
	}
	if m.Name != "" && !slices.ContainsFunc(call.Names, func(name string) bool { return matches(m.Name, name) }) {
		return false
	}
	for k, v := range m.Tags {
		if call.Tags[k] != v {
			return false
		}
	}
	return true
}

// matches compares with a pattern in which a star stands for anything, slashes too.
func matches(pattern, text string) bool {
	flat := strings.NewReplacer("/", "\x01")
	ok, err := path.Match(flat.Replace(pattern), flat.Replace(text))
	return pattern == text || ok && err == nil
}

// Reason is what a call says that the fault has spoiled.
func (f Fault) Reason() string {
	return cmp.Or(f.Message, "timeout while waiting for state to become 'available' (last state: 'creating')")
}
