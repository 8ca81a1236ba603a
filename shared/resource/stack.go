package resource

import (
	"time"

	"github.com/deployer-io/deployer/shared/diag"
)

// The codes of rules about stacks and environments.
const (
	CodeEnvironment diag.Code = "environment"
	CodeApproval    diag.Code = "approval"
	CodeWindow      diag.Code = "window"
)

// StackSpec is the spec of a Stack document: what is deployed together, and where to.
type StackSpec struct {
	// what the stack is for
	Description string `json:"description,omitempty" jsonschema:"maxLength=1000"`
	// who answers for it: a team or a person
	Owner string `json:"owner,omitempty" jsonschema:"maxLength=200"`
	// the environments that it can be deployed to
	Environments []Environment `json:"environments,omitempty" jsonschema:"required,minItems=1,maxItems=50"`
	// the variables that its documents may name as ${var.NAME}
	Variables map[string]Variable `json:"variables,omitempty"`
	// tags of everything the stack creates
	Tags map[string]string `json:"tags,omitempty"`
	// who is told of what happens
	Notifications Notifications `json:"notifications,omitzero"`
	// how many components are worked on at once
	MaxParallel int `json:"maxParallel" jsonschema:"minimum=1,maximum=200"`
	// what runs before and after a deployment of the stack
	Hooks Hooks `json:"hooks,omitzero"`
	// what runs before and after each wave of components
	WaveHooks Hooks `json:"waveHooks,omitzero"`
}

// SetDefaults lets twenty components be worked on at once.
func (s *StackSpec) SetDefaults() { s.MaxParallel = 20 }

// Variable is a value that documents name as ${var.NAME}.
type Variable struct {
	// what it is for
	Description string `json:"description,omitempty" jsonschema:"maxLength=500"`
	// the type of its values; without it any
	Type string `json:"type,omitempty" jsonschema:"enum=string,enum=integer,enum=number,enum=boolean,enum=list,enum=map"`
	// its value where an environment gives none
	Default any `json:"default,omitempty"`
}

// Environment is one place where a stack is deployed to.
type Environment struct {
	// the environment's name
	Name string `json:"name" jsonschema:"required"`
	// the AWS account; without it that of the credentials
	Account string `json:"account,omitempty" jsonschema:"pattern=^[0-9]{12}$" jsonschema_extras:"scalar=true"`
	// the AWS region
	Region string `json:"region" jsonschema:"required,pattern=^[a-z]{2}(-[a-z]+)+-[0-9]$"`
	// values of the stack's variables here
	Variables map[string]any `json:"variables,omitempty"`
	// tags of everything in this environment, over those of the stack
	Tags map[string]string `json:"tags,omitempty"`
	// who has to agree to a deployment
	Approval Approval `json:"approval"`
	// when deployments may start
	Windows []Window `json:"windows,omitempty" jsonschema:"maxItems=50"`
	// what a failed component does to the deployment
	OnFailure OnFailure `json:"onFailure" jsonschema:"enum=rollback,enum=stop,enum=continue"`
	// how changes from outside are looked for
	Drift EnvironmentDrift `json:"drift"`
}

// SetDefaults asks one other person to agree, and undoes what failed.
func (e *Environment) SetDefaults() {
	e.Approval = Approval{Mode: ApprovalRequired, MinApprovals: 1, Timeout: Day}
	e.OnFailure = OnFailureRollback
	e.Drift = EnvironmentDrift{Enabled: true, Schedule: "rate(5 minutes)"}
}

// Approval says who has to agree to a deployment.
type Approval struct {
	// required asks people, auto nobody, autoApproveIf asks people unless the condition holds
	Mode ApprovalMode `json:"mode" jsonschema:"enum=required,enum=auto,enum=autoApproveIf"`
	// a CEL expression over the plan, as in plan.counts.delete == 0 && plan.counts.replace == 0
	AutoApproveIf string `json:"autoApproveIf,omitempty" jsonschema:"maxLength=2000"`
	// how many people have to agree
	MinApprovals int `json:"minApprovals" jsonschema:"minimum=1,maximum=10"`
	// lets those who started the deployment agree to it
	AllowSelf bool `json:"allowSelf,omitempty"`
	// how long the deployment waits for it
	Timeout Duration `json:"timeout"`

	Position diag.Position `json:"-"` // of autoApproveIf; unknown when read from JSON
}

// ApprovalMode says whether people are asked.
type ApprovalMode string

// The modes of approval.
const (
	ApprovalRequired    ApprovalMode = "required"
	ApprovalAuto        ApprovalMode = "auto"
	ApprovalConditional ApprovalMode = "autoApproveIf"
)

// Window is a time in which deployments may, or may not, start. Where windows disagree, deny wins; with any allow window,
// everything outside of those is denied.
type Window struct {
	// deny or allow
	Kind WindowKind `json:"kind" jsonschema:"required,enum=deny,enum=allow"`
	// when it begins
	Schedule Schedule `json:"schedule" jsonschema:"required"`
	// how long it lasts
	Duration Duration `json:"duration" jsonschema:"required"`
	// the time zone of the schedule, as in Europe/Berlin
	Timezone string `json:"timezone" jsonschema:"pattern=^[A-Za-z]+(/[A-Za-z0-9_+-]+)*$"`
	// why, for those who are held up by it
	Reason string `json:"reason,omitempty" jsonschema:"maxLength=200"`
}

// SetDefaults makes it UTC.
func (w *Window) SetDefaults() { w.Timezone = "UTC" }

// WindowKind says what a window does.
type WindowKind string

// The kinds of windows.
const (
	WindowDeny  WindowKind = "deny"
	WindowAllow WindowKind = "allow"
)

// EnvironmentDrift says how changes from outside are looked for. Nothing looks for them yet.
type EnvironmentDrift struct {
	// not yet: looks for them
	Enabled bool `json:"enabled"`
	// not yet: how often
	Schedule Schedule `json:"schedule"`
	// not yet: puts back what was changed
	AutoRemediate bool `json:"autoRemediate,omitempty"`
	// not yet: fields whose changes are not reported, of any component
	Ignore []string `json:"ignore,omitempty" jsonschema:"minLength=1,uniqueItems=true"`
}

// Notifications say who is told of what happens.
type Notifications struct {
	// Slack channels, by their incoming webhooks
	Slack []SlackNotification `json:"slack,omitempty" jsonschema:"maxItems=20"`
	// SNS topics
	SNS []SNSNotification `json:"sns,omitempty" jsonschema:"maxItems=20"`
}

// SlackNotification tells a Slack channel.
type SlackNotification struct {
	// the name, for those who read the configuration
	Name string `json:"name" jsonschema:"required,minLength=1,maxLength=80"`
	// the secret that holds the channel's incoming webhook
	Webhook Secret `json:"webhook" jsonschema:"required"`
	// of what; without it everything
	Events []Event `json:"events,omitempty" jsonschema:"uniqueItems=true,enum=started,enum=approval,enum=succeeded,enum=failed,enum=rolledBack,enum=drift,enum=policy,enum=lock"`
	// in which environments; without it all
	Environments []string `json:"environments,omitempty" jsonschema:"uniqueItems=true"`
}

// SNSNotification tells an SNS topic.
type SNSNotification struct {
	// the name, for those who read the configuration
	Name string `json:"name" jsonschema:"required,minLength=1,maxLength=80"`
	// the topic
	Topic ARN `json:"topic" jsonschema:"required"`
	// of what; without it everything
	Events []Event `json:"events,omitempty" jsonschema:"uniqueItems=true,enum=started,enum=approval,enum=succeeded,enum=failed,enum=rolledBack,enum=drift,enum=policy,enum=lock"`
	// in which environments; without it all
	Environments []string `json:"environments,omitempty" jsonschema:"uniqueItems=true"`
}

// Event is what people are told of.
type Event string

// The events.
const (
	EventStarted    Event = "started"
	EventApproval   Event = "approval"
	EventSucceeded  Event = "succeeded"
	EventFailed     Event = "failed"
	EventRolledBack Event = "rolledBack"
	EventDrift      Event = "drift"
	EventPolicy     Event = "policy"
	EventLock       Event = "lock"
)

// ServiceSpec is the spec of a Service document: components that belong together.
type ServiceSpec struct {
	// what the service is for
	Description string `json:"description,omitempty" jsonschema:"maxLength=1000"`
	// who answers for it: a team or a person
	Owner string `json:"owner,omitempty" jsonschema:"maxLength=200"`
	// services that have to be deployed before this one
	DependsOn []string `json:"dependsOn,omitempty" jsonschema:"uniqueItems=true,minLength=1"`
	// tags of everything the service creates, over those of the stack
	Tags map[string]string `json:"tags,omitempty"`
}

func (s *StackSpec) check(k *Checker) {
	names := make([]string, len(s.Environments))
	for i := range s.Environments {
		names[i] = s.Environments[i].Name
		s.Environments[i].check(k, indexed("environments", i))
	}
	k.unique("environments", ".name", names)
	checkTags(k, "tags", s.Tags)
	s.Hooks.check(k, "hooks")
	s.WaveHooks.check(k, "waveHooks")
	for i, n := range s.Notifications.Slack {
		path := indexed("notifications.slack", i)
		checkEnvironments(k, path+".environments", n.Environments, names)
		warnOfDriftEvent(k, path+".events", n.Events)
	}
	for i, n := range s.Notifications.SNS {
		path := indexed("notifications.sns", i)
		checkEnvironments(k, path+".environments", n.Environments, names)
		warnOfDriftEvent(k, path+".events", n.Events)
		if n.Topic != "" && n.Topic.Service() != "sns" {
			k.Errorf(CodeInvalid, path+".topic", "%s is no SNS topic", shorten(string(n.Topic))).WithHint("arn:aws:sns:REGION:ACCOUNT:NAME")
		}
	}
}

func checkEnvironments(k *Checker, path string, named, declared []string) {
	for i, name := range named {
		k.oneOf(CodeEnvironment, indexed(path, i), name, declared, "environment")
	}
}

func (e *Environment) check(k *Checker, path string) {
	checkTags(k, path+".tags", e.Tags)
	a := e.Approval
	k.need(path+".approval.autoApproveIf", a.AutoApproveIf != "", a.Mode == ApprovalConditional, "the mode autoApproveIf needs a condition")
	k.only(path+".approval.autoApproveIf", a.AutoApproveIf != "", a.Mode == ApprovalConditional, "mode is autoApproveIf")
	k.between(path+".approval.timeout", a.Timeout, Minute, 30*Day)
	if a.Mode == ApprovalAuto && k.Wrote(path+".approval.minApprovals") {
		k.only(path+".approval.minApprovals", true, false, "mode is required or autoApproveIf")
	}
	for i, w := range e.Windows {
		at := indexed(path+".windows", i)
		k.between(at+".duration", w.Duration, Minute, 31*Day)
		if _, err := time.LoadLocation(w.Timezone); err != nil {
			k.Errorf(CodeWindow, at+".timezone", "%s is no time zone", shorten(w.Timezone)).WithHint("as in Europe/Berlin, America/New_York or UTC")
		}
		if _, isRate := w.Schedule.Rate(); isRate {
			k.Errorf(CodeWindow, at+".schedule", "a window begins at a time, not at a rate").WithHint("write five crontab fields, as in 0 18 * * 5")
		}
	}
	warnOfDrift(k, path+".drift")
	if every, isRate := e.Drift.Schedule.Rate(); isRate && every < Minute {
		k.Errorf(CodeRange, path+".drift.schedule", "%s is too often", e.Drift.Schedule).WithHint("write rate(1 minute) or longer")
	}
}

func (s *ServiceSpec) check(k *Checker) { checkTags(k, "tags", s.Tags) }
