package report

import (
	"strings"

	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
)

// SlackMessage is what an incoming webhook of Slack takes.
type SlackMessage struct {
	Text   string       `json:"text"` // for notifications, and for clients that show no blocks
	Blocks []SlackBlock `json:"blocks,omitempty"`
}

// SlackBlock is a block of Slack's Block Kit, as far as notices need it.
type SlackBlock struct {
	Type     string       `json:"type"`
	Text     *SlackText   `json:"text,omitempty"`
	Fields   []*SlackText `json:"fields,omitempty"`
	Elements []any        `json:"elements,omitempty"` // *SlackText or SlackButton
}

// SlackText is a text, plain_text or mrkdwn.
type SlackText struct {
	Type  string `json:"type"`
	Text  string `json:"text"`
	Emoji *bool  `json:"emoji,omitempty"` // of plain_text: whether :smile: becomes a picture
}

// SlackButton opens a URL.
type SlackButton struct {
	Type  string     `json:"type"`
	Text  *SlackText `json:"text"`
	URL   string     `json:"url"`
	Style string     `json:"style,omitempty"` // primary or danger
}

// The most that Slack takes, in characters and in items (Block Kit reference).
const (
	slackHeader  = 150
	slackSection = 3000
	slackField   = 2000
	slackFields  = 10
	slackURL     = 3000
)

// Slack is the notice as a message. What others wrote stands in plain text, where nothing is markup, nor a mention.
func (n Notice) Slack() SlackMessage {
	m := SlackMessage{Text: slackEscaped(n.Title), Blocks: []SlackBlock{
		{Type: "header", Text: plainText(cut(n.mark()+" "+n.Title, slackHeader))}}}
	if n.Text != "" {
		m.Blocks = append(m.Blocks, SlackBlock{Type: "section", Text: plainText(cut(n.Text, slackSection))})
	}
	var fields []*SlackText
	for _, f := range n.Facts[:min(len(n.Facts), slackFields)] {
		fields = append(fields, plainText(cut(f.Name+": "+f.Value, slackField)))
	}
	if len(fields) > 0 {
		m.Blocks = append(m.Blocks, SlackBlock{Type: "section", Fields: fields})
	}
	if buttons := n.buttons(); len(buttons) > 0 {
		m.Blocks = append(m.Blocks, SlackBlock{Type: "actions", Elements: buttons})
	}
	var foot []any
	if n.Run != "" {
		foot = append(foot, plainText("run "+n.Run))
	}
	if n.Command != "" {
		foot = append(foot, &SlackText{Type: "mrkdwn", Text: "`" + cut(slackEscaped(n.Command), slackField) + "`"})
	}
	if len(foot) > 0 {
		m.Blocks = append(m.Blocks, SlackBlock{Type: "context", Elements: foot})
	}
	return m
}

// mark is what the eye finds first in a channel.
func (n Notice) mark() string {
	switch {
	case n.Urgent:
		return "🚨"
	case n.Event == resource.EventFailed || n.Event == resource.EventPolicy || n.Event == resource.EventLock:
		return "❌"
	case n.Event == resource.EventApproval && n.Ending == run.Rejected:
		return "🚫"
	case n.Event == resource.EventApproval:
		return "✋"
	case n.Event == resource.EventDrift || n.Event == resource.EventRolledBack:
		return "⚠️"
	case n.Event == resource.EventStarted:
		return "▶️"
	}
	return "✅"
}

func (n Notice) buttons() []any {
	var buttons []any
	for _, b := range []SlackButton{{"button", plainText("Approve"), n.ApproveURL, "primary"}, {"button", plainText("Reject"), n.RejectURL, "danger"}} {
		if b.URL != "" && len(b.URL) <= slackURL {
			buttons = append(buttons, b)
		}
	}
	return buttons
}

func plainText(text string) *SlackText {
	return &SlackText{Type: "plain_text", Text: text, Emoji: new(bool)}
}

// slackEscaped is a text as it stands in mrkdwn, where Slack has three control characters; a backtick would end a code.
func slackEscaped(text string) string { return slackControl.Replace(text) }

var slackControl = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "`", "'")

// cut shortens a text to so many characters.
func cut(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return strings.TrimRight(string(runes[:most-1]), " \n") + "…"
}
