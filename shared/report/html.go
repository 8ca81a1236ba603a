package report

import (
	_ "embed"
	"html/template"
	"io"
	"sync"
	"time"
)

//go:embed report.html.tmpl
var page string

// pageTemplate is parsed with the first page, so that functions that write none do not pay for it.
var pageTemplate = sync.OnceValue(func() *template.Template { return template.Must(template.New("report").Parse(page)) })

// HTML writes the report as one page that needs nothing else: no scripts, no fonts, no images, nothing from elsewhere.
// Whatever a component or a provider said is shown as text, never as markup.
func (r Report) HTML(w io.Writer) error {
	return pageTemplate().Execute(w, r.view())
}

// view is a report as the page shows it.
type view struct {
	Report
	Answer, Took, Tally string
	Bad                 bool
	Lines               []line
}

// line is a row with its place in the run's time, in percent.
type line struct {
	Row
	Took        string
	Left, Width float64
}

func (r Report) view() view {
	v := view{Report: r, Answer: r.answer(), Took: r.took(), Tally: r.tally(), Bad: r.Failure != nil || len(r.LeftBehind) > 0}
	whole := r.EndedAt.Sub(r.StartedAt)
	for _, row := range r.Rows {
		l := line{Row: row, Took: row.took()}
		if row.StartedAt != nil && row.EndedAt != nil && whole > 0 {
			l.Left = percent(row.StartedAt.Sub(r.StartedAt), whole)
			l.Width = max(0.5, min(100-l.Left, percent(row.EndedAt.Sub(*row.StartedAt), whole)))
		}
		v.Lines = append(v.Lines, l)
	}
	return v
}

// percent is a part of a whole, from 0 to 100 and to a tenth, so that the page stays readable as text.
func percent(part, whole time.Duration) float64 {
	tenths := int64(part) * 1000 / int64(whole)
	return float64(max(0, min(1000, tenths))) / 10
}
