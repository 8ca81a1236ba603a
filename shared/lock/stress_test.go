package lock_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/lock"
)

// acquirers run at once.
const acquirers = 64

// rounds is how often each of them locks: 1,000 times with DEPLOYER_SIM=full.
func rounds() int {
	if os.Getenv("DEPLOYER_SIM") == "full" {
		return 1_000
	}
	return 40
}

// counter is raised in two steps, so that two who raise it at once lose one.
type counter struct{ value atomic.Int64 }

func (c *counter) raise() {
	seen := c.value.Load()
	runtime.Gosched()
	c.value.Store(seen + 1)
}

// together runs all acquirers, each its rounds.
func together(round func(acquirer, n int)) {
	var group sync.WaitGroup
	for acquirer := range acquirers {
		group.Go(func() {
			for n := range rounds() {
				round(acquirer, n)
			}
		})
	}
	group.Wait()
}

func TestSixtyFourAcquirersCountExactly(t *testing.T) {
	var ticks atomic.Int64 // of a clock that moves by ten milliseconds whenever it is read
	now := func() time.Time {
		return time.Unix(1_770_000_000, 0).Add(time.Duration(ticks.Add(10)) * time.Millisecond)
	}
	locker := &lock.Locker{Table: lock.NewMemoryTable(now), Now: now, Sleep: func(_ context.Context, d time.Duration) error {
		time.Sleep(d / 20_000) // a hundred microseconds for two seconds
		return nil
	}}
	var c counter
	var last atomic.Int64
	together(func(acquirer, n int) {
		r := request(fmt.Sprintf("run-%d-%d", acquirer, n), db)
		lease, err := locker.AcquireWithin(t.Context(), r, 1000*time.Hour, nil)
		if err != nil {
			t.Error(err)
			return
		}
		c.raise()
		if before := last.Swap(lease.Fence); before >= lease.Fence {
			t.Errorf("fence %d was granted after %d", lease.Fence, before)
		}
		if err := locker.Release(t.Context(), lease); err != nil {
			t.Error(err)
		}
	})
	require.EqualValues(t, acquirers*rounds(), c.value.Load())
	held, err := locker.Held(t.Context(), scope)
	require.NoError(t, err)
	require.Empty(t, held)
}

// Without this the test above would show nothing.
func TestSixtyFourCountersWithoutALockLoseCount(t *testing.T) {
	var c counter
	together(func(int, int) { c.raise() })
	require.Less(t, c.value.Load(), int64(acquirers*rounds()))
}
