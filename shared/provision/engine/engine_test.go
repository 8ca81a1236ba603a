package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func call(operation Operation, program pulumi.RunFunc) Call {
	return Call{Operation: operation, Project: "shop", Stack: "dev.web.api", Program: program, Prefix: "p/e1/"}
}

func keys(t *testing.T, w *world, prefix string) []string {
	all, err := w.store.List(context.Background(), prefix, "", 0)
	require.NoError(t, err)
	var found []string
	for _, object := range all {
		found = append(found, object.Key)
	}
	return found
}

func TestOneStackFromItsCreationToItsEnd(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)

	report, err := w.engine.Run(ctx, call(Preview, things("one", "a", "b")))
	require.NoError(t, err)
	require.Len(t, report.Changes, 2)
	require.Equal(t, "create", report.Changes[0].Operation)
	require.Empty(t, keys(t, w, ""), "a preview writes nothing")
	require.Zero(t, w.provider.count())

	report, err = w.engine.Run(ctx, call(Up, things("one", "a", "b")))
	require.NoError(t, err)
	require.Len(t, report.Changes, 2)
	require.True(t, report.Changes[0].Done)
	require.NotEmpty(t, report.Changes[0].ID)
	require.Len(t, report.Resources, 2)
	require.Equal(t, map[string]json.RawMessage{"a": json.RawMessage(`"one"`), "b": json.RawMessage(`"one"`)}, report.Outputs)
	require.Equal(t, []string{"aSecret", "bSecret"}, report.Secrets)
	require.Empty(t, report.Pending)
	require.NotEmpty(t, report.Checkpoint)
	data, err := w.store.Get(ctx, "p/e1/.pulumi/stacks/shop/dev.web.api.json")
	require.NoError(t, err)
	require.NotContains(t, string(data.Data), `"aSecret": "one"`)

	report, err = w.engine.Run(ctx, call(Up, things("one", "a", "b")))
	require.NoError(t, err)
	require.Empty(t, report.Changes)

	report, err = w.engine.Run(ctx, call(Preview, things("two", "a")))
	require.NoError(t, err)
	require.Equal(t, "a update [value], b delete []", describe(report.Changes))

	report, err = w.engine.Run(ctx, call(Up, things("two", "a")))
	require.NoError(t, err)
	require.Equal(t, "a update [value], b delete []", describe(report.Changes))
	require.Equal(t, 1, w.provider.count())

	report, err = w.engine.Run(ctx, call(PreviewDestroy, nil))
	require.NoError(t, err)
	require.Equal(t, "a delete []", describe(report.Changes))
	require.Equal(t, 1, w.provider.count())

	report, err = w.engine.Run(ctx, call(Destroy, nil))
	require.NoError(t, err)
	require.Equal(t, "a delete []", describe(report.Changes))
	require.Zero(t, w.provider.count())
	require.Equal(t, []string{"p/e1/destroyed.json"}, keys(t, w, ""), "no checkpoint stays behind")

	report, err = w.engine.Run(ctx, call(Destroy, nil))
	require.NoError(t, err)
	require.Empty(t, report.Changes)
}

func describe(changes []Change) string {
	var parts []string
	for _, c := range changes {
		parts = append(parts, fmt.Sprintf("%s %s %v", c.Name, c.Operation, c.Fields))
	}
	return strings.Join(parts, ", ")
}

func TestANewEpochTakesOverTheCheckpointOfTheOldOne(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	_, err := w.engine.Run(ctx, call(Up, things("one", "a")))
	require.NoError(t, err)
	before, err := w.store.Get(ctx, "p/e1/.pulumi/stacks/shop/dev.web.api.json")
	require.NoError(t, err)

	next := call(Up, things("two", "a"))
	next.Base, next.Prefix = "p/e1/", "p/e2/"
	report, err := w.engine.Run(ctx, next)
	require.NoError(t, err)
	require.Equal(t, "a update [value]", describe(report.Changes), "nothing is created twice")
	after, err := w.store.Get(ctx, "p/e1/.pulumi/stacks/shop/dev.web.api.json")
	require.NoError(t, err)
	require.Equal(t, before.Data, after.Data, "the old epoch is left alone")

	next.Base, next.Prefix = "p/e9/", "p/e10/"
	_, err = w.engine.Run(ctx, next)
	var missing *CheckpointMissing
	require.ErrorAs(t, err, &missing)
	require.Equal(t, "p/e9/.pulumi/stacks/shop/dev.web.api.json", missing.Key)

	gone := call(Destroy, nil)
	gone.Base, gone.Prefix = "p/e2/", "p/e3/"
	_, err = w.engine.Run(ctx, gone)
	require.NoError(t, err)
	require.Zero(t, w.provider.count())
	gone.Base = "p/e3/"
	_, err = w.engine.Run(ctx, gone)
	require.NoError(t, err, "a destruction that is told again, because its outcome was lost, has nothing to do")
}

func TestAFailureNamesItsResourceAndKeepsTheRest(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	w.provider.onCreate = func(_ context.Context, name string) error {
		if name == "b" {
			return errors.New("creating Thing (b): ThrottlingException: Rate exceeded, token=abcdef123456")
		}
		return nil
	}
	report, err := w.engine.Run(ctx, call(Up, things("one", "a", "b")))
	var failure *Failure
	require.ErrorAs(t, err, &failure)
	require.Equal(t, Throttling, failure.Class)
	require.Equal(t, "b", failure.Resource)
	require.Equal(t, "toy:index:Thing", failure.Type)
	require.Contains(t, failure.Message, "Rate exceeded")
	require.NotContains(t, failure.Message, "abcdef123456")
	require.Len(t, report.Resources, 1, "what was created is told beside the error")
	require.Len(t, report.Changes, 2)
	for _, change := range report.Changes {
		require.Equal(t, change.Name == "b", change.Failed)
	}

	w.provider.onCreate = nil
	report, err = w.engine.Run(ctx, call(Up, things("one", "a", "b")))
	require.NoError(t, err)
	require.Equal(t, "b create []", describe(report.Changes), "the next one finishes the job")
}

func TestAProgramThatFailsOrPanicsSaysWhy(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	for name, program := range map[string]pulumi.RunFunc{
		"returns an error": func(*pulumi.Context) error { return errors.New("the listener has no certificate") },
		"panics":           func(*pulumi.Context) error { panic("the listener has no certificate") },
	} {
		_, err := w.engine.Run(ctx, call(Up, program))
		var failure *Failure
		require.ErrorAs(t, err, &failure, name)
		require.Equal(t, Program, failure.Class, name)
		require.Contains(t, failure.Message, "the listener has no certificate", name)
	}
}

func TestAnInterruptLetsWhatIsUnderWayEnd(t *testing.T) {
	w := newWorld(t)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	started, release := make(chan struct{}), make(chan struct{})
	w.provider.onCreate = func(_ context.Context, name string) error {
		if name == "a" {
			close(started)
			<-release
		}
		return nil
	}
	go func() {
		<-started
		stop()
		time.Sleep(200 * time.Millisecond) // the signal must have time to arrive: nothing tells when it did
		close(release)
	}()
	chain := func(ctx *pulumi.Context) error {
		var a, b thing
		if err := ctx.RegisterResource("toy:index:Thing", "a", pulumi.Map{"value": pulumi.String("x")}, &a); err != nil {
			return err
		}
		return ctx.RegisterResource("toy:index:Thing", "b", pulumi.Map{"value": a.Value}, &b)
	}
	report, err := w.engine.Run(ctx, call(Up, chain))
	var failure *Failure
	require.ErrorAs(t, err, &failure)
	require.Equal(t, Canceled, failure.Class)
	require.Len(t, report.Resources, 1, "a was finished, b was not begun")
	require.Empty(t, report.Pending)
	require.Equal(t, 1, w.provider.count())
}

func TestAKilledOperationLeavesItsPendingCreationAndTheNextOneResolvesIt(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Grace = 50 * time.Millisecond })
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	hang := make(chan struct{})
	var once sync.Once
	w.provider.onCreate = func(_ context.Context, name string) error {
		once.Do(stop)
		<-hang
		return nil
	}
	report, err := w.engine.Run(ctx, call(Up, things("one", "a")))
	var failure *Failure
	require.ErrorAs(t, err, &failure)
	require.Equal(t, Canceled, failure.Class)
	require.Len(t, report.Pending, 1)
	require.Equal(t, "creating", report.Pending[0].Operation)
	require.NotEmpty(t, keys(t, w, "p/e1/.pulumi/locks/"), "the killed CLI could not give its lock back")
	close(hang)
	require.Eventually(t, func() bool { return w.provider.count() == 1 }, 5*time.Second, time.Millisecond)
	w.provider.onCreate = nil

	refused := call(Up, things("one", "a"))
	refused.Refresh = true
	refused.Resolve = func([]PendingOperation) ([]Resolution, error) { return nil, errors.New("a person must look") }
	_, err = w.engine.Run(context.Background(), refused)
	require.EqualError(t, err, "a person must look")

	adopted := refused
	adopted.Resolve = func(pending []PendingOperation) ([]Resolution, error) { return []Resolution{{ID: "a-1"}}, nil }
	report, err = w.engine.Run(context.Background(), adopted)
	require.NoError(t, err)
	require.Empty(t, report.Pending)
	require.Equal(t, "a-1", report.Resources[0].ID)
	require.Equal(t, 1, w.provider.count(), "what the killed operation made was adopted, not made again")
}

func TestForgettingAPendingCreationMakesItAnew(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	_, err := w.engine.Run(ctx, call(Up, things("one", "a")))
	require.NoError(t, err)
	key := "p/e1/.pulumi/stacks/shop/dev.web.api.json"
	file := filepath.Join(w.store.root, key)
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	pendingDelete := strings.Replace(string(data), `"resources": [`, `"pending_operations": [{"type":"deleting","resource":{"urn":"urn:pulumi:dev.web.api::shop::toy:index:Thing::a","custom":true,"type":"toy:index:Thing","id":"a-1"}}], "resources": [`, 1)
	require.NoError(t, os.WriteFile(file, []byte(pendingDelete), 0o600))
	w.provider.mu.Lock()
	clear(w.provider.things) // the deletion did happen
	w.provider.mu.Unlock()

	again := call(Up, things("one", "a"))
	again.Refresh = true
	again.Resolve = func(pending []PendingOperation) ([]Resolution, error) { return make([]Resolution, len(pending)), nil }
	report, err := w.engine.Run(ctx, again)
	require.NoError(t, err)
	require.Equal(t, 1, w.provider.count())
	require.Len(t, report.Resources, 1)
	require.Empty(t, report.Pending)
}

func TestProtectedResourcesAreDestroyedOnlyWhenUnprotected(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	protected := func(ctx *pulumi.Context) error {
		var made thing
		return ctx.RegisterResource("toy:index:Thing", "a", pulumi.Map{"value": pulumi.String("x")}, &made, pulumi.Protect(true))
	}
	_, err := w.engine.Run(ctx, call(Up, protected))
	require.NoError(t, err)
	_, err = w.engine.Run(ctx, call(Destroy, nil))
	var failure *Failure
	require.ErrorAs(t, err, &failure)
	require.Equal(t, Protected, failure.Class, failure.Message)
	require.Equal(t, 1, w.provider.count())

	unprotected := call(Destroy, nil)
	unprotected.Unprotect = true
	_, err = w.engine.Run(ctx, unprotected)
	require.NoError(t, err)
	require.Zero(t, w.provider.count())
}

func TestStacksRunSideBySide(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	const stacks = 8
	errs := make([]error, stacks)
	var group sync.WaitGroup
	for i := range stacks {
		group.Go(func() {
			c := call(Up, things(fmt.Sprint("value", i), "a"))
			c.Stack, c.Prefix = fmt.Sprint("dev.web.c", i), fmt.Sprintf("p/%d/", i)
			var report Report
			report, errs[i] = w.engine.Run(ctx, c)
			if errs[i] == nil && string(report.Outputs["a"]) != fmt.Sprintf("%q", fmt.Sprint("value", i)) {
				errs[i] = fmt.Errorf("stack %d ran another's program: %s", i, report.Outputs["a"])
			}
		})
	}
	group.Wait()
	require.NoError(t, errors.Join(errs...))
	require.Equal(t, stacks, w.provider.count())
}

func BenchmarkCall(b *testing.B) {
	ctx := context.Background()
	w := newWorld(b)
	measure := func(name string, next func(i int) Call) {
		b.Run(name, func(b *testing.B) {
			var cpu time.Duration
			n := 0
			for b.Loop() {
				report, err := w.engine.Run(ctx, next(n))
				require.NoError(b, err)
				cpu += report.CPU
				n++
			}
			b.ReportMetric(cpu.Seconds()/float64(n), "cpu-s/op")
		})
	}
	stack := func(c Call, i int) Call {
		c.Stack, c.Prefix = fmt.Sprint("dev.web.n", i), fmt.Sprintf("n/%d/", i)
		return c
	}
	measure("new", func(i int) Call { return stack(call(Up, things("one", "a")), i) })
	measure("unchanged", func(i int) Call { return stack(call(Up, things("one", "a")), 0) })
	measure("preview", func(i int) Call { return stack(call(Preview, things("one", "a")), 0) })
	measure("destroy", func(i int) Call { return stack(call(Destroy, nil), i) })
}
