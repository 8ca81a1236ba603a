package cloud

import (
	"slices"

	"github.com/deployer-io/deployer/localstack/cloud/catalog"
	"github.com/deployer-io/deployer/localstack/cloud/health"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

type (
	// Condition is how a resource fares other than well.
	Condition = health.Condition
	// Service is an ECS service as DescribeServices tells of it.
	Service = health.Service
	// Deployment is one of a service's deployments.
	Deployment = health.Deployment
	// Target is a target of a target group as DescribeTargetHealth tells of it.
	Target = health.Target
	// AlarmState is an alarm as DescribeAlarms tells of it.
	AlarmState = health.AlarmState
	// Metric is one number that is being measured.
	Metric = health.Metric
	// Request is an HTTP request that may be meant for something simulated.
	Request = health.Request
	// Reply is how the simulated cloud answers a request.
	Reply = health.Reply
)

// SetCondition makes a resource fare badly in one way, until the condition is taken back with "". Verification then sees it.
func (c *Cloud) SetCondition(id string, condition Condition) error {
	return c.world.Update(func(tx *world.Tx) error {
		r, err := find(tx, id)
		if err != nil {
			return err
		}
		return health.SetCondition(tx, r, condition)
	})
}

// Condition returns how a resource fares; "" is well.
func (c *Cloud) Condition(id string) (condition Condition, err error) {
	err = c.world.View(func(tx *world.Tx) error {
		r, err := find(tx, id)
		if err == nil {
			condition = health.ConditionOf(tx, r)
		}
		return err
	})
	return condition, err
}

// ECSService describes a service; cluster and name may be names or ARNs.
func (c *Cloud) ECSService(cluster, name string) (s Service, err error) {
	err = c.world.View(func(tx *world.Tx) error {
		for _, r := range tx.OfType("aws:ecs/service:Service") {
			same := r.Text("arn") == name || r.Text("name") == name
			if same && catalog.ClusterName(r.Text("cluster")) == catalog.ClusterName(cluster) {
				s = health.DescribeService(tx, r)
				return nil
			}
		}
		return &NoSuchResource{catalog.ClusterName(cluster) + "/" + name}
	})
	return s, err
}

// TargetHealth describes the targets of a target group.
func (c *Cloud) TargetHealth(targetGroupARN string) (targets []Target, err error) {
	err = c.world.View(func(tx *world.Tx) error {
		groups := tx.Named("aws:lb/targetGroup:TargetGroup|" + targetGroupARN)
		if len(groups) == 0 {
			return &NoSuchResource{targetGroupARN}
		}
		targets = health.DescribeTargets(tx, groups[0])
		return nil
	})
	return targets, err
}

// Answer answers a request as the load balancer or the distribution does that stands behind its host. It reports false when
// nothing of the cloud is called so.
func (c *Cloud) Answer(to Request) (reply Reply, known bool, err error) {
	err = c.world.View(func(tx *world.Tx) error {
		reply, known = health.Answer(tx, to)
		return nil
	})
	return reply, known, err
}

// Alarms describes the alarms with these names or ARNs; all, when none is named. Those that do not exist are left out, as
// CloudWatch does.
func (c *Cloud) Alarms(names ...string) (alarms []AlarmState, err error) {
	err = c.world.View(func(tx *world.Tx) error {
		for _, token := range []string{"aws:cloudwatch/compositeAlarm:CompositeAlarm", "aws:cloudwatch/metricAlarm:MetricAlarm"} {
			for _, r := range tx.OfType(token) {
				a := health.DescribeAlarm(tx, r)
				if len(names) == 0 || slices.Contains(names, a.AlarmName) || slices.Contains(names, a.AlarmArn) {
					alarms = append(alarms, a)
				}
			}
		}
		return nil
	})
	return alarms, err
}

// PutMetric sets what a metric measures from now on; an empty account or region is the default one.
func (c *Cloud) PutMetric(account, region string, m Metric) error {
	account, region = placed(account, region)
	return c.world.Update(func(tx *world.Tx) error {
		health.PutMetric(tx, account, region, m)
		return nil
	})
}

// Metric returns what a metric measures; false when it was never set.
func (c *Cloud) Metric(account, region string, m Metric) (measured Metric, known bool, err error) {
	account, region = placed(account, region)
	err = c.world.View(func(tx *world.Tx) error {
		measured, known = health.GetMetric(tx, account, region, m)
		return nil
	})
	return measured, known, err
}

func placed(account, region string) (string, string) {
	if account == "" {
		account = catalog.DefaultAccount
	}
	if region == "" {
		region = HomeRegion
	}
	return account, region
}
