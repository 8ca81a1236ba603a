package asl

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Event is one step of an execution, numbered and shaped like the events of AWS's GetExecutionHistory. Its JSON has
// the details under the member that AWS gives that type (taskScheduledEventDetails, ...).
type Event struct {
	ID              int64
	PreviousEventID int64
	Timestamp       time.Time
	Type            string // PassStateEntered, TaskScheduled, ExecutionFailed, ...
	Details         Details
}

// Details are what an event carries; which fields are set depends on its type. Input, Output, Parameters and the
// values of AssignedVariables are JSON texts.
type Details struct {
	Name               string            `json:"name,omitempty"`
	Index              *int              `json:"index,omitempty"`  // of a Map's iteration
	Length             *int              `json:"length,omitempty"` // of a Map's items
	Input              string            `json:"input,omitempty"`
	Output             string            `json:"output,omitempty"`
	Error              string            `json:"error,omitempty"`
	Cause              string            `json:"cause,omitempty"`
	Resource           string            `json:"resource,omitempty"`
	ResourceType       string            `json:"resourceType,omitempty"`
	Region             string            `json:"region,omitempty"`
	Parameters         string            `json:"parameters,omitempty"`
	TimeoutInSeconds   int64             `json:"timeoutInSeconds,omitempty"`
	HeartbeatInSeconds int64             `json:"heartbeatInSeconds,omitempty"`
	RoleARN            string            `json:"roleArn,omitempty"`
	MapRunARN          string            `json:"mapRunArn,omitempty"`
	AssignedVariables  map[string]string `json:"assignedVariables,omitempty"`

	// What AWS does not show and Resume needs: the token of a task, and who is running.
	TaskToken       string `json:"taskToken,omitempty"`
	ExecutionARN    string `json:"executionArn,omitempty"`
	StateMachineARN string `json:"stateMachineArn,omitempty"`
}

// Types of events that this package looks at by name. Those of states are the state's type with StateEntered,
// StateExited or StateAborted behind it.
const (
	eventExecutionStarted   = "ExecutionStarted"
	eventExecutionSucceeded = "ExecutionSucceeded"
	eventExecutionFailed    = "ExecutionFailed"
	eventExecutionTimedOut  = "ExecutionTimedOut"
	eventExecutionAborted   = "ExecutionAborted"
	eventMapStarted         = "MapStateStarted"
	eventMapSucceeded       = "MapStateSucceeded"
	eventMapFailed          = "MapStateFailed"
	eventIterationStarted   = "MapIterationStarted"
	eventIterationSucceeded = "MapIterationSucceeded"
	eventIterationFailed    = "MapIterationFailed"
	eventIterationAborted   = "MapIterationAborted"
	eventMapRunStarted      = "MapRunStarted"
	eventMapRunSucceeded    = "MapRunSucceeded"
	eventMapRunFailed       = "MapRunFailed"
	eventParallelStarted    = "ParallelStateStarted"
	eventParallelSucceeded  = "ParallelStateSucceeded"
	eventParallelFailed     = "ParallelStateFailed"
	eventTaskSubmitted      = "TaskSubmitted"
)

// maxEvents is how long a history may get; AWS fails the execution there.
const maxEvents = 25_000

// detailsName is the member under which AWS puts the details of an event of that type; empty where it has none.
func detailsName(kind string) string {
	switch {
	case strings.HasSuffix(kind, "StateEntered"):
		return "stateEnteredEventDetails"
	case strings.HasSuffix(kind, "StateExited"):
		return "stateExitedEventDetails"
	case kind == "" || strings.HasPrefix(kind, "ParallelState") || strings.HasSuffix(kind, "StateAborted"):
		return ""
	default:
		return strings.ToLower(kind[:1]) + kind[1:] + "EventDetails"
	}
}

// MarshalJSON writes the event as one object; the time is RFC 3339 in UTC.
func (e Event) MarshalJSON() ([]byte, error) {
	b := []byte(`{"id":`)
	b = append(b, intNumber(e.ID)...)
	b = append(append(b, `,"previousEventId":`...), intNumber(e.PreviousEventID)...)
	b = appendString(append(b, `,"timestamp":`...), e.Timestamp.UTC().Format(time.RFC3339Nano))
	b = appendString(append(b, `,"type":`...), e.Type)
	details, err := json.Marshal(e.Details)
	if err != nil {
		return nil, fmt.Errorf("write the details of event %d: %w", e.ID, err)
	}
	if name := detailsName(e.Type); name != "" && string(details) != "{}" {
		b = append(appendString(append(b, ','), name), ':')
		b = append(b, details...)
	}
	return append(b, '}'), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (e *Event) UnmarshalJSON(text []byte) error {
	var head struct {
		ID              int64     `json:"id"`
		PreviousEventID int64     `json:"previousEventId"`
		Timestamp       time.Time `json:"timestamp"`
		Type            string    `json:"type"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return fmt.Errorf("read an event: %w", err)
	}
	*e = Event{ID: head.ID, PreviousEventID: head.PreviousEventID, Timestamp: head.Timestamp, Type: head.Type}
	name := detailsName(e.Type)
	if name == "" {
		return nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return fmt.Errorf("read event %d: %w", e.ID, err)
	}
	if details, ok := members[name]; ok {
		if err := json.Unmarshal(details, &e.Details); err != nil {
			return fmt.Errorf("read the details of event %d: %w", e.ID, err)
		}
	}
	return nil
}

// eventKey finds the event that a replay is about to repeat.
type eventKey struct {
	previous int64
	kind     string
	name     string
	index    int
}

func keyOf(previous int64, kind string, d *Details) eventKey {
	k := eventKey{previous: previous, kind: kind, name: d.Name}
	if d.Index != nil {
		k.index = *d.Index
	}
	return k
}

// StateName is the state that the event is about, for events that say so.
func (e Event) StateName() string {
	if strings.HasSuffix(e.Type, "StateEntered") || strings.HasSuffix(e.Type, "StateExited") ||
		strings.HasPrefix(e.Type, "MapIteration") {
		return e.Details.Name
	}
	return ""
}
