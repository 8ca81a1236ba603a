package resource

import (
	"fmt"
	"strconv"
	"strings"
)

// Schedule says when something happens, again and again: rate(5 minutes), the five fields of a crontab (0 3 * * 1-5), or
// the six that AWS uses (cron(0 3 ? * MON-FRI *)).
type Schedule string

const scheduleForms = "write rate(5 minutes), five crontab fields, or cron() with six"

// UnmarshalText reads any of the three forms.
func (s *Schedule) UnmarshalText(text []byte) error {
	if _, err := Schedule(text).expression(); err != nil {
		return err
	}
	*s = Schedule(text)
	return nil
}

// Expression returns the schedule as AWS wants it: rate(...) or cron(...) with six fields.
func (s Schedule) Expression() string {
	expression, err := s.expression()
	if err != nil {
		return string(s)
	}
	return expression
}

// Rate returns the distance between two times of a rate(...); false for any other form.
func (s Schedule) Rate() (Duration, bool) {
	inside, ok := within(string(s), "rate(")
	if !ok {
		return 0, false
	}
	every, err := parseRate(inside)
	return every, err == nil
}

func (s Schedule) expression() (string, error) {
	text := strings.TrimSpace(string(s))
	if inside, ok := within(text, "rate("); ok {
		_, err := parseRate(inside)
		return text, err
	}
	fields := strings.Fields(text)
	if inside, ok := within(text, "cron("); ok {
		fields = strings.Fields(inside)
		if len(fields) != 6 {
			return "", fmt.Errorf("cron() has six fields (minute hour day month weekday year), not %d", len(fields))
		}
	} else {
		if len(fields) != 5 {
			return "", fmt.Errorf("%q is no schedule: %s", shorten(text), scheduleForms)
		}
		fields = fromCrontab(fields)
	}
	if err := checkCron(fields); err != nil {
		return "", err
	}
	return "cron(" + strings.Join(fields, " ") + ")", nil
}

func within(text, opening string) (string, bool) {
	inside, found := strings.CutPrefix(text, opening)
	if !found {
		return "", false
	}
	return strings.CutSuffix(inside, ")")
}

func parseRate(inside string) (Duration, error) {
	number, unit, _ := strings.Cut(strings.TrimSpace(inside), " ")
	n, err := strconv.ParseUint(number, 10, 16)
	units := map[string]Duration{"minute": Minute, "hour": Hour, "day": Day}
	every, known := units[strings.TrimSuffix(unit, "s")]
	if err != nil || n == 0 || !known {
		return 0, fmt.Errorf("rate(%s) is not rate(N minutes|hours|days)", shorten(inside))
	}
	if (n == 1) == strings.HasSuffix(unit, "s") {
		return 0, fmt.Errorf("rate(%s): AWS wants the singular for 1 and the plural for more", shorten(inside))
	}
	return Duration(n) * every, nil
}

// fromCrontab makes six AWS fields of five crontab ones: one of the two day fields becomes '?', weekdays count from 1 for
// Sunday, and every year is meant.
func fromCrontab(fields []string) []string {
	minute, hour, day, month, weekday := fields[0], fields[1], fields[2], fields[3], fields[4]
	switch {
	case weekday == "*":
		weekday = "?"
	case day == "*":
		day, weekday = "?", awsWeekdays(weekday)
	default: // both given: checkCron refuses it, since AWS cannot say "either"
		weekday = awsWeekdays(weekday)
	}
	return []string{minute, hour, day, month, weekday, "*"}
}

// awsWeekdays raises the numbers of a crontab's weekday field by one; 7, the other Sunday, becomes 1. Steps stay.
func awsWeekdays(field string) string {
	var b strings.Builder
	for i := 0; i < len(field); i++ {
		c, digit := field[i], field[i] >= '0' && field[i] <= '9'
		step := i > 0 && (field[i-1] == '/' || field[i-1] == '#')
		if digit && !step {
			c = '1' + (c-'0')%7
		}
		b.WriteByte(c)
	}
	return b.String()
}

// cronField is one of the six fields: its range, its names and the letters with a meaning of their own.
type cronField struct {
	name     string
	low, top int
	names    string // three letters each, the first for low
	special  string
}

var cronFields = [6]cronField{
	{"minute", 0, 59, "", ""}, {"hour", 0, 23, "", ""}, {"day", 1, 31, "", "?LW"},
	{"month", 1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC", ""}, {"weekday", 1, 7, "SUNMONTUEWEDTHUFRISAT", "?L#"},
	{"year", 1970, 2199, "", ""},
}

func checkCron(fields []string) error {
	if (fields[2] == "?") == (fields[4] == "?") {
		return fmt.Errorf("a schedule gives either the day of the month or the weekday; the other is * (or ? in cron())")
	}
	for i, field := range fields {
		if err := cronFields[i].check(field); err != nil {
			return err
		}
	}
	return nil
}

func (f cronField) check(text string) error {
	if text == "?" && strings.Contains(f.special, "?") {
		return nil
	}
	for part := range strings.SplitSeq(text, ",") {
		span, step, stepped := strings.Cut(part, "/")
		if n, err := strconv.Atoi(step); stepped && (err != nil || n < 1 || n > f.top) {
			return f.refuse(text)
		}
		if span == "*" || f.isSpecial(span) {
			continue
		}
		from, to, ranged := strings.Cut(span, "-")
		low, ok := f.number(from)
		high, alsoOK := low, true
		if ranged {
			high, alsoOK = f.number(to)
		}
		if !ok || !alsoOK || low > high {
			return f.refuse(text)
		}
	}
	return nil
}

// isSpecial knows L, LW, 15W, 6L and 2#1.
func (f cronField) isSpecial(text string) bool {
	switch {
	case f.special == "":
		return false
	case text == "L" || f.name == "day" && text == "LW":
		return true
	case f.name == "day":
		number, found := strings.CutSuffix(text, "W")
		_, ok := f.number(number)
		return found && ok
	}
	if day, nth, found := strings.Cut(text, "#"); found {
		_, ok := f.number(day)
		n, err := strconv.Atoi(nth)
		return ok && err == nil && n >= 1 && n <= 5
	}
	number, found := strings.CutSuffix(text, "L")
	_, ok := f.number(number)
	return found && ok
}

func (f cronField) number(text string) (int, bool) {
	if len(text) == 3 {
		if i := strings.Index(f.names, strings.ToUpper(text)); i >= 0 && i%3 == 0 {
			return f.low + i/3, true
		}
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= f.low && n <= f.top
}

func (f cronField) refuse(text string) error {
	return fmt.Errorf("%q is not a %s of a schedule: %d to %d", shorten(text), f.name, f.low, f.top)
}
