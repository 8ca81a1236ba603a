package objects_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/objects/objectstest"
)

func TestMemory(t *testing.T) {
	open := func(*testing.T) objects.Store { return objects.NewMemory(time.Now) }
	objectstest.Run(t, open, objectstest.Options{Versions: true})
}

func TestMemoryTakesItsTimeFromTheClock(t *testing.T) {
	at := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.FixedZone("east", 3600))
	store := objects.NewMemory(func() time.Time { return at })
	written, err := store.Put(t.Context(), "k", nil, objects.Always())
	require.NoError(t, err)
	require.Equal(t, at.UTC(), written.Modified)
}
