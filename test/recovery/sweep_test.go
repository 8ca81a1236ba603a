package recovery_test

import (
	"fmt"
	"hash/fnv"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/asl"
)

// first and second are twelve queues in three waves; the second one has four that differ, one fewer and one more.
var first, second = stack(30, 12, nil), stack(90, 13, []int{11})

func stack(visibility, n int, without []int) string {
	var b strings.Builder
	b.WriteString(`apiVersion: core.deployer.io/v1
kind: Stack
metadata: {name: shop}
spec:
  environments: [{name: staging, region: eu-west-1, approval: {mode: auto}}]
---
apiVersion: core.deployer.io/v1
kind: Service
metadata: {name: orders}
spec: {}
`)
	left := map[int]bool{}
	for _, i := range without {
		left[i] = true
	}
	for i := range n {
		if left[i] {
			continue
		}
		seconds := 30
		if i%3 == 0 {
			seconds = visibility
		}
		fmt.Fprintf(&b, "---\napiVersion: components.deployer.io/v1\nkind: SQS\nmetadata: {name: q%d, service: orders}\nspec:\n  visibilityTimeout: %ds\n", i, seconds)
		if i >= 4 && i < 12 { // the one four before it
			fmt.Fprintf(&b, "  dependsOn: [{component: q%d}]\n", i-4)
		}
	}
	return b.String()
}

// scenario is a run that is cut off: what was deployed before, and what the run is asked for ("" is that all be deleted).
type scenario struct {
	name   string
	before []string
	wanted string
	fails  string // the component that fails, so that the run is rolled back; the next run finds it healed
}

var scenarios = []scenario{
	{"deploy", nil, first, ""},
	{"update", []string{first}, second, ""},
	{"go back", []string{first, second}, first, ""},
	{"destroy", []string{first}, "", ""},
	{"roll back a deployment", nil, first, "orders/q9"},
	{"roll back an update", []string{first}, second, "orders/q9"},
}

// fail makes a component fail, "" none.
func (w *world) fail(short string) {
	w.failing = short
	if short != "" {
		w.parallelism = 1
	}
}

// cutting is one cut.
type cutting struct {
	scenario
	at  point
	how way
}

func (c cutting) String() string { return fmt.Sprintf("%s, %s at %s", c.name, c.how, c.at) }

// points are the calls of a scenario that nothing happens to, and the truth that it comes to.
func (s scenario) points(t *testing.T) ([]point, map[string]string) {
	t.Helper()
	w := mustWorld(t, s.before...)
	defer w.rest()
	w.fail(s.fails)
	w.scissors.aim(point{}, "")
	status := w.finish(t, "run", s.wanted)
	all := w.scissors.met
	if s.fails == "" {
		require.Equal(t, "SUCCEEDED", status)
	} else {
		require.Equal(t, "FAILED", status)
		require.Contains(t, w.failure(t.Context(), "run"), "FailedClean", "it was rolled back")
		w.failing = ""
		require.Equal(t, "SUCCEEDED", w.finish(t, "next", s.wanted))
	}
	require.Empty(t, w.problems(t.Context(), "run", w.cloud.truth()))
	var met []point
	for _, at := range all {
		if at.actor != "KeepLocks" {
			met = append(met, at)
		}
	}
	return met, w.cloud.truth()
}

// share is which part of all cuts is made: the default takes seconds, all take minutes.
func share() uint32 {
	switch os.Getenv("DEPLOYER_SIM") {
	case "full":
		return 1
	case "ci":
		return 6
	}
	return 100
}

// chosen picks cuts evenly and always the same.
func (c cutting) chosen(of uint32) bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(c.String()))
	return h.Sum32()%of == 0
}

// consequence is what a cut came to.
type consequence struct {
	ended       asl.Status
	minutes     int  // that the lock was left for after the end
	quarantined bool // it was left to a person
	problems    []string
}

func TestARunThatIsCutOffAnywhereLosesNothing(t *testing.T) {
	of, total := share(), 0
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			points, truth := s.points(t)
			made, most, people := 0, 0, 0
			for _, at := range points {
				for _, how := range at.ways() {
					c := cutting{s, at, how}
					total++
					if !c.chosen(of) {
						continue
					}
					came := c.try(t, truth)
					made, most = made+1, max(most, came.minutes)
					if came.quarantined {
						people++
					}
					for _, problem := range came.problems {
						t.Errorf("%s: %s", c, problem)
					}
				}
			}
			t.Logf("%d calls, %d cuts made; a lock was left for %d minutes at most; %d needed a person", len(points), made, most, people)
		})
	}
	t.Logf("%d cuts, one in %d made", total, of)
}

// try makes one cut.
func (c cutting) try(t *testing.T, truth map[string]string) consequence {
	t.Helper()
	w := mustWorld(t, c.before...)
	defer w.rest()
	w.fail(c.fails)
	w.scissors.aim(c.at, c.how)
	x, err := w.start("run", c.wanted)
	require.NoError(t, err)
	w.minutes(12*60, func() bool { return x.Status() != asl.StatusRunning || w.scissors.down() })
	if w.scissors.down() { // somebody stops what is left of the run, and a new beginning is made
		x.Stop("Aborted", "")
		_, err := x.Wait(w.ctx)
		require.NoError(t, err)
		w.scissors.revive()
	}
	if !w.scissors.cut {
		return consequence{problems: []string{"the run never came there"}}
	}
	return c.after(t, w, x, truth)
}

// after lets the lock come free, looks at what the run has left, and runs once more.
func (s scenario) after(t *testing.T, w *world, x *asl.Execution, truth map[string]string) consequence {
	t.Helper()
	came := consequence{ended: x.Status()}
	came.minutes = w.minutes(61, func() bool { return len(w.held(t)) == 0 || w.quarantined(t) })
	for range 3 { // what is delayed comes
		require.NoError(t, w.clock.Sleep(w.ctx, time.Minute))
	}
	if came.quarantined = w.quarantined(t); came.quarantined && s.fails != "" { // the rollback of a failure has failed as well
		require.NoError(t, w.forceUnlock("bob"))
	}
	if len(w.held(t)) > 0 {
		came.problems = []string{"its lock is left after its lease"}
		return came
	}
	require.NoError(t, w.tell(x), "the event of its end comes late")
	came.problems = w.whole(t.Context(), "run")
	w.failing = ""
	if status := w.finish(t, "next", s.wanted); status != "SUCCEEDED" {
		came.problems = append(came.problems, "the next run ended "+status+": "+w.failure(t.Context(), "next"))
	}
	came.problems = append(came.problems, w.problems(t.Context(), "next", truth)...)
	return came
}

// killed is a world in which everything died in the middle of a deployment's second wave.
func killed(t *testing.T) (*world, *asl.Execution) {
	t.Helper()
	w := mustWorld(t)
	w.parallelism = 1
	w.scissors.aim(point{"Executor run/waves/1/0.json", "cloud", "Create", "orders/q5", 1}, allDie)
	x, err := w.start("run", first)
	require.NoError(t, err)
	w.minutes(60, w.scissors.down)
	require.True(t, w.scissors.down())
	x.Stop("Aborted", "")
	_, err = x.Wait(w.ctx)
	require.NoError(t, err)
	w.scissors.revive()
	return w, x
}

func TestACleaningUpThatIsCutOffIsDoneAgain(t *testing.T) {
	_, truth := scenarios[0].points(t)
	w, _ := killed(t)
	w.scissors.aim(point{}, "")
	require.Positive(t, w.minutes(61, func() bool { return len(w.held(t)) == 0 }))
	points := w.scissors.met
	w.rest()
	require.Greater(t, len(points), 20)
	of := (share() + 3) / 4
	for _, at := range points {
		for _, how := range []way{lost, replyLost, delayed, dies} {
			c := cutting{scenarios[0], at, how}
			if at.reads() && how == replyLost || !c.chosen(of) {
				continue
			}
			w, x := killed(t)
			w.scissors.aim(at, how)
			came := c.after(t, w, x, truth)
			w.rest()
			require.True(t, w.scissors.cut, c.String())
			require.Empty(t, came.problems, c.String())
		}
	}
}
