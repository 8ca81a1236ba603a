package provision

import (
	"fmt"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/resource"
)

// translation makes the resources of a spec in a program.
type translation func(p *program, spec resource.Spec) error

// translations holds one for each kind.
var translations = map[resource.Kind]translation{
	"MicroService":         of(microService),
	"Worker":               of(worker),
	"CronJob":              of(cronJob),
	"Lambda":               of(function),
	"RDS":                  of(relational),
	"DynamoDB":             of(table),
	"ElastiCacheRedis":     of(redis),
	"DocumentDB":           of(documents),
	"ElastiCacheMemcached": of(memcached),
	"AWSMemoryDB":          of(memoryDatabase),
	"S3":                   of(bucket),
	"SQS":                  of(queue),
	"Kafka":                of(serverlessKafka),
	"MSK":                  of(brokers),
	"EventBridge":          of(events),
	"EFS":                  of(fileSystem),
	"EBS":                  of(disk),
	"EC2Instance":          of(machine),
	"SNS":                  of(topic),
	"ALB":                  of(applicationBalancer),
	"Security":             of(security),
	"Observability":        of(observability),
	"APIGateway":           of(gateway),
	"CloudFront":           of(distribution),
	"NLB":                  of(networkBalancer),
	"Networking":           of(networking),
}

// translationOf finds the translation of an order's component.
func translationOf(order execution.Order) (translation, error) {
	translate, ok := translations[order.Kind]
	if !ok {
		return nil, &NotTranslated{Component: order.Address.String(), Kind: order.Kind}
	}
	return translate, nil
}

// of makes a translation of a function that takes its kind's own spec.
func of[S resource.Spec](translate func(*program, S) error) translation {
	return func(p *program, spec resource.Spec) error {
		own, ok := spec.(S)
		if !ok {
			return fmt.Errorf("the order of %s holds a %T", p.order.Address, spec)
		}
		return translate(p, own)
	}
}
