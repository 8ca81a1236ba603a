package plan

import (
	"github.com/deployer-io/deployer/shared/resource"
)

// usual is how long an action on a component usually takes, in seconds.
type usual struct{ create, update, remove int }

// usually is what AWS takes for kinds that differ from their family: for those that go through a service's own
// provisioning (databases, caches, brokers, distributions), the middle of what its documentation and console show.
var usually = map[resource.Kind]usual{
	"RDS":                  {600, 240, 300},
	"DocumentDB":           {600, 240, 300},
	"DynamoDB":             {20, 15, 20},
	"ElastiCacheRedis":     {480, 240, 300},
	"ElastiCacheMemcached": {300, 180, 180},
	"AWSMemoryDB":          {600, 300, 300},
	"MSK":                  {1500, 900, 600},
	"Kafka":                {300, 60, 180},
	"EFS":                  {90, 20, 90},
	"CloudFront":           {300, 240, 400},
	"ALB":                  {180, 30, 60},
	"NLB":                  {180, 30, 60},
	"EC2Instance":          {90, 60, 90},
	"Networking":           {180, 30, 120},
	"MicroService":         {150, 150, 60},
	"Worker":               {120, 120, 60},
}

var usuallyOf = map[string]usual{
	resource.Compute:        {60, 60, 40},
	resource.Data:           {600, 240, 300},
	resource.Cache:          {480, 240, 300},
	resource.Storage:        {20, 10, 20},
	resource.Messaging:      {15, 10, 15},
	resource.Network:        {60, 30, 60},
	resource.PlatformFamily: {60, 30, 60},
}

// expect returns how many seconds a step is likely to take, at least 1: what the same action took the last time, or what
// is usual.
func (m *maker) expect(step *Step) int {
	record := m.snapshot.Components[step.Address.Short()]
	if record.Action == string(step.Action) && record.Duration > 0 && record.Kind == string(step.Kind) {
		return max(1, int(record.Duration.Seconds()+0.5))
	}
	u, known := usually[step.Kind]
	if !known {
		definition, _ := resource.Lookup(step.Kind)
		if u, known = usuallyOf[definition.Family]; !known {
			u = usual{60, 60, 60}
		}
	}
	switch step.Action {
	case Create:
		return u.create
	case Delete:
		return u.remove
	case Replace:
		return u.create + u.remove
	}
	return u.update
}
