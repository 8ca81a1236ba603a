package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/run"
)

var update = flag.Bool("update", false, "write the golden files anew")

var (
	scope = address.Scope("shop", "staging")
	noon  = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
)

// golden compares text with a file of testdata.
func golden(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "write it with go test ./shared/report -update")
	require.Equal(t, string(want), text)
}

// sample is a plan of each action in two waves.
func sample() *plan.Plan {
	steps := []plan.Step{
		{Address: scope.In("user", "db"), Kind: "RDS", Action: plan.Update, Reasons: []string{"spec differs"}, Stateful: true, Level: 1, Where: "services/user.yaml:4:1",
			Changes: []plan.Change{{Path: "instanceClass", Before: json.RawMessage(`"db.t4g.small"`), After: json.RawMessage(`"db.t4g.medium"`)}}},
		{Address: scope.In("user", "queue"), Kind: "SQS", Action: plan.Create, Reasons: []string{"not in the state"}, Level: 1},
		{Address: scope.In("user", "api"), Kind: "MicroService", Action: plan.Replace, Reasons: []string{"spec differs", "a field changes that cannot be changed in place"}, Level: 2,
			Needs: []string{"user/db", "user/queue"}, Changes: []plan.Change{{Path: "platform", Before: json.RawMessage(`"fargate"`), After: json.RawMessage(`"eks"`), Replaces: true},
				{Path: "spec.env[0].valueFrom", Unknown: true}}},
		{Address: scope.In("user", "worker"), Kind: "Worker", Action: plan.Update, Conditional: true, Reasons: []string{"only if the outputs of user/api change"}, Level: 3,
			Needs: []string{"user/api"}},
		{Address: scope.In("user", "old"), Kind: "S3", Action: plan.Delete, Reasons: []string{"removed from the bundle"}, Stateful: true, DeletionPolicy: "Retain", Level: 3,
			Needs: []string{"user/api"}},
	}
	return &plan.Plan{SchemaVersion: plan.SchemaVersion, Scope: scope, Run: "r1", Operation: run.Deploy, Bundle: run.BundleRef{Key: "bundles/shop/staging/b.zip", SHA256: "abc"},
		Counts: plan.Counts{Create: 1, Update: 2, Replace: 1, Delete: 1, NoOp: 7, Conditional: 1}, Steps: steps, Digest: "d1g",
		Waves: []plan.Wave{{Batches: []plan.Batch{{Steps: []string{"user/db"}}, {Steps: []string{"user/queue"}}}},
			{Batches: []plan.Batch{{Steps: []string{"user/api", "user/worker", "user/old"}}}}}}
}

// ended are the outcomes of the sample's steps, changed by a test.
func ended(change func(short string, o *execution.Outcome) bool) []execution.Outcome {
	var outcomes []execution.Outcome
	for i, step := range sample().Steps {
		o := execution.Outcome{Run: "r1", Address: step.Address, Kind: step.Kind, Action: step.Action, Outcome: execution.Done,
			StartedAt: noon.Add(time.Duration(10*i) * time.Second), EndedAt: noon.Add(time.Duration(10*i+12) * time.Second),
			Changes: []execution.ResourceChange{{Operation: string(step.Action)}, {Operation: "create", Failed: true}}}
		if change == nil || change(step.Address.Short(), &o) {
			outcomes = append(outcomes, o)
		}
	}
	return outcomes
}

func facts(ending run.Ending, failure *run.Failure) Facts {
	return Facts{Ref: run.Ref{Stack: "shop", Environment: "staging", ID: "r1", Operation: run.Deploy}, Ending: ending, Failure: failure,
		Request: run.Request{StartedBy: "ana", GitCommit: "0ddba11"}, StartedAt: noon, EndedAt: noon.Add(70 * time.Second)}
}

// endings are reports of each ending.
func endings() map[string]Report {
	nothing := sample()
	nothing.Steps, nothing.Waves, nothing.Counts = nil, nil, plan.Counts{NoOp: 12}
	only := facts(run.Planned, nil)
	only.Ref.Operation = run.Plan
	return map[string]Report{
		"succeeded": New(facts(run.Succeeded, nil), sample(), ended(func(short string, o *execution.Outcome) bool {
			switch short {
			case "user/worker":
				o.Outcome, o.Changes = execution.Unchanged, nil
			case "user/old":
				o.Outcome, o.Message, o.Changes = execution.Kept, "its resources were kept, as its deletionPolicy says; deployer no longer manages them", nil
			}
			return true
		})),
		"nochanges": New(facts(run.NoChanges, nil), nothing, nil),
		"planned":   New(only, sample(), nil),
		"rejected":  New(facts(run.Rejected, &run.Failure{Error: "ApprovalRejected", Cause: "rejected by ben: not on a Friday"}), sample(), nil),
		"failedclean": New(facts(run.FailedClean, &run.Failure{Error: "WaveFailed", Cause: "1 of 2 components in wave 1 failed or were skipped; the report says which"}), sample(),
			ended(func(short string, o *execution.Outcome) bool {
				if short == "user/db" {
					o.Outcome, o.Error, o.Message, o.Changes = execution.Failed, "ProvisionFailed", "aws:rds/instance:Instance db: no such instance class", nil
				}
				return short == "user/db" || short == "user/queue"
			})),
		"failedearly": New(facts(run.FailedClean, &run.Failure{Error: "InvalidConfiguration",
			Cause: "services/user.yaml:4:3: spec.sice: unknown field (did you mean \"size\"?)\nservices/user.yaml:9:3: spec.cpu: must be a number"}), nil, nil),
		"faileddirty": New(facts(run.FailedDirty, &run.Failure{Error: "WaveFailed", Cause: "2 of 3 components in wave 2 failed or were skipped; the report says which"}), sample(),
			ended(func(short string, o *execution.Outcome) bool {
				switch short {
				case "user/api":
					o.Outcome, o.Error, o.Message, o.Dirty = execution.Failed, "TimedOut", "it took longer than its timeout of 30m", true
					o.Leftovers = []string{"creating aws:ecs/service:Service api"}
				case "user/worker":
					o.Outcome, o.Message, o.Changes = execution.Skipped, "user/api, which comes first, failed", nil
				case "user/old":
					o.Outcome, o.Error, o.Message, o.Dirty = execution.Failed, "ProvisionFailed", "the bucket is not empty", true
				}
				return true
			})),
		"locklost": New(facts(run.FailedDirty, &run.Failure{Error: "LockLost", Cause: "another run has taken over"}), sample(), ended(nil)),
	}
}

func TestEachEndingInEachForm(t *testing.T) {
	for name, made := range endings() {
		t.Run(name, func(t *testing.T) {
			for form, write := range map[string]func(io.Writer) error{"txt": made.Text, "md": made.Markdown, "html": made.HTML} {
				var b bytes.Buffer
				require.NoError(t, write(&b))
				golden(t, name+"."+form, b.String())
			}
			data, err := run.Encode(made)
			require.NoError(t, err)
			golden(t, name+".json", string(data))
			var read Report
			require.NoError(t, json.Unmarshal(data, &read))
			require.Equal(t, made, read)
		})
	}
}

func TestEveryComponentHasARowAndAResult(t *testing.T) {
	for name, made := range endings() {
		if name == "failedearly" || name == "nochanges" {
			require.Empty(t, made.Rows)
			continue
		}
		require.Len(t, made.Rows, 5)
		for _, row := range made.Rows {
			require.NotEmpty(t, row.Result)
			require.Positive(t, row.Wave)
			require.Positive(t, row.Level)
			require.Equal(t, name == "planned" || name == "rejected", row.Result == Planned, name)
		}
	}
}

func TestResourcesAreCounted(t *testing.T) {
	var c ResourceCount
	for _, change := range []execution.ResourceChange{{Operation: "create"}, {Operation: "create"}, {Operation: "update"}, {Operation: "replace"}, {Operation: "delete"},
		{Operation: "read"}, {Operation: "delete", Failed: true}} {
		c.count(change)
	}
	require.Equal(t, ResourceCount{Create: 2, Update: 1, Replace: 1, Delete: 1}, c)
	require.Equal(t, "+2 ~1 -/+1 -1", c.String())
	require.Empty(t, ResourceCount{}.String())
}

func TestThePlanAsText(t *testing.T) {
	clusters, levels, nothing := sample(), sample(), sample()
	levels.Waves = []plan.Wave{{Batches: []plan.Batch{{Steps: []string{"user/db", "user/queue"}}}}, {Batches: []plan.Batch{{Steps: []string{"user/api"}}}},
		{Batches: []plan.Batch{{Steps: []string{"user/worker", "user/old"}}}}}
	nothing.Steps, nothing.Waves, nothing.Counts = nil, nil, plan.Counts{NoOp: 1}
	for name, p := range map[string]*plan.Plan{"plan-clusters.txt": clusters, "plan-levels.txt": levels, "plan-nothing.txt": nothing} {
		var b bytes.Buffer
		require.NoError(t, PlanText(&b, p))
		golden(t, name, b.String())
	}
}

func TestWhatBecomesOfDataIsSaid(t *testing.T) {
	for want, s := range map[string]plan.Step{
		"":              {Action: plan.Delete},
		" [holds data]": {Action: plan.Replace, Stateful: true, DeletionPolicy: "Retain"},
		" [holds data: it is kept and no longer managed]":    {Action: plan.Delete, Stateful: true, DeletionPolicy: "Retain"},
		" [holds data: it is deleted after a last snapshot]": {Action: plan.Replace, Stateful: true, DeletionPolicy: "Snapshot"},
		" [holds data: IT IS DELETED]":                       {Action: plan.Delete, Stateful: true, DeletionPolicy: "Delete"},
	} {
		require.Equal(t, want, fateOfData(s))
	}
	require.Empty(t, fateOfData(plan.Step{Action: plan.Update, Stateful: true, DeletionPolicy: "Delete"}))
}

const hostile = "</pre></td><script>alert(1)</script><img src=x onerror=alert(2)>\"'><style>*{display:none}</style> | `a` ```\n**bold** [link](javascript:alert(3)) {{.}} &lt;"

func hostileReport() Report {
	return New(facts(run.FailedDirty, &run.Failure{Error: hostile, Cause: hostile}), sample(), ended(func(_ string, o *execution.Outcome) bool {
		o.Outcome, o.Error, o.Message, o.Dirty, o.Leftovers = execution.Failed, hostile, hostile, true, []string{hostile}
		return true
	}))
}

func TestWhatOthersSaidIsTextInThePage(t *testing.T) {
	made := hostileReport()
	made.StartedBy, made.GitCommit, made.Bundle.Key = hostile, hostile, hostile
	made.Rows[0].Kind, made.Rows[0].Reason = hostile, hostile
	var b bytes.Buffer
	require.NoError(t, made.HTML(&b))
	elements, attributes, text := parse(t, b.String())
	for element := range elements {
		require.Contains(t, []string{"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "dl", "dt", "dd", "pre", "ul", "li", "strong", "div", "table", "thead", "tbody",
			"tr", "th", "td", "span", "br"}, element)
	}
	for attribute := range attributes {
		require.Contains(t, []string{"lang", "charset", "name", "content", "http-equiv", "class", "scope", "style"}, attribute)
	}
	require.Equal(t, 1, elements["style"])
	require.GreaterOrEqual(t, strings.Count(text, "<script>alert(1)</script>"), 10, "it is there, to be read")
}

// parse counts the elements and attributes of a page, and gathers its text.
func parse(t *testing.T, page string) (elements, attributes map[string]int, text string) {
	elements, attributes = map[string]int{}, map[string]int{}
	decoder := xml.NewDecoder(strings.NewReader(page))
	decoder.Strict, decoder.AutoClose, decoder.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return elements, attributes, text
		}
		require.NoError(t, err)
		switch token := token.(type) {
		case xml.StartElement:
			elements[token.Name.Local]++
			for _, attribute := range token.Attr {
				attributes[attribute.Name.Local]++
			}
		case xml.CharData:
			text += string(token)
		}
	}
}

func TestWhatOthersSaidIsTextInMarkdown(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, hostileReport().Markdown(&b))
	inFence, fence := false, ""
	for _, line := range strings.Split(b.String(), "\n") {
		bare := strings.TrimLeft(line, "`")
		ticks := line[:len(line)-len(bare)]
		switch {
		case !inFence && len(ticks) >= 3:
			inFence, fence = true, ticks
		case inFence && line == fence:
			inFence = false
		case !inFence:
			require.NotContains(t, line, "<script")
			require.NotContains(t, line, "[link](")
			require.NotContains(t, line, " **bold")
		}
	}
	require.False(t, inFence)
}

func TestThePageNeedsNothingElse(t *testing.T) {
	for _, made := range endings() {
		var b bytes.Buffer
		require.NoError(t, made.HTML(&b))
		for _, foreign := range []string{"http://", "https://", "<script", "<link", "<img", "@import", "url("} {
			require.NotContains(t, b.String(), foreign)
		}
	}
}

func TestOneReasonForManyIsToldOnce(t *testing.T) {
	var r Report
	for _, name := range []string{"a/a", "a/b", "a/c", "a/d", "a/e", "a/f", "a/g"} {
		r.Rows = append(r.Rows, Row{Component: name, Result: Skipped, Cause: "it was not begun"})
	}
	r.Rows = append(r.Rows, Row{Component: "a/h", Result: Failed, Cause: "no such zone"}, Row{Component: "a/i", Result: Succeeded})
	require.Equal(t, []explanation{{"a/h", Failed, "no such zone"}, {"a/a, a/b, a/c, a/d, a/e and 2 more", Skipped, "it was not begun"}}, r.explanations())
}
