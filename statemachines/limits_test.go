package statemachines_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/decide"
	"github.com/deployer-io/deployer/localstack/asl"
	"github.com/deployer-io/deployer/shared/run"
)

const (
	deep, wide  = 50, 10  // levels, and components in each
	mostPayload = 8 << 10 // bytes; AWS allows 256 KiB
	mostEvents  = 5000    // AWS allows 25,000
)

// large is a bundle of 50 levels of 10 topics, each of which waits for one of the level before.
func large() map[string]string {
	var b strings.Builder
	b.WriteString(strings.Split(stackFile, "---\napiVersion: components")[0])
	for level := range deep {
		for i := range wide {
			spec := "{}"
			if level > 0 {
				spec = fmt.Sprintf("{dependsOn: [{component: t%d-%d}]}", level-1, (i+level)%wide)
			}
			fmt.Fprintf(&b, "---\napiVersion: components.deployer.io/v1\nkind: SNS\nmetadata: {name: t%d-%d, service: orders}\nspec: %s\n", level, i, spec)
		}
	}
	return map[string]string{"stack.yaml": b.String()}
}

func TestALargeRunStaysFarBelowTheLimitsOfStepFunctions(t *testing.T) {
	w := levels(newWorld(t))
	ref := w.upload(large())
	release := w.clock.Hold()
	x := w.start("r1", run.Request{Bundle: ref, StartedBy: "ana"})
	w.waits("r1", "")
	w.says(decide.In{Run: "r1", Decision: run.Approve, By: "bo"})
	release()
	result, err := x.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, asl.StatusSucceeded, result.Status, result.Cause)
	require.Len(t, w.snapshot().Components, deep*wide)

	payload, events, waves := 0, 0, 0
	for _, x := range w.engine.Executions() {
		if strings.HasPrefix(x.Name(), "r1-wave-") {
			waves++
		}
		history := x.History()
		events = max(events, len(history))
		for _, e := range history {
			for _, text := range []string{e.Details.Input, e.Details.Output, e.Details.Parameters} {
				if len(text) > payload {
					payload = len(text)
					require.LessOrEqual(t, payload, mostPayload, "%s, event %d (%s): %.200s", x.Name(), e.ID, e.Type, text)
				}
			}
		}
	}
	require.Equal(t, deep, waves)
	require.LessOrEqual(t, events, mostEvents)
	t.Logf("the largest payload has %d bytes, the longest history %d events", payload, events)
}
