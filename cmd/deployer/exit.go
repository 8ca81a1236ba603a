package main

import (
	"context"
	"errors"

	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/run"
)

// The exit codes; scripts rely on them.
const (
	exitOK            = 0
	exitError1        = 1
	exitConfiguration = 2
	exitCredentials   = 3
	exitFailed        = 4
	exitPolicy        = 5
	exitNotFound      = 6
	exitCancelled     = 8
	exitTimeout       = 9
	exitLockHeld      = 10
	exitDirty         = 11
	exitRolledBack    = 12
	exitAwaiting      = 20
)

// exitError ends the command with a code; err may be nil when everything has been said.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// codesByError gives error names their exit code.
var codesByError = map[string]int{
	"BundleRejected": exitConfiguration, "InvalidConfiguration": exitConfiguration, "CyclicDependency": exitConfiguration,
	"PolicyViolation": exitPolicy, "LockHeld": exitLockHeld, "LockLost": exitDirty, "StateCorrupt": exitDirty,
	"DeploymentHeld": exitAwaiting,
	"ReplaceRefused": exitPolicy, "ApprovalRejected": exitCancelled, "ApprovalExpired": exitTimeout, run.Stopped: exitCancelled,
	run.TimedOut: exitTimeout, "LockMismatch": exitLockHeld, "RunAlive": exitLockHeld, "RunStopping": exitLockHeld,
	"SerialUnknown": exitNotFound, "RunUnknown": exitNotFound, "ImportRefused": exitConfiguration, "FencedOut": exitDirty,
	"NoCredentials": exitCredentials, "NotAllowed": exitCredentials, "NoInstallation": exitConfiguration, "NamesMissing": exitConfiguration,
	"SelfApproval": exitPolicy, "FrozenWindow": exitPolicy, "StalePlan": exitFailed, "Halted": exitCancelled,
}

// codeOf is the exit code of an error by its name.
func codeOf(err error) int {
	if errors.Is(err, context.DeadlineExceeded) {
		return exitTimeout
	}
	var own codedError
	if errors.As(err, &own) {
		return own.exitCode()
	}
	if code, ok := codesByError[run.FailureOf(err).Error]; ok {
		return code
	}
	return exitError1
}

// codeOfReport is the exit code of a run that has a report.
func codeOfReport(made report.Report) int {
	if made.RolledBack {
		return exitRolledBack
	}
	return codeOfEnding(made.Ending, made.Failure)
}

// codeOfEnding is the exit code of a run.
func codeOfEnding(ending run.Ending, failure *run.Failure) int {
	switch ending {
	case run.Succeeded, run.NoChanges, run.Planned:
		return exitOK
	case run.FailedDirty:
		return exitDirty
	}
	if failure != nil {
		if code, ok := codesByError[failure.Error]; ok {
			return code
		}
	}
	return exitFailed
}

// NotFound is the error of a name that leads to nothing.
type NotFound struct{ What string }

func (e *NotFound) Error() string { return e.What }

func (e *NotFound) exitCode() int { return exitNotFound }

// codedError is an error of this package that has a code. It cannot be had by its name: run.FailureOf names the types of
// the module's packages, and this one is called main once it is built.
type codedError interface {
	error
	exitCode() int
}
