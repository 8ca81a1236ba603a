package address

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseReadsWhatStringWrites(t *testing.T) {
	for _, text := range []string{"shop/staging", "shop/staging/user", "shop/staging/user/db-1"} {
		a, err := Parse(text)
		require.NoError(t, err)
		require.Equal(t, text, a.String())
		data, err := json.Marshal(map[Address]Address{a: a})
		require.NoError(t, err)
		var back map[Address]Address
		require.NoError(t, json.Unmarshal(data, &back))
		require.Equal(t, a, back[a])
	}
}

func TestParseRefusesOtherNames(t *testing.T) {
	for _, text := range []string{"", "shop", "a/b/c/d/e", "shop//user", "shop/../user", "Shop/staging", "shop/1st", "shop/staging-",
		"shop/sta.ging", "shop/sta:ging", "shop/" + strings.Repeat("a", MaxName+1), "shop/st\x00"} {
		_, err := Parse(text)
		require.Error(t, err, text)
	}
}

func TestKeysOfTheThreeLevels(t *testing.T) {
	scope := Scope("shop", "staging")
	db := scope.In("user", "db")
	service := Address{Stack: "shop", Environment: "staging", Service: "user"}
	require.Equal(t, "stack:shop:env:staging", scope.LockKey())
	require.Equal(t, "stack:shop:env:staging:service:user", service.LockKey())
	require.Equal(t, "stack:shop:env:staging:component:user/db", db.LockKey())
	require.Equal(t, []Address{scope, service}, db.Ancestors())
	require.Equal(t, "stacks/shop/staging/pulumi/user/db/e7/", db.PulumiPrefix("e7"))
	require.Equal(t, "staging.user.db", db.PulumiStack())
	require.True(t, scope.Contains(db) && service.Contains(db) && db.Contains(db))
	require.False(t, db.Contains(service) || service.Contains(scope.In("cart", "db")) || scope.Contains(Scope("shop", "production")))
}
