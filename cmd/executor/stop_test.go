package main

import (
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/cloud"
	"github.com/deployer-io/deployer/localstack/cloud/fault"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
)

const queueType, topicType = "aws:sqs/queue:Queue", "aws:sns/topic:Topic"

// chain is a queue, a topic that waits for it, and a topic that waits for nothing.
func chain(action plan.Action, retention resource.Duration) []execution.Assignment {
	queue := func(s resource.Spec) { s.(*resource.SQS).Retention = retention }
	return []execution.Assignment{assignment(action, "queue", "SQS", queue), assignment(action, "after", "SNS", nil, "web/queue"),
		assignment(action, "beside", "SNS", nil)}
}

// count is how many resources of a type there are.
func (g *ground) count(token string) int {
	g.t.Helper()
	found, err := g.cloud.Resources(cloud.Filter{Type: token})
	require.NoError(g.t, err)
	return len(found)
}

// inject makes a fault of the cloud, which heal takes away.
func (g *ground) inject(f cloud.Fault) {
	g.t.Helper()
	_, err := g.cloud.Inject(f)
	require.NoError(g.t, err)
}

// checkpoint is the text of a component's Pulumi checkpoint in the run's epoch.
func (r *batchRun) checkpoint(component string) string {
	r.t.Helper()
	at := scope.In("web", component)
	object, err := r.store.Get(r.t.Context(), at.PulumiPrefix(execution.Epoch(r.lease.Fence))+".pulumi/stacks/"+at.PulumiProject()+"/"+at.PulumiStack()+".json")
	if err != nil {
		return ""
	}
	return string(object.Data)
}

// isPending reports whether an operation on a queue of a component is noted as begun.
func (r *batchRun) isPending(component, name string) bool {
	var checkpoint struct {
		Checkpoint struct {
			Latest struct {
				Pending []struct{ Resource struct{ URN string } } `json:"pending_operations"`
			}
		}
	}
	if json.Unmarshal([]byte(r.checkpoint(component)), &checkpoint) != nil {
		return false
	}
	for _, p := range checkpoint.Checkpoint.Latest.Pending {
		if strings.HasSuffix(p.Resource.URN, "::"+queueType+"::"+name) {
			return true
		}
	}
	return false
}

// stopWhen asks the executor to stop as Fargate does once the condition holds, and returns its exit code.
func (r *batchRun) stopWhen(condition func() bool, limit time.Duration) int {
	r.t.Helper()
	require.Eventually(r.t, condition, 30*time.Second, 2*time.Millisecond, "what is to be interrupted did not begin: %s", r.log())
	require.NoError(r.t, r.process.Process.Signal(syscall.SIGTERM))
	return r.wait(limit)
}

// pulumiLocks are the locks that CLIs left behind.
func (g *ground) pulumiLocks() []string {
	g.t.Helper()
	all, err := g.store.List(g.t.Context(), scope.Prefix()+"pulumi/", "", 0)
	require.NoError(g.t, err)
	var locks []string
	for _, object := range all {
		if strings.Contains(object.Key, "/.pulumi/locks/") {
			locks = append(locks, object.Key)
		}
	}
	return locks
}

func TestAStoppedTaskEndsWhatIsAtWorkTellsItAndTheNextRunGoesOn(t *testing.T) {
	const slow = 1500 * time.Millisecond
	tests := map[string]struct {
		action plan.Action // of the run that is stopped; components are there already unless it creates them
		when   func(r *batchRun) bool
		fault  cloud.Fault
		grace  string
		killed bool // Pulumi is killed
		sample bool // runs by default; the others with DEPLOYER_E2E or DEPLOYER_SIM=full
		dirty  bool // something of the queue was changed, or may have been
	}{
		"before anything is made": {action: plan.Create,
			when:  func(r *batchRun) bool { return r.checkpoint("queue") != "" },
			fault: cloud.Fault{Match: fault.Match{Operation: "create"}, Kind: fault.Delay, Delay: slow}},
		"while it creates the first resource": {action: plan.Create,
			when:  func(r *batchRun) bool { return r.isPending("queue", "dead-letters") },
			fault: cloud.Fault{Match: fault.Match{Type: queueType, Operation: "create"}, Kind: fault.Delay, Delay: slow}},
		"while it creates the second resource": {action: plan.Create, dirty: true, sample: true,
			when:  func(r *batchRun) bool { return r.isPending("queue", "queue") },
			fault: cloud.Fault{Match: fault.Match{Type: queueType, Name: "queue", Operation: "create"}, Kind: fault.Delay, Delay: slow}},
		"while it updates": {action: plan.Update, dirty: true, // nobody was refused: the update may have been carried out
			when:  func(r *batchRun) bool { return r.isPending("queue", "queue") },
			fault: cloud.Fault{Match: fault.Match{Type: queueType, Operation: "update"}, Kind: fault.Delay, Delay: slow}},
		"while it deletes": {action: plan.Delete, dirty: true, // what depends on the queue is gone by then
			when:  func(r *batchRun) bool { return r.isPending("queue", "queue") },
			fault: cloud.Fault{Match: fault.Match{Type: queueType, Operation: "delete"}, Kind: fault.Delay, Delay: slow}},
		"while it updates, and has no time left": {action: plan.Update, grace: "1ns", killed: true,
			when:  func(r *batchRun) bool { return r.isPending("queue", "queue") },
			fault: cloud.Fault{Match: fault.Match{Type: queueType, Operation: "update"}, Kind: fault.Delay, Delay: slow}},
		"while it deletes, and has no time left": {action: plan.Delete, grace: "1ns", killed: true, sample: true,
			when:  func(r *batchRun) bool { return r.isPending("queue", "queue") },
			fault: cloud.Fault{Match: fault.Match{Type: queueType, Operation: "delete"}, Kind: fault.Delay, Delay: slow}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if !test.sample && os.Getenv("DEPLOYER_E2E") == "" && os.Getenv("DEPLOYER_SIM") != "full" {
				t.Skip("DEPLOYER_E2E=1 runs it")
			}
			t.Parallel()
			g := newGround(t)
			if test.action != plan.Create {
				before := g.start(chain(plan.Create, resource.Day))
				require.Zero(t, before.wait(time.Minute), before.log())
				require.NoError(t, g.locker.Release(t.Context(), before.lease))
			}
			g.inject(test.fault)
			stopped := g.start(chain(test.action, 2*resource.Day), childGrace+"="+test.grace)
			require.Equal(t, 1, stopped.stopWhen(func() bool { return test.when(stopped) }, 20*time.Second), stopped.log())
			require.NoError(t, g.cloud.Heal(""))

			queue := stopped.outcome("queue")
			require.Equal(t, execution.Failed, queue.Outcome, "%+v\n%s", queue.Changes, stopped.log())
			require.Contains(t, queue.Message, "stopped")
			if test.killed { // it may have been quicker than its end
				require.Equal(t, len(queue.Leftovers) > 0, queue.Dirty, "%+v", queue)
			} else {
				require.Equal(t, test.dirty, queue.Dirty, "%+v", queue)
				require.Empty(t, queue.Leftovers)
			}
			require.Equal(t, execution.Skipped, stopped.outcome("after").Outcome)
			require.NotEmpty(t, stopped.outcome("beside").Outcome)

			require.NoError(t, g.locker.Release(t.Context(), stopped.lease), "the lock is the run's and nobody else's")
			next := g.start(chain(test.action, 2*resource.Day))
			require.Zero(t, next.wait(time.Minute), next.log())
			for _, a := range next.batch.Assignments {
				require.Equal(t, execution.Done, next.outcome(a.Order.Address.Component).Outcome, a.Order.Address)
			}
			want := map[bool]int{true: 0, false: 2}[test.action == plan.Delete] // the queue has one for dead letters
			require.Equal(t, want, g.count(queueType), "%s\n%s", stopped.log(), next.log())
			require.Equal(t, want, g.count(topicType), "%s\n%s", stopped.log(), next.log())
			for _, lock := range g.pulumiLocks() {
				require.NotContains(t, lock, "/"+execution.Epoch(next.lease.Fence)+"/", "only a dead epoch may have locks")
			}
		})
	}
}

func TestATaskThatLostItsLockCancelsWhatIsAtWork(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	g.inject(cloud.Fault{Match: fault.Match{Type: queueType, Operation: "create"}, Kind: fault.Delay, Delay: 2 * time.Second})
	r := g.start(chain(plan.Create, resource.Day), childBeat+"=20ms")
	require.Eventually(t, func() bool { return r.isPending("queue", "dead-letters") }, 30*time.Second, 2*time.Millisecond, "%s", r.log())
	require.NoError(t, g.locker.Release(t.Context(), r.lease))
	require.Equal(t, 1, r.wait(20*time.Second), r.log())
	queue := r.outcome("queue")
	require.Equal(t, execution.Failed, queue.Outcome)
	require.Contains(t, queue.Message, "the lock on shop/staging")
	require.Equal(t, execution.Skipped, r.outcome("after").Outcome)
	require.Contains(t, r.log(), `"msg":"at work"`)
	require.Contains(t, r.log(), `"web/queue"`)
}
