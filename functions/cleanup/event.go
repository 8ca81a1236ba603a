package cleanup

import (
	"encoding/json"
	"fmt"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/run"
)

// In is the run and why it has to be cleaned up. It is decoded from that, or from the event by which EventBridge tells that
// an execution's status has changed. Such an event names the execution, which has the run's name; under a customer's key it
// tells nothing of its input.
type In struct {
	Run     run.Ref     `json:"run"`
	Request run.Request `json:"request"`
	Why     string      `json:"why"` // how its execution ended

	// Execution is the run's id where Run is not known.
	Execution string `json:"execution,omitempty"`
	// Force, when there is one, asks for something else: that a lock be freed. Then nothing else is given.
	Force *Force `json:"force,omitempty"`
	// Recover, when there is one, asks for what a run did to be merged into the state. Then nothing else is given.
	Recover *Recover `json:"recover,omitempty"`
	// Prune asks, once a day, for old history to be thrown away. Then nothing else is given.
	Prune bool `json:"prune,omitempty"`
}

// NoExecution is the error of an event that names no execution: a rule sends what it should not.
type NoExecution struct{}

func (*NoExecution) Error() string {
	return "this is neither a run to clean up nor an event that names an execution: look at the rule that sent it"
}

// UnmarshalJSON decodes both.
func (in *In) UnmarshalJSON(data []byte) error {
	type plain In
	var given struct {
		*plain
		Detail struct {
			Name   string  `json:"name"`
			Status string  `json:"status"`
			Input  *string `json:"input"` // JSON as text
		} `json:"detail"`
	}
	given.plain = (*plain)(in)
	if err := json.Unmarshal(data, &given); err != nil {
		return err
	}
	if in.Force != nil || in.Recover != nil || in.Prune {
		return nil
	}
	if in.Run.ID == "" && in.Execution == "" {
		in.Execution, in.Why = given.Detail.Name, given.Detail.Status
	}
	if in.id() == "" {
		return &NoExecution{}
	}
	if given.Detail.Input != nil {
		if err := json.Unmarshal([]byte(*given.Detail.Input), &in.Request); err != nil {
			return fmt.Errorf("the input of execution %s: %w", in.Execution, err)
		}
	}
	return nil
}

// id is the run's.
func (in In) id() string {
	if in.Run.ID != "" {
		return in.Run.ID
	}
	return in.Execution
}

// scope is where the run's locks are; the zero address where that is not known.
func (in In) scope() address.Address {
	if in.Run.ID == "" {
		return address.Address{}
	}
	return in.Run.Scope()
}
