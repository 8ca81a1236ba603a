package asl

import (
	"encoding/json"
	"testing"
	"time"
)

// mapOfTasks runs one task for each item.
const mapOfTasks = `{"StartAt":"M","States":{"M":{"Type":"Map","End":true,"ItemProcessor":{"StartAt":"T","States":{
	"T":{"Type":"Task","Resource":"` + functionARN + `f","End":true}}}}}}`

func run(b *testing.B, definition, input string, clock func() Clock) {
	m, err := Parse([]byte(definition))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		e := NewEngine(Options{Clock: clock(), Handler: HandlerFunc(echo)})
		x, err := e.Start(b.Context(), StartInput{Machine: m, Input: json.RawMessage(input)})
		if err != nil {
			b.Fatal(err)
		}
		if r, err := x.Wait(b.Context()); err != nil || r.Status != StatusSucceeded {
			b.Fatal(r, err)
		}
	}
}

func BenchmarkAMapOf500ItemsInRealTime(b *testing.B) {
	run(b, mapOfTasks, numbers(500), func() Clock { return WallClock{} })
}

func BenchmarkAMapOf500ItemsInVirtualTime(b *testing.B) {
	run(b, mapOfTasks, numbers(500), func() Clock { return NewVirtualClock(began) })
}

// Its 1,000 turns make 8,000 events.
func BenchmarkALoopOf1000Turns(b *testing.B) {
	run(b, `{"StartAt":"I","States":{"I":{"Type":"Pass","Assign":{"n":0},"Next":"L"},
		"L":{"Type":"Choice","Choices":[{"Variable":"$n","NumericLessThan":1000,"Next":"P"}],"Default":"Z"},
		"P":{"Type":"Pass","Parameters":{"n.$":"States.Format('turn {}', $n)"},"Next":"A"},
		"A":{"Type":"Pass","Assign":{"n.$":"States.MathAdd($n, 1)"},"Next":"L"},
		"Z":{"Type":"Succeed"}}}`, `{}`, func() Clock { return WallClock{} })
}

func BenchmarkParse(b *testing.B) {
	text := []byte(throughout)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

func TestAMapOf500ItemsIsFast(t *testing.T) {
	b := newBench(t, map[string]HandlerFunc{"f": echo})
	best := time.Hour
	for range 5 { // whoever shares the machine may slow down some of them
		begun := time.Now()
		x, err := b.Start(t.Context(), StartInput{Machine: b.parse(mapOfTasks), Input: json.RawMessage(numbers(500))})
		if err != nil {
			t.Fatal(err)
		}
		b.wait(x)
		best = min(best, time.Since(begun))
	}
	if best > 250*time.Millisecond {
		t.Errorf("the fastest of five took %v; a few milliseconds are usual", best)
	}
}
