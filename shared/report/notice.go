package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
)

// NoticeVersion is the version of a notice's shape.
const NoticeVersion = 1

// Notice is what people are told of one event: a line, what matters about it, and what to do.
type Notice struct {
	SchemaVersion int             `json:"schemaVersion"`
	Event         resource.Event  `json:"event"`
	Scope         address.Address `json:"scope"`
	// Run is the id of the run that it is about; Operation what that does.
	Run       string        `json:"run,omitempty"`
	Operation run.Operation `json:"operation,omitempty"`
	Ending    run.Ending    `json:"ending,omitempty"` // of a run that has ended
	Title     string        `json:"title"`            // one line
	Text      string        `json:"text,omitempty"`   // lines
	Facts     []Fact        `json:"facts,omitempty"`
	// Urgent is when somebody has to look now.
	Urgent bool `json:"urgent,omitempty"`
	// Command is what to type next.
	Command string `json:"command,omitempty"`
	// The links decide on a waiting run, once.
	ApproveURL string    `json:"approveUrl,omitempty"`
	RejectURL  string    `json:"rejectUrl,omitempty"`
	At         time.Time `json:"at"`
}

// Fact is a name and a value.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Ref is the run that the notice is about; its id is empty when it is about none.
func (n Notice) Ref() run.Ref {
	return run.Ref{Stack: n.Scope.Stack, Environment: n.Scope.Environment, ID: n.Run, Operation: n.Operation}
}

// Begun tells that a run begins to change things.
func Begun(ref run.Ref, startedBy, summary string, at time.Time) Notice {
	n := noticeOf(resource.EventStarted, ref, at)
	n.Title = fmt.Sprintf("%s: %s begins", ref.Scope(), ref.Operation)
	n.Text = summary
	n.Facts = factsOf("Started by", startedBy)
	n.Command = "deployer watch " + ref.ID
	return n
}

// Wanted tells that a run waits for approval. Missing is how many people have to agree, expires until when.
func Wanted(ref run.Ref, startedBy, summary string, missing int, expires, at time.Time) Notice {
	n := noticeOf(resource.EventApproval, ref, at)
	n.Title = fmt.Sprintf("%s: %s waits for approval", ref.Scope(), ref.Operation)
	n.Text = summary
	n.Facts = factsOf("Started by", startedBy, "Needed", counted(missing, "approval"), "Until", expires.UTC().Format(time.RFC3339))
	n.Command = "deployer approve " + ref.ID
	return n
}

// Notice tells how the run ended; false for endings that change nothing for anybody.
func (r Report) Notice() (Notice, bool) {
	event, news := r.event()
	if !news {
		return Notice{}, false
	}
	n := noticeOf(event, run.Ref{Stack: r.Scope.Stack, Environment: r.Scope.Environment, ID: r.Run, Operation: r.Operation}, r.EndedAt)
	n.Ending, n.Urgent = r.Ending, r.Ending == run.FailedDirty
	n.Title = fmt.Sprintf("%s: %s of %s", r.Ending, r.Operation, r.Scope)
	if r.RolledBack {
		n.Title += ", taken back"
	}
	lines := []string{r.answer()}
	if r.Failure != nil {
		lines = append(lines, r.Failure.Error+": "+firstLines(r.Failure.Cause, shownLines))
	}
	for i, l := range r.LeftBehind {
		if i == shownNames {
			lines = append(lines, fmt.Sprintf("and %d more", len(r.LeftBehind)-i))
			break
		}
		lines = append(lines, fmt.Sprintf("Left half-done: %s (%s)", l.Component, l.Next))
	}
	for i, e := range r.explanations() {
		if i == shownNames || e.result == Skipped {
			break
		}
		lines = append(lines, fmt.Sprintf("%s %s: %s", e.of, e.result, firstLines(e.cause, 2)))
	}
	n.Text = strings.Join(lines, "\n")
	n.Facts = factsOf("Started by", r.StartedBy, "Took", r.took(), "Commit", r.GitCommit)
	if r.Ending == run.FailedClean || r.Ending == run.FailedDirty {
		n.Command = "deployer status -s " + r.Scope.Stack + " -e " + r.Scope.Environment
	}
	return n, true
}

// event is what kind of news an ending is.
func (r Report) event() (event resource.Event, news bool) {
	switch {
	case r.Operation.OnlyPlans() && r.Ending != run.FailedDirty:
		return "", false
	case r.RolledBack, r.Ending == run.Succeeded && r.Operation.RollsBack():
		return resource.EventRolledBack, true
	case r.Ending == run.Succeeded:
		return resource.EventSucceeded, true
	case r.Ending == run.Rejected:
		return resource.EventApproval, true
	case r.Ending == run.NoChanges || r.Ending == run.Planned:
		return "", false
	case r.Failure != nil && r.Failure.Error == "PolicyViolation":
		return resource.EventPolicy, true
	}
	return resource.EventFailed, true
}

// Drifted tells that things were changed outside of Deployer: one line each.
func Drifted(scope address.Address, findings []string, at time.Time) Notice {
	n := noticeOf(resource.EventDrift, run.Ref{Stack: scope.Stack, Environment: scope.Environment}, at)
	n.Title = fmt.Sprintf("%s: %s from what was deployed", scope, counted(len(findings), "difference"))
	if more := len(findings) - shownLines; more > 0 {
		findings = append(findings[:shownLines:shownLines], fmt.Sprintf("and %d more", more))
	}
	n.Text = strings.Join(findings, "\n")
	n.Command = "deployer drift -s " + scope.Stack + " -e " + scope.Environment
	return n
}

// Unlocked tells that somebody freed a lock by force.
func Unlocked(at address.Address, holder, actor, reason string, when time.Time) Notice {
	n := noticeOf(resource.EventLock, run.Ref{Stack: at.Stack, Environment: at.Environment, ID: holder}, when)
	n.Title = fmt.Sprintf("%s: a lock was freed by force", at)
	n.Text = "The run that held it was stopped first; what it had done is in the state."
	n.Facts = factsOf("By", actor, "Reason", reason, "Held by run", holder)
	n.Command = "deployer lock list -s " + at.Stack + " -e " + at.Environment
	return n
}

// Locked tells that a lock waits for a person.
func Locked(at address.Address, holder, reason string, when time.Time) Notice {
	n := noticeOf(resource.EventLock, run.Ref{Stack: at.Stack, Environment: at.Environment, ID: holder}, when)
	n.Title, n.Urgent = fmt.Sprintf("%s: its lock waits for a person", at), true
	n.Text = reason
	n.Facts = factsOf("Held by run", holder)
	n.Command = "deployer lock show -s " + at.Stack + " -e " + at.Environment
	return n
}

func noticeOf(event resource.Event, ref run.Ref, at time.Time) Notice {
	return Notice{SchemaVersion: NoticeVersion, Event: event, Scope: ref.Scope(), Run: ref.ID, Operation: ref.Operation, At: at.UTC()}
}

// factsOf pairs names and values, of a line each; a value that is not known is left out.
func factsOf(pairs ...string) []Fact {
	var all []Fact
	for i := 0; i < len(pairs); i += 2 {
		if value := run.Said(pairs[i+1]); value != "" {
			all = append(all, Fact{pairs[i], value})
		}
	}
	return all
}

// shownLines is how many lines of a long text a notice holds; the report has the rest.
const shownLines = 12

func firstLines(text string, most int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if more := len(lines) - most; more > 0 {
		lines = append(lines[:most:most], fmt.Sprintf("... and %d more lines in the report", more))
	}
	return strings.Join(lines, "\n")
}

// String is the notice as text, for a mail.
func (n Notice) String() string {
	var b strings.Builder
	b.WriteString(n.Title + "\n")
	if n.Text != "" {
		b.WriteString("\n" + n.Text + "\n")
	}
	if len(n.Facts) > 0 || n.Run != "" {
		b.WriteString("\n")
	}
	for _, f := range n.Facts {
		fmt.Fprintf(&b, "%s: %s\n", f.Name, f.Value)
	}
	if n.Run != "" {
		fmt.Fprintf(&b, "Run: %s\n", n.Run)
	}
	for _, link := range []Fact{{"Approve", n.ApproveURL}, {"Reject", n.RejectURL}, {"Next", n.Command}} {
		if link.Value != "" {
			fmt.Fprintf(&b, "\n%s: %s\n", link.Name, link.Value)
		}
	}
	return b.String()
}
