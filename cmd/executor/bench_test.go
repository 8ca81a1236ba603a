package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// footprint is what a process and its descendants hold in memory, in MiB; what they share counts once.
type footprint struct{ executor, all float64 }

// measure reads the footprint from /proc; processes that end meanwhile count nothing.
func measure(root int) footprint {
	children := map[int][]int{}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return footprint{}
	}
	for _, file := range stats {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // state, then the parent
		if len(fields) < 2 {
			continue
		}
		pid, _ := strconv.Atoi(strings.Split(file, "/")[2])
		parent, _ := strconv.Atoi(fields[1])
		children[parent] = append(children[parent], pid)
	}
	f := footprint{executor: proportional(root)}
	for queue := []int{root}; len(queue) > 0; queue = append(queue[1:], children[queue[0]]...) {
		f.all += proportional(queue[0])
	}
	return f
}

// proportional is a process's proportional set size in MiB.
func proportional(pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "\nPss:")
	if fields := strings.Fields(rest); len(fields) > 0 {
		kib, _ := strconv.ParseFloat(fields[0], 64)
		return kib / 1024
	}
	return 0
}

// BenchmarkMemory creates batches of buckets, eight at a time as a task does by default, and reports the highest footprint, for each
// way in which the CLIs come to their provider: the simulated cloud within the executor, one plugin that all share, and one for
// each. The plugin is the simulated cloud's too: what AWS's needs is more.
func BenchmarkMemory(b *testing.B) {
	for _, how := range []string{"", sharedPlugins, ownPlugins} {
		for _, size := range []int{1, 5, 10, 20} {
			b.Run(fmt.Sprintf("%s/%d components", cmp.Or(how, "within"), size), func(b *testing.B) {
				var peak footprint
				for b.Loop() {
					peak = peak.over(footprintOf(b, how, size))
				}
				b.ReportMetric(peak.executor, "MiB-executor")
				b.ReportMetric(peak.all, "MiB-all")
			})
		}
	}
}

// over is the higher of two footprints.
func (f footprint) over(other footprint) footprint {
	return footprint{max(f.executor, other.executor), max(f.all, other.all)}
}

// footprintOf runs a batch and returns its highest footprint.
func footprintOf(b *testing.B, how string, size int) (peak footprint) {
	g := newGround(b)
	if how != "" {
		g.install()
	}
	r := g.start(buckets(size), childPlugins+"="+how)
	for running := true; running; {
		select {
		case <-r.ended:
			running = false
		case <-time.After(20 * time.Millisecond):
			peak = peak.over(measure(r.process.Process.Pid))
		}
	}
	require.Zero(b, r.wait(time.Minute), r.log())
	return peak
}
