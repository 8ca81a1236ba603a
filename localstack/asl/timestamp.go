package asl

import (
	"regexp"
	"time"
)

// offsetDateTime is ISO 8601's extended format with date, T, time and an offset or Z; the seconds may be left out.
var offsetDateTime = regexp.MustCompile(
	`^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2})(:\d{2})?(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$`)

func parseTimestamp(s string) (time.Time, bool) {
	m := offsetDateTime.FindStringSubmatch(s)
	if m == nil || m[3] == "" && m[4] != "" {
		return time.Time{}, false
	}
	if m[3] == "" {
		m[3] = ":00"
	}
	if m[5] == "z" {
		m[5] = "Z"
	}
	t, err := time.Parse(time.RFC3339Nano, m[1]+"T"+m[2]+m[3]+m[4]+m[5])
	return t, err == nil
}

// stamp is a time as the context object shows it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
