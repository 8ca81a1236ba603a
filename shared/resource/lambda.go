package resource

import (
	"strings"

	"github.com/deployer-io/deployer/shared/diag"
)

// CodeFunction is the code of rules about functions.
const CodeFunction diag.Code = "function"

// Lambda is a function that runs when something happens.
type Lambda struct {
	Common
	// a container image in ECR, in place of code
	Image string `json:"image,omitempty" jsonschema:"maxLength=512,pattern=^[A-Za-z0-9][A-Za-z0-9._/:@-]*$"`
	// a zip in S3, in place of an image
	Code *FunctionCode `json:"code,omitempty"`
	// what runs the code, as in provided.al2023, nodejs22.x or python3.13
	Runtime string `json:"runtime,omitempty" jsonschema:"pattern=^[a-z]+[0-9a-z.]*$"`
	// where the code begins, as in bootstrap or index.handler
	Handler string `json:"handler,omitempty" jsonschema:"maxLength=128"`
	// the command, in place of the image's own
	Command []string `json:"command,omitempty"`
	// the processor architecture
	Architecture Architecture `json:"architecture" jsonschema:"enum=x86_64,enum=arm64"`
	// memory in MiB; the processor's share grows with it
	Memory int `json:"memory" jsonschema:"minimum=128,maximum=10240"`
	// how long one call may take
	InvocationTimeout Duration `json:"invocationTimeout"`
	// the size of /tmp in MiB
	EphemeralStorage int `json:"ephemeralStorage" jsonschema:"minimum=512,maximum=10240"`
	// environment variables; a secretRef gives the secret's ARN, and the function may read it
	Env []EnvVar `json:"env,omitempty" jsonschema:"maxItems=100"`
	// runs it in the environment's network, so that it reaches databases; the internet then costs a NAT gateway
	VPC bool `json:"vpc,omitempty"`
	// how many calls may run at once, kept free for it; -1 is without a reserve
	ReservedConcurrency int `json:"reservedConcurrency" jsonschema:"minimum=-1,maximum=10000"`
	// how many copies are kept warm
	ProvisionedConcurrency int `json:"provisionedConcurrency,omitempty" jsonschema:"minimum=0,maximum=10000"`
	// what calls it
	EventSources []EventSource `json:"eventSources,omitempty" jsonschema:"maxItems=50"`
	// calls it again and again
	Schedules []FunctionSchedule `json:"schedules,omitempty" jsonschema:"maxItems=50"`
	// gives it an https address
	URL *FunctionURL `json:"url,omitempty"`
	// an SQS component that takes what failed for good, of calls that nobody waits for
	DeadLetterQueue ComponentRef `json:"deadLetterQueue,omitzero" kinds:"SQS" reads:"arn"`
	// layers, by ARN with version
	Layers []Input `json:"layers,omitempty" jsonschema:"maxItems=5"`
	// the alias that callers use; it follows the newest version
	Alias string `json:"alias" jsonschema:"pattern=^[a-zA-Z][a-zA-Z0-9_-]{0\\,127}$"`
	// records traces with X-Ray
	Tracing bool `json:"tracing"`
	// how many days logs are kept; 0 is for ever
	LogRetention int `json:"logRetention" jsonschema:"enum=0,enum=1,enum=3,enum=5,enum=7,enum=14,enum=30,enum=60,enum=90,enum=120,enum=150,enum=180,enum=365,enum=400,enum=545,enum=731,enum=1096,enum=1827,enum=2192,enum=2557,enum=2922,enum=3288,enum=3653"`
	// what the function may do in AWS beyond what its references give it
	Permissions []Statement `json:"permissions,omitempty"`
}

// FunctionCode is a zip in S3.
type FunctionCode struct {
	// the bucket's name, or valueFrom an S3 component
	Bucket Input `json:"bucket" jsonschema:"required"`
	// the object's key
	Key string `json:"key" jsonschema:"required,minLength=1,maxLength=1024"`
	// the object's version
	Version string `json:"version,omitempty" jsonschema:"maxLength=1024"`
	// the SHA-256 of the zip in base64: a new one means new code
	SHA256 string `json:"sha256,omitempty" jsonschema:"pattern=^[A-Za-z0-9+/]{43}=$"`
}

// EventSource calls a function with what it finds: exactly one of queue, stream and kafka.
type EventSource struct {
	// the event source's name
	Name string `json:"name" jsonschema:"required,minLength=1,maxLength=60"`
	// an SQS component
	Queue ComponentRef `json:"queue,omitzero" kinds:"SQS" reads:"arn"`
	// a DynamoDB component with a stream
	Stream ComponentRef `json:"stream,omitzero" kinds:"DynamoDB" reads:"streamArn"`
	// an MSK or Kafka component
	Kafka ComponentRef `json:"kafka,omitzero" kinds:"MSK,Kafka" reads:"arn"`
	// the topic, with kafka
	Topic string `json:"topic,omitempty" jsonschema:"maxLength=249"`
	// how many records one call gets at the most
	BatchSize int `json:"batchSize" jsonschema:"minimum=1,maximum=10000"`
	// how long records are gathered for one call
	BatchingWindow Duration `json:"batchingWindow,omitempty"`
	// how many calls may run at once, with queue; 0 is as many as there may be
	MaximumConcurrency int `json:"maximumConcurrency,omitempty" jsonschema:"minimum=2,maximum=1000"`
	// where reading begins, with stream and kafka
	StartingPosition string `json:"startingPosition" jsonschema:"enum=LATEST,enum=TRIM_HORIZON"`
	// lets the function report single records that failed
	ReportBatchItemFailures bool `json:"reportBatchItemFailures"`
	// how often a failed batch is tried again, with stream and kafka; -1 is until it expires
	MaximumRetries int `json:"maximumRetries" jsonschema:"minimum=-1,maximum=10000"`
	// which records: event filter patterns, any of which must fit
	Filters []map[string]any `json:"filters,omitempty" jsonschema:"maxItems=5"`
}

// SetDefaults reads in tens, from now on, and lets single records fail.
func (e *EventSource) SetDefaults() {
	e.BatchSize, e.StartingPosition, e.ReportBatchItemFailures, e.MaximumRetries = 10, "LATEST", true, 10
}

// FunctionSchedule calls a function again and again.
type FunctionSchedule struct {
	// the schedule's name
	Name string `json:"name" jsonschema:"required,minLength=1,maxLength=60"`
	// when
	Schedule Schedule `json:"schedule" jsonschema:"required"`
	// the time zone of the schedule, as in Europe/Berlin
	Timezone string `json:"timezone" jsonschema:"pattern=^[A-Za-z]+(/[A-Za-z0-9_+-]+)*$"`
	// the event it is given
	Input map[string]any `json:"input,omitempty"`
}

// SetDefaults makes it UTC.
func (s *FunctionSchedule) SetDefaults() { s.Timezone = "UTC" }

// FunctionURL gives a function an https address.
type FunctionURL struct {
	// who may call it: those with IAM credentials, or everybody
	Auth string `json:"auth" jsonschema:"enum=iam,enum=none"`
	// what web pages of other origins may do
	CORS *CORSRule `json:"cors,omitempty"`
}

// SetDefaults lets nobody in without credentials.
func (u *FunctionURL) SetDefaults() { u.Auth = "iam" }

// KindLambda is a function that runs when something happens.
var KindLambda = register(Definition{
	Kind: "Lambda", APIVersion: ComponentsV1, Family: Compute, Revision: 2,
	Summary: "A Lambda function from an image or a zip, with its event sources, schedules, alias and logs.",
	New: func() Spec {
		return &Lambda{Common: defaultCommon(Delete, 15*Minute), Architecture: ARM, Memory: 256, InvocationTimeout: 30 * Second,
			EphemeralStorage: 512, ReservedConcurrency: -1, Alias: "live", Tracing: true, LogRetention: 30}
	},
	Outputs: []Output{
		{Name: "name", Type: Text, Doc: "the function's name"},
		{Name: "arn", Type: Text, Doc: "the ARN of the alias, which callers use"},
		{Name: "functionArn", Type: Text, Doc: "the function's ARN, without version"},
		{Name: "version", Type: Text, Doc: "the newest version"},
		{Name: "roleArn", Type: Text, Doc: "the role that the function has"},
		{Name: "logGroupName", Type: Text, Doc: "where its logs go"},
		{Name: "url", Type: Text, Doc: "its https address; only with url"},
		{Name: "securityGroupId", Type: Text, Doc: "its security group; only with vpc"},
	},
	ReplaceOn: []string{},
})

// InNetwork reports whether the function runs in the environment's network.
func (l *Lambda) InNetwork() bool { return l.VPC }

// Lacks says why the spec does not have one of its kind's outputs; empty when it has.
func (l *Lambda) Lacks(output string) string {
	switch {
	case output == "url" && l.URL == nil:
		return "it has no url"
	case output == "securityGroupId" && !l.VPC:
		return "its vpc is not true"
	}
	return ""
}

// Check keeps the rules over several fields.
func (l *Lambda) Check(k *Checker) {
	l.Common.check(k)
	if (l.Image == "") == (l.Code == nil) {
		k.Errorf(CodeConflict, "code", "must have either image or code").WithHint("write one of them")
	}
	k.need("runtime", l.Runtime != "", l.Code != nil, "code has to know what runs it")
	k.need("handler", l.Handler != "", l.Code != nil, "code has to know where it begins")
	k.only("runtime", l.Runtime != "", l.Image == "", "code is given")
	k.only("handler", l.Handler != "", l.Image == "", "code is given")
	k.only("layers", len(l.Layers) > 0, l.Image == "", "code is given")
	k.only("command", len(l.Command) > 0, l.Code == nil, "image is given")
	k.between("invocationTimeout", l.InvocationTimeout, Second, 15*Minute)
	if l.ProvisionedConcurrency > 0 && l.ReservedConcurrency >= 0 && l.ProvisionedConcurrency > l.ReservedConcurrency {
		k.Errorf(CodeFunction, "provisionedConcurrency", "%d copies are kept warm, and only %d may run", l.ProvisionedConcurrency, l.ReservedConcurrency).
			WithHint("raise reservedConcurrency")
	}
	checkEnv(k, "env", l.Env)
	for i := range l.Env {
		if strings.HasPrefix(l.Env[i].Name, "AWS_") {
			k.Errorf(CodeFunction, indexed("env", i)+".name", "%q is reserved by Lambda", l.Env[i].Name).WithHint("choose another name")
		}
	}
	checkStatements(k, "permissions", l.Permissions)
	names := make([]string, len(l.EventSources))
	for i := range l.EventSources {
		names[i] = l.EventSources[i].Name
		l.EventSources[i].check(k, indexed("eventSources", i))
	}
	k.unique("eventSources", ".name", names)
	names = make([]string, len(l.Schedules))
	for i := range l.Schedules {
		names[i] = l.Schedules[i].Name
	}
	k.unique("schedules", ".name", names)
	if l.URL != nil && l.URL.Auth == "none" {
		k.Warnf(CodePublic, "url.auth", "everybody may call the function").WithHint("write iam, or let the function check its callers")
	}
}

func (e *EventSource) check(k *Checker, path string) {
	given := 0
	for _, ref := range []ComponentRef{e.Queue, e.Stream, e.Kafka} {
		if !ref.IsZero() {
			given++
		}
	}
	if given != 1 {
		k.Errorf(CodeConflict, path, "an event source has exactly one of queue, stream and kafka; this one has %d", given).
			WithHint("make it several event sources, or choose one")
		return
	}
	k.need(path+".topic", e.Topic != "", !e.Kafka.IsZero(), "kafka has to know the topic")
	k.only(path+".topic", e.Topic != "", !e.Kafka.IsZero(), "kafka is given")
	k.only(path+".maximumConcurrency", e.MaximumConcurrency != 0, !e.Queue.IsZero(), "queue is given")
	k.between(path+".batchingWindow", e.BatchingWindow, 0, 5*Minute)
	if !e.Queue.IsZero() && e.BatchSize > 10 && e.BatchingWindow < Second {
		k.Errorf(CodeFunction, path+".batchingWindow", "a queue gives more than 10 messages only when they are gathered").WithHint("write 1s or more")
	}
}

// Relate keeps the rules over the function and what calls it.
func (l *Lambda) Relate(k *Checker, related Related) {
	for i := range l.EventSources {
		e, path := &l.EventSources[i], indexed("eventSources", i)
		if r, ok := related(e.Stream); ok {
			if table, is := r.Spec.(*DynamoDB); is && table.Stream == "" {
				k.Errorf(CodeFunction, path+".stream", "the table %s has no stream", e.Stream.Component).WithHint("add stream to its spec")
			}
		}
		if r, ok := related(e.Queue); ok {
			if queue, is := r.Spec.(*SQS); is && queue.FIFO && (e.BatchSize > 10 || e.BatchingWindow > 0) {
				k.Errorf(CodeFunction, path, "%s is a FIFO queue: it gives at most 10 messages at a time, and does not gather them", e.Queue.Component).
					WithHint("take batchSize and batchingWindow out")
			}
			if queue, is := r.Spec.(*SQS); is && queue.VisibilityTimeout < l.InvocationTimeout {
				k.Errorf(CodeFunction, path+".queue", "messages of %s come back after %s, while a call may take %s", e.Queue.Component, queue.VisibilityTimeout, l.InvocationTimeout).
					WithHint("make its visibilityTimeout six times invocationTimeout: %s", 6*l.InvocationTimeout)
			}
		}
	}
}
