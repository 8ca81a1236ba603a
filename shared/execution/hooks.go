package execution

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/deployer-io/deployer/shared/resource"
)

// Calls reaches out to what hooks call, beside HTTP.
type Calls interface {
	// Invoke calls a Lambda function with an event and waits for its answer. A function that fails is an error.
	Invoke(ctx context.Context, at Place, function string, event []byte) error
	// RunTask runs an ECS task and waits for its end. Any exit code but 0 is an error.
	RunTask(ctx context.Context, at Place, call TaskCall) error
}

// TaskCall is one run of a component's task definition.
type TaskCall struct {
	TaskDefinition string // ARN
	Cluster        string // name
	SecurityGroup  string // id; that of the component, which says what it may reach
	Subnets        []string
	Command        []string          // in place of the image's own
	Env            map[string]string // beside the component's own
	StartedBy      string            // the run
}

// HookFailed is the error of a hook whose failure ends the deployment.
type HookFailed struct {
	Moment string // pre, post or onFailure
	Hook   string
	Cause  string
}

func (e *HookFailed) Error() string {
	return fmt.Sprintf("the %s hook %q failed: %s; mend what it calls, or say onFailure: continue where it may fail", e.Moment, e.Hook, e.Cause)
}

// HookResult is what became of one hook.
type HookResult struct {
	Moment    string    `json:"moment"` // pre, post or onFailure
	Name      string    `json:"name"`
	Attempts  int       `json:"attempts"`
	Error     string    `json:"error,omitempty"` // why it failed
	StartedAt time.Time `json:"startedAt"`
	EndedAt   time.Time `json:"endedAt"`
}

// Told is what deployer adds to the event of a hook, under "deployer".
type Told struct {
	Run         string `json:"run"`
	Stack       string `json:"stack"`
	Environment string `json:"environment"`
	Component   string `json:"component,omitempty"` // service/component; none for a hook of a wave or the stack
	Wave        int    `json:"wave,omitempty"`      // from 1; of a hook of a wave or the stack
	Action      string `json:"action,omitempty"`
	Moment      string `json:"moment"` // pre, post or onFailure
	Hook        string `json:"hook"`
	Error       string `json:"error,omitempty"` // what went wrong, in an onFailure hook
}

// The moments of hooks.
const (
	pre       = "pre"
	post      = "post"
	onFailure = "onFailure"
)

// hookRun runs a list of hooks.
type hookRun struct {
	*Executor
	reader
	told Told
}

// run calls the hooks in their order. The first that fails and may not ends it with *HookFailed.
func (h *hookRun) run(ctx context.Context, moment string, hooks []resource.Hook) ([]HookResult, error) {
	var results []HookResult
	for i := range hooks {
		result := h.one(ctx, moment, &hooks[i])
		results = append(results, result)
		if result.Error == "" {
			continue
		}
		if h.Log != nil {
			h.Log.Warn("a hook failed", "component", h.component, "moment", moment, "hook", result.Name, "error", result.Error)
		}
		if hooks[i].OnFailure != resource.HookContinue || ctx.Err() != nil {
			return results, &HookFailed{Moment: moment, Hook: result.Name, Cause: result.Error}
		}
	}
	return results, nil
}

// hookBackoff is the wait between two attempts.
var hookBackoff = resource.Backoff{Duration: 5 * resource.Second, Factor: 2, MaxDuration: resource.Minute}

func (h *hookRun) one(ctx context.Context, moment string, hook *resource.Hook) HookResult {
	result := HookResult{Moment: moment, Name: hook.Name, StartedAt: h.Now().UTC()}
	for {
		result.Attempts++
		err := h.attempt(ctx, moment, hook)
		result.Error = messageOf(err)
		if err == nil || result.Attempts > hook.Retries || ctx.Err() != nil || h.sleep(ctx, h.wait(hookBackoff, result.Attempts-1)) != nil {
			result.EndedAt = h.Now().UTC()
			return result
		}
	}
}

func (h *hookRun) attempt(ctx context.Context, moment string, hook *resource.Hook) error {
	limited := ctx
	if timeout := hook.Timeout.Std(); timeout > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	told := h.told
	told.Moment, told.Hook = moment, hook.Name
	err := h.call(limited, hook, told)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("it took longer than its timeout of %s (%w)", hook.Timeout, err)
	}
	return err
}

var errNoCalls = errors.New("nothing of AWS can be called from here")

func (h *hookRun) call(ctx context.Context, hook *resource.Hook, told Told) error {
	switch {
	case hook.HTTP != nil:
		return h.send(ctx, hook.HTTP, told)
	case h.Calls == nil:
		return errNoCalls
	case hook.Lambda != nil:
		function, err := h.text(ctx, hook.Lambda.Function)
		if err != nil {
			return err
		}
		event := map[string]any{}
		for name, value := range hook.Lambda.Payload {
			event[name] = value
		}
		event["deployer"] = told
		data, err := json.Marshal(event)
		if err != nil {
			return err
		}
		return h.Calls.Invoke(ctx, h.place, function, data)
	case hook.ECSTask != nil:
		call, err := h.task(ctx, hook.ECSTask)
		if err != nil {
			return err
		}
		return h.Calls.RunTask(ctx, h.place, call)
	}
	return fmt.Errorf("hook %q calls nothing", hook.Name)
}

// task is what to run: another component's task definition, or the component's own.
func (h *hookRun) task(ctx context.Context, hook *resource.ECSTaskHook) (TaskCall, error) {
	call := TaskCall{Command: hook.Command, Env: map[string]string{}, StartedBy: h.told.Run}
	of := cmp.Or(hook.Component.Component, h.component)
	for _, field := range []struct {
		into   *string
		output string
	}{{&call.TaskDefinition, "taskDefinitionArn"}, {&call.Cluster, "clusterName"}, {&call.SecurityGroup, "securityGroupId"}} {
		var err error
		if *field.into, err = h.output(of, field.output, ""); err != nil {
			return call, err
		}
	}
	for _, upstream := range h.upstreams { // all components of an environment live in one network
		if upstream.Kind == resource.KindNetworking {
			if err := json.Unmarshal(upstream.Outputs["privateSubnetIds"], &call.Subnets); err != nil {
				return call, fmt.Errorf("the network's subnets: %w", err)
			}
		}
	}
	for _, variable := range hook.Env {
		if variable.SecretRef != nil { // the override of a task can be read by whoever sees the task
			return call, fmt.Errorf("%s is a secret: give it to the component, whose definition keeps it", variable.Name)
		}
		value, err := h.text(ctx, variable.Input())
		if err != nil {
			return call, err
		}
		call.Env[variable.Name] = value
	}
	return call, nil
}

// send sends a hook's request. What its errors say holds none of the secrets that it was made with.
func (h *hookRun) send(ctx context.Context, hook *resource.HTTPHook, told Told) (err error) {
	if h.HTTP == nil {
		return errors.New("no request can be sent from here")
	}
	var known secrecy
	defer func() { err = known.conceal(err) }()
	url, err := h.text(ctx, hook.URL)
	if err != nil {
		return err
	}
	known.learn(hook.URL, url)
	body, kind := []byte(hook.Body), ""
	if len(body) == 0 && hook.Method != http.MethodGet && hook.Method != http.MethodDelete {
		if body, err = json.Marshal(map[string]Told{"deployer": told}); err != nil {
			return err
		}
		kind = "application/json"
	}
	request, err := http.NewRequestWithContext(ctx, hook.Method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	for _, header := range hook.Headers {
		value, err := h.text(ctx, header.Value)
		if err != nil {
			return err
		}
		known.learn(header.Value, value)
		request.Header.Set(header.Name, value)
	}
	response, err := h.HTTP.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	if !slices.Contains(hook.Status, response.StatusCode) {
		said, _ := io.ReadAll(io.LimitReader(response.Body, maxBody))
		return fmt.Errorf("%s answered %s: %.300s", url, response.Status, known.hide(string(bytes.TrimSpace(said))))
	}
	return nil
}
