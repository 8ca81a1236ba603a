package health

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/deployer-io/deployer/localstack/cloud/catalog"
	"github.com/deployer-io/deployer/localstack/cloud/property"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

// Target is a target of a target group as DescribeTargetHealth tells of it.
type Target struct {
	ID          string `json:"id"` // instance, IP address, function or load balancer
	Port        int    `json:"port"`
	State       string `json:"state"`            // initial, healthy, unhealthy or unused
	Reason      string `json:"reason,omitempty"` // as in Target.FailedHealthChecks
	Description string `json:"description,omitempty"`
}

// DescribeTargets tells of the targets of a target group: those attached to it, the instances of its autoscaling groups and
// the tasks of the services behind it.
func DescribeTargets(tx *world.Tx, group *world.Record) []Target {
	port := int(property.Number(group.State, "port"))
	var targets []Target
	add := func(id string, port int, from *world.Record) {
		targets = append(targets, judged(tx, group, from, Target{ID: id, Port: port}))
	}
	for _, r := range catalog.Referring(tx, group, "lb.TargetGroupAttachment") {
		own := port
		if p := int(property.Number(r.State, "port")); p != 0 {
			own = p
		}
		add(r.Text("targetId"), own, r)
	}
	for _, r := range catalog.Referring(tx, group, "autoscaling.Group") {
		for i := range int(max(property.Number(r.State, "desiredCapacity"), property.Number(r.State, "minSize"))) {
			add("i-0"+hex.EncodeToString(digest(r, i))[:16], port, r)
		}
	}
	for _, r := range catalog.Referring(tx, group, "ecs.Service") {
		for _, balancer := range property.List(r.State, "loadBalancers") {
			if property.Text(balancer, "targetGroupArn") != group.Text("arn") {
				continue
			}
			for i := range DescribeService(tx, r).RunningCount {
				d := digest(r, i)
				add(fmt.Sprintf("10.%d.%d.%d", d[0]%4, d[1], 10+d[2]%200), int(property.Number(balancer, "containerPort")), r)
			}
		}
	}
	return targets
}

// digest is what the i-th instance or task of r is made up from.
func digest(r *world.Record, i int) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", r.Key(), i))
	return sum[:]
}

// registering is how long a new target is checked before it counts as healthy.
const registering = 30 * time.Second

func judged(tx *world.Tx, group, from *world.Record, t Target) Target {
	switch condition := ConditionOf(tx, group); {
	case condition == Unhealthy || ConditionOf(tx, from) == Unhealthy:
		t.State, t.Reason, t.Description = "unhealthy", "Target.FailedHealthChecks", "Health checks failed"
	case len(catalog.Referring(tx, group, "lb.Listener"))+len(catalog.Referring(tx, group, "lb.ListenerRule")) == 0:
		t.State, t.Reason = "unused", "Target.NotInUse"
		t.Description = "Target group is not configured to receive traffic from the load balancer"
	case condition == Pending || from.Type != serviceToken && tx.Now().Before(from.Changed.Add(registering)):
		t.State, t.Reason, t.Description = "initial", "Elb.InitialHealthChecking", "Initial health checks in progress"
	default:
		t.State = "healthy"
	}
	return t
}

const serviceToken = "aws:ecs/service:Service"
