// Command deployer plans and carries out deployments of whole stacks: see "deployer help".
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o := &options{console: console{in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv}}
	os.Exit(execute(ctx, os.Args[1:], o))
}
