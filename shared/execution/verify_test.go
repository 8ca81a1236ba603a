package execution

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
)

// ward is a Health whose answers change with each look; the last one stays.
type ward struct {
	services []Service
	targets  [][]Target
	alarms   [][]Alarm
	values   []float64
	saved    []SnapshotState
	looks    map[string]int
	err      error
}

func look[T any](w *ward, what string, answers []T) T {
	var none T
	if w.looks == nil {
		w.looks = map[string]int{}
	}
	w.looks[what]++
	if len(answers) == 0 {
		return none
	}
	return answers[min(w.looks[what], len(answers))-1]
}

func (w *ward) Service(context.Context, Place, string, string) (Service, error) {
	return look(w, "service", w.services), w.err
}

func (w *ward) Targets(context.Context, Place, string) ([]Target, error) {
	return look(w, "targets", w.targets), w.err
}

func (w *ward) Alarms(context.Context, Place, []string) ([]Alarm, error) {
	return look(w, "alarms", w.alarms), w.err
}

func (w *ward) Measure(_ context.Context, _ Place, m Metric, from, to time.Time) ([]float64, error) {
	whole := int(to.Sub(from) / m.Period)
	return w.values[:min(whole, len(w.values))], w.err
}

func (w *ward) Snapshot(context.Context, Place, Snapshot) (SnapshotState, error) {
	return look(w, "snapshot", w.saved), w.err
}

// site answers requests; an answer is a status and a body.
type site struct {
	answers []string
	asked   []*http.Request
	bodies  []string
}

func (s *site) Do(r *http.Request) (*http.Response, error) {
	s.asked = append(s.asked, r)
	if r.Body != nil {
		body, _ := io.ReadAll(r.Body)
		s.bodies = append(s.bodies, string(body))
	}
	answer := s.answers[min(len(s.asked), len(s.answers))-1]
	if answer == "down" {
		return nil, errors.New("connection refused")
	}
	status, body, _ := strings.Cut(answer, " ")
	code := map[string]int{"200": 200, "204": 204, "500": 500}[status]
	return &http.Response{StatusCode: code, Status: status, Body: io.NopCloser(strings.NewReader(body))}, nil
}

// patient is a step on a MicroService whose time passes by its waits alone.
func patient(w *ward, s *site, verify resource.Verify) (*setting, Assignment) {
	x := newSetting()
	now := noon
	x.Now = func() time.Time { return now }
	x.Sleep = func(ctx context.Context, d time.Duration) error { now = now.Add(d); return ctx.Err() }
	x.Health = w
	if s != nil {
		x.HTTP = s
	}
	a := assignment("a/api")
	definition, _ := resource.Lookup("MicroService")
	spec := definition.New().(*resource.MicroService)
	spec.Verify, spec.Timeout = verify, 10*resource.Minute
	a.Order.Kind, a.Order.Spec, a.Order.Region = "MicroService", spec, "eu-west-1"
	x.maker.do = func(_ context.Context, order Order) (Result, error) {
		return Result{Resources: 1, Changes: []ResourceChange{{Operation: "update", ID: "s"}}, Outputs: map[string]json.RawMessage{
			"arn": json.RawMessage(`"arn:aws:ecs:eu-west-1:111122223333:service/main/api"`), "taskDefinitionArn": json.RawMessage(`"task:2"`),
			"clusterName": json.RawMessage(`"main"`), "name": json.RawMessage(`"api"`), "targetGroupArn": json.RawMessage(`"group"`), "url": json.RawMessage(`"https://api.example.com"`)}}, nil
	}
	return &x, a
}

func steady(definition string) Service {
	return Service{Desired: 2, Running: 2, Deployments: []Deployment{{Primary: true, TaskDefinition: definition, State: Completed, Running: 2, Desired: 2}}}
}

var (
	quiet   = []Alarm{{Name: "errors", State: "OK"}}
	red     = []Alarm{{Name: "errors", State: "ALARM", Reason: "too many"}}
	unknown = []Alarm{{Name: "errors", State: "INSUFFICIENT_DATA"}}
	well    = [][]Target{{{ID: "10.0.0.1", State: "healthy"}}}
)

func TestAComponentCountsAsDeployedWhenItFaresWell(t *testing.T) {
	coming := Service{Desired: 2, Running: 3, Deployments: []Deployment{{Primary: true, TaskDefinition: "task:2", State: InProgress, Running: 1, Desired: 2},
		{TaskDefinition: "task:1", State: Completed, Running: 2}}}
	back := Service{Desired: 2, Running: 2, Message: "rolling back", Deployments: []Deployment{{Primary: true, TaskDefinition: "task:1", State: Completed}}}
	broken := Service{Desired: 2, Deployments: []Deployment{{Primary: true, TaskDefinition: "task:1", State: InProgress}, {TaskDefinition: "task:2", State: Broken, Reason: "circuit breaker"}}}
	health := resource.HTTPCheck{Name: "answers", URL: resource.Input{ValueFrom: &resource.OutputRef{Component: "a/api", Output: "url"}}, Path: "/healthz"}
	health.SetDefaults()
	health.Contains = "fine"
	errorRate := resource.MetricCheck{Name: "error rate", Namespace: "AWS/ApplicationELB", Metric: "HTTPCode_Target_5XX_Count", Threshold: 5}
	errorRate.SetDefaults()
	strict := errorRate
	strict.MissingData = resource.MissingFailure
	alarmed := resource.Verify{Alarms: []string{"errors"}}
	baking := resource.Verify{Alarms: []string{"errors"}, BakeTime: 3 * resource.Minute}
	measured := resource.Verify{Metrics: []resource.MetricCheck{errorRate}, BakeTime: 3 * resource.Minute}
	for sentence, test := range map[string]struct {
		ward   ward
		site   *site
		verify resource.Verify
		fails  string // what the message says; "": it does not
		clean  bool   // nothing was changed
	}{
		"a service that becomes steady":                      {ward{services: []Service{coming, coming, steady("task:2")}, targets: well}, nil, resource.Verify{}, "", false},
		"a service that stays on its way":                    {ward{services: []Service{coming}, targets: well}, nil, resource.Verify{}, "10m", false},
		"ECS goes back to the revision before":               {ward{services: []Service{coming, back}, targets: well}, nil, resource.Verify{}, "not the planned task:2", false},
		"the deployment fails":                               {ward{services: []Service{broken}, targets: well}, nil, resource.Verify{}, "circuit breaker", false},
		"a service without a deployment":                     {ward{services: []Service{{}}, targets: well}, nil, resource.Verify{}, "no deployment", false},
		"targets that become healthy":                        {ward{services: []Service{steady("task:2")}, targets: [][]Target{{{ID: "x", State: "initial"}}, {{ID: "x", State: "healthy"}}}}, nil, resource.Verify{}, "", false},
		"targets that stay ill":                              {ward{services: []Service{steady("task:2")}, targets: [][]Target{{{ID: "x", State: "unhealthy", Reason: "502"}}}}, nil, resource.Verify{}, "x is unhealthy 502", false},
		"nobody can tell":                                    {ward{err: errors.New("AccessDenied")}, nil, resource.Verify{}, "AccessDenied", false},
		"an alarm that is red before the start":              {ward{services: []Service{steady("task:2")}, targets: well, alarms: [][]Alarm{red}}, nil, alarmed, "nothing was changed", true},
		"an alarm without data before the start":             {ward{services: []Service{steady("task:2")}, targets: well, alarms: [][]Alarm{unknown}}, nil, alarmed, "INSUFFICIENT_DATA", true},
		"an alarm that does not exist":                       {ward{services: []Service{steady("task:2")}, targets: well, alarms: [][]Alarm{{}}}, nil, alarmed, "there is no alarm errors", true},
		"an alarm that becomes quiet again":                  {ward{services: []Service{steady("task:2")}, targets: well, alarms: [][]Alarm{quiet, red, quiet}}, nil, alarmed, "", false},
		"an alarm that stays red":                            {ward{services: []Service{steady("task:2")}, targets: well, alarms: [][]Alarm{quiet, red}}, nil, alarmed, "errors is ALARM (too many)", false},
		"an alarm that becomes red while it bakes":           {ward{services: []Service{steady("task:2")}, targets: well, alarms: [][]Alarm{quiet, quiet, quiet, quiet, red}}, nil, baking, "bake time", false},
		"an alarm that stays quiet while it bakes":           {ward{services: []Service{steady("task:2")}, targets: well, alarms: [][]Alarm{quiet}}, nil, baking, "", false},
		"the right answers in a row":                         {ward{services: []Service{steady("task:2")}, targets: well}, &site{answers: []string{"down", "200 fine", "500 x", "200 fine"}}, resource.Verify{HTTP: []resource.HTTPCheck{health}}, "", false},
		"never three right answers in a row":                 {ward{services: []Service{steady("task:2")}, targets: well}, &site{answers: []string{"500 x"}}, resource.Verify{HTTP: []resource.HTTPCheck{health}}, "https://api.example.com/healthz answered 500", false},
		"an answer without the text":                         {ward{services: []Service{steady("task:2")}, targets: well}, &site{answers: []string{"200 bad"}}, resource.Verify{HTTP: []resource.HTTPCheck{health}}, `does not hold "fine"`, false},
		"a metric within its threshold":                      {ward{services: []Service{steady("task:2")}, targets: well, values: []float64{1, 2, 4.9}}, nil, measured, "", false},
		"a metric that crosses its threshold":                {ward{services: []Service{steady("task:2")}, targets: well, values: []float64{1, 5}}, nil, measured, "HTTPCode_Target_5XX_Count is 5, and must stay below 5", false},
		"a metric without data, where that is fine":          {ward{services: []Service{steady("task:2")}, targets: well}, nil, measured, "", false},
		"a metric without data, where that is a failure":     {ward{services: []Service{steady("task:2")}, targets: well}, nil, resource.Verify{Metrics: []resource.MetricCheck{strict}, BakeTime: 3 * resource.Minute}, "data for 0 of", false},
		"a service is looked at also when nothing is wanted": {ward{services: []Service{coming}, targets: well}, nil, resource.Verify{Timeout: resource.Minute}, "1m0s are over", false},
	} {
		t.Run(sentence, func(t *testing.T) {
			x, a := patient(&test.ward, test.site, test.verify)
			o := x.run(t, t.Context(), a)["a/api"]
			if test.fails == "" {
				require.Equal(t, Done, o.Outcome, o.Message)
				return
			}
			require.Equal(t, Failed, o.Outcome)
			require.Equal(t, "VerificationFailed", o.Error)
			require.Contains(t, o.Message, test.fails)
			require.Equal(t, !test.clean, o.Dirty)
			require.Equal(t, test.clean, len(x.maker.orders) == 0)
		})
	}
}

func TestARollbackDoesNotWaitForQuietAlarmsToBegin(t *testing.T) {
	x, a := patient(&ward{services: []Service{steady("task:2")}, targets: well, alarms: [][]Alarm{red, quiet}}, nil, resource.Verify{Alarms: []string{"errors"}})
	a.Quiet = true
	require.Equal(t, Done, x.run(t, t.Context(), a)["a/api"].Outcome)
}

func TestHooks(t *testing.T) {
	call := func(name string, change func(*resource.Hook)) resource.Hook {
		h := resource.Hook{Name: name}
		h.SetDefaults()
		h.HTTP = &resource.HTTPHook{URL: resource.Input{Value: "https://hooks.example.com/" + name}}
		h.HTTP.SetDefaults()
		if change != nil {
			change(&h)
		}
		return h
	}
	may := func(h *resource.Hook) { h.OnFailure = resource.HookContinue }
	for sentence, test := range map[string]struct {
		hooks   resource.Hooks
		answers []string
		breaks  bool // the work itself fails
		quiet   bool
		want    Verdict
		error   string
		dirty   bool
		called  []string
		applied int
	}{
		"before and after":                  {hooks: resource.Hooks{Pre: []resource.Hook{call("a", nil)}, Post: []resource.Hook{call("b", nil)}, OnFailure: []resource.Hook{call("c", nil)}}, answers: []string{"200"}, want: Done, called: []string{"/a", "/b"}, applied: 1},
		"one before fails":                  {hooks: resource.Hooks{Pre: []resource.Hook{call("a", nil), call("b", nil)}, OnFailure: []resource.Hook{call("c", nil)}}, answers: []string{"500"}, want: Failed, error: "HookFailed", called: []string{"/a", "/c"}},
		"one before may fail":               {hooks: resource.Hooks{Pre: []resource.Hook{call("a", may), call("b", nil)}}, answers: []string{"500", "200"}, want: Done, called: []string{"/a", "/b"}, applied: 1},
		"one after fails":                   {hooks: resource.Hooks{Post: []resource.Hook{call("b", nil)}, OnFailure: []resource.Hook{call("c", nil)}}, answers: []string{"500"}, want: Failed, error: "HookFailed", dirty: true, called: []string{"/b", "/c"}, applied: 1},
		"it is tried again":                 {hooks: resource.Hooks{Pre: []resource.Hook{call("a", func(h *resource.Hook) { h.Retries = 2 })}}, answers: []string{"500", "down", "200"}, want: Done, called: []string{"/a", "/a", "/a"}, applied: 1},
		"the work fails":                    {hooks: resource.Hooks{Pre: []resource.Hook{call("a", nil)}, Post: []resource.Hook{call("b", nil)}, OnFailure: []resource.Hook{call("c", nil)}}, answers: []string{"200"}, breaks: true, want: Failed, error: run.Unexpected, called: []string{"/a", "/c"}, applied: 1},
		"what was is brought back":          {hooks: resource.Hooks{Pre: []resource.Hook{call("a", nil)}, Post: []resource.Hook{call("b", nil)}}, quiet: true, want: Done, applied: 1},
		"a Lambda function nobody can call": {hooks: resource.Hooks{Pre: []resource.Hook{{Name: "f", Lambda: &resource.LambdaHook{Function: resource.Input{Value: "f"}}}}}, want: Failed, error: "HookFailed"},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := &site{answers: test.answers}
			x, a := patient(&ward{services: []Service{steady("task:2")}, targets: well}, s, resource.Verify{})
			a.Order.Spec.Base().Hooks, a.Quiet = test.hooks, test.quiet
			if test.breaks {
				x.maker.do = func(context.Context, Order) (Result, error) { return Result{}, errors.New("refused") }
			}
			o := x.run(t, t.Context(), a)["a/api"]
			require.Equal(t, test.want, o.Outcome, o.Message)
			require.Equal(t, test.error, o.Error)
			require.Equal(t, test.dirty, o.Dirty)
			var called []string
			for _, r := range s.asked {
				called = append(called, r.URL.Path)
			}
			require.Equal(t, test.called, called)
			require.Len(t, x.maker.orders, test.applied)
			if len(s.bodies) > 0 {
				var told struct{ Deployer Told }
				require.NoError(t, json.Unmarshal([]byte(s.bodies[0]), &told))
				require.Equal(t, "a/api", told.Deployer.Component)
				require.Equal(t, "run-1", told.Deployer.Run)
			}
		})
	}
}

// switchboard is a Calls that remembers.
type switchboard struct {
	events []string
	tasks  []TaskCall
	err    error
}

func (s *switchboard) Invoke(_ context.Context, _ Place, function string, event []byte) error {
	s.events = append(s.events, function+" "+string(event))
	return s.err
}

func (s *switchboard) RunTask(_ context.Context, _ Place, call TaskCall) error {
	s.tasks = append(s.tasks, call)
	return s.err
}

type vault map[string]string

func (v vault) Secret(_ context.Context, _ Place, name, key string) (string, error) {
	return v[name+"#"+key], nil
}

func TestHooksCallFunctionsAndTasks(t *testing.T) {
	s, calls := &site{answers: []string{"204"}}, &switchboard{}
	x, a := patient(&ward{services: []Service{steady("task:2")}, targets: well}, s, resource.Verify{})
	x.Calls, x.Secrets = calls, vault{"token#key": "s3cret"}
	mode := "fast"
	a.Order.Spec.Base().Hooks.Post = []resource.Hook{
		{Name: "warm", Lambda: &resource.LambdaHook{Function: resource.Input{Value: "warmer"}, Payload: map[string]any{"pages": 3}}},
		{Name: "migrate", ECSTask: &resource.ECSTaskHook{Command: []string{"migrate"}, Env: []resource.EnvVar{{Name: "MODE", Value: &mode}}}},
		{Name: "tell", HTTP: &resource.HTTPHook{URL: resource.Input{ValueFrom: &resource.OutputRef{Component: "a/api", Output: "url"}}, Method: "POST", Body: "done",
			Status: []int{204}, Headers: []resource.Header{{Name: "Authorization", Value: resource.Input{SecretRef: &resource.SecretRef{Name: "token", Key: "key"}}}}}},
	}
	a.Order.Upstreams["platform/networking"] = Upstream{Kind: resource.KindNetworking, Outputs: map[string]json.RawMessage{"privateSubnetIds": json.RawMessage(`["subnet-1","subnet-2"]`)}}
	x.maker.do, calls.err = withSecurityGroup(x.maker.do), nil
	o := x.run(t, t.Context(), a)["a/api"]
	require.Equal(t, Done, o.Outcome, o.Message)
	require.Len(t, calls.events, 1)
	require.Contains(t, calls.events[0], `warmer {"deployer":{"run":"run-1"`)
	require.Contains(t, calls.events[0], `"pages":3`)
	require.Equal(t, []TaskCall{{TaskDefinition: "task:2", Cluster: "main", SecurityGroup: "sg-1", Subnets: []string{"subnet-1", "subnet-2"},
		Command: []string{"migrate"}, Env: map[string]string{"MODE": "fast"}, StartedBy: "run-1"}}, calls.tasks)
	require.Equal(t, []string{"done"}, s.bodies)
	require.Equal(t, "s3cret", s.asked[0].Header.Get("Authorization"))
	require.Len(t, o.Hooks, 3)
	require.Equal(t, "post", o.Hooks[0].Moment)
	data, err := json.Marshal(o)
	require.NoError(t, err)
	require.NotContains(t, string(data), "s3cret")
	require.Equal(t, plan.Create, a.Action)
}

func withSecurityGroup(do func(context.Context, Order) (Result, error)) func(context.Context, Order) (Result, error) {
	return func(ctx context.Context, order Order) (Result, error) {
		result, err := do(ctx, order)
		result.Outputs["securityGroupId"] = json.RawMessage(`"sg-1"`)
		return result, err
	}
}
