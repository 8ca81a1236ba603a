package dynamotable_test

import (
	"testing"

	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/lock/tabletest"
)

// emulators says how each service that stands in for DynamoDB differs from it. "make integration" starts them.
var emulators = map[string]tabletest.Options{
	"dynamodb-local": {},
	"moto": {
		Wiring: true, // it answers concurrent transactions without isolating them
		Except: map[string]string{
			"the same token and writes are applied once":  "it does not look at tokens",
			"the same token with other writes is refused": "it does not look at tokens",
		},
	},
}

func TestIntegration(t *testing.T) {
	for name, endpoint := range endpoints(t) {
		t.Run(name, func(t *testing.T) {
			tabletest.Run(t, func(t *testing.T) lock.Table { return newTable(t, endpoint) }, emulators[name])
		})
	}
}
