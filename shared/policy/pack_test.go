package policy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/policy"
	"github.com/deployer-io/deployer/shared/resource"
)

// For each built-in rule over components: the kind and a spec that keeps it, with what makes it break the rule.
var breaking = map[string]struct{ kind, kept, broken string }{
	"backups/databases":               {"RDS", rds, rds + ", backup: {retentionDays: 1}"},
	"backups/tables":                  {"DynamoDB", table, table + ", pointInTimeRecovery: false"},
	"backups/memory-databases":        {"AWSMemoryDB", memory, memory + ", snapshotRetentionDays: 0"},
	"backups/caches":                  {"ElastiCacheRedis", redis, redis + ", snapshotRetentionDays: 0"},
	"backups/file-systems":            {"EFS", "", "backup: false"},
	"backups/disks":                   {"EBS", "size: 10", "size: 10, backup: {everyHours: 0}"},
	"backups/buckets":                 {"S3", "", "versioning: false"},
	"backups/last-copy":               {"S3", "", "deletionPolicy: Delete"},
	"encryption/cache-connections":    {"ElastiCacheRedis", redis, redis + ", transitEncryption: false, auth: none"},
	"encryption/database-connections": {"RDS", rds, rds + ", requireTLS: false"},
	"encryption/cache-sign-in":        {"ElastiCacheRedis", redis, redis + ", auth: none"},
	"encryption/public-listeners":     {"ALB", "listeners: [{name: http, protocol: HTTP}]", "scheme: internet-facing, listeners: [{name: http, protocol: HTTP}]"},
	"encryption/viewers":              {"CloudFront", front + "}", front + ", viewer: allowAll}"},
	"encryption/customer-key":         {"Security", "", "encryption: {customerManagedKey: false}"},
	"encryption/key-rotation":         {"Security", "", "encryption: {rotation: false}"},
	"least-privilege/actions":         {"Lambda", function + statement("s3:GetObject", "arn:aws:s3:::a/*"), function + statement("s3:*", "arn:aws:s3:::a/*")},
	"least-privilege/resources":       {"Worker", worker + statement("s3:GetObject", "arn:aws:s3:::a/*"), worker + statement("s3:GetObject", "*")},
	"least-privilege/identity":        {"Worker", worker + statement("iam:PassRole", "arn:aws:iam:::a"), worker + statement("iam:PutRolePolicy", "arn:aws:iam:::a")},
	"least-privilege/shell":           {"Worker", worker, worker + ", exec: true"},
	"least-privilege/root-filesystem": {"Worker", worker, worker + ", readOnlyRootFilesystem: false"},
	"least-privilege/root-user":       {"Worker", worker, worker + ", user: 0"},
	"least-privilege/boundary":        {"Security", "permissionsBoundary: 'arn:aws:iam::123456789012:policy/a'", ""},
	"production/copies":               {"MicroService", worker + ", scaling: {min: 2, max: 3, cpu: 50}", worker + ", replicas: 1"},
	"production/databases":            {"RDS", rds, rds + ", multiAZ: false"},
	"production/clusters":             {"DocumentDB", documents, documents + ", instances: 1"},
	"production/caches":               {"ElastiCacheRedis", redis, redis + ", multiAZ: false"},
	"production/deletion-protection":  {"DynamoDB", table, table + ", deletionProtection: false"},
	"production/images":               {"Worker", worker, "image: registry.example.com:5000/a"},
	"production/rollout":              {"Worker", worker, worker + ", rollout: {circuitBreaker: false}"},
	"production/network":              {"Networking", "", "natGateways: single"},
	"production/alarms":               {"Observability", "", "alarms: {enabled: false}"},
	"public-exposure/buckets":         {"S3", "", "publicAccess: true"},
	"public-exposure/databases":       {"RDS", rds, rds + ", publiclyAccessible: true"},
	"public-exposure/instances":       {"EC2Instance", instance, instance + ", publicIp: true"},
	"public-exposure/instance-ports":  {"EC2Instance", instance + ", allowedPorts: [{port: 80, cidrs: [10.0.0.0/8]}]", instance + ", allowedPorts: [{port: 80, cidrs: [0.0.0.0/0]}]"},
	"public-exposure/functions":       {"Lambda", function + ", url: {}", function + ", url: {auth: none}"},
	"public-exposure/apis":            {"APIGateway", "routes: [{route: GET /, url: 'https://a', authorizer: iam}]", "routes: [{route: GET /, url: 'https://a'}]"},
	"public-exposure/firewall": {"ALB", "listeners: [{name: http, protocol: HTTP}]",
		"scheme: internet-facing, listeners: [{name: http, protocol: HTTP}]"},
	"public-exposure/kubernetes": {"MicroService", worker + eks + "{alb.ingress.kubernetes.io/scheme: internal}}",
		worker + eks + "{alb.ingress.kubernetes.io/scheme: internet-facing}}"},
	"tags/required": {"SQS", "tags: {owner: a, cost-center: b}", "tags: {owner: a, cost-center: ''}"},
}

const (
	rds       = "engine: postgres, version: 16, instanceClass: db.r7g.large"
	documents = "version: 5.0.0, instanceClass: db.r6g.large"
	table     = "partitionKey: {name: id}"
	redis     = "version: 7.1, nodeType: cache.r7g.large"
	memory    = "version: 7.1, nodeType: db.r7g.large"
	front     = "origins: [{name: a, domain: a.example.com}], defaultBehavior: {origin: a"
	function  = "image: 'a:1'"
	worker    = "image: 'a:1'"
	instance  = "ami: {id: ami-12345678}, instanceType: t4g.small"
	eks       = ", platform: eks, eks: {ingressAnnotations: "
)

func statement(action, of string) string {
	return ", permissions: [{actions: ['" + action + "'], resources: ['" + of + "'], reason: it has to be}]"
}

func TestEveryBuiltInRuleIsKeptAndBroken(t *testing.T) {
	seen := 0
	for _, pack := range policy.Packs() {
		require.NotEmpty(t, pack.Summary)
		for _, rule := range pack.Rules {
			name := pack.Name + "/" + rule.Name
			t.Run(name, func(t *testing.T) {
				require.NotEmpty(t, rule.Description)
				require.NotEmpty(t, rule.Message)
				if rule.On == resource.OnPlan {
					return
				}
				c, known := breaking[name]
				require.True(t, known, "show what breaks it")
				seen++
				require.NotContains(t, check(t, "  packs: ["+pack.Name+"]\n", of(c.kind, c.kept)), name)
				told := check(t, "  packs: ["+pack.Name+"]\n", of(c.kind, c.broken))
				require.Contains(t, told, "["+name+"] ("+rule.Description+")")
				require.NotContains(t, told, "cannot be judged")
				require.NotContains(t, told, "?")
			})
		}
	}
	require.Len(t, breaking, seen)
}

// of is a document of any kind; that of Networking overlays the one there is.
func of(kind, spec string) string {
	if kind == "Networking" || kind == "Security" || kind == "Observability" {
		return "\n---\napiVersion: infra.deployer.io/v1\nkind: " + kind + "\nmetadata: {name: network}\nspec: {" + spec + "}\n"
	}
	extra := ""
	if strings.Contains(spec, "platform: eks") {
		extra = of("Networking", "eks: {name: a, oidcProvider: 'arn:aws:iam::123456789012:oidc-provider/a'}")
	}
	return component(kind, "it", "{"+spec+"}") + extra
}

func TestThePacksAreThoseThatComplianceKnows(t *testing.T) {
	var names []string
	for _, pack := range policy.Packs() {
		names = append(names, pack.Name)
	}
	require.True(t, slices.IsSorted(names))
	require.Empty(t, check(t, "  packs: ["+strings.Join(names, ", ")+"]\n  requiredTags: []\n  exceptions: [{rule: tags/required, component: '*', reason: not the point here, expires: 2030-01-01}]\n",
		component("S3", "bucket", "{}")), "the defaults keep all rules")
	require.Len(t, names, 6)
}

func TestProductionRulesHoldInProductionAlone(t *testing.T) {
	set := build(t, production, "  packs: [production]\n", component("Worker", "w", "{image: a}"))
	engine, _ := policy.Compile(set, today)
	require.Len(t, engine.CheckResources(set), 1)
	scope := production
	scope.Environment = "staging"
	set = build(t, scope, "  packs: [production]\n", component("Worker", "w", "{image: a}"))
	engine, _ = policy.Compile(set, today)
	require.Empty(t, engine.CheckResources(set))
}

func TestTheFieldAtFaultIsOneThatTheRuleLooksAt(t *testing.T) {
	for _, pack := range policy.Packs() {
		for _, rule := range pack.Rules {
			if rule.Field != "" {
				require.Contains(t, rule.Expression, "resource."+rule.Field, "%s/%s", pack.Name, rule.Name)
			}
		}
	}
}
