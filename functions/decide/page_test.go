package decide_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/events"
	"github.com/deployer-io/deployer/functions/decide"
	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/shared/run"
)

// open sends a link's request; change may spoil its query before.
func open(t *testing.T, e decide.Entrance, method, link string, change func(url.Values)) decide.Response {
	t.Helper()
	parsed, err := url.Parse(link)
	require.NoError(t, err)
	query := parsed.Query()
	if change != nil {
		change(query)
	}
	r := decide.Request{RawPath: parsed.Path, Query: map[string]string{}}
	for name := range query {
		r.Query[name] = query.Get(name)
	}
	r.RequestContext.HTTP.Method = method
	if method == http.MethodPost {
		r.Headers = map[string]string{"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
		r.Body, r.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte("reason=looks+%3Cgood%3E")), true
	}
	data, err := json.Marshal(r)
	require.NoError(t, err)
	out, err := e.Handle(t.Context(), data)
	require.NoError(t, err)
	answer, ok := out.(decide.Response)
	require.True(t, ok, "%T", out)
	require.Contains(t, answer.Headers["content-security-policy"], "default-src 'none'")
	require.Equal(t, "no-store", answer.Headers["cache-control"])
	return answer
}

func link(t *testing.T, r *functionstest.Run, by string, decision run.Answer) string {
	t.Helper()
	made, err := decide.Link{Run: "r1", Stack: "orders", Environment: "staging", Plan: r.Plan.Digest, By: by, Decision: decision,
		Expires: functionstest.Start.Add(time.Hour)}.URL(t.Context(), "https://example.com/", decide.Key("a secret of the environment"))
	require.NoError(t, err)
	return made
}

func decisions(t *testing.T, r *functionstest.Run) []run.Decision {
	t.Helper()
	var approval run.Approval
	require.NoError(t, r.Archive().Read(t.Context(), run.ApprovalArtifact, &approval))
	return approval.Decisions
}

func TestALinkShowsThePlanAndDecidesOnlyWhenItsFormIsSent(t *testing.T) {
	r, answers, e := waiting(t, 2)
	approve := link(t, r, "bo", run.Approve)
	for range 3 { // mail and chat programs follow links on their own
		page := open(t, e, http.MethodGet, approve, nil)
		require.Equal(t, http.StatusOK, page.StatusCode)
		require.Contains(t, page.Body, "Approve this plan?")
		require.Contains(t, page.Body, "intake/queue (SQS)")
		require.Contains(t, page.Body, "ana")
		require.Contains(t, page.Body, "2 of 2")
	}
	require.Empty(t, decisions(t, r))
	page := open(t, e, http.MethodPost, approve, nil)
	require.Equal(t, http.StatusOK, page.StatusCode)
	require.Contains(t, page.Body, "More people have to agree")
	require.Len(t, decisions(t, r), 1)
	require.Equal(t, "looks <good>", decisions(t, r)[0].Reason)
	require.Empty(t, answers.Given)
	page = open(t, e, http.MethodGet, link(t, r, "cy", run.Reject), nil)
	require.Contains(t, page.Body, "Reject this plan?")
	require.Contains(t, page.Body, "looks &lt;good&gt;", "what others said is text")
	page = open(t, e, http.MethodPost, link(t, r, "cy", run.Reject), nil)
	require.Contains(t, page.Body, "nothing was changed")
	require.Equal(t, []string{"t ApprovalRejected: rejected by cy: looks <good>"}, answers.Given)
}

func TestALinkWorksOnce(t *testing.T) {
	r, answers, e := waiting(t, 2)
	approve := link(t, r, "bo", run.Approve)
	require.Equal(t, http.StatusOK, open(t, e, http.MethodPost, approve, nil).StatusCode)
	for _, method := range []string{http.MethodPost, http.MethodGet} {
		page := open(t, e, method, approve, nil)
		require.Equal(t, http.StatusGone, page.StatusCode)
		require.Contains(t, page.Body, "a link works once")
	}
	require.Len(t, decisions(t, r), 1)
	require.Empty(t, answers.Given)
}

func TestAnAlteredLinkIsRefusedAndSaysNothingOfTheRun(t *testing.T) {
	for sentence, change := range map[string]func(url.Values){
		"another decision":      func(q url.Values) { q.Set("decision", "reject") },
		"another person":        func(q url.Values) { q.Set("by", "cy") },
		"another plan":          func(q url.Values) { q.Set("plan", strings.Repeat("0", 64)) },
		"another environment":   func(q url.Values) { q.Set("environment", "production") },
		"another stack":         func(q url.Values) { q.Set("stack", "other") },
		"more time":             func(q url.Values) { q.Set("expires", "4102444800") },
		"no signature":          func(q url.Values) { q.Del("mac") },
		"a short signature":     func(q url.Values) { q.Set("mac", q.Get("mac")[:20]) },
		"another signature":     func(q url.Values) { q.Set("mac", "A"+q.Get("mac")[1:]) },
		"no base64":             func(q url.Values) { q.Set("mac", "***") },
		"no number":             func(q url.Values) { q.Set("expires", "soon") },
		"a field moved by line": func(q url.Values) { q.Set("stack", "orders\nstaging"); q.Set("environment", "") },
	} {
		t.Run(sentence, func(t *testing.T) {
			r, answers, e := waiting(t, 1)
			approve := link(t, r, "bo", run.Approve)
			if sentence == "another signature" && strings.HasPrefix(approve[strings.Index(approve, "mac=")+4:], "A") {
				change = func(q url.Values) { q.Set("mac", "B"+q.Get("mac")[1:]) }
			}
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				page := open(t, e, method, approve, change)
				require.Equal(t, http.StatusForbidden, page.StatusCode)
				require.NotContains(t, page.Body, "ana")
				require.NotContains(t, page.Body, "intake")
			}
			require.Empty(t, decisions(t, r))
			require.Empty(t, answers.Given)
		})
	}
	r, _, e := waiting(t, 1)
	require.Equal(t, http.StatusForbidden, open(t, e, http.MethodPost, strings.Replace(link(t, r, "bo", run.Approve), "/r1?", "/r2?", 1), nil).StatusCode, "another run")
	e.Signer = decide.Key("another secret")
	require.Equal(t, http.StatusForbidden, open(t, e, http.MethodPost, link(t, r, "bo", run.Approve), nil).StatusCode, "another key")
	e.Signer = nil
	require.Equal(t, http.StatusForbidden, open(t, e, http.MethodPost, link(t, r, "bo", run.Approve), nil).StatusCode, "no links here")
}

func TestALinkIsOfNoUseWhenItsQuestionIsOver(t *testing.T) {
	for sentence, c := range map[string]struct {
		change func(*functionstest.Run, decide.Entrance)
		status int
	}{
		"it has expired": {func(r *functionstest.Run, _ decide.Entrance) { r.Pass(time.Hour) }, http.StatusGone},
		"it was planned anew": {func(r *functionstest.Run, _ decide.Entrance) {
			require.NoError(r.T, r.Archive().Replace(r.T.Context(), run.ApprovalArtifact, run.Approval{PlanDigest: "fresh", ExpiresAt: r.Now().Add(time.Hour)}))
		}, http.StatusGone},
		"it was decided by others": {func(r *functionstest.Run, e decide.Entrance) {
			_, err := send(t, e, decide.In{Run: "r1", Decision: run.Reject, By: "di"})
			require.NoError(t, err)
		}, http.StatusConflict},
		"nobody is asked": {func(r *functionstest.Run, _ decide.Entrance) {
			require.NoError(t, r.Objects.Delete(r.T.Context(), r.Archive().Key(run.ApprovalArtifact)))
		}, http.StatusNotFound},
	} {
		t.Run(sentence, func(t *testing.T) {
			r, _, e := waiting(t, 1)
			approve := link(t, r, "bo", run.Approve)
			c.change(r, e)
			require.Equal(t, c.status, open(t, e, http.MethodGet, approve, nil).StatusCode)
			require.Equal(t, c.status, open(t, e, http.MethodPost, approve, nil).StatusCode)
		})
	}
}

func TestOnlyOpeningAndSendingAreUnderstood(t *testing.T) {
	r, _, e := waiting(t, 1)
	require.Equal(t, http.StatusMethodNotAllowed, open(t, e, http.MethodDelete, link(t, r, "bo", run.Approve), nil).StatusCode)
}

func TestOnlyAFormDecides(t *testing.T) {
	r, _, e := waiting(t, 1)
	parsed, err := url.Parse(link(t, r, "bo", run.Approve))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		kind, body string
		encoded    bool
		status     int
	}{
		"no kind":               {"", "reason=x", false, http.StatusUnsupportedMediaType},
		"plain text":            {"text/plain", "reason=x", false, http.StatusUnsupportedMediaType},
		"JSON":                  {"application/json", `{"reason":"x"}`, false, http.StatusUnsupportedMediaType},
		"several parts":         {"multipart/form-data; boundary=x", "--x--", false, http.StatusUnsupportedMediaType},
		"no kind at all":        {";;;", "reason=x", false, http.StatusUnsupportedMediaType},
		"a body that is huge":   {"application/x-www-form-urlencoded", strings.Repeat("x", 1<<20), false, http.StatusBadRequest},
		"a body that is broken": {"application/x-www-form-urlencoded", "***", true, http.StatusBadRequest},
	} {
		q := decide.Request{RawPath: parsed.Path, Query: map[string]string{}, Headers: map[string]string{"content-type": c.kind},
			Body: c.body, IsBase64Encoded: c.encoded}
		for key := range parsed.Query() {
			q.Query[key] = parsed.Query().Get(key)
		}
		q.RequestContext.HTTP.Method = http.MethodPost
		answer, err := e.Serve(t.Context(), q)
		require.NoError(t, err)
		require.Equal(t, c.status, answer.StatusCode, name)
		require.Empty(t, decisions(t, r), name)
	}
}

func TestThePageIsNobodyElsesFrameAndShowsMarkupAsText(t *testing.T) {
	r, _, e := waiting(t, 2)
	hostile := `<script>alert(1)</script><img src=x onerror=alert(1)>` + "\x1b[2J"
	_, err := e.Pages.Handle(t.Context(), decide.In{Run: "r1", Decision: run.Approve, By: "cy" + hostile, Reason: hostile})
	require.NoError(t, err)
	answer := open(t, e, http.MethodGet, link(t, r, "bo", run.Approve), nil)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.NotContains(t, answer.Body, "<script")
	require.NotContains(t, answer.Body, "<img")
	require.NotContains(t, answer.Body, "\x1b")
	require.Contains(t, answer.Body, "&lt;script&gt;")
	for _, rule := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
		require.Contains(t, answer.Headers["content-security-policy"], rule)
	}
	require.Equal(t, "nosniff", answer.Headers["x-content-type-options"])
	require.Equal(t, "no-referrer", answer.Headers["referrer-policy"], "the link is a secret, and stands in the address")
	require.Len(t, decisions(t, r), 1, "to look is not to decide")
}

func TestTheEventsOfAnHTTPAPIAreUnderstood(t *testing.T) {
	_, _, e := waiting(t, 1)
	for _, name := range []string{"approval-show", "approval-decide"} { // their signatures are made up
		out, err := e.Handle(t.Context(), events.Sample(name))
		require.NoError(t, err)
		require.Equal(t, http.StatusForbidden, out.(decide.Response).StatusCode)
	}
}

func TestALinkForNobodyIsNotMade(t *testing.T) {
	_, err := decide.Link{Run: "r1", Stack: "s", Environment: "e", Plan: "p"}.URL(t.Context(), "https://example.com", decide.Key("k"))
	require.Error(t, err)
}
