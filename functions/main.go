// Command bootstrap is the one Lambda artifact: it serves the function that _HANDLER names (the Task's name in lower case).
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/deployer-io/deployer/functions/catalog"
	"github.com/deployer-io/deployer/shared/wiring"
)

func main() {
	ports, err := wiring.FromEnvironment(context.Background())
	if err != nil {
		fail(err)
	}
	wanted := os.Getenv("_HANDLER")
	for name, function := range catalog.New(given(ports)) {
		if strings.ToLower(name) == wanted {
			lambda.Start(function)
			return
		}
	}
	fail(fmt.Errorf("_HANDLER %q names no function; they are %s", wanted, strings.ToLower(strings.Join(catalog.Names(), " "))))
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "deployer:", err)
	os.Exit(1)
}
