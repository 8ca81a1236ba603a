package report

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/execution"
)

func TestAPreviewStandsBelowItsStep(t *testing.T) {
	p := sample()
	seen := execution.Preview{Plan: p.Digest, Address: p.Steps[0].Address, Unknown: []string{"a/db.arn", "a/db.port", "b/queue.url"},
		Changes: []execution.ResourceChange{
			{Type: "aws:iam/role:Role", Name: "task", Operation: "create"}, {Type: "aws:iam/role:Role", Name: "start", Operation: "create"},
			{Type: "aws:ecs/service:Service", Name: "service", Operation: "create"},
			{Type: "aws:rds/instance:Instance", Name: "db", Operation: "replace", Fields: []string{"engine"}},
			{Type: "odd", Name: "one", Operation: "import"}}}
	text := func(previews ...execution.Preview) string {
		var b strings.Builder
		require.NoError(t, PreviewedText(&b, p, previews))
		return b.String()
	}
	shown := text(seen)
	require.Contains(t, shown, "        -/+ rds.Instance db: engine  (deleted and made anew)\n        import odd one\n        +   2 iam.Role, 1 ecs.Service\n")
	require.Contains(t, shown, "(known after apply): what comes from a/db, b/queue\n")
	seen.Changes, seen.Error, seen.Message = nil, "AccessDenied", "no rights\nat all"
	require.Contains(t, text(seen), "        no preview: no rights\n")
	seen.Error, seen.Message, seen.Unknown = "", "", nil
	require.Contains(t, text(seen), "        no resource changes\n")
	seen.Address.Component = "elsewhere"
	require.NotContains(t, text(seen), "no resource changes")
}
