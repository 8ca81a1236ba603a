package resource

import (
	"fmt"
	"strconv"
	"strings"
)

// DayWindow is a time of every day in UTC, as AWS writes it: 03:00-04:00. It is at least half an hour long.
type DayWindow string

// UnmarshalText reads a window.
func (w *DayWindow) UnmarshalText(text []byte) error {
	from, to, _ := strings.Cut(string(text), "-")
	start, ok := clock(from)
	end, alsoOK := clock(to)
	if !ok || !alsoOK {
		return fmt.Errorf("%q is no time of the day such as 03:00-04:00", shorten(string(text)))
	}
	if length := (end - start + 1440) % 1440; length < 30 {
		return fmt.Errorf("%s is shorter than the 30 minutes that AWS needs", text)
	}
	*w = DayWindow(text)
	return nil
}

// WeekWindow is a time of every week in UTC, as AWS writes it: sun:04:30-sun:05:30. It is at least half an hour long.
type WeekWindow string

// UnmarshalText reads a window.
func (w *WeekWindow) UnmarshalText(text []byte) error {
	from, to, _ := strings.Cut(string(text), "-")
	start, ok := weekClock(from)
	end, alsoOK := weekClock(to)
	if !ok || !alsoOK {
		return fmt.Errorf("%q is no time of the week such as sun:04:30-sun:05:30", shorten(string(text)))
	}
	const week = 7 * 1440
	if length := (end - start + week) % week; length < 30 || length > 1440 {
		return fmt.Errorf("%s is not between 30 minutes and 24 hours long", text)
	}
	*w = WeekWindow(text)
	return nil
}

// clock reads 03:00 as minutes since midnight.
func clock(text string) (int, bool) {
	if len(text) != 5 || text[2] != ':' {
		return 0, false
	}
	hour, err := strconv.Atoi(text[:2])
	minute, err2 := strconv.Atoi(text[3:])
	return hour*60 + minute, err == nil && err2 == nil && hour >= 0 && hour < 24 && minute >= 0 && minute < 60
}

func weekClock(text string) (int, bool) {
	if len(text) != 9 || text[3] != ':' {
		return 0, false
	}
	day := strings.Index("montuewedthufrisatsun", text[:3])
	minute, ok := clock(text[4:])
	return day/3*1440 + minute, ok && day >= 0 && day%3 == 0
}
