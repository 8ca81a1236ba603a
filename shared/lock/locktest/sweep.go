package locktest

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Summary is what became of many histories.
type Summary struct {
	Histories, Calls, Faults, Grants, Takeovers, Commits int
	// Broken is the report of the first seed whose history broke a promise; nil: none did.
	Broken *Report
}

// Sweep lives through the histories of the seeds from 1 to count, as many at a time as there are processors, and stops
// soon after one has broken a promise. Config is asked anew for each of them.
func Sweep(count uint64, config func() Config) Summary {
	var next, stop atomic.Uint64
	stop.Store(count)
	summaries := make([]Summary, runtime.GOMAXPROCS(0))
	var group sync.WaitGroup
	for i := range summaries {
		group.Go(func() {
			for seed := next.Add(1); seed <= stop.Load(); seed = next.Add(1) {
				report := Run(seed, config())
				summaries[i].add(Summary{1, report.Calls, report.Faults, report.Grants, report.Takeovers, report.Commits, nil})
				if report.Broken == nil {
					continue
				}
				if summaries[i].Broken == nil {
					summaries[i].Broken = &report
				}
				lower(&stop, seed)
			}
		})
	}
	group.Wait()
	var all Summary
	for _, s := range summaries {
		all.add(s)
	}
	return all
}

func (s *Summary) add(other Summary) {
	s.Histories += other.Histories
	s.Calls += other.Calls
	s.Faults += other.Faults
	s.Grants += other.Grants
	s.Takeovers += other.Takeovers
	s.Commits += other.Commits
	if other.Broken != nil && (s.Broken == nil || other.Broken.Seed < s.Broken.Seed) {
		s.Broken = other.Broken
	}
}

// lower sets the number to at most n.
func lower(number *atomic.Uint64, n uint64) {
	for {
		old := number.Load()
		if old <= n || number.CompareAndSwap(old, n) {
			return
		}
	}
}
