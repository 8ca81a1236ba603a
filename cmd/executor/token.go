package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/deployer-io/deployer/shared/provision"
)

const tokenCommand = "token"

// token prints a token for an EKS cluster with the task's own credentials and returns the exit code. Its flags are those of
// "aws eks get-token", in whose place the kubeconfig names it: the image has no AWS CLI.
func token(ctx context.Context, arguments []string, out, problems io.Writer) int {
	flags := flag.NewFlagSet(tokenCommand, flag.ContinueOnError)
	flags.SetOutput(problems)
	cluster := flags.String("cluster-name", "", "the EKS cluster")
	region := flags.String("region", "", "its region")
	format := flags.String("output", "json", "json")
	if err := flags.Parse(arguments); err != nil {
		return 2
	}
	if *cluster == "" || *region == "" || *format != "json" || flags.NArg() > 0 {
		fmt.Fprintln(problems, "executor token: write --cluster-name NAME --region REGION [--output json]")
		return 2
	}
	if err := printToken(ctx, out, *cluster, *region); err != nil {
		fmt.Fprintln(problems, "executor token:", err)
		return 1
	}
	return 0
}

func printToken(ctx context.Context, out io.Writer, cluster, region string) error {
	loaded, err := config.LoadDefaultConfig(ctx, config.WithRegion(region))
	if err != nil {
		return fmt.Errorf("AWS configuration: %w", err)
	}
	credential, err := provision.ClusterToken(ctx, sts.NewFromConfig(loaded), cluster, time.Now())
	if err != nil {
		return err
	}
	_, err = out.Write(append(credential, '\n'))
	return err
}
