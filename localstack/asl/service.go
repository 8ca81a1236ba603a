package asl

import "strings"

// service is what a Task's Resource names.
type service struct {
	kind    serviceKind
	name    string // "lambda", "ecs", "aws-sdk:s3", ...
	api     string // "invoke", "runTask", ...
	pattern string // "", "sync", "sync:2" or "waitForTaskToken"
}

type serviceKind int

const (
	serviceIntegration serviceKind = iota
	serviceFunction                // a Lambda function's own ARN
	serviceInvoke                  // arn:aws:states:::lambda:invoke
	serviceActivity
	serviceExecution // arn:aws:states:::states:startExecution
)

const tokenPattern = "waitForTaskToken"

// serviceOf takes a Resource apart; reason says why it cannot run here.
func serviceOf(resource string) (s service, reason string) {
	parts := strings.SplitN(resource, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return s, "Resource must be an ARN; placeholders are filled in before the definition is parsed"
	}
	rest := parts[5]
	switch {
	case parts[2] == "lambda" && strings.HasPrefix(rest, "function:"):
		return service{kind: serviceFunction, name: "lambda"}, ""
	case parts[2] == "states" && strings.HasPrefix(rest, "activity:"):
		return service{kind: serviceActivity, name: "activity"}, ""
	case parts[2] != "states" || parts[3] != "" || parts[4] != "":
		return s, "Resource names neither a Lambda function, nor an activity, nor a service integration arn:aws:states:::..."
	}
	call := rest
	if i := strings.LastIndexByte(rest, ':'); i > 0 && rest[i:] == ":2" {
		call = rest[:i]
	}
	at := strings.LastIndexByte(call, ':')
	if at <= 0 {
		return s, "a service integration is written arn:aws:states:::service:action"
	}
	s.name = call[:at]
	s.api, s.pattern, _ = strings.Cut(rest[at+1:], ".")
	switch s.pattern {
	case "", "sync", "sync:2", tokenPattern:
	default:
		return s, "the integration pattern must be .sync, .sync:2 or .waitForTaskToken"
	}
	switch {
	case s.name == "lambda" && s.api == "invoke":
		if s.kind = serviceInvoke; strings.HasPrefix(s.pattern, "sync") {
			return s, "lambda:invoke has no .sync pattern"
		}
	case s.name == "states" && s.api == "startExecution":
		s.kind = serviceExecution
	}
	return s, ""
}

func (s service) needsParameters() bool { return s.kind == serviceInvoke || s.kind == serviceExecution }

func (s service) sync() bool { return s.pattern == "sync" || s.pattern == "sync:2" }

func (s service) waitsForToken() bool { return s.pattern == tokenPattern }

// heartbeats says whether HeartbeatSeconds counts: only where somebody can send a heartbeat.
func (s service) heartbeats() bool { return s.waitsForToken() || s.kind == serviceActivity }

// resourceName is how events name the call: runTask.sync.
func (s service) resourceName() string {
	if s.pattern == "" {
		return s.api
	}
	return s.api + "." + s.pattern
}

// eventPrefix begins the types of the task's events.
func (s service) eventPrefix() string {
	switch s.kind {
	case serviceFunction:
		return "LambdaFunction"
	case serviceActivity:
		return "Activity"
	default:
		return "Task"
	}
}

// functionName is the bare name in a function's name, partial ARN or ARN, without version or alias.
func functionName(s string) string {
	if _, after, ok := strings.Cut(s, ":function:"); ok {
		s = after
	} else if parts := strings.Split(s, ":"); len(parts) >= 3 && parts[1] == "function" {
		s = parts[2]
	}
	name, _, _ := strings.Cut(s, ":")
	return name
}
