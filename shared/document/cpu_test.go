package document_test

import (
	"syscall"
	"testing"
)

// cpuUsed is the processor time of this process so far, in milliseconds.
func cpuUsed() float64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e6
}

// perOperation reports the processor time since before, all cores together.
func perOperation(b *testing.B, before float64) {
	b.ReportMetric((cpuUsed()-before)/float64(b.N), "cpu-ms/op")
}
