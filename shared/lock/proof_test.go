package lock_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/lock/locktest"
)

// histories is how many a proof lives through: few by default, 4,000 with DEPLOYER_SIM=ci, 20,000 with DEPLOYER_SIM=full.
func histories() uint64 {
	switch os.Getenv("DEPLOYER_SIM") {
	case "full":
		return 20_000
	case "ci":
		return 4_000
	}
	return 1_000
}

func TestNoHistoryBreaksAPromiseOfTheLocks(t *testing.T) {
	got := locktest.Sweep(histories(), func() locktest.Config { return locktest.Config{} })
	require.Nil(t, got.Broken, "%+v", got.Broken)
	require.EqualValues(t, histories(), got.Histories)
	require.Greater(t, got.Calls, 100*got.Histories)
	require.Greater(t, got.Faults, 30*got.Histories)
	require.Greater(t, got.Grants, 6*got.Histories, "histories in which nothing is granted show nothing")
	require.Greater(t, got.Takeovers, 2*got.Histories, "histories in which nothing is taken over show little")
	t.Logf("%+v", got)
}

func TestTheSameSeedGivesTheSameHistory(t *testing.T) {
	for seed := range uint64(50) {
		var first, second []string
		a := locktest.Run(seed, locktest.Config{Trace: func(line string) { first = append(first, line) }})
		b := locktest.Run(seed, locktest.Config{Trace: func(line string) { second = append(second, line) }})
		require.Equal(t, first, second)
		require.Equal(t, a, b)
		require.NotEqual(t, a.Trace, locktest.Run(seed+1, locktest.Config{}).Trace)
	}
}

// Each mutant breaks one clause of the protocol. The seed is that of the first history that notices.
func TestABrokenProtocolIsNoticed(t *testing.T) {
	for _, mutant := range []struct {
		name    string
		mutate  func(lock.Table) lock.Table
		seed    uint64
		promise string
	}{
		{"M1 acquire without looking for locks below", rewriting(ignoreBelow), 1, "I1"},
		{"M2 acquire without looking for locks above", rewriting(ignoreAbove), 2, "I1"},
		{"M3 release whatever stands there", rewriting(releaseAnything), 72, "I2"},
		{"M4 take over without looking whether the lock was renewed", rewriting(ignoreRenewal), 66, "E1"},
		{"M5 the fence counter in an item that expires", func(t lock.Table) lock.Table { return &mortalFence{Table: t} }, 2, "I3"},
		{"M9 no look at the table after an unclear answer", func(t lock.Table) lock.Table { return trusting{t} }, 5, "I7"},
		{"M11 renew to an earlier end", rewriting(renewBack), 29, "E1"},
		{"M12 give up without burning the fence", func(t lock.Table) lock.Table { return &notBurning{Table: t} }, 140, "I7"},
	} {
		t.Run(mutant.name, func(t *testing.T) {
			config := func() locktest.Config { return locktest.Config{Mutate: mutant.mutate} }
			if os.Getenv("DEPLOYER_SIM") != "" {
				found := locktest.Sweep(3_000, config)
				require.NotNil(t, found.Broken, "3,000 histories did not notice")
				t.Logf("first noticed by seed %d: %v", found.Broken.Seed, found.Broken.Broken)
			}
			require.NoError(t, locktest.Run(mutant.seed, locktest.Config{}).Broken)
			require.ErrorContains(t, locktest.Run(mutant.seed, config()).Broken, mutant.promise)
		})
	}
}
