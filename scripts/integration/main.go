// Command integration runs a command with emulators of S3 and DynamoDB beside it: it installs them below .cache where
// they are missing, starts them on free ports of the loopback address, waits until they answer, and stops them when the
// command has ended. Without a command it only installs them.
//
//	go run ./scripts/integration -- go test -count=1 -run Integration ./shared/objects/s3objects ./shared/lock/dynamotable
//
// The command finds them in DEPLOYER_TEST_S3_ENDPOINTS and DEPLOYER_TEST_DYNAMODB_ENDPOINTS, each a list of name=URL
// separated by commas. Needed on the machine: Go, Python 3 with venv, a JDK of 17 or newer, and Maven.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	only := flag.String("only", "moto,dynamodb-local,versitygw", "the emulators to use, separated by commas")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := integrate(ctx, strings.Split(*only, ","), flag.Args())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "integration:", err)
	}
	os.Exit(exitCode(err))
}

func integrate(ctx context.Context, only, command []string) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	chosen, err := choose(emulators(root), only)
	if err != nil {
		return err
	}
	return run(ctx, chosen, command, os.Stdout, os.Stderr)
}

// exitCode is the command's own where it had one.
func exitCode(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		return exit.ExitCode()
	}
	return 1
}

// moduleRoot is the folder of go.mod, upwards from the current one.
func moduleRoot() (string, error) {
	at, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", errors.New("there is no go.mod in this folder or above it; run it inside the repository")
		}
		at = filepath.Dir(at)
	}
}
