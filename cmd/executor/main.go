// Command executor is the Fargate task: it carries out the batch that its environment names. It ends with 0 when every step
// was fine, with 1 when a step was not (its outcome says why), and with 2 when the task itself could not work. As "executor
// token" it prints a token for an EKS cluster: that is how its own Kubernetes plugin comes by one.
package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == tokenCommand {
		os.Exit(token(context.Background(), os.Args[2:], os.Stdout, os.Stderr))
	}
	os.Exit(work(os.Getenv, fromAWS))
}

// work carries out the batch until it ends or the task is stopped, and returns the exit code. Fargate sends SIGTERM and waits
// up to 120 s; what is in flight is cancelled first and its outcome written.
func work(getenv func(string) string, open opener) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	defer context.AfterFunc(ctx, func() { log.Warn("the task is being stopped; what is at work is cancelled") })()
	if err := execute(ctx, log, getenv, open); err != nil {
		log.Error("the batch was not carried out as planned", "error", err)
		return codeOf(err)
	}
	return 0
}

func codeOf(err error) int {
	if failed := (*batchFailed)(nil); errors.As(err, &failed) {
		return 1
	}
	return 2
}
