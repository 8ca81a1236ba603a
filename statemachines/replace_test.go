package statemachines_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// replace changes a text, and fails when there is nothing to change.
func replace(t *testing.T, text, from, to string) string {
	t.Helper()
	require.Contains(t, text, from)
	return strings.Replace(text, from, to, 1)
}
