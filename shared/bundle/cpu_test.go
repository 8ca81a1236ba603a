package bundle_test

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// maxRefusalTime is how long refusing a bundle may take, in milliseconds of processor time, so that a busy machine does not
// matter.
const maxRefusalTime = 250

// requireQuick checks a time in milliseconds, but not under the race detector, which multiplies it and runs with -short.
func requireQuick(t *testing.T, spent float64) {
	t.Helper()
	if !testing.Short() {
		require.Less(t, spent, float64(maxRefusalTime))
	}
}

// cpuUsed is the processor time of this process so far, in milliseconds.
func cpuUsed() float64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e6
}
