package embedded

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/deployer-io/deployer/localstack/cloud"
	"github.com/deployer-io/deployer/shared/execution"
)

// watched is the simulated cloud as verification and hooks see it: services, targets and alarms fare as they do there, and
// what hooks call answers well unless a fault meets the call.
type watched struct{ cloud *cloud.Cloud }

var (
	_ execution.Health  = watched{}
	_ execution.Calls   = watched{}
	_ execution.Secrets = watched{}
)

func (w watched) Service(_ context.Context, _ execution.Place, cluster, service string) (execution.Service, error) {
	found, err := w.cloud.ECSService(cluster, service)
	if err != nil {
		return execution.Service{}, err
	}
	s := execution.Service{Desired: found.DesiredCount, Running: found.RunningCount}
	if len(found.Events) > 0 {
		s.Message = found.Events[0].Message
	}
	for _, d := range found.Deployments {
		s.Deployments = append(s.Deployments, execution.Deployment{Primary: d.Status == "PRIMARY", TaskDefinition: d.TaskDefinition,
			State: execution.DeploymentState(d.RolloutState), Reason: d.RolloutStateReason, Running: d.RunningCount, Desired: d.DesiredCount})
	}
	return s, nil
}

func (w watched) Targets(_ context.Context, _ execution.Place, targetGroup string) ([]execution.Target, error) {
	found, err := w.cloud.TargetHealth(targetGroup)
	if err != nil {
		return nil, err
	}
	var targets []execution.Target
	for _, t := range found {
		targets = append(targets, execution.Target{ID: t.ID, State: t.State, Reason: t.Reason})
	}
	return targets, nil
}

func (w watched) Alarms(_ context.Context, _ execution.Place, names []string) ([]execution.Alarm, error) {
	found, err := w.cloud.Alarms(names...)
	if err != nil {
		return nil, err
	}
	var alarms []execution.Alarm
	for _, a := range found {
		alarms = append(alarms, execution.Alarm{Name: a.AlarmName, State: a.StateValue, Reason: a.StateReason})
	}
	return alarms, nil
}

// Measure tells what was set last for each whole period since it was.
func (w watched) Measure(_ context.Context, at execution.Place, m execution.Metric, from, to time.Time) ([]float64, error) {
	measured, known, err := w.cloud.Metric(at.Account, at.Region, cloud.Metric{Namespace: m.Namespace, Name: m.Name, Dimensions: m.Dimensions})
	if err != nil || !known {
		return nil, err
	}
	if measured.At.After(from) {
		from = measured.At
	}
	var values []float64
	for end := from.Add(m.Period); !end.After(to); end = end.Add(m.Period) {
		values = append(values, measured.Value)
	}
	return values, nil
}

// Snapshot finds a snapshot by its name, or by the volume that it is of.
func (w watched) Snapshot(_ context.Context, at execution.Place, s execution.Snapshot) (execution.SnapshotState, error) {
	all, err := w.cloud.Resources(cloud.Filter{Region: at.Region})
	if err != nil {
		return execution.SnapshotState{}, err
	}
	for _, r := range all {
		of, _ := r.Properties["volumeId"].(string)
		if !strings.HasSuffix(r.Type, "napshot") || s.Name != "" && r.ID != s.Name || s.Name == "" && of != s.Of {
			continue
		}
		status, named := r.Properties["status"].(string)
		if !named {
			status = string(r.Status)
		}
		return execution.SnapshotState{Name: r.ID, Status: status}, nil
	}
	return execution.SnapshotState{}, nil
}

func (w watched) Invoke(ctx context.Context, _ execution.Place, function string, _ []byte) error {
	return w.cloud.Call(ctx, "aws:lambda/function:Function", function, lastPart(function))
}

func (w watched) RunTask(ctx context.Context, _ execution.Place, call execution.TaskCall) error {
	family, _, _ := strings.Cut(path.Base(call.TaskDefinition), ":")
	return w.cloud.Call(ctx, "aws:ecs/taskDefinition:TaskDefinition", call.TaskDefinition, family)
}

func lastPart(arn string) string { return arn[strings.LastIndex(arn, ":")+1:] }

// Secret is a secret's newest value.
func (w watched) Secret(_ context.Context, at execution.Place, name, key string) (string, error) {
	text, err := w.cloud.SecretValue(at.Region, name)
	if err != nil || key == "" {
		return text, err
	}
	var fields map[string]string
	if json.Unmarshal([]byte(text), &fields) != nil || fields[key] == "" {
		return "", fmt.Errorf("the simulated cloud's secret %s has no value for %q", name, key)
	}
	return fields[key], nil
}
