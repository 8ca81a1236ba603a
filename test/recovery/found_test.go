package recovery_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/asl"
)

// What the sweep has found, each with what was wrong.
var found = map[string]struct {
	scenario, actor, port, verb, key string
	nth                              int
	how                              way
	ends                             asl.Status
}{
	"a rollback was given up, and its lock quarantined, because one write had no answer": {"roll back an update",
		"PrepareWave", "objects", "Put", "stacks/shop/staging/runs/run-rollback/waves/2/0.json", 1, replyLost, asl.StatusFailed},
	"a rollback was given up because a function's process died once": {"roll back an update",
		"SettleWave", "objects", "Get", "stacks/shop/staging/state.json", 3, dies, asl.StatusFailed},
	"a wave was given up because one write had no answer": {"deploy",
		"PrepareWave", "objects", "Put", "stacks/shop/staging/runs/run/waves/1/0.json", 1, lost, asl.StatusSucceeded},
}

func TestWhatWasFoundStaysMended(t *testing.T) {
	for name, f := range found {
		t.Run(name, func(t *testing.T) {
			for _, s := range scenarios {
				if s.name != f.scenario {
					continue
				}
				_, truth := s.points(t)
				came := cutting{s, point{f.actor, f.port, f.verb, f.key, f.nth}, f.how}.try(t, truth)
				require.Empty(t, came.problems)
				require.Equal(t, f.ends, came.ended)
				require.False(t, came.quarantined, "nobody has to be woken for that")
				return
			}
			require.Fail(t, "no such scenario")
		})
	}
}
