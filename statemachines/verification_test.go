package statemachines_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/asl"
	"github.com/deployer-io/deployer/shared/run"
)

func (w *world) verified() run.Request {
	text := strings.Replace(chainFile, "metadata: {name: first, service: orders}\nspec: {}",
		`metadata: {name: first, service: orders}
spec: {timeout: 2m, verify: {http: [{name: answers, url: "http://bells/first", successes: 1}]}}`, 1)
	return run.Request{Bundle: w.upload(map[string]string{"stack.yaml": text}), AutoApprove: true}
}

func TestWhatWasWellIsLookedAtOnceMoreAtTheEnd(t *testing.T) {
	w, b := levels(newWorld(t)), &bells{}
	w.http = b
	_, result := w.deploy("r1", w.verified())
	require.Equal(t, asl.StatusSucceeded, result.Status, result.Cause)
	require.Equal(t, []string{"/first", "/first"}, b.rung)
	require.Equal(t, wavePath, w.path("r1-wave-0"))
	require.Contains(t, w.path("r1-wave-2"), "HooksAfter CallAfter SettleWave")
	require.Equal(t, w.snapshot().Serial, w.snapshot().LastGood)
}
