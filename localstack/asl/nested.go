package asl

import (
	"errors"
	"fmt"
	"time"
)

// startExecution does states:startExecution: the engine runs the machine itself.
func (a *attempt) startExecution() {
	child, f := a.childExecution()
	if f != nil {
		a.failed(f)
		return
	}
	a.child = child
	s := a.visit.state.service
	answer := payloadOf(objectOf("ExecutionArn", child.arn, "StartDate", milliseconds(child.startedAt)))
	switch {
	case s.sync():
		a.submit(answer.text)
		child.whenEnded(a.childEnded)
	case s.waitsForToken():
		a.submit(answer.text)
	default:
		a.finished(answer)
	}
}

// childExecution starts the execution, or finds the one that an earlier try or an earlier process started by that name.
func (a *attempt) childExecution() (*Execution, *fault) {
	parent := a.visit.branch.execution
	e := parent.engine
	in, f := a.startInput()
	if f != nil {
		return nil, f
	}
	child, begun, err := e.prepare(parent.outer, in)
	if errors.Is(err, ErrExecutionExists) && a.submitted { // resumed: it has ended meanwhile
		if known, ok := e.Execution(a.childARN(in)); ok {
			return known, nil
		}
	}
	switch {
	case errors.Is(err, ErrMachineUnknown):
		return nil, &fault{name: "StepFunctions.StateMachineDoesNotExistException",
			cause: refusal("State Machine Does Not Exist", in.StateMachine, "StateMachineDoesNotExist")}
	case errors.Is(err, ErrExecutionExists):
		return nil, &fault{name: "StepFunctions.ExecutionAlreadyExistsException",
			cause: refusal("Execution Already Exists", a.childARN(in), "ExecutionAlreadyExists")}
	case err != nil:
		return nil, &fault{name: "StepFunctions.ValidationException", cause: err.Error()}
	case begun:
		return child, nil
	}
	if e.options.Recall != nil {
		if history := e.options.Recall(child.arn); len(history) > 0 {
			err := child.restore(history)
			if err == nil {
				err = child.replayAll()
			}
			if err != nil {
				return nil, a.visit.faultOf(err)
			}
			return child, nil
		}
	}
	child.begin()
	return child, nil
}

// refusal is how the API of Step Functions words what it does not do.
func refusal(what, arn, code string) string {
	return fmt.Sprintf("%s: '%s' (Service: AWSStepFunctions; Status Code: 400; Error Code: %s)", what, arn, code)
}

func (a *attempt) childARN(in StartInput) string {
	o := a.visit.branch.execution.engine.options
	return fmt.Sprintf("arn:aws:states:%s:%s:execution:%s:%s", o.Region, o.AccountID, machineName(in.StateMachine), in.Name)
}

func (a *attempt) startInput() (StartInput, *fault) {
	parameters, _ := a.input.value.(*object)
	if parameters == nil {
		parameters = newObject(0)
	}
	var in StartInput
	for i, key := range parameters.keys {
		value := parameters.values[i]
		text, isText := value.(string)
		switch key {
		case "StateMachineArn":
			in.StateMachine = text
		case "Name":
			in.Name = text
		case "Input":
			if !isText {
				text = jsonText(value)
			}
			in.Input = []byte(text)
		case "TraceHeader":
		default:
			return in, a.visit.runtime(fmt.Sprintf("The field %q is not supported by Step Functions", key))
		}
	}
	if in.StateMachine == "" {
		return in, a.visit.runtime("The Parameters of states:startExecution need a StateMachineArn.")
	}
	if in.Name == "" { // derived from the token, so that a resumed task finds its execution again
		in.Name = a.visit.token
	}
	return in, nil
}

// childEnded takes the result of an execution that the task waits for.
func (a *attempt) childEnded() {
	if a.over || !a.visit.alive() {
		return
	}
	what := a.child.described(a.visit.state.service.pattern == "sync:2")
	if a.child.result.Status == StatusSucceeded {
		a.finished(payloadOf(what))
		return
	}
	a.failed(&fault{name: errorTaskFailed, cause: jsonText(what)})
	a.visit.branch.walk()
}

// described is the execution as DescribeExecution shows it, with input and output as JSON texts or, parsed, as JSON.
func (x *Execution) described(parsed bool) *object {
	show := func(p payload) any {
		if parsed {
			return p.value
		}
		return p.text
	}
	included := objectOf("Included", true)
	o := newObject(12)
	if x.result.Status != StatusSucceeded {
		show = func(p payload) any { return p.text } // the cause of a failure is text throughout
		o.set("Cause", x.result.Cause)
		o.set("Error", x.result.Error)
	}
	o.set("ExecutionArn", x.arn)
	o.set("Input", show(x.input))
	o.set("InputDetails", included)
	o.set("Name", x.name)
	if x.result.Status == StatusSucceeded {
		v, _ := parseJSON(string(x.result.Output))
		o.set("Output", show(payload{v, string(x.result.Output)}))
		o.set("OutputDetails", included)
	}
	o.set("RedriveCount", number("0"))
	o.set("StartDate", milliseconds(x.startedAt))
	o.set("StateMachineArn", x.machineARN)
	o.set("Status", string(x.result.Status))
	o.set("StopDate", milliseconds(x.stoppedAt))
	return o
}

func milliseconds(t time.Time) number { return intNumber(t.UnixMilli()) }
