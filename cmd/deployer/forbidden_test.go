package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
)

// told are the notices of an embedded environment, as lines of JSON.
func (s *shell) told() (notices []struct {
	Topic string `json:"topic"`
	report.Notice
}) {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.dir, "logs", "notices.jsonl"))
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(s.t, err)
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	for decoder.More() {
		notices = append(notices, struct {
			Topic string `json:"topic"`
			report.Notice
		}{})
		require.NoError(s.t, decoder.Decode(&notices[len(notices)-1]))
	}
	return notices
}

func TestWhoDeploysWhatAPolicyForbidsIsToldOfToThoseWhoWatchOverPolicies(t *testing.T) {
	bundle := inRepository(t, twoEnvironments+strings.ReplaceAll(queuesNeedAnOwner, "SEVERITY", "deny"))
	for name, more := range map[string][]string{"as text": nil, "as JSON": {"-o", "json"}} {
		t.Run(name, func(t *testing.T) {
			s := newShell(t)
			for _, verb := range []string{"validate", "plan"} {
				require.Equal(t, exitPolicy, s.run(verb, bundle, "-e", "staging").code)
				require.Empty(t, s.told(), "%s deploys nothing", verb)
			}
			a := s.run(append([]string{"apply", bundle, "-e", "staging", "--auto-approve", "--as", "eve"}, more...)...)
			require.Equal(t, exitPolicy, a.code, a.err)
			require.Contains(t, a.out+a.err, "tag it with its owner")
			require.Contains(t, a.err, "records that a policy forbids this")
			if more != nil {
				require.True(t, json.Valid([]byte(a.out)), a.out)
			}
			require.Empty(t, s.cloud.calls)

			told := s.told()
			require.Len(t, told, 1)
			require.Equal(t, "security", told[0].Topic)
			require.Equal(t, resource.EventPolicy, told[0].Event)
			require.Contains(t, told[0].Text, "tag it with its owner")
			require.Contains(t, told[0].Text, "stack.yaml:14:1", "it says where")
			past := s.history()
			require.Len(t, past, 1)
			require.Equal(t, run.FailedClean, past[0].Ending)
			require.Equal(t, "PolicyViolation", past[0].Error)
			require.Equal(t, "eve", past[0].StartedBy)
			require.Contains(t, s.run("lock", "list").out, "Nothing is locked", "nothing is held")
		})
	}
}

func TestAMistakeThatIsNoPolicysIsNoRun(t *testing.T) {
	s := newShell(t)
	a := s.run("apply", inRepository(t, strings.ReplaceAll(twoEnvironments, "30s", "soon")), "-e", "staging", "--auto-approve")
	require.Equal(t, exitConfiguration, a.code)
	require.NoDirExists(t, s.dir)
}
