package state_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/lock/locktest"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/state"
)

// The state under the real locks, in the histories of locktest: holders count in it, while everything goes wrong.

// histories is how many a proof lives through: few by default, 4,000 with DEPLOYER_SIM=ci, 20,000 with DEPLOYER_SIM=full.
func histories() uint64 {
	switch os.Getenv("DEPLOYER_SIM") {
	case "full":
		return 20_000
	case "ci":
		return 4_000
	}
	return 300
}

// counting is a history with its own, empty state. The mutant, if any, changes what its clients do.
func counting(mutant func(objects.Store, *locktest.Client) locktest.Ledger) func() locktest.Config {
	return func() locktest.Config {
		base := objects.NewMemory(func() time.Time { return time.Unix(0, 0) })
		return locktest.Config{Calls: 200, Ledger: func(c *locktest.Client) locktest.Ledger {
			faulty := faultyObjects{base, c}
			if mutant != nil {
				return mutant(faulty, c)
			}
			return ledger{open(faulty, c)}
		}}
	}
}

func open(store objects.Store, c *locktest.Client, options ...state.Option) *state.Store {
	options = append(options, state.WithClock(c.Now), state.WithIDs(c.NewID))
	return state.NewStore(store, address.Scope("shop", "test"), options...)
}

func TestNoHistoryBreaksAPromiseOfTheState(t *testing.T) {
	got := locktest.Sweep(histories(), counting(nil))
	require.Nil(t, got.Broken, "%+v", got.Broken)
	require.EqualValues(t, histories(), got.Histories)
	require.Greater(t, got.Calls, 150*got.Histories)
	require.Greater(t, got.Faults, 30*got.Histories)
	require.Greater(t, got.Commits, 2*got.Histories, "histories in which nothing is committed show nothing")
	t.Logf("%+v", got)
}

func TestTheSameSeedGivesTheSameHistory(t *testing.T) {
	config := counting(nil)
	for seed := range uint64(30) {
		a, b := locktest.Run(seed, config()), locktest.Run(seed, config())
		require.Equal(t, a, b)
	}
}

// Each mutant breaks one clause of the protocol. The seed is that of the first history that notices.
func TestABrokenProtocolIsNoticed(t *testing.T) {
	for _, mutant := range []struct {
		name    string
		ledger  func(objects.Store, *locktest.Client) locktest.Ledger
		seed    uint64
		promise string
	}{
		{"M6 no fence is installed", func(o objects.Store, c *locktest.Client) locktest.Ledger {
			return lowFence{ledger{open(o, c)}}
		}, 18, "I4"},
		{"M7 the state is replaced without looking whether it has changed", func(o objects.Store, c *locktest.Client) locktest.Ledger {
			return ledger{open(blindObjects{o}, c)}
		}, 3, "I5"},
		{"M8 one floor for all components", func(o objects.Store, c *locktest.Client) locktest.Ledger {
			return ledger{open(o, c, state.WithOneFloor())}
		}, 3, "I6"},
		{"M10 the floor of the writer's own lock only", func(o objects.Store, c *locktest.Client) locktest.Ledger {
			return ledger{open(o, c, state.WithOwnFloorOnly())}
		}, 14, "linearizability of the state"},
	} {
		t.Run(mutant.name, func(t *testing.T) {
			config := counting(mutant.ledger)
			if os.Getenv("DEPLOYER_SIM") != "" {
				found := locktest.Sweep(3_000, config)
				require.NotNil(t, found.Broken, "3,000 histories did not notice")
				t.Logf("first noticed by seed %d: %v", found.Broken.Seed, found.Broken.Broken)
			}
			require.NoError(t, locktest.Run(mutant.seed, counting(nil)()).Broken)
			require.ErrorContains(t, locktest.Run(mutant.seed, config()).Broken, mutant.promise)
		})
	}
}
