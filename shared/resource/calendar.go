package resource

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// calendar is a cron schedule as the times that it means, in the time zone of whoever asks.
type calendar struct {
	fields  [6]string
	hours   []int // ascending
	minutes []int // ascending
}

// calendar returns the times of a schedule with fields; false for a rate, which has none.
func (s Schedule) calendar() (calendar, bool) {
	inside, ok := within(s.Expression(), "cron(")
	fields := strings.Fields(inside)
	if !ok || len(fields) != 6 {
		return calendar{}, false
	}
	c := calendar{fields: [6]string(fields)}
	c.minutes, c.hours = cronFields[0].members(fields[0]), cronFields[1].members(fields[1])
	return c, true
}

// last is the latest time of the schedule up to now, and not longer ago than span; zero when there is none. The zone is now's.
func (s Schedule) last(now time.Time, span time.Duration) time.Time {
	c, ok := s.calendar()
	if !ok {
		return time.Time{}
	}
	oldest := now.Add(-span)
	for day := midnight(now); !day.AddDate(0, 0, 1).Before(oldest); day = day.AddDate(0, 0, -1) {
		times := c.on(day)
		for i := len(times) - 1; i >= 0; i-- {
			if !times[i].After(now) && times[i].After(oldest) {
				return times[i]
			}
		}
	}
	return time.Time{}
}

// horizon is how far next looks, in days: four years and a day hold every date that there is.
const horizon = 4*365 + 2

// next is the first time of the schedule after now; zero when there is none within four years. The zone is now's.
func (s Schedule) next(now time.Time) time.Time {
	c, ok := s.calendar()
	if !ok {
		return time.Time{}
	}
	for day, left := midnight(now), horizon; left > 0; day, left = day.AddDate(0, 0, 1), left-1 {
		for _, at := range c.on(day) {
			if at.After(now) {
				return at
			}
		}
	}
	return time.Time{}
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

// on returns the times of one day, ascending. A time that a change of the clocks leaves out is as much later.
func (c calendar) on(day time.Time) []time.Time {
	if !cronFields[3].has(c.fields[3], int(day.Month())) || !cronFields[5].has(c.fields[5], day.Year()) || !c.onDay(day) {
		return nil
	}
	times := make([]time.Time, 0, len(c.hours)*len(c.minutes))
	for _, hour := range c.hours {
		for _, minute := range c.minutes {
			times = append(times, time.Date(day.Year(), day.Month(), day.Day(), hour, minute, 0, 0, day.Location()))
		}
	}
	return times
}

func (c calendar) onDay(day time.Time) bool {
	if c.fields[4] == "?" {
		return onDate(c.fields[2], day)
	}
	weekday := int(day.Weekday()) + 1 // AWS counts from 1 for Sunday
	last := daysIn(day)
	for part := range strings.SplitSeq(c.fields[4], ",") {
		name, nth, numbered := strings.Cut(part, "#")
		before, isLast := strings.CutSuffix(part, "L")
		switch {
		case numbered:
			n, _ := strconv.Atoi(nth)
			if cronFields[4].has(name, weekday) && (day.Day()-1)/7+1 == n {
				return true
			}
		case part == "L": // the last day of the week
			if weekday == 7 {
				return true
			}
		case isLast:
			if cronFields[4].has(before, weekday) && day.Day()+7 > last {
				return true
			}
		case cronFields[4].has(part, weekday):
			return true
		}
	}
	return false
}

// onDate knows the letters of the day field: L is the last day of the month, LW its last working day, 15W the working day
// nearest to the 15th in the same month.
func onDate(field string, day time.Time) bool {
	for part := range strings.SplitSeq(field, ",") {
		number, working := strings.CutSuffix(part, "W")
		switch {
		case part == "L":
			if day.Day() == daysIn(day) {
				return true
			}
		case working:
			want := daysIn(day)
			if number != "L" {
				n, _ := strconv.Atoi(number)
				want = min(n, want)
			}
			if day.Day() == nearestWorkingDay(day, want) {
				return true
			}
		case cronFields[2].has(part, day.Day()):
			return true
		}
	}
	return false
}

func nearestWorkingDay(month time.Time, want int) int {
	at := time.Date(month.Year(), month.Month(), want, 12, 0, 0, 0, time.UTC)
	switch {
	case at.Weekday() == time.Saturday && want > 1:
		return want - 1
	case at.Weekday() == time.Saturday:
		return want + 2
	case at.Weekday() == time.Sunday && want < daysIn(month):
		return want + 1
	case at.Weekday() == time.Sunday:
		return want - 2
	}
	return want
}

func daysIn(month time.Time) int {
	return time.Date(month.Year(), month.Month()+1, 0, 12, 0, 0, 0, time.UTC).Day()
}

// members returns the numbers that a field means, ascending.
func (f cronField) members(text string) []int {
	var all []int
	for n := f.low; n <= f.top; n++ {
		if f.has(text, n) {
			all = append(all, n)
		}
	}
	return all
}

// has reports whether a field without special letters means a number.
func (f cronField) has(text string, n int) bool {
	return slices.ContainsFunc(strings.Split(text, ","), func(part string) bool {
		span, stepText, stepped := strings.Cut(part, "/")
		step := 1
		if stepped {
			step, _ = strconv.Atoi(stepText)
		}
		low, high := f.low, f.top
		if span != "*" {
			from, to, ranged := strings.Cut(span, "-")
			var ok bool
			if low, ok = f.number(from); !ok {
				return false
			}
			switch {
			case ranged:
				high, _ = f.number(to)
			case !stepped:
				high = low
			}
		}
		return n >= low && n <= high && step > 0 && (n-low)%step == 0
	})
}
