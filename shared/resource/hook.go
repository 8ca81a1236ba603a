package resource

import "strconv"

// Hooks are what runs around a deployment, each list in its order.
type Hooks struct {
	// run before; when one fails, nothing is changed. From the first that runs the component's own task on, they run as soon as
	// the new version's task definition is there, and before any copy of it is started: when one fails, the former version goes on
	Pre []Hook `json:"pre,omitempty"`
	// run after everything is verified
	Post []Hook `json:"post,omitempty"`
	// run when it failed, before anything is rolled back
	OnFailure []Hook `json:"onFailure,omitempty"`
}

// Hook is one call: exactly one of lambda, ecsTask and http.
type Hook struct {
	// the hook's name in plans and reports
	Name string `json:"name" jsonschema:"required,minLength=1,maxLength=40"`
	// calls a Lambda function and waits for its answer
	Lambda *LambdaHook `json:"lambda,omitempty"`
	// runs an ECS task to its end, as for database migrations
	ECSTask *ECSTaskHook `json:"ecsTask,omitempty"`
	// sends an HTTP request
	HTTP *HTTPHook `json:"http,omitempty"`
	// how long one attempt may take
	Timeout Duration `json:"timeout"`
	// how often it is tried again
	Retries int `json:"retries,omitempty" jsonschema:"minimum=0,maximum=10"`
	// what its failure does to the deployment
	OnFailure HookFailure `json:"onFailure" jsonschema:"enum=abort,enum=continue"`
}

// HookFailure says what a failed hook does.
type HookFailure string

// The answers to a failed hook.
const (
	HookAbort    HookFailure = "abort"
	HookContinue HookFailure = "continue"
)

// SetDefaults gives a hook five minutes, and lets its failure stop the deployment.
func (h *Hook) SetDefaults() { h.Timeout, h.OnFailure = 5*Minute, HookAbort }

// LambdaHook calls a function. An answer with a FunctionError is a failure.
type LambdaHook struct {
	// the function's name or ARN, or valueFrom a Lambda component
	Function Input `json:"function" jsonschema:"required"`
	// the event it is given, beside what deployer adds under "deployer"
	Payload map[string]any `json:"payload,omitempty"`
}

// ECSTaskHook runs one task. Any exit code but 0 is a failure.
type ECSTaskHook struct {
	// the MicroService, Worker or CronJob whose task definition is run; without it the component's own, in the version that is
	// being deployed
	Component ComponentRef `json:"component,omitzero" kinds:"MicroService,Worker,CronJob" reads:"taskDefinitionArn,clusterName,securityGroupId"`
	// the command, in place of the image's own
	Command []string `json:"command,omitempty"`
	// environment variables beside the component's own
	Env []EnvVar `json:"env,omitempty"`
}

// HTTPHook sends a request.
type HTTPHook struct {
	// where to
	URL Input `json:"url" jsonschema:"required"`
	// the request's method
	Method string `json:"method" jsonschema:"enum=GET,enum=POST,enum=PUT,enum=PATCH,enum=DELETE"`
	// the request's headers
	Headers []Header `json:"headers,omitempty"`
	// the request's body
	Body string `json:"body,omitempty" jsonschema:"maxLength=65536"`
	// the status codes that mean success
	Status []int `json:"status,omitempty" jsonschema:"minimum=100,maximum=599,uniqueItems=true"`
}

// SetDefaults makes the request a POST that wants 200, 201, 202 or 204.
func (h *HTTPHook) SetDefaults() { h.Method, h.Status = "POST", []int{200, 201, 202, 204} }

// Header is one header of an HTTP request; its value may be a secret.
type Header struct {
	// the header's name
	Name string `json:"name" jsonschema:"required,minLength=1,maxLength=100,pattern=^[A-Za-z0-9-]+$"`
	// the header's value
	Value Input `json:"value" jsonschema:"required"`
}

// HookTarget is the kind of a hook's call.
func (h *Hook) HookTarget() string {
	switch {
	case h.Lambda != nil:
		return "lambda"
	case h.ECSTask != nil:
		return "ecsTask"
	case h.HTTP != nil:
		return "http"
	}
	return ""
}

func (h *Hooks) check(k *Checker, path string) {
	for _, list := range []struct {
		name  string
		hooks []Hook
	}{{"pre", h.Pre}, {"post", h.Post}, {"onFailure", h.OnFailure}} {
		names := map[string]bool{}
		for i := range list.hooks {
			hook, at := &list.hooks[i], path+"."+list.name+"["+strconv.Itoa(i)+"]"
			if names[hook.Name] {
				k.Errorf(CodeDuplicateName, at+".name", "there are two hooks named %q", hook.Name).WithHint("rename one of the two")
			}
			names[hook.Name] = true
			hook.check(k, at)
		}
	}
}

func (h *Hook) check(k *Checker, path string) {
	calls := 0
	for _, given := range []bool{h.Lambda != nil, h.ECSTask != nil, h.HTTP != nil} {
		if given {
			calls++
		}
	}
	if calls != 1 {
		k.Errorf(CodeConflict, path, "a hook has exactly one of lambda, ecsTask and http; this one has %d", calls).
			WithHint("make it several hooks, or choose one")
	}
	k.between(path+".timeout", h.Timeout, Second, 12*Hour)
	if h.Lambda != nil && h.Timeout > 15*Minute {
		k.Errorf(CodeRange, path+".timeout", "a Lambda function runs 15m at the most, not %s", h.Timeout).WithHint("use an ecsTask for longer work")
	}
	if h.ECSTask != nil {
		checkEnv(k, path+".ecsTask.env", h.ECSTask.Env)
		if h.ECSTask.Component.IsZero() && !k.hasTask() {
			k.Errorf(CodeMissing, path+".ecsTask", "this %s has no task definition of its own to run", k.definition.Kind).
				WithHint("name a MicroService, Worker or CronJob in component")
		}
	}
}
