package statemachines_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/asl"
	"github.com/deployer-io/deployer/shared/run"
)

// bells answers requests and remembers them; those of which refuse is a part are refused.
type bells struct {
	mu     sync.Mutex
	rung   []string
	refuse string
}

func (b *bells) Do(r *http.Request) (*http.Response, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rung = append(b.rung, r.URL.Path)
	code := http.StatusOK
	if b.refuse != "" && strings.Contains(r.URL.Path, b.refuse) {
		code = http.StatusInternalServerError
	}
	return &http.Response{StatusCode: code, Status: http.StatusText(code), Body: io.NopCloser(strings.NewReader(""))}, nil
}

const stackHooks = `spec:
  hooks:
    pre: [{name: a, http: {url: "http://bells/stack-pre"}}]
    post: [{name: b, http: {url: "http://bells/stack-post"}}]
    onFailure: [{name: c, http: {url: "http://bells/stack-failure"}}]
  waveHooks:
    pre: [{name: d, http: {url: "http://bells/wave-pre"}}]
    post: [{name: e, http: {url: "http://bells/wave-post"}}]
    onFailure: [{name: f, http: {url: "http://bells/wave-failure"}}]
  environments:`

func (w *world) hooked() run.Request {
	text := strings.Replace(chainFile, "spec:\n  environments:", stackHooks, 1)
	return run.Request{Bundle: w.upload(map[string]string{"stack.yaml": text}), AutoApprove: true}
}

func TestHooksOfTheStackAndOfItsWaves(t *testing.T) {
	const hookedWave = "Start PrepareWave HooksBefore CallBefore RunBatches ExecuteBatch BatchDone HooksAfter CallAfter SettleWave Settled"
	wave := []string{"/wave-pre", "/wave-post"}
	t.Run("everything goes well", func(t *testing.T) {
		w, b := levels(newWorld(t)), &bells{}
		w.http = b
		_, result := w.deploy("r1", w.hooked())
		require.Equal(t, asl.StatusSucceeded, result.Status, result.Cause)
		require.Equal(t, hookedWave, w.path("r1-wave-0"))
		require.Equal(t, append(append(append([]string{"/stack-pre"}, wave...), wave...), append(wave, "/stack-post")...), b.rung)
	})
	t.Run("a hook before fails, and nothing is begun", func(t *testing.T) {
		w, b := levels(newWorld(t)), &bells{refuse: "stack-pre"}
		w.http = b
		x, result := w.deploy("r1", w.hooked())
		require.Equal(t, confirmed+rolledOut+"FailedClean", path(x))
		require.Equal(t, "Start PrepareWave HooksBefore CallBefore HooksAfter CallAfter SettleWave Settled", w.path("r1-wave-0"))
		require.Empty(t, w.cloud.calls)
		require.Contains(t, result.Cause, `the pre hook "a" failed`)
		require.Equal(t, []string{"/stack-pre", "/wave-failure", "/stack-failure"}, b.rung)
		w.free()
	})
	t.Run("a hook at the end fails: those for failures are called, and all is taken back without hooks", func(t *testing.T) {
		w, b := levels(newWorld(t)), &bells{refuse: "stack-post"}
		w.http = b
		x, result := w.deploy("r1", w.hooked())
		require.Equal(t, confirmed+rolledOut+"FailedClean", path(x))
		require.Contains(t, result.Cause, `the post hook "b" failed`)
		require.Empty(t, w.snapshot().Components)
		require.True(t, w.ending("r1").RolledBack)
		require.Equal(t, wavePath, w.path("r1-rollback-wave-0"))
		require.Equal(t, []string{"/stack-post", "/wave-failure", "/stack-failure"}, b.rung[len(b.rung)-3:])
	})
	t.Run("a component fails", func(t *testing.T) {
		w, b := levels(newWorld(t)), &bells{}
		w.http = b
		w.cloud.fail["orders/first"] = errors.New("TopicLimitExceeded")
		_, result := w.deploy("r1", w.hooked())
		require.Equal(t, "WaveFailed", result.Error)
		require.Equal(t, []string{"/stack-pre", "/wave-pre", "/wave-failure", "/stack-failure"}, b.rung)
	})
	t.Run("the task that calls them is lost", func(t *testing.T) {
		w := levels(newWorld(t))
		w.broken["Executor"] = &asl.TaskError{Name: "States.TaskFailed", Cause: "it was lost"}
		x, _ := w.deploy("r1", w.hooked())
		require.Equal(t, confirmed+rolledOut+"FailedClean", path(x))
		require.Equal(t, "Start PrepareWave HooksBefore CallBefore HooksAfter CallAfter SettleWave Settled", w.path("r1-wave-0"))
		w.free()
	})
}
