package state_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/state"
)

// large returns a snapshot with so many components, each about as big as a real one.
func large(components int) state.Snapshot {
	scope := address.Scope("shop", "production")
	when := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	s := state.Snapshot{SchemaVersion: state.SchemaVersion, Lineage: "0f5c2a4e", Serial: 41, Scope: scope, Entry: "00000041-run-41",
		Previous: "00000040-run-40", Run: "run-41", At: when, LastGood: 40, Floors: map[string]int64{scope.LockKey(): 17},
		Bundle:     state.BundleRef{Key: "bundles/shop/production/1.zip", VersionID: "3", SHA256: strings.Repeat("ab", 32)},
		Components: map[string]state.Record{}}
	for i := range components {
		a := scope.In(fmt.Sprintf("service-%d", i/20), fmt.Sprintf("component-%d", i))
		s.Components[a.Short()] = state.Record{Address: a, Kind: "MicroService", Status: state.Deployed, Revision: 1, Action: "update",
			Spec: json.RawMessage(fmt.Sprintf(`{"platform":"fargate","image":"registry.example/shop/web:1.%d","cpu":512,"memory":1024,"replicas":{"min":2,"max":10},`+
				`"port":8080,"environment":[{"name":"LOG_LEVEL","value":"info"},{"name":"DATABASE","valueFrom":{"component":"data/main","output":"endpoint"}}],`+
				`"healthCheck":{"path":"/healthz","intervalSeconds":10,"timeoutSeconds":3},"autoscaling":{"cpuPercent":60,"requestsPerTarget":800}}`, i)),
			InputsDigest: strings.Repeat("cd", 32), DependsOn: []string{"data/main", "edge/alb"}, Epoch: "e17", Resources: 11,
			Outputs: map[string]json.RawMessage{"endpoint": json.RawMessage(`"http://web.shop.internal:8080"`),
				"arn": json.RawMessage(fmt.Sprintf(`"arn:aws:ecs:eu-central-1:123456789012:service/shop/web-%d"`, i))},
			Account: "123456789012", Region: "eu-central-1", Run: "run-41", Serial: 41, CreatedAt: when, UpdatedAt: when,
			Duration: 93 * time.Second}
	}
	return s
}

func BenchmarkDecode5000(b *testing.B) {
	data, err := state.Encode(large(5000))
	require.NoError(b, err)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		_, err := state.Decode(data)
		require.NoError(b, err)
	}
}

func BenchmarkEncode5000(b *testing.B) {
	s := large(5000)
	for b.Loop() {
		_, err := state.Encode(s)
		require.NoError(b, err)
	}
}
