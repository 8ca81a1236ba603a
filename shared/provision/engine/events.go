package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

// event is the part of an engine event that is read here: one line of the event log.
type event struct {
	Pre        *stepEvent       `json:"resourcePreEvent"`
	Outputs    *stepEvent       `json:"resOutputsEvent"`
	Failed     *stepEvent       `json:"resOpFailedEvent"`
	Diagnostic *diagnosticEvent `json:"diagnosticEvent"`
	Error      *struct {
		Error string `json:"error"`
	} `json:"errorEvent"`
}

type stepEvent struct {
	Metadata struct {
		Op     string                     `json:"op"`
		URN    string                     `json:"urn"`
		Type   string                     `json:"type"`
		Old    *stateEvent                `json:"old"`
		New    *stateEvent                `json:"new"`
		Keys   []string                   `json:"keys"`
		Diffs  []string                   `json:"diffs"`
		Detail map[string]json.RawMessage `json:"detailedDiff"`
	} `json:"metadata"`
}

type stateEvent struct {
	ID string `json:"id"`
}

type diagnosticEvent struct {
	URN      string `json:"urn"`
	Message  string `json:"message"`
	Severity string `json:"severity"`
}

// events are one operation's events in their order.
type events []event

// readEvents reads an event log as far as it goes: the last line of an operation that was killed may be cut.
func readEvents(file string) (events, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, errors.New("the CLI wrote none")
		}
		return nil, err
	}
	var all events
	for line := range bytes.Lines(data) {
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			return all, err
		}
		all = append(all, e)
	}
	return all, nil
}

// operations translates the engine's steps; a replacement consists of several. Steps that are not named here touch nothing.
var operations = map[string]string{
	"create": "create", "update": "update", "delete": "delete", "read": "read", "import": "import",
	"create-replacement": "replace", "delete-replaced": "replace", "replace": "replace", "read-replacement": "replace",
	"import-replacement": "replace", "remove-pending-replace": "replace", "discard-replaced": "replace",
}

// changes returns what the operation touched, one change for each resource, in the order in which it began.
func (all events) changes() []Change {
	byURN, order := map[string]*Change{}, []string{}
	for _, e := range all {
		for _, step := range []*stepEvent{e.Pre, e.Outputs, e.Failed} {
			if step == nil || strings.HasPrefix(step.Metadata.Type, "pulumi:") {
				continue
			}
			operation, touches := operations[step.Metadata.Op]
			if !touches {
				continue
			}
			m := step.Metadata
			change := byURN[m.URN]
			if change == nil {
				change = &Change{URN: m.URN, Type: m.Type, Name: nameOf(m.URN), Operation: operation}
				byURN[m.URN], order = change, append(order, m.URN)
			}
			change.add(step, operation)
			change.Failed = change.Failed || step == e.Failed
			change.Done = step == e.Outputs
		}
	}
	for _, e := range all {
		if d := e.Diagnostic; d != nil && d.Severity == "error" && byURN[d.URN] != nil && byURN[d.URN].Message == "" {
			byURN[d.URN].Message = clean(d.Message)
		}
	}
	changes := make([]Change, 0, len(order))
	for _, urn := range order {
		changes = append(changes, *byURN[urn])
	}
	return changes
}

// add takes over what a step tells.
func (c *Change) add(step *stepEvent, operation string) {
	m := step.Metadata
	if operation == "replace" {
		c.Operation = operation
	}
	if m.Old != nil && m.Old.ID != "" && c.ID == "" {
		c.ID = m.Old.ID
	}
	if m.New != nil && m.New.ID != "" {
		c.ID = m.New.ID
	}
	if c.Operation != "update" && c.Operation != "replace" {
		return
	}
	fields := slices.Concat(c.Fields, m.Keys, m.Diffs)
	if len(m.Detail) > 0 {
		fields = slices.AppendSeq(slices.Clone(c.Fields), maps.Keys(m.Detail))
	}
	slices.Sort(fields)
	c.Fields = slices.Compact(fields)
}

// errors returns the texts of the errors that were reported, those about a resource first.
func (all events) errors() (messages []diagnosticEvent) {
	var general []diagnosticEvent
	for _, e := range all {
		switch d := e.Diagnostic; {
		case e.Error != nil:
			general = append(general, diagnosticEvent{Message: e.Error.Error})
		case d == nil || d.Severity != "error":
		case d.URN != "" && !strings.Contains(d.URN, "pulumi:pulumi:Stack"):
			messages = append(messages, diagnosticEvent{URN: d.URN, Message: clean(d.Message)})
		default:
			general = append(general, diagnosticEvent{Message: clean(d.Message)})
		}
	}
	return append(messages, general...)
}

var markup = regexp.MustCompile(`<\{%[a-z0-9 -]*%\}>|\x1b\[[0-9;]*m`)

// clean takes the colours and the blank space out of a message.
func clean(text string) string {
	return strings.TrimSpace(markup.ReplaceAllString(text, ""))
}
