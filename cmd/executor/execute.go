package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"time"

	"github.com/deployer-io/deployer/cmd/executor/task"
	"github.com/deployer-io/deployer/shared/provision"
	"github.com/deployer-io/deployer/shared/wiring"
)

// The variables of the task definition, beside those of wiring and of task.
const (
	secretsProviderVariable = "DEPLOYER_SECRETS_PROVIDER" // a Pulumi secrets provider: awskms://alias/...?region=...
	pulumiVariable          = "DEPLOYER_PULUMI"           // path of the Pulumi CLI
	parallelismVariable     = "DEPLOYER_PARALLELISM"      // components at a time
)

const defaultParallelism = 8

type batchFailed = task.BatchFailed

func execute(ctx context.Context, log *slog.Logger, getenv func(string) string) error {
	ports, err := wiring.FromEnvironment(ctx)
	if err != nil {
		return err
	}
	parallelism := defaultParallelism
	if text := getenv(parallelismVariable); text != "" {
		if parallelism, err = strconv.Atoi(text); err != nil || parallelism < 1 {
			return fmt.Errorf("%s=%q: want a whole number above 0", parallelismVariable, text)
		}
	}
	provisioner, err := provision.New(provision.Options{Pulumi: getenv(pulumiVariable), Objects: ports.Objects,
		BackendURL:      "s3://" + getenv(wiring.StateBucketVariable) + "?region=" + getenv("AWS_REGION") + "&awssdk=v2",
		SecretsProvider: getenv(secretsProviderVariable), Env: os.Environ(), Parallelism: parallelism, Log: log})
	if err != nil {
		return err
	}
	err = task.Run(ctx, getenv, task.Ports{Objects: ports.Objects, Locker: ports.Locker, Provisioner: provisioner,
		Parallelism: parallelism, Now: time.Now, Log: log})
	return errors.Join(err, provisioner.Close())
}
