package provision

import (
	"maps"
	"strconv"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/resource"
)

// cases are the translations' golden cases: for each kind the least that its author must write, and cases that turn
// everything on. They stand in a file for each family of kinds.
var cases = func() map[string]execution.Order {
	all := map[string]execution.Order{}
	for _, family := range []map[string]execution.Order{containerCases, dataCases, messageCases, frontCases, platformCases} {
		maps.Copy(all, family)
	}
	return all
}()

const digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

func pointer[T any](value T) *T { return &value }

func listener(name, protocol string) resource.Listener {
	l := resource.Listener{Name: name, Protocol: protocol}
	l.SetDefaults()
	return l
}

func databaseUp() map[string]execution.Upstream {
	return up("data/db", "RDS", map[string]any{"endpoint": "db.rds.amazonaws.com", "port": 5432,
		"securityGroupId": "sg-db", "arn": "arn:aws:rds:eu-west-1:123456789012:db:db",
		"password": map[string]string{"secretRef": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-abc",
			"key": "password"}})
}

func cacheUp() map[string]execution.Upstream {
	return up("data/cache", "ElastiCacheRedis", map[string]any{"endpoint": "cache.amazonaws.com", "port": 6379,
		"securityGroupId": "sg-cache"})
}

func queueUp(short string) map[string]execution.Upstream {
	return up(short, "SQS", map[string]any{"url": "https://sqs/" + short, "name": short,
		"arn": "arn:aws:sqs:eu-west-1:123456789012:" + short})
}

func balancerUp() map[string]execution.Upstream {
	const arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/lb/50dc6c495c0c9188/f2f7dc8efc522ab2"
	return up("edge/lb", "ALB", map[string]any{"listenerArn": arn, "listenerArns": map[string]string{"https": arn},
		"securityGroupId": "sg-lb",
		"dnsName":         "lb.elb.amazonaws.com", "url": "https://lb.elb.amazonaws.com"})
}

func securityUp() map[string]execution.Upstream {
	return up("platform/security", "Security",
		map[string]any{"kmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/environment",
			"webAclArn":           "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/env/1",
			"permissionsBoundary": "arn:aws:iam::123456789012:policy/boundary"})
}

func tableUp() map[string]execution.Upstream {
	return up("data/items", "DynamoDB", map[string]any{"name": "items",
		"arn":       "arn:aws:dynamodb:eu-west-1:123456789012:table/items",
		"streamArn": "arn:aws:dynamodb:eu-west-1:123456789012:table/items/stream/2024-01-01T00:00:00.000"})
}

func brokersUp() map[string]execution.Upstream {
	return up("news/stream", "MSK", map[string]any{"arn": "arn:aws:kafka:eu-west-1:123456789012:cluster/stream/0f1e-2",
		"bootstrapServers": "b-1.stream:9098", "securityGroupId": "sg-kafka"})
}

func watchedUp() map[string]execution.Upstream {
	return up("platform/observability", "Observability",
		map[string]any{"alarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms",
			"alarmThresholds": map[string]string{"cpu": "80", "memory": "85", "errorRate": "1", "messageAge": "15m",
				"freeStorage": "10"}})
}

func filesUp() map[string]execution.Upstream {
	return up("files/shared", "EFS", map[string]any{"id": "fs-0123456789abcdef0", "securityGroupId": "sg-files",
		"arn":            "arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-0123456789abcdef0",
		"accessPointIds": map[string]string{"uploads": "fsap-0123456789abcdef0"}})
}

func machineUp() map[string]execution.Upstream {
	return up("legacy/erp", "EC2Instance", map[string]any{"id": "i-0123456789abcdef0", "securityGroupId": "sg-erp",
		"privateIp": "10.0.1.9"})
}

func functionUp() map[string]execution.Upstream {
	return up("jobs/fn", "Lambda", map[string]any{"name": "fn",
		"arn":         "arn:aws:lambda:eu-west-1:123456789012:function:fn:live",
		"functionArn": "arn:aws:lambda:eu-west-1:123456789012:function:fn"})
}

func networkListener(name, protocol string, port int) resource.NLBListener {
	l := resource.NLBListener{Name: name, Port: port}
	l.SetDefaults()
	l.Protocol = protocol
	return l
}

func networkBalancerUp() map[string]execution.Upstream {
	const prefix = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:"
	return up("edge/nlb", "NLB", map[string]any{"arn": prefix + "loadbalancer/net/nlb/50dc6c495c0c9188",
		"dnsName": "nlb.elb.amazonaws.com", "securityGroupId": "sg-nlb",
		"listenerArns":    map[string]string{"game": prefix + "listener/net/nlb/50dc6c495c0c9188/f2f7dc8efc522ab2"},
		"targetGroupArns": map[string]string{"game": prefix + "targetgroup/game/0123456789abcdef"},
		"urls":            map[string]string{"game": "udp://nlb.elb.amazonaws.com:7000"}})
}

func siteUp() map[string]execution.Upstream {
	return up("files/site", "S3", map[string]any{"name": "site", "arn": "arn:aws:s3:::site",
		"domainName": "site.s3.eu-west-1.amazonaws.com"})
}

func route(text string, edit func(*resource.Route)) resource.Route {
	r := resource.Route{Route: text}
	r.SetDefaults()
	edit(&r)
	return r
}

// clusterUp is the network of an environment with an EKS cluster.
func clusterUp() map[string]execution.Upstream {
	ups := networkUp()
	network := ups["platform/networking"]
	for name, value := range map[string]string{"eksEndpoint": "https://ABCDEF.gr7.eu-west-1.eks.amazonaws.com",
		"eksCertificateAuthority": "Q0E=",
		"eksSecurityGroupId":      "sg-cluster"} {
		network.Outputs[name] = []byte(strconv.Quote(value))
	}
	return ups
}
