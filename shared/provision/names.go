package provision

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/deployer-io/deployer/shared/address"
)

// The longest names that AWS accepts, in characters.
const (
	maxLoadBalancerName = 32 // and of target groups
	maxCacheName        = 40 // replication groups and clusters
	maxArchiveName      = 48 // of events
	maxLogDeliveryName  = 60
	maxBucketName       = 63
	maxDatabaseName     = 63 // instances and clusters
	maxRoleName         = 64 // roles, Lambda functions, schedules
	maxQueueName        = 80
	maxAPIName          = 128
	maxLongName         = 255
)

// physicalName makes the name of a cloud resource of the component: stack-environment-service-component-hash[-suffix],
// leaving out parts from the front where limit demands it. The hash is taken over the whole address and the salt, so
// that names are deterministic and those of different components differ, also where a hyphen moved from one part to
// another.
func physicalName(of address.Address, limit int, suffix string, salt ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(append([]string{of.String()}, salt...), "\x00")))
	end := "-" + hex.EncodeToString(sum[:3])
	if suffix != "" {
		end += "-" + suffix
	}
	parts := []string{of.Stack, of.Environment, of.Service, of.Component}
	for len(parts) > 1 && len(strings.Join(parts, "-"))+len(end) > limit {
		parts = parts[1:]
	}
	base := strings.Join(parts, "-")
	if room := limit - len(end); len(base) > room {
		base = strings.TrimRight(base[:max(room, 1)], "-")
	}
	return base + end
}
