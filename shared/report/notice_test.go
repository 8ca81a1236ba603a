package report_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func endedReport(operation run.Operation, ending run.Ending, failure *run.Failure) report.Report {
	return report.Report{Run: "r1", Scope: address.Scope("shop", "staging"), Operation: operation, Ending: ending, Failure: failure,
		StartedBy: "mona", StartedAt: noon.Add(-90 * time.Second), EndedAt: noon}
}

func TestAnEndingIsNewsOfOneEventOrNone(t *testing.T) {
	failure := &run.Failure{Error: "WaveFailed", Cause: "it did"}
	for sentence, c := range map[string]struct {
		operation run.Operation
		ending    run.Ending
		failure   *run.Failure
		want      resource.Event
		urgent    bool
	}{
		"it worked":                       {run.Deploy, run.Succeeded, nil, resource.EventSucceeded, false},
		"everything is gone as asked for": {run.Destroy, run.Succeeded, nil, resource.EventSucceeded, false},
		"it went back as asked for":       {run.Rollback, run.Succeeded, nil, resource.EventRolledBack, false},
		"it failed":                       {run.Deploy, run.FailedClean, failure, resource.EventFailed, false},
		"something is left":               {run.Deploy, run.FailedDirty, failure, resource.EventFailed, true},
		"a policy forbids it":             {run.Deploy, run.FailedClean, &run.Failure{Error: "PolicyViolation"}, resource.EventPolicy, false},
		"somebody said no":                {run.Deploy, run.Rejected, &run.Failure{Error: "ApprovalRejected"}, resource.EventApproval, false},
		"there was nothing to do":         {run.Deploy, run.NoChanges, nil, "", false},
		"it was only planned":             {run.Plan, run.Planned, nil, "", false},
		"only planning failed":            {run.Plan, run.FailedClean, failure, "", false},
	} {
		t.Run(sentence, func(t *testing.T) {
			n, news := endedReport(c.operation, c.ending, c.failure).Notice()
			require.Equal(t, c.want != "", news)
			require.Equal(t, c.want, n.Event)
			require.Equal(t, c.urgent, n.Urgent)
		})
	}
}

func TestARunThatWasTakenBackIsNewsOfItsOwn(t *testing.T) {
	made := endedReport(run.Deploy, run.FailedClean, &run.Failure{Error: "WaveFailed", Cause: "it did"})
	made.RolledBack = true
	n, news := made.Notice()
	require.True(t, news)
	require.Equal(t, resource.EventRolledBack, n.Event)
	require.Equal(t, "FailedClean: deploy of shop/staging, taken back", n.Title)
}

func TestANoticeSaysWhatIsLeftAndWhatToDo(t *testing.T) {
	made := endedReport(run.Deploy, run.FailedDirty, &run.Failure{Error: "WaveFailed", Cause: strings.Repeat("a line\n", 20)})
	made.LeftBehind = []report.Leftover{{Component: "edge/gateway", Next: "apply again"}}
	made.Rows = []report.Row{{Component: "edge/gateway", Result: report.Failed, Cause: "LimitExceeded"}, {Component: "edge/front", Result: report.Skipped, Cause: "it waits"}}
	n, news := made.Notice()
	require.True(t, news)
	require.Equal(t, "FailedDirty: deploy of shop/staging", n.Title)
	text := n.String()
	for _, want := range []string{"1 component left half-done", "Left half-done: edge/gateway (apply again)", "edge/gateway failed: LimitExceeded",
		"... and 8 more lines in the report", "Started by: mona", "Took: 1m30s", "Run: r1", "Next: deployer status -s shop -e staging"} {
		require.Contains(t, text, want)
	}
	require.NotContains(t, text, "edge/front", "what only follows is in the report")
}

func TestSlackShowsWhatOthersWroteAsPlainText(t *testing.T) {
	n := report.Wanted(run.Ref{Stack: "shop", Environment: "staging", ID: "r1", Operation: run.Deploy}, "<!channel> *mona*", "Plan & <b>", 2,
		noon.Add(time.Hour), noon)
	n.ApproveURL, n.RejectURL = "https://links.example.com/approvals/r1?mac=a", "https://links.example.com/approvals/r1?mac=b"
	n.Command = "deployer approve `r1` <now>"
	m := n.Slack()
	types := []string{}
	for _, b := range m.Blocks {
		types = append(types, b.Type)
	}
	require.Equal(t, []string{"header", "section", "section", "actions", "context"}, types)
	require.Equal(t, "plain_text", m.Blocks[1].Text.Type)
	require.Equal(t, "Started by: <!channel> *mona*", m.Blocks[2].Fields[0].Text)
	require.Equal(t, "plain_text", m.Blocks[2].Fields[0].Type)
	require.Equal(t, "Needed: 2 approvals", m.Blocks[2].Fields[1].Text)
	approve, reject := m.Blocks[3].Elements[0].(report.SlackButton), m.Blocks[3].Elements[1].(report.SlackButton)
	require.Equal(t, []string{n.ApproveURL, "primary", n.RejectURL, "danger"}, []string{approve.URL, approve.Style, reject.URL, reject.Style})
	require.Equal(t, "`deployer approve 'r1' &lt;now&gt;`", m.Blocks[4].Elements[1].(*report.SlackText).Text)
}

func TestSlackTakesEveryNotice(t *testing.T) {
	long := report.Notice{Event: resource.EventFailed, Title: strings.Repeat("ü", 400), Text: strings.Repeat("é\n", 5000), Command: strings.Repeat("<", 900),
		ApproveURL: "https://x/" + strings.Repeat("a", 4000), Run: "r1"}
	for range 30 {
		long.Facts = append(long.Facts, report.Fact{Name: "n", Value: strings.Repeat("v", 3000)})
	}
	for _, n := range []report.Notice{long, {}, {Title: "t"}} {
		m := n.Slack()
		data, err := json.Marshal(m)
		require.NoError(t, err)
		require.True(t, utf8.Valid(data))
		for _, b := range m.Blocks {
			require.LessOrEqual(t, len(b.Fields), 10)
			if b.Text != nil {
				require.LessOrEqual(t, utf8.RuneCountInString(b.Text.Text), map[string]int{"header": 150, "section": 3000}[b.Type])
			}
			for _, f := range b.Fields {
				require.LessOrEqual(t, utf8.RuneCountInString(f.Text), 2000)
			}
			require.NotEqual(t, "actions", b.Type, "a button whose URL is too long would make Slack refuse the message")
		}
	}
}

func TestDriftAndLocksAreNews(t *testing.T) {
	findings := make([]string, 15)
	for i := range findings {
		findings[i] = "intake/queue: visibilityTimeout is 30, was 90"
	}
	n := report.Drifted(address.Scope("shop", "staging"), findings, noon)
	require.Equal(t, "shop/staging: 15 differences from what was deployed", n.Title)
	require.Contains(t, n.Text, "and 3 more")
	require.Equal(t, "✅", string([]rune(report.Notice{Event: resource.EventSucceeded}.Slack().Blocks[0].Text.Text)[0]))
	unlocked := report.Unlocked(address.Scope("shop", "staging"), "r1", "mona", "3 a.m.", noon).String()
	require.Contains(t, unlocked, "freed by force")
	require.Contains(t, unlocked, "Reason: 3 a.m.")
	require.True(t, report.Locked(address.Scope("shop", "staging"), "r1", "it failed twice", noon).Urgent)
	require.Contains(t, report.Begun(run.Ref{Stack: "shop", Environment: "staging", ID: "r1", Operation: run.Destroy}, "mona", "Plan", noon).Title, "destroy begins")
}
