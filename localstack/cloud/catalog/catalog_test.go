package catalog

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryTypeOfTheSchemaIsDescribedAndEveryDescriptionHasItsSchema(t *testing.T) {
	var schemas []string
	for token := range readSchemas() {
		schemas = append(schemas, token)
	}
	slices.Sort(schemas)
	require.Equal(t, schemas, Tokens())
}

func TestWhatIsRequiredOrOnlyAnOutputHasNoDefault(t *testing.T) {
	for _, token := range Tokens() {
		typ := Find(token)
		for name := range typ.Defaults {
			p := typ.schema[name]
			require.Falsef(t, p.required || p.output, "%s: %s", token, name)
		}
		for name := range typ.replace {
			head, _, _ := strings.Cut(name, ".")
			require.Truef(t, typ.settable(head), "%s: a program cannot change %s", token, name)
		}
	}
}

// documentedExceptions are properties whose documentation speaks of replacement although a change of them alone does not
// always, or not for this reason, replace the resource.
var documentedExceptions = map[string]string{
	"aws:ec2/instance:Instance.enablePrimaryIpv6":                "only when it is taken away",
	"aws:ecs/service:Service.forceNewDeployment":                 "a deployment, no service",
	"aws:elasticache/cluster:Cluster.nodeType":                   "only for Memcached, as ReplaceToo says",
	"aws:guardduty/detector:Detector.findingPublishingFrequency": "speaks of member accounts",
	"aws:rds/cluster:Cluster.storageType":                        "only for Multi-AZ clusters of instances",
}

func TestReplacementsFollowTheDocumentation(t *testing.T) {
	folder := sdkFolder(t)
	for _, token := range Tokens() {
		typ := Find(token)
		for name, said := range readSDK(t, folder, token).replacing {
			if documentedExceptions[token+"."+name] != "" || typ.replace[name] {
				continue
			}
			inside := slices.ContainsFunc(strings.Fields(typ.Replace), func(p string) bool { return strings.HasPrefix(p, name+".") })
			if !inside {
				t.Errorf("%s: %s: the documentation says: %s", token, name, said)
			}
		}
	}
}
