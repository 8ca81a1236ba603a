package asl

import (
	"math"
	"time"
)

// retry arranges another try if a retrier wants one.
func (v *visit) retry(f *fault) bool {
	for i := range v.state.retry {
		r := &v.state.retry[i]
		if !f.matches(r.errors) {
			continue
		}
		if v.tries[i] >= r.maxAttempts {
			return false // the first retrier that matches decides
		}
		if v.tries == nil {
			v.tries = map[int]int64{}
		}
		wait := r.delay(v.tries[i])
		v.tries[i]++
		if r.fullJitter {
			wait = time.Duration(v.branch.execution.engine.options.Rand.Float64() * float64(wait))
		}
		v.tryAgainIn(wait)
		return true
	}
	return false
}

// delay is the pause after so many tries of this retrier, before jitter.
func (r *retrier) delay(tries int64) time.Duration {
	s := r.interval * math.Pow(r.backoff, float64(tries))
	if r.maxDelay > 0 {
		s = min(s, r.maxDelay)
	}
	return time.Duration(min(s, maxSeconds) * float64(time.Second))
}

func (v *visit) tryAgainIn(wait time.Duration) {
	x := v.branch.execution
	failedAt := x.timeOf(v.branch.previous)
	v.stop = nil
	x.resume(v.branch.previous, v.state.startKinds(), func(Event) { v.again() }, func() {
		if !v.alive() {
			return
		}
		clock := x.engine.options.Clock
		cancel := clock.AfterFunc(failedAt.Add(wait).Sub(clock.Now()), func() { x.engine.post(v.again) })
		v.stop = func(bool, *TaskError) { cancel() }
	})
}

// startKinds are the events with which a try of the state begins.
func (s *state) startKinds() []string {
	switch s.kind {
	case kindMap:
		return []string{eventMapStarted}
	case kindParallel:
		return []string{eventParallelStarted}
	default:
		return []string{s.service.eventPrefix() + "Scheduled"}
	}
}

// caught lets the first matching catcher go on; without one it gives the fault back.
func (v *visit) caught(f *fault) *fault {
	for i := range v.state.catch {
		c := &v.state.catch[i]
		if !f.matches(c.errors) {
			continue
		}
		what := objectOf("Error", f.name, "Cause", f.cause)
		out, again := v.placed(c.resultPath, c.dropped, what)
		if again == nil {
			again = v.leave(c.next, out, c.assign, what)
		}
		return again
	}
	return f
}
