package state_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/state"
)

func TestFloorsKeepReplacedHoldersOut(t *testing.T) {
	type act struct {
		number int64
		on     address.Address
	}
	for name, c := range map[string]struct {
		installed []act
		writer    act
		component address.Address
		floor     int64 // that keeps the writer out; 0: it may write
	}{
		"its own fence":                                         {[]act{{1, front}}, act{1, front}, front, 0},
		"a later holder of the same component":                  {[]act{{1, front}, {2, front}}, act{1, front}, front, 2},
		"a later holder of its service":                         {[]act{{1, front}, {2, web}}, act{1, front}, front, 2},
		"a later holder of the scope":                           {[]act{{1, front}, {2, scope}}, act{1, front}, front, 2},
		"a later holder of a component below":                   {[]act{{1, web}, {2, front}}, act{1, web}, front, 2},
		"a later holder of a component below the scope":         {[]act{{1, scope}, {2, front}}, act{1, scope}, front, 2},
		"a later holder of a service below the scope":           {[]act{{1, scope}, {2, web}}, act{1, scope}, front, 2},
		"a neighbour's later fence":                             {[]act{{1, front}, {2, back}}, act{1, front}, front, 0},
		"another component, while one below has a later holder": {[]act{{1, web}, {2, front}}, act{1, web}, back, 0},
		"a later holder of another service":                     {[]act{{1, web}, {2, db}}, act{1, web}, front, 0},
		"an earlier holder of the scope":                        {[]act{{1, scope}, {2, front}}, act{2, front}, front, 0},
		"a fence that was not installed":                        {[]act{{1, scope}}, act{7, front}, front, 0},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			for _, i := range c.installed {
				d.install(fence(i.number, i.on))
			}
			_, err := d.Commit(t.Context(), fence(c.writer.number, c.writer.on), []address.Address{c.component}, deploy("run", c.component))
			if c.floor == 0 {
				require.NoError(t, err)
				return
			}
			var fenced *state.FencedOut
			require.ErrorAs(t, err, &fenced)
			require.Equal(t, c.floor, fenced.Floor)
			require.Equal(t, c.writer.number, fenced.Fence)
			require.ErrorContains(t, err, "its lock has fence 1, and fence 2 has been granted on stack:shop:env:production")
			require.Zero(t, d.read().Serial)
		})
	}
}

func TestALaterHolderCannotBeInstalledOver(t *testing.T) {
	for _, c := range []struct{ later, earlier address.Address }{{front, front}, {web, front}, {scope, front}, {front, web}, {front, scope}, {web, scope}} {
		d := newDesk(t)
		d.install(fence(2, c.later))
		var fenced *state.FencedOut
		require.ErrorAs(t, d.Install(t.Context(), fence(1, c.earlier)), &fenced, "%s after %s", c.earlier, c.later)
		require.EqualValues(t, 2, fenced.Floor)
	}
	d := newDesk(t)
	d.install(fence(2, front))
	d.install(fence(1, back))
}

func TestInstallingMayBeRepeated(t *testing.T) {
	d := newDesk(t)
	d.install(fence(1, front, back))
	before := d.read()
	d.put = func(string, func() error) error { t.Error("something is written"); return nil }
	d.install(fence(1, front, back))
	require.Equal(t, before, d.read())
	require.ErrorContains(t, d.Install(t.Context(), fence(1)), "without locks or number")
	require.ErrorContains(t, d.Install(t.Context(), fence(1, address.Scope("shop", "test"))), "is of no use")
}

func TestUnclearAnswersToAnInstallation(t *testing.T) {
	d := newDesk(t)
	calls := 0
	d.put = func(_ string, apply func() error) error {
		if calls++; calls%2 == 0 {
			return errNoAnswer
		}
		_ = apply()
		return errNoAnswer
	}
	d.install(fence(1, front))
	require.EqualValues(t, 1, d.read().Floors[front.LockKey()])
	d.put = func(string, func() error) error { return errNoAnswer }
	var unavailable *state.StateUnavailable
	require.ErrorAs(t, d.Install(t.Context(), fence(2, front)), &unavailable)
}

// The floors that are kept decide as if all were kept: what is dropped is below another one on every path.
func TestTheFloorsThatAreDroppedDoNotMatter(t *testing.T) {
	places := []address.Address{scope, web, {Stack: "shop", Environment: "production", Service: "data"}, front, back, db}
	rapid.Check(t, func(r *rapid.T) {
		d := newDesk(t)
		all := map[address.Address]int64{}
		highest := func(a address.Address) (floor int64) {
			for _, other := range places {
				if other.Contains(a) || a.Contains(other) {
					floor = max(floor, all[other])
				}
			}
			return floor
		}
		for _, step := range rapid.SliceOfN(rapid.IntRange(0, 6*len(places)-1), 1, 12).Draw(r, "steps") {
			a, number := places[step%len(places)], int64(step/len(places)+1)
			err := d.Install(t.Context(), fence(number, a))
			if highest(a) > number {
				require.Error(r, err)
				continue
			}
			require.NoError(r, err)
			all[a] = number
		}
		number := rapid.Int64Range(1, 7).Draw(r, "writer")
		at := rapid.SampledFrom([]address.Address{front, back, db}).Draw(r, "component")
		floor := int64(0)
		for _, a := range places {
			if a.Contains(at) {
				floor = max(floor, all[a])
			}
		}
		if !slices.ContainsFunc(places, func(a address.Address) bool { return all[a] > 0 }) {
			return // nothing was ever installed
		}
		_, err := d.Commit(t.Context(), fence(number, scope), []address.Address{at}, deploy("run", at))
		require.Equal(r, floor > number, err != nil, "%v: %v", all, err)
	})
}
