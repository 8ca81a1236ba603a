package resource

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	parsed, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return parsed
}

func TestAScheduleMeansItsTimes(t *testing.T) {
	for sentence, c := range map[string]struct{ schedule, zone, now, last, next string }{
		"every working day at six":            {"0 18 * * 1-5", "UTC", "2026-11-24T12:00:00Z", "2026-11-23T18:00:00Z", "2026-11-24T18:00:00Z"},
		"at that very minute":                 {"0 18 * * 1-5", "UTC", "2026-11-24T18:00:00Z", "2026-11-24T18:00:00Z", "2026-11-25T18:00:00Z"},
		"over a weekend":                      {"0 18 * * 5", "UTC", "2026-11-22T12:00:00Z", "2026-11-20T18:00:00Z", "2026-11-27T18:00:00Z"},
		"in another zone":                     {"0 18 * * *", "Europe/Berlin", "2026-11-24T16:59:00Z", "2026-11-23T17:00:00Z", "2026-11-24T17:00:00Z"},
		"in its summer":                       {"0 18 * * *", "Europe/Berlin", "2026-07-24T16:30:00Z", "2026-07-24T16:00:00Z", "2026-07-25T16:00:00Z"},
		"on the day the clocks go forward":    {"30 2 * * *", "Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"},
		"as AWS writes it":                    {"cron(0 3 ? * MON-FRI *)", "UTC", "2026-11-21T12:00:00Z", "2026-11-20T03:00:00Z", "2026-11-23T03:00:00Z"},
		"on Sundays, which crontab calls 0":   {"0 0 * * 0", "UTC", "2026-11-24T12:00:00Z", "2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z"},
		"on the last day of the month":        {"cron(0 0 L * ? *)", "UTC", "2026-11-24T12:00:00Z", "2026-10-31T00:00:00Z", "2026-11-30T00:00:00Z"},
		"on its last working day":             {"cron(0 0 LW * ? *)", "UTC", "2026-06-15T00:00:00Z", "2026-05-29T00:00:00Z", "2026-06-30T00:00:00Z"},
		"on the working day nearest the 15th": {"cron(0 0 15W * ? *)", "UTC", "2026-11-20T00:00:00Z", "2026-11-16T00:00:00Z", "2026-12-15T00:00:00Z"},
		"on the third Tuesday":                {"cron(0 0 ? * 3#3 *)", "UTC", "2026-11-20T00:00:00Z", "2026-11-17T00:00:00Z", "2026-12-15T00:00:00Z"},
		"on the last Friday":                  {"cron(0 0 ? * 6L *)", "UTC", "2026-11-26T00:00:00Z", "2026-10-30T00:00:00Z", "2026-11-27T00:00:00Z"},
		"every twenty minutes in two hours":   {"*/20 9,17 * * *", "UTC", "2026-11-24T09:41:00Z", "2026-11-24T09:40:00Z", "2026-11-24T17:00:00Z"},
		"in December":                         {"0 0 20 12 *", "UTC", "2026-11-24T00:00:00Z", "", "2026-12-20T00:00:00Z"},
		"on a leap day":                       {"0 0 29 2 *", "UTC", "2026-11-24T00:00:00Z", "", "2028-02-29T00:00:00Z"},
		"in a year that is over":              {"cron(0 0 1 1 ? 2020)", "UTC", "2026-11-24T00:00:00Z", "", ""},
		"a rate has no times":                 {"rate(5 minutes)", "UTC", "2026-11-24T00:00:00Z", "", ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			zone, err := time.LoadLocation(c.zone)
			require.NoError(t, err)
			now := instant(t, c.now).In(zone)
			show := func(got time.Time) string {
				if got.IsZero() {
					return ""
				}
				return got.UTC().Format(time.RFC3339)
			}
			require.Equal(t, c.last, show(Schedule(c.schedule).last(now, 40*24*time.Hour)))
			require.Equal(t, c.next, show(Schedule(c.schedule).next(now)))
		})
	}
}

func TestFreezes(t *testing.T) {
	weekend := Window{Kind: WindowDeny, Schedule: "0 16 * * 5", Duration: 3 * Day, Timezone: "Europe/Berlin", Reason: "nobody is there"}
	office := Window{Kind: WindowAllow, Schedule: "0 9 * * 1-5", Duration: 8 * Hour, Timezone: "UTC"}
	for sentence, c := range map[string]struct {
		windows []Window
		now     string
		until   string // "" when it may start
	}{
		"no windows":                          {nil, "2026-11-21T12:00:00Z", ""},
		"before a freeze":                     {[]Window{weekend}, "2026-11-20T14:59:00Z", ""},
		"in its first minute":                 {[]Window{weekend}, "2026-11-20T15:00:00Z", "2026-11-23T15:00:00Z"},
		"in its last minute":                  {[]Window{weekend}, "2026-11-23T14:59:00Z", "2026-11-23T15:00:00Z"},
		"after it":                            {[]Window{weekend}, "2026-11-23T15:00:00Z", ""},
		"within what is allowed":              {[]Window{office}, "2026-11-24T09:00:00Z", ""},
		"outside of what is allowed":          {[]Window{office}, "2026-11-24T17:00:00Z", "2026-11-25T09:00:00Z"},
		"allowed and denied: deny wins":       {[]Window{office, weekend}, "2026-11-20T15:30:00Z", "2026-11-23T15:00:00Z"},
		"never allowed again":                 {[]Window{{Kind: WindowAllow, Schedule: "cron(0 0 1 1 ? 2020)", Duration: Hour, Timezone: "UTC"}}, "2026-11-20T00:00:00Z", "never"},
		"of two allowances the one is enough": {[]Window{office, {Kind: WindowAllow, Schedule: "0 0 * * 6", Duration: Day, Timezone: "UTC"}}, "2026-11-21T12:00:00Z", ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			e := Environment{Name: "production", Windows: c.windows}
			err := e.Thawed(instant(t, c.now))
			if c.until == "" {
				require.NoError(t, err)
				return
			}
			var frozen *FrozenWindow
			require.True(t, errors.As(err, &frozen), "%v", err)
			require.ErrorContains(t, err, "production is frozen")
			require.ErrorContains(t, err, "--override-freeze")
			if c.until != "never" {
				require.Equal(t, c.until, frozen.Until.UTC().Format(time.RFC3339))
			}
		})
	}
	err := (&Environment{Name: "production", Windows: []Window{weekend}}).Thawed(instant(t, "2026-11-21T12:00:00Z"))
	require.ErrorContains(t, err, "until 2026-11-23 16:00 CET (nobody is there)", "in the window's own zone")
}
