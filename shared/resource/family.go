package resource

import (
	"slices"
	"strings"

	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/document"
)

// The API versions of documents.
const (
	CoreV1       = document.CoreV1
	InfraV1      = document.InfraV1
	ComponentsV1 = document.ComponentsV1
)

// The families of kinds.
const (
	Compute        = "compute"
	Data           = "data"
	Cache          = "cache"
	Storage        = "storage"
	Messaging      = "messaging"
	Network        = "network"
	PlatformFamily = "platform"
)

// CodeBackup is the code of rules about backups.
const CodeBackup diag.Code = "backup"

// oneOf reports a name that is not among those known.
func (k *Checker) oneOf(code diag.Code, path, name string, known []string, what string) {
	if slices.Contains(known, name) {
		return
	}
	d := k.Errorf(code, path, "there is no %s named %q", what, shorten(name))
	if nearest := diag.Nearest(name, known); nearest != "" {
		d.WithHint("did you mean %q?", nearest)
	} else {
		d.WithHint("it is one of %s", strings.Join(sorted(known), ", "))
	}
}

// checkKey wants a key of KMS in the environment's region.
func (k *Checker) checkKey(path string, key ARN) {
	if key == "" {
		return
	}
	if key.Service() != "kms" {
		k.Errorf(CodeInvalid, path, "%s is no KMS key", shorten(string(key))).WithHint("arn:aws:kms:REGION:ACCOUNT:key/ID")
	} else if k.environment != nil && k.environment.Region != "" && key.Region() != k.environment.Region {
		k.Errorf(CodeInvalid, path, "the key is in %s, the environment in %s", key.Region(), k.environment.Region).
			WithHint("use a key of the environment's region")
	}
}

// checkProduction warns of data without automatic backups.
func checkProduction(k *Checker, retentionDays int) {
	if retentionDays == 0 {
		k.Warnf(CodeBackup, "backup.retentionDays", "there are no automatic backups").WithHint("write 7 or more")
	}
}

func checkMonitoring(k *Checker, interval Duration) {
	allowed := []Duration{0, Second, 5 * Second, 10 * Second, 15 * Second, 30 * Second, Minute}
	if !slices.Contains(allowed, interval) {
		k.Errorf(CodeRange, "monitoringInterval", "%s is not a distance that AWS offers", interval).WithHint("write 0s, 1s, 5s, 10s, 15s, 30s or 1m")
	}
}

func sorted(texts []string) []string { return slices.Sorted(slices.Values(texts)) }

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
