package state_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/state"
)

// serials are those of the history.
func (d *desk) serials() []int64 {
	d.t.Helper()
	history, err := d.History(d.t.Context())
	require.NoError(d.t, err)
	var serials []int64
	for _, entry := range history {
		serials = append(serials, entry.Serial)
	}
	return serials
}

// corrupt is the error of a state that is refused.
func (d *desk) corrupt() *state.StateCorrupt {
	d.t.Helper()
	_, _, err := d.Read(d.t.Context())
	var corrupt *state.StateCorrupt
	require.ErrorAs(d.t, err, &corrupt)
	return corrupt
}

func TestTheHistoryHasEverySerial(t *testing.T) {
	d := newDesk(t)
	require.Empty(t, d.serials())
	f := d.install(fence(1, scope))
	var all []state.Snapshot
	for _, run := range []string{"run-1", "run-2", "run-3"} {
		d.now = d.now.Add(time.Hour)
		all = append(all, d.commit(f, run, front))
	}
	require.Equal(t, []int64{3, 2, 1}, d.serials())
	for _, s := range all {
		at, err := d.At(t.Context(), s.Serial)
		require.NoError(t, err)
		at.Checksum, s.Checksum = "", ""
		require.Equal(t, s, at)
	}
	history, err := d.History(t.Context())
	require.NoError(t, err)
	require.Equal(t, "run-3", history[0].Run)
	require.Equal(t, d.now, history[0].At)
	require.NotZero(t, history[0].Size)
	_, err = d.At(t.Context(), 4)
	var unknown *state.SerialUnknown
	require.ErrorAs(t, err, &unknown)
	require.ErrorContains(t, err, "'deployer state history shop/production' lists what it holds")
}

func TestAStateThatIsNotToBeTrustedNamesTheNewestGoodOne(t *testing.T) {
	d := newDesk(t)
	f := d.install(fence(1, scope))
	d.commit(f, "run-1", front)
	good := d.commit(f, "run-2", front)
	d.commit(f, "run-3", front)
	object, err := d.objects.Get(t.Context(), d.Key())
	require.NoError(t, err)
	whole := string(object.Data)
	other, err := state.Encode(state.Snapshot{SchemaVersion: 1, Scope: address.Scope("shop", "staging")})
	require.NoError(t, err)
	d.spoil(scope.Prefix()+"history/00000003-run-3.json", "{}")
	for name, c := range map[string]struct {
		data   string
		reason state.Reason
	}{
		"damaged":                  {strings.Replace(whole, "run-3", "run-4", 1), state.BadChecksum},
		"cut off":                  {whole[:len(whole)/2], state.BadJSON},
		"empty":                    {"", state.BadJSON},
		"that of another scope":    {string(other), state.OtherScope},
		"laid out by a later year": {`{"schemaVersion": 2}`, state.NewerSchema},
	} {
		t.Run(name, func(t *testing.T) {
			d.spoil(d.Key(), c.data)
			corrupt := d.corrupt()
			require.Equal(t, c.reason, corrupt.Reason)
			require.Equal(t, good.Serial, corrupt.NewestGood)
			require.ErrorContains(t, corrupt, "the state of shop/production (stacks/shop/production/state.json) is refused: "+string(c.reason))
			if c.reason != state.NewerSchema {
				require.ErrorContains(t, corrupt, "'deployer state restore shop/production --serial 2'")
			}
			_, err := d.Commit(t.Context(), f, []address.Address{front}, deploy("run-5", front))
			require.ErrorAs(t, err, &corrupt, "nothing is written over it")
			require.ErrorAs(t, d.Install(t.Context(), fence(9, scope)), &corrupt)
			_, err = d.Export(t.Context())
			require.ErrorAs(t, err, &corrupt)
			require.Equal(t, []int64{3, 2, 1}, d.serials())
		})
	}
	require.NoError(t, d.objects.Delete(t.Context(), d.Key()))
	require.Equal(t, state.Missing, d.corrupt().Reason)
}

func TestAnotherLineageIsRefused(t *testing.T) {
	d := newDesk(t, state.WithLineage("mine"))
	theirs := state.NewStore(d.objects, scope, state.WithIDs(func() string { return "theirs" }))
	require.NoError(t, theirs.Install(t.Context(), fence(1, scope)))
	corrupt := d.corrupt()
	require.Equal(t, state.OtherLineage, corrupt.Reason)
	require.ErrorContains(t, corrupt, "its lineage is theirs, wanted is mine; its history holds no good one: bring one back with 'deployer state import'")
}

func TestVerifyFindsAllThatIsWrong(t *testing.T) {
	d := newDesk(t)
	f := d.install(fence(1, scope))
	verify := func() []string {
		problems, err := d.Verify(t.Context())
		require.NoError(t, err)
		var texts []string
		for _, p := range problems {
			texts = append(texts, strings.TrimPrefix(p.Key, scope.Prefix())+": "+string(p.Reason))
		}
		return texts
	}
	require.Empty(t, verify())
	for _, run := range []string{"run-1", "run-2", "run-3", "run-4"} {
		d.commit(f, run, front)
	}
	require.Empty(t, verify())
	second, err := d.objects.Get(t.Context(), scope.Prefix()+"history/00000002-run-2.json")
	require.NoError(t, err)
	d.spoil(scope.Prefix()+"history/00000001-run-1.json", string(second.Data)) // whole, but of another serial
	d.spoil(scope.Prefix()+"history/00000003-run-3.json", "{")
	elsewhere, err := state.Encode(state.Snapshot{SchemaVersion: 1, Scope: scope, Serial: 2, Lineage: "other", Entry: "00000002-run-2"})
	require.NoError(t, err)
	d.spoil(scope.Prefix()+"history/00000002-run-2.json", string(elsewhere))
	require.NoError(t, d.objects.Delete(t.Context(), scope.Prefix()+"history/00000004-run-4.json"))
	d.spoil(scope.Prefix()+"history/notes.txt", "not ours")
	require.Equal(t, []string{"history/00000003-run-3.json: bad JSON", "history/00000002-run-2.json: other lineage",
		"history/00000001-run-1.json: other serial", "history/00000004-run-4.json: missing"}, verify())
	d.spoil(d.Key(), "{}")
	require.Equal(t, "state.json: bad checksum", verify()[0])
}

func TestPruningKeepsTheStateAndTheLastGoodOne(t *testing.T) {
	d := newDesk(t)
	f := d.install(fence(1, scope))
	for n := range 6 {
		_, err := d.Commit(t.Context(), f, []address.Address{front}, func(s *state.Snapshot) error {
			if n == 2 {
				s.LastGood = s.Serial
			}
			return deploy(string(rune('a'+n)), front)(s)
		})
		require.NoError(t, err)
		d.now = d.now.Add(24 * time.Hour)
	}
	require.EqualValues(t, 2, d.read().LastGood)
	removed, err := d.Prune(t.Context(), d.now.Add(-3*24*time.Hour))
	require.NoError(t, err)
	require.Equal(t, 2, removed)
	require.Equal(t, []int64{6, 5, 4, 2}, d.serials())
	d.now = d.now.Add(state.Retention)
	_, err = d.Prune(t.Context(), d.now.Add(-state.Retention+48*time.Hour))
	require.NoError(t, err)
	require.Equal(t, []int64{6, 2}, d.serials())
	problems, err := d.Verify(t.Context())
	require.NoError(t, err)
	require.Empty(t, problems)
	d.spoil(d.Key(), "{}")
	_, err = d.Prune(t.Context(), d.now)
	require.Error(t, err, "nothing is thrown away while it may be needed")
}

func TestAHistoryThatIsThereIsNoReasonToRefuseAStateThatCameMeanwhile(t *testing.T) {
	d := newDesk(t)
	first := true
	late := state.NewStore(lateObjects{d.objects, func() {
		if first {
			first = false
			d.commit(d.install(fence(1, scope)), "run-1", front)
		}
	}}, scope)
	s, _, err := late.Read(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, s.Serial)
}
