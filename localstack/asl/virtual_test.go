package asl

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// In the bubble a time that stands still is a deadlock, which fails the test at once.
func TestTheTimeGoesOnWhenAHandlersGoroutinesSleepSideBySide(t *testing.T) {
	for sentence, naps := range map[string][]time.Duration{
		"and one ends before the other": {time.Minute, time.Hour},
		"and both end at once":          {time.Minute, time.Minute},
		"and three end one by one":      {time.Second, time.Minute, time.Hour},
	} {
		t.Run(sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				clock := NewVirtualClock(began)
				release := clock.Hold()
				ctx, _, rest := clock.Work(t.Context(), 1)
				defer rest()
				var naptime sync.WaitGroup
				for _, d := range naps {
					naptime.Go(func() { _ = clock.Sleep(ctx, d) })
				}
				synctest.Wait() // all of them sleep
				release()
				naptime.Wait()
				require.Equal(t, naps[len(naps)-1], clock.Now().Sub(began))
				require.NoError(t, clock.Sleep(ctx, 24*time.Hour), "the handler itself rests after them")
				require.Equal(t, naps[len(naps)-1]+24*time.Hour, clock.Now().Sub(began))
			})
		})
	}
}

func TestTheTimeGoesOnWhenGoroutinesAreWokenByAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := NewVirtualClock(began)
		ctx, cancel, rest := clock.Work(t.Context(), 1)
		var naptime sync.WaitGroup
		release := clock.Hold()
		for range 2 {
			naptime.Go(func() { _ = clock.Sleep(ctx, time.Hour) })
		}
		synctest.Wait()
		cancel(nil)
		naptime.Wait()
		release()
		rest()
		require.NoError(t, clock.Sleep(t.Context(), time.Minute), "nobody works any more")
		require.Equal(t, time.Minute, clock.Now().Sub(began))
	})
}
