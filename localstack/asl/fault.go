package asl

import "fmt"

// The error names that Amazon States Language reserves and this interpreter raises or treats apart.
const (
	errorAll              = "States.ALL"
	errorRuntime          = "States.Runtime"
	errorTimeout          = "States.Timeout"
	errorHeartbeat        = "States.HeartbeatTimeout"
	errorTaskFailed       = "States.TaskFailed"
	errorDataLimit        = "States.DataLimitExceeded"
	errorNoChoice         = "States.NoChoiceMatched"
	errorResultPath       = "States.ResultPathMatchFailure"
	errorToleratedFailure = "States.ExceedToleratedFailureThreshold"
)

// maxPayload is the size limit of what enters or leaves a state, in bytes of UTF-8.
const maxPayload = 256 << 10

// fault is why a state failed.
type fault struct {
	name  string
	cause string
	// measured says that a task's result was too large, which States.ALL catches although it does not catch
	// States.DataLimitExceeded otherwise.
	measured bool
	// inner says that it came out of the branches of a Parallel or the iterations of a Map, whose event says so.
	inner bool
}

// final faults are neither retried nor caught, under whatever name.
func (f *fault) final() bool { return f.name == errorRuntime }

// matches says whether an ErrorEquals list names the fault.
func (f *fault) matches(names []string) bool {
	if f.final() {
		return false
	}
	for _, n := range names {
		switch n {
		case f.name:
			return true
		case errorAll:
			return f.name != errorDataLimit || f.measured
		case errorTaskFailed:
			if f.name != errorTimeout && f.name != errorHeartbeat && (f.name != errorDataLimit || f.measured) {
				return true
			}
		case errorTimeout:
			if f.name == errorHeartbeat {
				return true
			}
		}
	}
	return false
}

// runtime is a fault in the machine or its data: no Retry and no Catch helps.
func (v *visit) runtime(reason string) *fault { return v.named(errorRuntime, reason) }

func (v *visit) named(name, reason string) *fault {
	return &fault{name: name, cause: fmt.Sprintf(
		"An error occurred while executing the state '%s' (entered at the event id #%d). %s", v.state.name, v.enteredID, reason)}
}

// faultOf wraps what an expression answered with.
func (v *visit) faultOf(err error) *fault { return v.runtime(err.Error()) }

func tooLarge(what string, measured bool) *fault {
	return &fault{name: errorDataLimit, measured: measured, cause: fmt.Sprintf(
		"The state/task '%s' returned a result with a size exceeding the maximum number of bytes service limit.", what)}
}
