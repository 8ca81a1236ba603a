package state_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/state"
)

func TestAnOlderSnapshotIsReadAsAPresentOne(t *testing.T) {
	data, err := os.ReadFile("testdata/version-0.json")
	require.NoError(t, err)
	if at := bytes.LastIndex(data, []byte("  \"checksum\"")); *update {
		data = sealed(string(data[:at]))
		require.NoError(t, os.WriteFile("testdata/version-0.json", data, 0o644))
	}
	s, err := state.Decode(data)
	require.NoError(t, err)
	require.Equal(t, state.SchemaVersion, s.SchemaVersion)
	require.EqualValues(t, 7, s.Serial)
	require.Equal(t, "e3", s.Components["web/front"].Epoch)
	require.EqualValues(t, 9007199254740993, s.Components["web/front"].Serial, "numbers of 64 bits stay what they are")
	migrated, err := state.Encode(s)
	require.NoError(t, err)
	golden(t, "version-0-migrated.json", migrated)
}

func TestAnOlderSnapshotThatCannotBeMigrated(t *testing.T) {
	for name, c := range map[string]struct{ body, detail string }{
		"components that are no list": {"{\n  \"schemaVersion\": 0,\n  \"components\": {},\n", "components is not a list"},
		"a component without a name":  {"{\n  \"schemaVersion\": 0,\n  \"components\": [{}],\n", "component 0 has no name"},
		"a component twice":           {"{\n  \"schemaVersion\": 0,\n  \"components\": [{\"name\": \"a/b\"}, {\"name\": \"a/b\"}],\n", "a/b stands there twice"},
		"no JSON":                     {"{\n  \"schemaVersion\": 0,\n  nonsense\n", "invalid character"},
		"a scope that is none":        {"{\n  \"schemaVersion\": 0,\n  \"stack\": \"shop\",\n  \"components\": [],\n", "address"},
		"an unknown field":            {"{\n  \"schemaVersion\": 0,\n  \"stack\": \"shop\", \"environment\": \"test\",\n  \"components\": [], \"more\": 1,\n", "more"},
	} {
		_, err := state.Decode(sealed(c.body))
		var refusal *state.Refusal
		require.ErrorAs(t, err, &refusal, name)
		require.Equal(t, state.BadJSON, refusal.Reason, name)
		require.ErrorContains(t, refusal, c.detail, name)
	}
}
