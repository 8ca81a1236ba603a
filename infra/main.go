// Command infra is the CDK application: deployer.config.yaml (or the context "deployer" of cdk.json) goes in, one
// CloudFormation template for each stack of each environment comes out, in cdk.out.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/deployer-io/deployer/infra/environment"
	"github.com/deployer-io/deployer/infra/settings"
)

func main() {
	defer jsii.Close()
	if err := synthesize(os.Getenv); err != nil {
		fmt.Fprintln(os.Stderr, err)
		jsii.Close()
		os.Exit(1)
	}
}

// synthesize runs in the folder infra; the repository is the folder above.
func synthesize(getenv func(string) string) error {
	chosen, err := settings.Read("..", getenv(settings.FileVariable), getenv("CDK_CONTEXT_JSON"))
	if err != nil {
		return err
	}
	sources, err := environment.Look("..")
	if err != nil {
		return err
	}
	outdir := getenv("CDK_OUTDIR") // relative to the repository, where the CLI runs
	if outdir == "" {
		outdir = "cdk.out"
	}
	if !filepath.IsAbs(outdir) {
		outdir = filepath.Join("..", outdir)
	}
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: &outdir, AnalyticsReporting: jsii.Bool(false), Context: &map[string]any{
		"@aws-cdk/core:defaultCrossStackReferences": "strong", // an id that another stack reads cannot vanish
	}})
	if err := environment.Add(app, chosen, sources); err != nil {
		return err
	}
	app.Synth(nil)
	return nil
}
