package execution

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/deployer-io/deployer/shared/resource"
)

// VerificationFailed is the error of a component whose resources are as planned and that does not fare well.
type VerificationFailed struct {
	Check string // what was looked at
	Seen  string
}

func (e *VerificationFailed) Error() string {
	return fmt.Sprintf("verification: %s: %s", e.Check, e.Seen)
}

// lookEvery is the wait between two looks at a component that is not yet as it should be.
const lookEvery = 5 * time.Second

// verification is the look at one component after it was deployed.
type verification struct {
	*Executor
	reader
	verify  resource.Verify
	timeout time.Duration // 0: none
	latest  time.Time     // when it has to hold; zero before the first look that found something
}

// verifier returns the verification of an order with these outputs.
func (e *Executor) verifier(order Order, reads reader) *verification {
	v := &verification{Executor: e, reader: reads, verify: order.base().Verify}
	if v.timeout = v.verify.Timeout.Std(); v.timeout == 0 {
		v.timeout = order.base().Timeout.Std()
	}
	return v
}

// before refuses to begin while an alarm is not quiet: afterwards nobody could tell who set it off.
func (v *verification) before(ctx context.Context) error {
	if len(v.verify.Alarms) == 0 {
		return nil
	}
	seen, err := v.alarms(ctx)
	if err == nil && seen != "" {
		return &VerificationFailed{Check: "alarms before the deployment", Seen: seen + "; nothing was changed"}
	}
	return err
}

// after waits until everything that is looked at is well, and then watches through the bake time.
func (v *verification) after(ctx context.Context) error {
	for _, check := range []struct {
		name string
		look func(context.Context) (string, error)
	}{{"the service", v.service}, {"its targets", v.targets}, {"its alarms", v.alarms}} {
		if err := v.until(ctx, check.name, cmp.Or(v.Look, lookEvery), check.look); err != nil {
			return err
		}
	}
	for _, check := range v.verify.HTTP {
		if err := v.answers(ctx, check); err != nil {
			return err
		}
	}
	return v.bake(ctx)
}

// final is an error that waiting does not change.
type final struct{ seen string }

func (e final) Error() string { return e.seen }

// until looks again and again until nothing is wrong; look says what is.
func (v *verification) until(ctx context.Context, name string, every time.Duration, look func(context.Context) (string, error)) error {
	for {
		seen, err := look(ctx)
		var broken final
		switch {
		case errors.As(err, &broken):
			return &VerificationFailed{Check: name, Seen: broken.seen}
		case err == nil && seen == "":
			return nil
		case err != nil && ctx.Err() == nil && !retryable(err):
			return &VerificationFailed{Check: name, Seen: err.Error()}
		case err != nil:
			seen = err.Error()
		}
		if v.latest.IsZero() { // the clock runs from the first look that found something
			v.latest = v.Now().Add(v.timeout)
		}
		if v.timeout > 0 && !v.Now().Add(every).Before(v.latest) {
			return &VerificationFailed{Check: name, Seen: fmt.Sprintf("%s, and %s are over", seen, v.timeout)}
		}
		if err := v.sleep(ctx, every); err != nil {
			return err
		}
	}
}

// service wants the primary deployment of an ECS service to be the one that was planned, and steady. ECS itself may have
// gone back to the one before: then there is a steady service, and not the one that was wanted.
func (v *verification) service(ctx context.Context) (string, error) {
	planned, cluster, name := given(v.own, "taskDefinitionArn"), given(v.own, "clusterName"), given(v.own, "name")
	if v.Health == nil || planned == "" || cluster == "" || !strings.Contains(given(v.own, "arn"), ":service/") {
		return "", nil
	}
	s, err := v.Health.Service(ctx, v.place, cluster, name)
	if err != nil {
		return "", err
	}
	for _, d := range s.Deployments {
		if d.TaskDefinition == planned && d.State == Broken {
			return "", final{fmt.Sprintf("its deployment failed: %s (%s)", d.Reason, s.Message)}
		}
	}
	i := slices.IndexFunc(s.Deployments, func(d Deployment) bool { return d.Primary })
	switch {
	case i < 0:
		return "it has no deployment", nil
	case s.Deployments[i].TaskDefinition != planned && s.Deployments[i].State == Completed:
		return "", final{fmt.Sprintf("its primary deployment runs %s, not the planned %s: ECS went back to it (%s)", s.Deployments[i].TaskDefinition, planned, s.Message)}
	case s.Deployments[i].TaskDefinition != planned:
		return "its primary deployment is not the planned one yet", nil
	case s.Deployments[i].State != Completed || len(s.Deployments) > 1 || s.Running < s.Desired:
		return fmt.Sprintf("it is not steady: %d of %d tasks run, its deployment is %s", s.Running, s.Desired, s.Deployments[i].State), nil
	}
	return "", nil
}

// targets wants all targets of the component's target group to be healthy. Those that are let go of do not count.
func (v *verification) targets(ctx context.Context) (string, error) {
	group := given(v.own, "targetGroupArn")
	if v.Health == nil || group == "" {
		return "", nil
	}
	all, err := v.Health.Targets(ctx, v.place, group)
	if err != nil {
		return "", err
	}
	var ill []string
	for _, t := range all {
		if t.State != "healthy" && t.State != "draining" && t.State != "unused" {
			ill = append(ill, strings.TrimSpace(fmt.Sprintf("%s is %s %s", t.ID, t.State, t.Reason)))
		}
	}
	slices.Sort(ill)
	return strings.Join(ill, ", "), nil
}

// alarms wants every alarm to be OK; one that has no data to judge by is not, nor is one that does not exist.
func (v *verification) alarms(ctx context.Context) (string, error) {
	if len(v.verify.Alarms) == 0 {
		return "", nil
	}
	if v.Health == nil {
		return "", final{"alarms cannot be looked at here"}
	}
	found, err := v.Health.Alarms(ctx, v.place, v.verify.Alarms)
	if err != nil {
		return "", err
	}
	var red []string
	for _, name := range v.verify.Alarms {
		i := slices.IndexFunc(found, func(a Alarm) bool { return a.Name == name })
		switch {
		case i < 0:
			red = append(red, "there is no alarm "+name)
		case found[i].State != "OK":
			red = append(red, fmt.Sprintf("%s is %s (%s)", name, found[i].State, found[i].Reason))
		}
	}
	return strings.Join(red, ", "), nil
}

// answers wants so many right answers in a row.
func (v *verification) answers(ctx context.Context, check resource.HTTPCheck) error {
	if v.HTTP == nil {
		return &VerificationFailed{Check: check.Name, Seen: "no request can be sent from here"}
	}
	url, err := v.text(ctx, check.URL)
	if err != nil {
		return &VerificationFailed{Check: check.Name, Seen: err.Error()}
	}
	var known secrecy
	known.learn(check.URL, url)
	if !strings.Contains(url, "://") {
		url = "http://" + url
	}
	url = strings.TrimSuffix(url, "/") + check.Path
	right := 0
	return v.until(ctx, check.Name, check.Interval.Std(), func(ctx context.Context) (string, error) {
		seen := known.hide(v.request(ctx, url, check))
		if seen != "" {
			right = 0
			return seen, nil
		}
		if right++; right < check.Successes {
			return fmt.Sprintf("%s gave %d of %d right answers in a row", known.hide(url), right, check.Successes), nil
		}
		return "", nil
	})
}

// maxBody is how much of an answer is looked at.
const maxBody = 1 << 20

func (v *verification) request(ctx context.Context, url string, check resource.HTTPCheck) (wrong string) {
	ctx, cancel := context.WithTimeout(ctx, check.Timeout.Std())
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err.Error()
	}
	response, err := v.HTTP.Do(request)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	switch {
	case err != nil:
		return err.Error()
	case !slices.Contains(check.Status, response.StatusCode):
		return fmt.Sprintf("%s answered %s", url, response.Status)
	case !strings.Contains(string(body), check.Contains):
		return fmt.Sprintf("the answer of %s does not hold %q", url, check.Contains)
	}
	return ""
}

// bake watches alarms and metrics through the bake time, and all of it holds to the end.
func (v *verification) bake(ctx context.Context) error {
	whole := v.verify.BakeTime.Std()
	if whole == 0 || len(v.verify.Alarms)+len(v.verify.Metrics) == 0 {
		return nil
	}
	begin := v.Now()
	for end := begin.Add(whole); ; {
		left := end.Sub(v.Now())
		if left > 0 {
			if err := v.sleep(ctx, min(left, bakeEvery)); err != nil {
				return err
			}
		}
		if seen, err := v.alarms(ctx); err != nil || seen != "" {
			return &VerificationFailed{Check: "alarms in the bake time", Seen: seen + messageOf(err)}
		}
		for _, check := range v.verify.Metrics {
			if err := v.measure(ctx, check, begin, left <= 0); err != nil {
				return err
			}
		}
		if left <= 0 {
			return nil
		}
	}
}

// bakeEvery is the wait between two looks while a component bakes.
const bakeEvery = 30 * time.Second

func messageOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// late is how many periods CloudWatch may be behind with its data.
const late = 2

// measure compares every whole period since the bake time began with the threshold; last says that it is over.
func (v *verification) measure(ctx context.Context, check resource.MetricCheck, begin time.Time, last bool) error {
	period := check.Period.Std()
	now := v.Now()
	periods := int(now.Sub(begin) / period)
	if periods == 0 {
		return nil
	}
	if v.Health == nil {
		return &VerificationFailed{Check: check.Name, Seen: "metrics cannot be looked at here"}
	}
	m := Metric{Namespace: check.Namespace, Name: check.Metric, Dimensions: map[string]string{}, Statistic: check.Statistic, Period: period}
	for _, d := range check.Dimensions {
		value, err := v.text(ctx, d.Value)
		if err != nil {
			return &VerificationFailed{Check: check.Name, Seen: err.Error()}
		}
		m.Dimensions[d.Name] = value
	}
	values, err := v.Health.Measure(ctx, v.place, m, begin, now)
	if err != nil {
		return &VerificationFailed{Check: check.Name, Seen: err.Error()}
	}
	if check.MissingData == resource.MissingFailure && (periods-len(values) > late || last && len(values) == 0) {
		return &VerificationFailed{Check: check.Name, Seen: fmt.Sprintf("%s has data for %d of %d periods", check.Metric, len(values), periods)}
	}
	for _, value := range values {
		if check.Comparison == resource.Below && value >= check.Threshold || check.Comparison == resource.Above && value <= check.Threshold {
			return &VerificationFailed{Check: check.Name, Seen: fmt.Sprintf("%s is %g, and must stay %s %g", check.Metric, value, check.Comparison, check.Threshold)}
		}
	}
	return nil
}
