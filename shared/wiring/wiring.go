// Package wiring makes the AWS adapters that the functions stand on: environment variables go in, ports come out. It never
// imports provision, so that the functions stay small.
package wiring

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/lock/dynamotable"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/objects/s3objects"
)

// The variables that say where things are. The CDK application sets them.
const (
	StateBucketVariable = "DEPLOYER_STATE_BUCKET"
	LockTableVariable   = "DEPLOYER_LOCK_TABLE"
	// These are ARNs. Where they are not set, as in the executor's task, nothing can be known of executions.
	DeployMachineVariable   = "DEPLOYER_DEPLOY_MACHINE"
	RolloutMachineVariable  = "DEPLOYER_ROLLOUT_MACHINE"
	WaveMachineVariable     = "DEPLOYER_WAVE_MACHINE"
	RollbackMachineVariable = "DEPLOYER_ROLLBACK_MACHINE" // may be missing
	ClusterVariable         = "DEPLOYER_CLUSTER"
	// What follows may be missing: then there are no links, no news, no channel, no name in the metrics.
	ApprovalURLVariable  = "DEPLOYER_APPROVAL_URL"
	ApprovalKeyVariable  = "DEPLOYER_APPROVAL_KEY" // of KMS: an HMAC key's id, ARN or alias
	TopicVariablePrefix  = "DEPLOYER_TOPIC_"       // and the topic's name in capitals: an ARN
	SlackSecretVariable  = "DEPLOYER_SLACK_SECRET" // ARN
	InstallationVariable = "DEPLOYER_INSTALLATION"
)

// Ports is what was made.
type Ports struct {
	Objects objects.Store
	Locker  *lock.Locker
	// Executions is nil where the machines are not named.
	Executions *Executions
	Now        func() time.Time

	// Config is what clients are made of.
	Config aws.Config
}

// FromEnvironment makes the ports of a function or of the executor. Credentials and region come as the AWS SDK finds them.
func FromEnvironment(ctx context.Context) (Ports, error) {
	bucket, err := required(StateBucketVariable)
	if err != nil {
		return Ports{}, err
	}
	name, err := required(LockTableVariable)
	if err != nil {
		return Ports{}, err
	}
	loaded, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return Ports{}, fmt.Errorf("AWS configuration: %w", err)
	}
	return New(loaded, bucket, name, executions(loaded)), nil
}

// New makes the ports for a bucket and a table. Executions may be nil.
func New(loaded aws.Config, bucket, tableName string, executions *Executions) Ports {
	clock := &skew{}
	table := dynamotable.New(dynamodb.NewFromConfig(loaded, func(o *dynamodb.Options) { o.APIOptions = append(o.APIOptions, clock.watch) }), tableName)
	store := s3.NewFromConfig(loaded, func(o *s3.Options) { o.DisableLogOutputChecksumValidationSkipped = true }) // else a line for each such object
	ports := Ports{Objects: s3objects.New(store, bucket), Executions: executions, Now: time.Now, Config: loaded,
		Locker: &lock.Locker{Table: table, Now: time.Now, Skew: clock.Ahead}}
	if executions != nil {
		ports.Locker.Stopper = executions
	}
	return ports
}

// executions is nil where the machines are not named.
func executions(loaded aws.Config) *Executions {
	deploy, rollback := os.Getenv(DeployMachineVariable), os.Getenv(RollbackMachineVariable)
	if deploy == "" {
		return nil
	}
	made := &Executions{StepFunctions: sfn.NewFromConfig(loaded), Tasks: ecs.NewFromConfig(loaded), Guards: []string{deploy},
		Rollout: os.Getenv(RolloutMachineVariable), Wave: os.Getenv(WaveMachineVariable), Cluster: os.Getenv(ClusterVariable)}
	if rollback != "" {
		made.Guards = append(made.Guards, rollback)
	}
	return made
}

func required(name string) (string, error) {
	value := os.Getenv(name)
	if value == "" {
		return "", fmt.Errorf("%s is not set: it names what this function works on", name)
	}
	return value, nil
}
