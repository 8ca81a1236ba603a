package resource

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Duration is a span of time, written as 90s, 5m, 1h30m or 7d. A day has 24 hours.
type Duration time.Duration

// The units of durations.
const (
	Second = Duration(time.Second)
	Minute = Duration(time.Minute)
	Hour   = Duration(time.Hour)
	Day    = 24 * Hour
)

// Seconds returns the span in seconds.
func (d Duration) Seconds() float64 { return time.Duration(d).Seconds() }

// Days returns the span in days.
func (d Duration) Days() float64 { return float64(d) / float64(Day) }

// Std returns the span as the standard library has it.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String returns the shortest form: 90s is 1m30s, 48h is 2d.
func (d Duration) String() string {
	if d >= Day && d%Day == 0 {
		return strconv.FormatInt(int64(d/Day), 10) + "d"
	}
	text := time.Duration(d).String()
	if strings.HasSuffix(text, "m0s") {
		text = text[:len(text)-2]
	}
	if strings.HasSuffix(text, "h0m") {
		text = text[:len(text)-2]
	}
	return text
}

// MarshalText returns String.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what an author may write.
func (d *Duration) UnmarshalText(text []byte) error {
	written := string(text)
	days, rest, hasDays := strings.Cut(written, "d")
	if !hasDays {
		days, rest = "", written
	}
	var total time.Duration
	if hasDays {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return fmt.Errorf("%q is not a duration such as 30s, 5m, 1h30m or 7d", shorten(written))
		}
		total = time.Duration(n) * 24 * time.Hour
	}
	if rest != "" || !hasDays {
		span, err := time.ParseDuration(rest)
		if err != nil || span < 0 {
			return fmt.Errorf("%q is not a duration such as 30s, 5m, 1h30m or 7d", shorten(written))
		}
		total += span
	}
	*d = Duration(total)
	return nil
}

// CIDR is a range of IP addresses, as in 10.0.0.0/16.
type CIDR string

// UnmarshalText reads a range whose host bits are zero.
func (c *CIDR) UnmarshalText(text []byte) error {
	prefix, err := netip.ParsePrefix(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a range of addresses such as 10.0.0.0/16", shorten(string(text)))
	}
	if masked := prefix.Masked(); masked != prefix {
		return fmt.Errorf("%s has bits set beyond its mask; the range is %s", prefix, masked)
	}
	*c = CIDR(text)
	return nil
}

// Prefix returns the range parsed; the zero Prefix when it is empty.
func (c CIDR) Prefix() netip.Prefix {
	prefix, err := netip.ParsePrefix(string(c))
	if err != nil {
		return netip.Prefix{}
	}
	return prefix
}

// IsAnywhere reports whether the range holds every address.
func (c CIDR) IsAnywhere() bool { return c.Prefix().IsValid() && c.Prefix().Bits() == 0 }

// ARN is an Amazon Resource Name.
type ARN string

// UnmarshalText reads arn:partition:service:region:account:resource.
func (a *ARN) UnmarshalText(text []byte) error {
	parts := strings.SplitN(string(text), ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || !strings.HasPrefix(parts[1], "aws") || parts[2] == "" || parts[5] == "" {
		return fmt.Errorf("%q is not an ARN: arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE", shorten(string(text)))
	}
	*a = ARN(text)
	return nil
}

// Service returns the AWS service in the ARN, as in kms.
func (a ARN) Service() string { return a.part(2) }

// Region returns the region in the ARN; empty for a global resource.
func (a ARN) Region() string { return a.part(3) }

func (a ARN) part(i int) string {
	parts := strings.SplitN(string(a), ":", 6)
	if len(parts) != 6 {
		return ""
	}
	return parts[i]
}

// shorten keeps an author's text in a message to a readable length.
func shorten(text string) string {
	const most = 60
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "..."
}

// Date is a day, as in 2027-03-31.
type Date string

// UnmarshalText reads year-month-day.
func (d *Date) UnmarshalText(text []byte) error {
	if _, err := time.Parse(time.DateOnly, string(text)); err != nil {
		return fmt.Errorf("%q is no day such as 2027-03-31", shorten(string(text)))
	}
	*d = Date(text)
	return nil
}

// End returns the first moment after the day, in UTC.
func (d Date) End() time.Time {
	day, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return time.Time{}
	}
	return day.AddDate(0, 0, 1)
}
