package resource

import "github.com/deployer-io/deployer/shared/diag"

// CodeSchedule is the code of rules about schedules.
const CodeSchedule diag.Code = "schedule"

// CronJob is a container that runs to its end, again and again.
type CronJob struct {
	Common
	Container
	// when it runs
	Schedule Schedule `json:"schedule" jsonschema:"required"`
	// the time zone of the schedule, as in Europe/Berlin
	Timezone string `json:"timezone" jsonschema:"pattern=^[A-Za-z]+(/[A-Za-z0-9_+-]+)*$"`
	// keeps the schedule but starts nothing
	Suspended bool `json:"suspended,omitempty"`
	// within how long after its time a run may begin; 0 begins it at once
	FlexibleWindow Duration `json:"flexibleWindow,omitempty"`
	// whether a run may begin while the one before is not over; forbid is available on eks
	Concurrency Concurrency `json:"concurrency" jsonschema:"enum=allow,enum=forbid"`
	// how often starting a run is tried again
	StartRetries int `json:"startRetries" jsonschema:"minimum=0,maximum=185"`
	// how late a run may still begin
	MaximumDelay Duration `json:"maximumDelay"`
	// how many copies each run has
	Count int `json:"count" jsonschema:"minimum=1,maximum=10"`
	// an SQS component that takes the runs that could not be started
	DeadLetterQueue ComponentRef `json:"deadLetterQueue,omitzero" kinds:"SQS" reads:"arn"`
}

// Concurrency says whether runs may overlap.
type Concurrency string

// The choices for overlapping runs.
const (
	ConcurrencyAllow  Concurrency = "allow"
	ConcurrencyForbid Concurrency = "forbid"
)

// KindCronJob is a container that runs to its end, again and again.
var KindCronJob = register(Definition{
	Kind: "CronJob", APIVersion: ComponentsV1, Family: Compute, Revision: 2, Networked: true,
	Summary: "A container that runs to its end on a schedule, on ECS (Fargate or EC2) or EKS.",
	New: func() Spec {
		return &CronJob{Common: defaultCommon(Delete, 15*Minute), Container: defaultContainer(), Timezone: "UTC", Concurrency: ConcurrencyAllow,
			StartRetries: 3, MaximumDelay: Hour, Count: 1}
	},
	Outputs:   taskOutputs(),
	ReplaceOn: []string{"platform"},
})

// Lacks says why the spec does not have one of its kind's outputs; empty when it has.
func (c *CronJob) Lacks(output string) string { return c.lacksOnEKS(output) }

// Check keeps the rules over several fields.
func (c *CronJob) Check(k *Checker) {
	c.Common.check(k)
	c.Container.check(k)
	k.between("flexibleWindow", c.FlexibleWindow, 0, 24*Hour)
	k.between("maximumDelay", c.MaximumDelay, Minute, Day)
	k.only("healthCheck", c.HealthCheck != nil, false, "the component keeps running")
	if c.Platform == EKS {
		if _, isRate := c.Schedule.Rate(); isRate {
			k.Errorf(CodeSchedule, "schedule", "EKS knows no rates").WithHint("write five crontab fields")
		}
		k.only("flexibleWindow", c.FlexibleWindow != 0, false, "platform is fargate or ecs-ec2")
		k.only("deadLetterQueue", !c.DeadLetterQueue.IsZero(), false, "platform is fargate or ecs-ec2")
	} else if c.Concurrency == ConcurrencyForbid {
		k.Errorf(CodeSchedule, "concurrency", "ECS starts a run whether or not the one before is over").WithHint("let the program look, or use platform: eks")
	}
}

// Relate keeps the rules over the job, what its container uses, and the queue for runs that could not be started.
func (c *CronJob) Relate(k *Checker, related Related) {
	c.Container.Relate(k, related)
	if r, ok := related(c.DeadLetterQueue); ok {
		if queue, is := r.Spec.(*SQS); is && queue.FIFO {
			k.Errorf(CodeSchedule, "deadLetterQueue", "%s is a fifo queue, which takes no runs that could not be started", c.DeadLetterQueue.Component).
				WithHint("use a queue that is not fifo")
		}
	}
}
