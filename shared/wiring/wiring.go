// Package wiring makes the AWS adapters that the functions stand on: environment variables go in, ports come out. It never
// imports provision, so that the functions stay small.
package wiring

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/lock/dynamotable"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/objects/s3objects"
)

// The variables that say where things are. The CDK application sets them.
const (
	StateBucketVariable = "DEPLOYER_STATE_BUCKET"
	LockTableVariable   = "DEPLOYER_LOCK_TABLE"
)

// Ports is what was made.
type Ports struct {
	Objects objects.Store
	Locker  *lock.Locker
	Now     func() time.Time
}

// FromEnvironment makes the ports of a function or of the executor. Credentials and region come as the AWS SDK finds them.
func FromEnvironment(ctx context.Context) (Ports, error) {
	bucket, err := required(StateBucketVariable)
	if err != nil {
		return Ports{}, err
	}
	table, err := required(LockTableVariable)
	if err != nil {
		return Ports{}, err
	}
	loaded, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return Ports{}, fmt.Errorf("AWS configuration: %w", err)
	}
	return Ports{Objects: s3objects.New(s3.NewFromConfig(loaded), bucket), Now: time.Now,
		Locker: &lock.Locker{Table: dynamotable.New(dynamodb.NewFromConfig(loaded), table), Now: time.Now}}, nil
}

func required(name string) (string, error) {
	value := os.Getenv(name)
	if value == "" {
		return "", fmt.Errorf("%s is not set: it names what this function works on", name)
	}
	return value, nil
}
