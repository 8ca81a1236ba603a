package statemachines_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/catalog"
	"github.com/deployer-io/deployer/statemachines"
)

type definition struct {
	States map[string]stateOf
}

type stateOf struct {
	Type, Resource, TimeoutSecondsPath string
	TimeoutSeconds                     int
	Parameters                         map[string]json.RawMessage
	Retry, Catch                       []json.RawMessage
	ItemProcessor                      *definition
}

// tasks returns every Task state of every machine, by machine/state.
func tasks(t *testing.T) map[string]stateOf {
	found := map[string]stateOf{}
	var collect func(machine string, d definition)
	collect = func(machine string, d definition) {
		for name, s := range d.States {
			if s.Type == "Task" {
				found[machine+"/"+name] = s
			}
			if s.ItemProcessor != nil {
				collect(machine, *s.ItemProcessor)
			}
		}
	}
	for _, name := range statemachines.Names() {
		source, err := statemachines.Source(name)
		require.NoError(t, err)
		var d definition
		require.NoError(t, json.Unmarshal(source, &d))
		collect(name, d)
	}
	require.NotEmpty(t, found)
	return found
}

func TestEveryFunctionHasATaskOfItsNameAndAFolder(t *testing.T) {
	called := map[string]bool{}
	for at, s := range tasks(t) {
		if !strings.Contains(s.Resource, ":lambda:invoke") {
			continue
		}
		_, state, _ := strings.Cut(at, "/")
		require.Equal(t, `"${`+state+`}"`, string(s.Parameters["FunctionName"]), at)
		called[state] = true
		require.FileExists(t, filepath.Join("..", "functions", strings.ToLower(state), strings.ToLower(state)+".go"))
	}
	for _, name := range []string{"Cleanup", "KeepLocks"} { // called by a rule on execution status and by a schedule
		called[name] = true
	}
	require.Equal(t, catalog.Names(), slices.Sorted(maps.Keys(called)))
	folders, err := os.ReadDir(filepath.Join("..", "functions"))
	require.NoError(t, err)
	others := []string{"catalog", "functionstest", "metric"} // no tasks: the list, a test world, what is measured
	for _, folder := range folders {
		isTask := slices.ContainsFunc(catalog.Names(), func(name string) bool { return strings.ToLower(name) == folder.Name() })
		require.True(t, !folder.IsDir() || isTask || slices.Contains(others, folder.Name()), "functions/%s is called by no state", folder.Name())
	}
}

func TestEveryTaskHasATimeoutAndWhatCanFailIsCaught(t *testing.T) {
	for at, s := range tasks(t) {
		require.True(t, s.TimeoutSeconds > 0 || s.TimeoutSecondsPath != "", "%s waits for ever", at)
		worker := strings.HasPrefix(at, "wave/") && !strings.HasSuffix(at, "ExecuteBatch")
		if !worker { // the guard catches what ends a wave
			require.NotEmpty(t, s.Catch, "%s ends its machine when it fails", at)
		}
		if !strings.HasSuffix(s.Resource, ".waitForTaskToken") {
			require.NotEmpty(t, s.Retry, "%s is not tried again", at)
		}
	}
}

func TestWhatIsTriedAgainIsTriedAtDifferentTimesAndSaysWhy(t *testing.T) {
	for at, s := range tasks(t) {
		for _, raw := range s.Retry {
			var retry struct {
				Comment, JitterStrategy                       string
				ErrorEquals                                   []string
				IntervalSeconds, MaxAttempts, MaxDelaySeconds int
			}
			require.NoError(t, json.Unmarshal(raw, &retry))
			require.Equal(t, "FULL", retry.JitterStrategy, at)
			require.NotEmpty(t, retry.Comment, at)
			require.NotContains(t, retry.ErrorEquals, "States.ALL", "%s tries again what cannot succeed", at)
			require.Positive(t, retry.IntervalSeconds, at)
			require.Positive(t, retry.MaxAttempts, at)
			require.Positive(t, retry.MaxDelaySeconds, at)
		}
	}
}

func TestAPlaceholderThatNobodyFillsIsAnError(t *testing.T) {
	_, err := statemachines.Definition("wave", func(name string) (string, bool) { return name, name != "SettleWave" })
	require.ErrorContains(t, err, "${SettleWave}")
	_, err = statemachines.Definition("nowhere", nil)
	require.Error(t, err)
}
