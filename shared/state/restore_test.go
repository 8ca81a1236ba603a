package state_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/state"
)

func TestRestoringGoesOnToANewSerial(t *testing.T) {
	d := newDesk(t)
	f := d.install(fence(1, scope))
	d.commit(f, "run-1", front)
	d.commit(f, "run-2", front, db)
	before := d.keys("history/")
	s, err := d.Restore(t.Context(), f, 1, "restore-1")
	require.NoError(t, err)
	require.EqualValues(t, 3, s.Serial)
	require.Len(t, s.Components, 1)
	require.JSONEq(t, `{"image":"front:run-1"}`, string(s.Components["web/front"].Spec))
	require.Equal(t, s, d.read())
	require.Equal(t, append(before, "history/00000003-restore-1.json"), d.keys("history/"))
	_, err = d.Restore(t.Context(), f, 9, "restore-2")
	var unknown *state.SerialUnknown
	require.ErrorAs(t, err, &unknown)
}

func TestRestoringNeedsTheLockOnTheScope(t *testing.T) {
	d := newDesk(t)
	d.commit(d.install(fence(1, scope)), "run-1", front)
	_, err := d.Restore(t.Context(), d.install(fence(2, web)), 1, "restore-1")
	var notCovered *state.NotCovered
	require.ErrorAs(t, err, &notCovered)
	_, err = d.Restore(t.Context(), fence(1, scope), 1, "restore-1")
	var fenced *state.FencedOut
	require.ErrorAs(t, err, &fenced)
}

func TestRestoringReplacesAStateThatIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(*desk){
		"damaged": func(d *desk) { d.spoil(d.Key(), "{") },
		"missing": func(d *desk) { require.NoError(t, d.objects.Delete(t.Context(), d.Key())) },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			f := d.install(fence(4, scope))
			d.commit(f, "run-1", front)
			d.commit(f, "run-2", front, db)
			spoil(d)
			s, err := d.Restore(t.Context(), fence(5, scope), 2, "restore-1")
			require.NoError(t, err)
			require.EqualValues(t, 3, s.Serial)
			require.Len(t, s.Components, 2)
			require.Equal(t, map[string]int64{scope.LockKey(): 5}, s.Floors, "no earlier holder writes any more")
			require.Equal(t, s, d.read())
			require.Equal(t, "id-1", s.Lineage)
			_, err = d.Commit(t.Context(), f, []address.Address{front}, deploy("run-3", front))
			var fenced *state.FencedOut
			require.ErrorAs(t, err, &fenced)
		})
	}
	d := newDesk(t)
	f := d.install(fence(1, scope))
	d.commit(f, "run-1", front)
	d.spoil(d.Key(), `{"schemaVersion": 2}`)
	_, err := d.Restore(t.Context(), f, 1, "restore-1")
	require.ErrorContains(t, err, "newer schema: it has schema version 2, this program knows up to 1; use a newer deployer")
}

func TestWhatIsExportedCanBeImported(t *testing.T) {
	d := newDesk(t)
	f := d.install(fence(1, scope))
	d.commit(f, "run-1", front)
	exported, err := d.Export(t.Context())
	require.NoError(t, err)
	s, err := d.Import(t.Context(), f, exported, "import-1")
	require.NoError(t, err)
	require.EqualValues(t, 2, s.Serial)
	require.Len(t, s.Components, 1)
	_, err = d.Import(t.Context(), f, exported, "import-2")
	var refused *state.ImportRefused
	require.ErrorAs(t, err, &refused)
	require.Equal(t, state.OtherSerial, refused.Reason)
	require.ErrorContains(t, err, "it has serial 1, the state is at 2 by now: export it anew and import that")
	require.Equal(t, s, d.read())
}

func TestAStateIsImportedIntoAnEmptyBucket(t *testing.T) {
	d := newDesk(t)
	f := d.install(fence(1, scope))
	for _, run := range []string{"run-1", "run-2", "run-3"} {
		d.commit(f, run, front)
	}
	exported, err := d.Export(t.Context())
	require.NoError(t, err)
	fresh := newDesk(t)
	s, err := fresh.Import(t.Context(), fresh.install(fence(1, scope)), exported, "import-1")
	require.NoError(t, err)
	require.EqualValues(t, 4, s.Serial)
	require.Equal(t, d.read().Lineage, s.Lineage)
	require.Equal(t, s, fresh.read())
}

func TestImportsThatAreRefused(t *testing.T) {
	d := newDesk(t)
	f := d.install(fence(1, scope))
	d.commit(f, "run-1", front)
	exported, err := d.Export(t.Context())
	require.NoError(t, err)
	foreign := d.read()
	foreign.Lineage = "other"
	otherLineage, err := state.Encode(foreign)
	require.NoError(t, err)
	otherScope, err := state.Encode(state.Snapshot{SchemaVersion: 1, Scope: address.Scope("shop", "staging")})
	require.NoError(t, err)
	for name, c := range map[string]struct {
		data   []byte
		reason state.Reason
	}{
		"edited without a new checksum": {[]byte(strings.Replace(string(exported), "MicroService", "Worker", 1)), state.BadChecksum},
		"another lineage":               {otherLineage, state.OtherLineage},
		"another scope":                 {otherScope, state.OtherScope},
		"no JSON":                       {[]byte("state"), state.BadJSON},
	} {
		_, err := d.Import(t.Context(), f, c.data, "import-1")
		var refused *state.ImportRefused
		require.ErrorAs(t, err, &refused, name)
		require.Equal(t, c.reason, refused.Reason, name)
		require.ErrorContains(t, err, "the snapshot may not become the state of shop/production")
	}
	_, err = d.Import(t.Context(), d.install(fence(2, web)), exported, "import-1")
	var notCovered *state.NotCovered
	require.ErrorAs(t, err, &notCovered)
	require.EqualValues(t, 1, d.read().Serial)
}
