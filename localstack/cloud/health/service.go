package health

import (
	"fmt"
	"time"

	"github.com/deployer-io/deployer/localstack/cloud/catalog"
	"github.com/deployer-io/deployer/localstack/cloud/property"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

// Service is an ECS service as DescribeServices tells of it.
type Service struct {
	ServiceName    string       `json:"serviceName"`
	ServiceArn     string       `json:"serviceArn"`
	ClusterArn     string       `json:"clusterArn"`
	Status         string       `json:"status"`         // ACTIVE
	TaskDefinition string       `json:"taskDefinition"` // ARN
	DesiredCount   int          `json:"desiredCount"`
	RunningCount   int          `json:"runningCount"`
	PendingCount   int          `json:"pendingCount"`
	Deployments    []Deployment `json:"deployments"` // the primary one first
	Events         []Event      `json:"events"`      // the newest first
}

// Deployment is one of a service's deployments.
type Deployment struct {
	ID                 string    `json:"id"`
	Status             string    `json:"status"`         // PRIMARY, ACTIVE or INACTIVE
	TaskDefinition     string    `json:"taskDefinition"` // ARN
	RolloutState       string    `json:"rolloutState"`   // IN_PROGRESS, COMPLETED or FAILED
	RolloutStateReason string    `json:"rolloutStateReason"`
	DesiredCount       int       `json:"desiredCount"`
	RunningCount       int       `json:"runningCount"`
	PendingCount       int       `json:"pendingCount"`
	FailedTasks        int       `json:"failedTasks"`
	CreatedAt          time.Time `json:"createdAt"`
	UpdatedAt          time.Time `json:"updatedAt"`
}

// Event is one message of a service.
type Event struct {
	CreatedAt time.Time `json:"createdAt"`
	Message   string    `json:"message"`
}

// The rollout states.
const (
	inProgress = "IN_PROGRESS"
	completed  = "COMPLETED"
	failed     = "FAILED"
)

// DescribeService tells of an ECS service.
func DescribeService(tx *world.Tx, r *world.Record) Service {
	name := property.Text(r.State, "name")
	s := Service{
		ServiceName:    name,
		ServiceArn:     r.Text("arn"),
		Status:         "ACTIVE",
		ClusterArn:     clusterARN(tx, r),
		TaskDefinition: r.Text("taskDefinition"),
		DesiredCount:   int(property.Number(r.State, "desiredCount")),
	}
	past := catalog.Deployments(r)
	if len(past) == 0 {
		return s
	}
	primary := deployment(past[0], s.DesiredCount)
	say := func(at time.Time, format string, args ...any) {
		s.Events = append([]Event{{at, fmt.Sprintf("(service "+name+") "+format, args...)}}, s.Events...)
	}
	say(primary.CreatedAt, "has started %d tasks.", s.DesiredCount)
	short := func(d Deployment) string { return d.ID[len("ecs-svc/"):] }
	settled := !tx.Now().Before(r.Ready)
	switch condition := ConditionOf(tx, r); {
	case condition == RolledBack:
		return rolledBack(&s, primary, past, r.Ready, say)
	case condition == Unhealthy && property.True(r.State, "deploymentCircuitBreaker.enable") && !property.True(r.State, "deploymentCircuitBreaker.rollback") && settled:
		primary.RolloutState, primary.RolloutStateReason = failed, "ECS deployment circuit breaker: tasks failed to start."
		primary.FailedTasks, primary.DesiredCount = 2*max(s.DesiredCount, 1), 0
		say(r.Ready, "(deployment %s) deployment failed: tasks failed to start.", primary.ID)
	case condition == Unhealthy:
		primary.FailedTasks, primary.PendingCount = 2*max(s.DesiredCount, 1), s.DesiredCount
		say(r.Ready, "is unable to consistently start tasks successfully. For more information, see the Troubleshooting section.")
	case condition == Pending:
		primary.PendingCount = s.DesiredCount
		say(r.Ready, "was unable to place a task because no container instance met all of its requirements.")
	case !settled:
		primary.PendingCount = s.DesiredCount
		if len(past) > 1 { // the revision before serves until the new one does
			before := deployment(past[1], s.DesiredCount)
			before.Status, before.RolloutState, before.RunningCount = "ACTIVE", completed, s.DesiredCount
			s.Deployments = append(s.Deployments, before)
		}
	default:
		primary.RolloutState, primary.RolloutStateReason = completed, "ECS deployment "+primary.ID+" completed."
		primary.RunningCount, primary.UpdatedAt = s.DesiredCount, r.Ready
		say(r.Ready, "(deployment %s) deployment completed.", primary.ID)
		say(r.Ready, "has reached a steady state.")
	}
	if primary.RolloutStateReason == "" {
		primary.RolloutStateReason = "ECS deployment " + short(primary) + " in progress."
	}
	return s.with(primary)
}

// with puts the primary deployment first and adds up.
func (s Service) with(primary Deployment) Service {
	s.Deployments = append([]Deployment{primary}, s.Deployments...)
	for _, d := range s.Deployments {
		s.RunningCount += d.RunningCount
		s.PendingCount += d.PendingCount
	}
	return s
}

// rolledBack is the service after the circuit breaker: a new primary deployment runs the revision before, and the service
// itself names that.
func rolledBack(s *Service, planned Deployment, past []any, at time.Time, say func(time.Time, string, ...any)) Service {
	planned.Status, planned.RolloutState, planned.DesiredCount = "INACTIVE", failed, 0
	planned.RolloutStateReason, planned.FailedTasks = "ECS deployment circuit breaker: tasks failed to start.", 2*max(s.DesiredCount, 1)
	say(at, "(deployment %s) deployment failed: tasks failed to start.", planned.ID)
	if len(past) < 2 {
		planned.Status = "PRIMARY"
		return s.with(planned)
	}
	before := deployment(past[1], s.DesiredCount)
	before.ID, before.CreatedAt, before.UpdatedAt = planned.ID+"0", at, at
	before.RolloutState, before.RunningCount = completed, s.DesiredCount
	before.RolloutStateReason = "ECS deployment circuit breaker: rolling back to deploymentId " + property.Text(past[1], "id") + "."
	s.TaskDefinition = before.TaskDefinition
	s.Deployments = []Deployment{planned}
	say(at, "rolling back to deployment %s.", before.ID)
	say(at, "has reached a steady state.")
	return s.with(before)
}

func deployment(note any, desired int) Deployment {
	at, _ := time.Parse(time.RFC3339, property.Text(note, "createdAt"))
	return Deployment{
		ID:             property.Text(note, "id"),
		Status:         "PRIMARY",
		TaskDefinition: property.Text(note, "taskDefinition"),
		RolloutState:   inProgress,
		DesiredCount:   desired, CreatedAt: at, UpdatedAt: at,
	}
}

func clusterARN(tx *world.Tx, service *world.Record) string {
	place := catalog.Place{Account: service.Account, Region: service.Region}
	if cluster := place.Lookup(tx, "ecs.Cluster", service.Text("cluster")); cluster != nil {
		return cluster.Text("arn")
	}
	return service.Text("cluster")
}
