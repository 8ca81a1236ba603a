package docs_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/docs"
)

func TestEveryKindHasASchemaAndAPage(t *testing.T) {
	require.Len(t, docs.Kinds(), 32)
	for _, kind := range append(docs.Kinds(), docs.SchemaOfAll, docs.SchemaOfOverlays) {
		data, found := docs.Schema(kind)
		require.True(t, found, kind)
		require.True(t, json.Valid(data), kind)
	}
	for _, page := range append(docs.Kinds(), "README", "common", "policies") {
		data, found := docs.Reference(page)
		require.True(t, found, page)
		require.NotEmpty(t, data)
	}
	for _, unknown := range []string{"", "RD", "*", "../reference/README", "components.deployer.io/RDS"} {
		_, found := docs.Schema(unknown)
		require.False(t, found, unknown)
	}
}
