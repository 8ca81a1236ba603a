package run

import (
	"context"
	"errors"
	"reflect"
	"strings"
)

// Failure is why a run or a step stopped: an error name of the state machines' vocabulary and its cause for a person.
type Failure struct {
	Error string `json:"error"`
	Cause string `json:"cause,omitempty"`
}

// The names of errors that have no type of their own.
const (
	Stopped    = "Stopped"    // the context was cancelled
	TimedOut   = "TimedOut"   // the context's deadline passed
	Unexpected = "Unexpected" // anything else: the program's or a service's failure; may be tried again
)

// RollbackFailed is the failure of a run whose doings were to be taken back and could not be, or not all of them: its lock
// waits for a person.
const RollbackFailed = "RollbackFailed"

// NeedsPerson reports whether nobody but a person may free the lock of a run that failed so.
func (f *Failure) NeedsPerson() bool { return f != nil && f.Error == RollbackFailed }

const module = "github.com/deployer-io/deployer/"

// FailureOf names an error by the first type of this module in its chain: the type's name is the error's name, which is
// also what Lambda reports as errorType and what a state machine catches. The cause is the whole message.
func FailureOf(err error) Failure {
	failure := Failure{Error: Unexpected, Cause: err.Error()}
	switch name := typeName(err); {
	case name != "":
		failure.Error = name
	case errors.Is(err, context.DeadlineExceeded):
		failure.Error = TimedOut
	case errors.Is(err, context.Canceled):
		failure.Error = Stopped
	}
	return failure
}

func typeName(err error) string {
	if err == nil {
		return ""
	}
	t := reflect.TypeOf(err)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if strings.HasPrefix(t.PkgPath(), module) && t.Name() != "" && t.Name()[0] <= 'Z' {
		return t.Name()
	}
	switch wrapped := err.(type) { //nolint:errorlint // this walks the chain itself
	case interface{ Unwrap() error }:
		return typeName(wrapped.Unwrap())
	case interface{ Unwrap() []error }:
		for _, one := range wrapped.Unwrap() {
			if name := typeName(one); name != "" {
				return name
			}
		}
	}
	return ""
}
