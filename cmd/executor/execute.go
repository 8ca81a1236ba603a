package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"time"

	"github.com/deployer-io/deployer/cmd/executor/task"
	"github.com/deployer-io/deployer/shared/execution/awscloud"
	"github.com/deployer-io/deployer/shared/execution/outbound"
	"github.com/deployer-io/deployer/shared/provision"
	"github.com/deployer-io/deployer/shared/provision/engine/plugin"
	"github.com/deployer-io/deployer/shared/wiring"
)

// The variables of the task definition, beside those of wiring and of task.
const (
	secretsProviderVariable = "DEPLOYER_SECRETS_PROVIDER" // a Pulumi secrets provider: awskms://alias/...?region=...
	pulumiVariable          = "DEPLOYER_PULUMI"           // path of the Pulumi CLI
	parallelismVariable     = "DEPLOYER_PARALLELISM"      // components at a time
	// The provider plugins to share among the components, NAME@VERSION separated by commas; the image sets it. Without it every
	// CLI starts its own.
	pluginsVariable = "DEPLOYER_PLUGINS"
	// The ARN of the policy that limits every role that is made; without it they have no limit but that of a Security document.
	boundaryVariable = "DEPLOYER_PERMISSIONS_BOUNDARY"
	// The IAM path of every role that is made; the executor's own role may make them nowhere else.
	rolePathVariable = "DEPLOYER_ROLE_PATH"
)

const defaultParallelism = 8

type batchFailed = task.BatchFailed

// opener makes what the task stands on, and what ends it.
type opener func(ctx context.Context, log *slog.Logger, getenv func(string) string) (task.Ports, io.Closer, error)

func execute(ctx context.Context, log *slog.Logger, getenv func(string) string, open opener) error {
	ports, closer, err := open(ctx, log, getenv)
	if err != nil {
		return err
	}
	return errors.Join(task.Run(ctx, getenv, ports), closer.Close())
}

// fromAWS stands the task on S3, DynamoDB and KMS, as its task definition says.
func fromAWS(ctx context.Context, log *slog.Logger, getenv func(string) string) (task.Ports, io.Closer, error) {
	ports, err := wiring.FromEnvironment(ctx)
	if err != nil {
		return task.Ports{}, nil, err
	}
	parallelism := defaultParallelism
	if text := getenv(parallelismVariable); text != "" {
		if parallelism, err = strconv.Atoi(text); err != nil || parallelism < 1 {
			return task.Ports{}, nil, fmt.Errorf("%s=%q: want a whole number above 0", parallelismVariable, text)
		}
	}
	pins, err := plugin.ParsePins(getenv(pluginsVariable))
	if err != nil {
		return task.Ports{}, nil, fmt.Errorf("%s: %w", pluginsVariable, err)
	}
	program, err := os.Executable()
	if err != nil {
		return task.Ports{}, nil, err
	}
	provisioner, err := provision.New(provision.Options{Pulumi: getenv(pulumiVariable), Objects: ports.Objects,
		ClusterToken:    []string{program, tokenCommand},
		BackendURL:      "s3://" + getenv(wiring.StateBucketVariable) + "?region=" + getenv("AWS_REGION") + "&awssdk=v2",
		SecretsProvider: getenv(secretsProviderVariable), Env: os.Environ(), Parallelism: parallelism, Plugins: pins,
		PermissionsBoundary: getenv(boundaryVariable), RolePath: getenv(rolePathVariable), Log: log})
	if err != nil {
		return task.Ports{}, nil, err
	}
	cloud := awscloud.New(ports.Config)
	return task.Ports{Objects: ports.Objects, Locker: ports.Locker, Provisioner: provisioner, Parallelism: parallelism,
		Health: cloud, Calls: cloud, Secrets: cloud, HTTP: outbound.New(outbound.WithoutLoopback),
		Now: time.Now, Log: log}, provisioner, nil
}
