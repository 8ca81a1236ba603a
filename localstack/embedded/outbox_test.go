package embedded_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/run"
)

// notices are the events that were told in a folder, in order, each with its topic.
func notices(t *testing.T, dir string) (told []string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "logs", "notices.jsonl"))
	require.NoError(t, err)
	for text := range bytes.Lines(data) {
		var n struct {
			Topic string `json:"topic"`
			report.Notice
		}
		require.NoError(t, json.Unmarshal(text, &n))
		require.NotEmpty(t, n.Run)
		told = append(told, n.Topic+": "+string(n.Event))
	}
	return told
}

func TestWhatPeopleAreToldStandsInTheLogs(t *testing.T) {
	d := newDesk(t)
	e := d.open()
	defer e.Close()
	ref, _ := d.ask("r1")
	require.Equal(t, []string{"approvals: approval"}, notices(t, d.dir))
	begun, err := e.Resume(t.Context(), ref.ID)
	require.NoError(t, err)
	d.decide(e, ref, "bo", run.Approve)
	d.decide(e, ref, "cy", run.Approve)
	require.NoError(t, begun.Wait())
	require.Equal(t, []string{"approvals: approval", "deployments: started", "deployments: succeeded"}, notices(t, d.dir))
}
