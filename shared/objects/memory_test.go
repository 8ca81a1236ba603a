package objects_test

import (
	"testing"
	"time"

	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/objects/objectstest"
)

func TestMemory(t *testing.T) {
	open := func(*testing.T) objects.Store { return objects.NewMemory(time.Now) }
	objectstest.Run(t, open, objectstest.Options{Versions: true})
}
