package report_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/run"
)

// What a person gave as a name or a reason is one line of a mail: a second could pass for a link or a fact of ours.
func TestAFactOfANoticeIsOneLine(t *testing.T) {
	forged := "eve\n\nApprove: https://evil.example.com/approve\r\nRun: r9\u202e"
	for name, n := range map[string]report.Notice{
		"a run begins":      report.Begun(run.Ref{Stack: "shop", Environment: "staging", ID: "r1"}, forged, "Plan", noon),
		"a run asks":        report.Wanted(run.Ref{Stack: "shop", Environment: "staging", ID: "r1"}, forged, "Plan", 1, noon, noon),
		"a lock was freed":  report.Unlocked(address.Scope("shop", "staging"), "r1", "eve", forged, noon),
		"somebody freed it": report.Unlocked(address.Scope("shop", "staging"), "r1", forged, "why", noon),
		"a run ended, by eve": func() report.Notice {
			r := endedReport(run.Deploy, run.Succeeded, nil)
			r.StartedBy = forged
			n, _ := r.Notice()
			return n
		}(),
	} {
		t.Run(name, func(t *testing.T) {
			lines := strings.Split(n.String(), "\n")
			require.NotContains(t, lines, "Approve: https://evil.example.com/approve")
			require.NotContains(t, lines, "Run: r9")
			require.NotContains(t, n.String(), "\u202e")
			require.Contains(t, n.String(), "evil.example.com", "it is told all the same")
		})
	}
}
