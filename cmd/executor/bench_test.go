package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
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

// BenchmarkMemory creates batches of buckets, eight at a time as a task does by default, and reports the highest footprint. The
// simulated cloud is part of the executor's own; on AWS the provider plugins come in its place.
func BenchmarkMemory(b *testing.B) {
	for _, size := range []int{1, 5, 10, 20} {
		b.Run(fmt.Sprintf("%d components", size), func(b *testing.B) {
			var peak footprint
			for b.Loop() {
				g := newGround(b)
				var batch []execution.Assignment
				for i := range size {
					batch = append(batch, assignment(plan.Create, fmt.Sprintf("c%d", i), "S3", func(s resource.Spec) { s.(*resource.S3).EventBridge = true }))
				}
				r := g.start(batch)
				for running := true; running; {
					select {
					case <-r.ended:
						running = false
					case <-time.After(20 * time.Millisecond):
						now := measure(r.process.Process.Pid)
						peak.executor, peak.all = max(peak.executor, now.executor), max(peak.all, now.all)
					}
				}
				require.Zero(b, r.wait(time.Minute), r.log())
			}
			b.ReportMetric(peak.executor, "MiB-executor")
			b.ReportMetric(peak.all, "MiB-all")
		})
	}
}
