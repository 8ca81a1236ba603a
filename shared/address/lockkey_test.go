package address_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
)

func TestALockKeyIsReadBack(t *testing.T) {
	for _, text := range []string{"shop/production", "shop/production/web", "shop/production/web/front"} {
		a, err := address.Parse(text)
		require.NoError(t, err)
		back, err := address.ParseLockKey(a.LockKey())
		require.NoError(t, err)
		require.Equal(t, a, back)
	}
}

func TestWhatIsNoLockKeyIsRefused(t *testing.T) {
	for _, key := range []string{"", "stack:shop", "stack:shop:env:production#fence", "audit:stack:shop:env:production:7",
		"stack:shop:env:production:service:web/front", "stack:shop:env:production:component:web", "stack:shop:env:production:other:web",
		"stack:shop/x:env:production", "stack:Shop:env:production"} {
		_, err := address.ParseLockKey(key)
		require.Errorf(t, err, "%q", key)
	}
}
