package decide

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"html/template"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/run"
)

// Pages serves the links.
type Pages struct {
	Handler
	Signer Signer // nil: there are no links here
}

//go:embed page.html.tmpl
var page string

// pageTemplate is parsed with the first page, so that decisions by the state machine do not pay for it.
var pageTemplate = sync.OnceValue(func() *template.Template { return template.Must(template.New("page").Parse(page)) })

// view is what a page shows. Whatever others said is shown as text, never as markup.
type view struct {
	Title, Text string
	Link        *Link
	Approval    *run.Approval
	Missing     int
	Plan        string
	Ask         bool // whether to show the button
}

// Serve answers a request: GET shows the plan and changes nothing (mail and chat programs follow links on their own), POST
// decides. An error is a failure of the program.
func (p Pages) Serve(ctx context.Context, r Request) (Response, error) {
	method := r.RequestContext.HTTP.Method
	if method != http.MethodGet && method != http.MethodPost {
		return render(http.StatusMethodNotAllowed, view{Title: "Not here", Text: "A link is opened, or its form is sent."})
	}
	link, err := ReadLink(ctx, p.Signer, r.run(), r.Query, p.Now())
	if err != nil {
		return refuse(err)
	}
	if method == http.MethodGet {
		return p.show(ctx, link)
	}
	if kind, _, err := mime.ParseMediaType(r.Headers["content-type"]); err != nil || kind != formType {
		return render(http.StatusUnsupportedMediaType, view{Title: "Not understood", Text: "A decision is sent by the form of the link; open it again."})
	}
	form, err := r.form()
	if err != nil {
		return render(http.StatusBadRequest, view{Title: "Not understood", Text: "The form could not be read; open the link again."})
	}
	return p.decide(ctx, link, form.Get("reason"))
}

func (p Pages) show(ctx context.Context, link Link) (Response, error) {
	archive := run.Archive{Store: p.Objects, Ref: run.Ref{Stack: link.Stack, Environment: link.Environment, ID: link.Run}}
	var approval run.Approval
	err := archive.Read(ctx, run.ApprovalArtifact, &approval)
	if errors.Is(err, objects.ErrNotFound) {
		err = &run.ApprovalMissing{Run: link.Run}
	}
	if err != nil {
		return refuse(err)
	}
	// What Add would say of it now; nothing is recorded.
	if _, err := approval.Add(link.decision("", p.Now())); err != nil {
		return refuse(err)
	}
	var made plan.Plan
	if err := archive.Read(ctx, run.PlanArtifact, &made); err != nil {
		return Response{}, err
	}
	if made.Digest != link.Plan {
		return refuse(&run.StalePlan{Run: link.Run, Reason: "it was planned anew since this link was made"})
	}
	previews, err := execution.Previews(ctx, archive, &made)
	if err != nil {
		return Response{}, err
	}
	var text strings.Builder
	if err := report.PreviewedText(&text, &made, previews); err != nil {
		return Response{}, err
	}
	title := "Approve this plan?"
	if link.Decision == run.Reject {
		title = "Reject this plan?"
	}
	return render(http.StatusOK, view{Title: title, Text: report.PlanSummary(&made), Link: &link, Approval: &approval,
		Missing: approval.Missing(), Plan: text.String(), Ask: true})
}

func (p Pages) decide(ctx context.Context, link Link, reason string) (Response, error) {
	out, err := p.Handle(ctx, In{Run: link.Run, Stack: link.Stack, Environment: link.Environment, Decision: link.Decision, By: link.By,
		Plan: link.Plan, Link: link.id(), Reason: short(reason)})
	if err != nil {
		return refuse(err)
	}
	text := "The run goes on."
	switch out.Verdict {
	case run.Pending:
		text = "Recorded. More people have to agree before the run goes on."
	case run.Refused:
		text = "The run ends; nothing was changed."
	}
	return render(http.StatusOK, view{Title: map[run.Answer]string{run.Approve: "Approved", run.Reject: "Rejected"}[link.Decision], Text: text})
}

func (l Link) decision(reason string, now time.Time) run.Decision {
	return run.Decision{Decision: l.Decision, By: l.By, Reason: reason, At: now.UTC(), PlanDigest: l.Plan, Link: l.id()}
}

// maxReason is how much of a reason is kept, in bytes.
const maxReason = 1000

func short(reason string) string {
	if reason = strings.TrimSpace(reason); len(reason) > maxReason {
		reason = strings.ToValidUTF8(reason[:maxReason], "")
	}
	return reason
}

// statuses are what people's mistakes answer; any other error is a failure of the program.
var statuses = map[string]int{
	"LinkInvalid": http.StatusForbidden, "LinkExpired": http.StatusGone, "LinkUsed": http.StatusGone, "StalePlan": http.StatusGone,
	"ApprovalDecided": http.StatusConflict, "ApprovalExpired": http.StatusGone, "ApprovalMissing": http.StatusNotFound,
	"RunUnknown": http.StatusNotFound, "SelfApproval": http.StatusForbidden, "DecisionInvalid": http.StatusBadRequest,
}

func refuse(err error) (Response, error) {
	status, known := statuses[run.FailureOf(err).Error]
	if !known {
		return Response{}, err
	}
	return render(status, view{Title: "This cannot be done", Text: err.Error()})
}

func render(status int, v view) (Response, error) {
	var body bytes.Buffer
	if err := pageTemplate().Execute(&body, v); err != nil {
		return Response{}, err
	}
	return Response{StatusCode: status, Body: body.String(), Headers: map[string]string{
		"content-type": "text/html; charset=utf-8", "cache-control": "no-store", "referrer-policy": "no-referrer",
		"x-content-type-options": "nosniff", "x-robots-tag": "noindex",
		"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	}}, nil
}

// formType is what a page's form sends. A script on another site cannot send anything else without asking first, and has no
// reason to send this.
const formType = "application/x-www-form-urlencoded"

// form reads the body of a POST.
func (r Request) form() (url.Values, error) {
	body, err := r.body()
	if err != nil {
		return nil, err
	}
	return url.ParseQuery(body)
}
