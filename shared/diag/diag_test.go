package diag

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestListIsSortedByPlaceAndTellsEachMistakeOnce(t *testing.T) {
	var list List
	list.Warnf("late", Position{File: "b.yaml", Line: 1, Column: 1}, "", "later file")
	list.Errorf("field", Position{File: "a.yaml", Line: 12, Column: 3}, "spec.x", "unknown field %q", "x").WithHint("did you mean %q?", "y")
	list.Errorf("field", Position{File: "a.yaml", Line: 2, Column: 3}, "", "earlier line")
	list = append(list, list[0])
	require.Equal(t, "a.yaml:2:3: error: earlier line\n"+
		"a.yaml:12:3: error: spec.x: unknown field \"x\" (did you mean \"y\"?)\n"+
		"b.yaml:1:1: warning: later file\n", list.String())
	require.True(t, list.HasErrors())
	require.False(t, list[:1].HasErrors())
}

func TestNearest(t *testing.T) {
	names := []string{"replicas", "resources", "image", "port"}
	for slip, want := range map[string]string{"replica": "replicas", "relpicas": "replicas", "IMAGE": "image", "prot": "port",
		"zzz": "", "databaseName": ""} {
		require.Equal(t, want, Nearest(slip, names), slip)
	}
}

func TestWhatABundleSaysMakesNoLineOfItsOwn(t *testing.T) {
	var list List
	list.Errorf("unknown-field", Position{File: "a.yaml\n::stop-commands::x", Line: 1, Column: 1}, "spec.\x1b[2Ka\r", "unknown field %s",
		"x\n::error file=b.yaml::forged\nstack.yaml:1:1: error: forged \u009b31m\u202e").WithHint("did you mean\n%s?", "\ty")
	text := list.String()
	require.Equal(t, 1, strings.Count(text, "\n"), text)
	require.NotRegexp(t, `[\x00-\x09\x0b-\x1f\x7f-\x9f]|\x{202e}`, text)
	require.True(t, strings.HasPrefix(text, "a.yaml ::stop-commands::x:1:1: error: spec."), text)
}
