package resource

// Worker is a container that fetches its work, usually from a queue.
type Worker struct {
	Common
	Container
	// the SQS component whose messages it takes: it may receive and delete them, and scales with their number
	Queue ComponentRef `json:"queue,omitzero" kinds:"SQS" reads:"url,arn,name"`
	// the environment variable that holds the queue's URL
	QueueURLVariable string `json:"queueUrlVariable" jsonschema:"pattern=^[A-Za-z_][A-Za-z0-9_]*$"`
	// how many copies run; with scaling, how many at the start
	Replicas int `json:"replicas" jsonschema:"minimum=0,maximum=1000"`
	// changes the number of copies with the load
	Scaling *Scaling `json:"scaling,omitempty"`
	// how a new version takes the old one's place
	Rollout Rollout `json:"rollout"`
}

// KindWorker is a container that fetches its work.
var KindWorker = register(Definition{
	Kind: "Worker", APIVersion: ComponentsV1, Family: Compute, Revision: 1, Networked: true,
	Summary: "A container that fetches its work, usually from a queue, on ECS (Fargate or EC2) or EKS.",
	New: func() Spec {
		return &Worker{Common: defaultCommon(Delete, 30*Minute), Container: defaultContainer(), QueueURLVariable: "QUEUE_URL",
			Replicas: 1, Rollout: defaultRollout()}
	},
	Outputs:   taskOutputs(),
	ReplaceOn: []string{"platform"},
})

// Lacks says why the spec does not have one of its kind's outputs; empty when it has.
func (w *Worker) Lacks(output string) string { return w.lacksOnEKS(output) }

// Check keeps the rules over several fields.
func (w *Worker) Check(k *Checker) {
	w.Common.check(k)
	w.Container.check(k)
	w.Rollout.check(k, w.Platform)
	if w.Rollout.Strategy == BlueGreen {
		k.Errorf(CodeRollout, "rollout.strategy", "a Worker has no requests to switch over").WithHint("write rolling")
	}
	if w.HealthCheck != nil && w.HealthCheck.Path != "" {
		k.need("healthCheck.port", w.HealthCheck.Port != 0, true, "a Worker has no ports of its own")
	}
	if w.Scaling != nil {
		w.Scaling.check(k, w.Replicas)
		k.only("scaling.requestsPerTarget", w.Scaling.RequestsPerTarget != 0, false, "the component is a MicroService")
		k.only("scaling.queueDepth", w.Scaling.QueueDepth != 0, !w.Queue.IsZero() && w.Platform != EKS, "queue is given and platform is not eks")
	}
}
