package execution

import (
	"context"
	"net/http"
	"time"
)

// Health tells how deployed things fare. Every method is safe for concurrent use and changes nothing.
type Health interface {
	// Service describes an ECS service.
	Service(ctx context.Context, at Place, cluster, service string) (Service, error)
	// Targets are those of a target group.
	Targets(ctx context.Context, at Place, targetGroup string) ([]Target, error)
	// Alarms are the CloudWatch alarms of these names. One that does not exist is left out.
	Alarms(ctx context.Context, at Place, names []string) ([]Alarm, error)
	// Measure returns a metric's values from one time to another, one for each period that has data, the oldest first.
	Measure(ctx context.Context, at Place, m Metric, from, to time.Time) ([]float64, error)
	// Snapshot describes a snapshot; one without a name is the newest of what it is of. That there is none is no error.
	Snapshot(ctx context.Context, at Place, s Snapshot) (SnapshotState, error)
}

// Place is an account and a region. An empty account is that of the credentials.
type Place struct{ Account, Region string }

// Service is an ECS service.
type Service struct {
	Desired     int
	Running     int
	Deployments []Deployment // the primary one first
	Message     string       // its newest event
}

// Deployment is one of a service's deployments.
type Deployment struct {
	Primary        bool
	TaskDefinition string // ARN
	State          DeploymentState
	Reason         string
	Running        int
	Desired        int
}

// DeploymentState is how far a deployment is.
type DeploymentState string

// The states, in ECS's words.
const (
	InProgress DeploymentState = "IN_PROGRESS"
	Completed  DeploymentState = "COMPLETED"
	Broken     DeploymentState = "FAILED"
)

// Target is a target of a target group.
type Target struct {
	ID     string
	State  string // healthy, initial, unhealthy, unused, draining, unavailable
	Reason string
}

// Alarm is a CloudWatch alarm.
type Alarm struct {
	Name   string
	State  string // OK, ALARM, INSUFFICIENT_DATA
	Reason string
}

// Metric is a CloudWatch metric as it is measured.
type Metric struct {
	Namespace, Name string
	Dimensions      map[string]string
	Statistic       string // Average, Sum, Minimum, Maximum, SampleCount or a percentile such as p99
	Period          time.Duration
}

// HTTP sends requests; *http.Client is one.
type HTTP interface {
	Do(request *http.Request) (*http.Response, error)
}
