package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// placed is a program that makes one thing by a provider of its own for a region.
func placed(region, value string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		var by pulumi.ProviderResourceState
		if err := ctx.RegisterResource("pulumi:providers:toy", "by", pulumi.Map{"region": pulumi.String(region)}, &by); err != nil {
			return err
		}
		var made thing
		return ctx.RegisterResource("toy:index:Thing", "a", pulumi.Map{"value": pulumi.String(value)}, &made, pulumi.Provider(&by))
	}
}

// numbered is a call on a stack of its own.
func numbered(i int, operation Operation, program pulumi.RunFunc) Call {
	c := call(operation, program)
	c.Stack, c.Prefix = fmt.Sprint("dev.web.c", i), fmt.Sprintf("p/%d/", i)
	return c
}

// together runs calls side by side.
func together(w *world, calls ...Call) error {
	errs := make([]error, len(calls))
	var group sync.WaitGroup
	for i, c := range calls {
		group.Go(func() { _, errs[i] = w.engine.Run(context.Background(), c) })
	}
	group.Wait()
	return errors.Join(errs...)
}

func TestABatchSharesOnePluginThatIsConfiguredOnce(t *testing.T) {
	t.Parallel()
	w, notes, log := newPluggedWorld(t, "")
	var calls []Call
	for i := range 8 {
		calls = append(calls, numbered(i, Up, placed("here", "one")))
	}
	require.NoError(t, together(w, calls...))
	calls = calls[:2]
	for i := range calls {
		calls[i].Refresh, calls[i].Program = true, placed("here", "two")
	}
	require.NoError(t, together(w, calls...), "what one call left in the plugin is not in the way of the next")
	require.Len(t, notes.pids(t), 1)
	require.Equal(t, []string{"in-here"}, notes.lines("configured"))
	require.Empty(t, notes.lines("cancelled"))
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "far away") }, time.Second, time.Millisecond)
	require.Contains(t, log.String(), "starting with")
	require.NotContains(t, log.String(), "hunter2")
	require.NotContains(t, log.String(), "by itself")
}

func TestEachConfigurationHasItsOwnPlugin(t *testing.T) {
	t.Parallel()
	w, notes, _ := newPluggedWorld(t, "")
	require.NoError(t, together(w, numbered(0, Up, placed("here", "x")), numbered(1, Up, placed("there", "x")),
		numbered(2, Up, placed("here", "x")), numbered(3, Up, placed("there", "x"))))
	require.Len(t, notes.pids(t), 2)
	require.ElementsMatch(t, []string{"in-here", "in-there"}, notes.lines("configured"))

	err := together(w, numbered(4, Up, placed("nowhere", "x")))
	require.ErrorContains(t, err, "there is no region nowhere")
	require.NoError(t, together(w, numbered(5, Up, placed("here", "x"))))
	require.Equal(t, 2, len(notes.lines("configured")), "the others stay as they are")
}

func TestAPluginThatDiesFailsWhatIsAtWorkAndTheNextCallStartsAnother(t *testing.T) {
	t.Parallel()
	w, notes, log := newPluggedWorld(t, "")
	var victims sync.WaitGroup
	reports, errs := make([]Report, 2), make([]error, 2)
	for i := range 2 {
		victims.Go(func() {
			reports[i], errs[i] = w.engine.Run(context.Background(), numbered(i, Up, things("wait", "a")))
		})
	}
	require.Eventually(t, func() bool { return len(notes.lines("waiting")) == 2 }, 20*time.Second, time.Millisecond)
	require.NoError(t, syscall.Kill(notes.pids(t)[0], syscall.SIGKILL))
	victims.Wait()
	for i, err := range errs {
		var failure *Failure
		require.ErrorAs(t, err, &failure)
		require.Equal(t, PluginLost, failure.Class, failure.Message)
		require.True(t, failure.Class.Retryable())
		require.Contains(t, failure.Message, "the toy provider plugin v1.2.3 was lost while it was at work (signal: killed)")
		require.Equal(t, "a", failure.Resource)
		require.Len(t, reports[i].Pending, 1, "whether it was created is not known")
	}
	require.Contains(t, log.String(), "ended by itself")

	notes.note("go", "on")
	again := numbered(0, Up, things("wait", "a"))
	again.Resolve = func(pending []PendingOperation) ([]Resolution, error) { return make([]Resolution, len(pending)), nil }
	report, err := w.engine.Run(context.Background(), again)
	require.NoError(t, err)
	require.Len(t, report.Resources, 1)
	require.Empty(t, report.Pending)
	require.Len(t, notes.pids(t), 2)
}

func TestAPluginThatCannotBeUsedSaysWhy(t *testing.T) {
	t.Parallel()
	missing := func(o *Options) { o.Plugins[0].Path = "" }
	for name, test := range map[string]struct {
		mode   string
		change func(*Options)
		says   string
	}{
		"it never says its port":         {mode: "mute", change: func(o *Options) { o.PluginStart = 300 * time.Millisecond }, says: "did not say in time on which port it listens: 300ms have passed"},
		"it says something else":         {mode: "babbling", says: `said "hello, I am a plugin`},
		"it ends at once":                {mode: "broken", says: "it ended (exit status 3) before it said"},
		"it is not there":                {change: missing, says: "plugins/resource-toy-v1.2.3/pulumi-resource-toy; build the executor's image anew with that version (cmd/executor/Dockerfile)"},
		"there is a folder in its place": {change: func(o *Options) { o.Plugins[0].Path = t.TempDir() }, says: "is no program"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, notes, _ := newPluggedWorld(t, test.mode, func(o *Options) {
				if test.change != nil {
					test.change(o)
				}
			})
			_, err := w.engine.Run(context.Background(), call(Up, things("one", "a")))
			var failure *Failure
			require.ErrorAs(t, err, &failure)
			require.Equal(t, PluginUnusable, failure.Class, failure.Message)
			require.False(t, failure.Class.Retryable())
			require.Contains(t, failure.Message, "the toy provider plugin v1.2.3 cannot be used: ")
			require.Contains(t, failure.Message, test.says)
			for _, pid := range notes.pids(t) {
				require.False(t, running(pid), "nothing of it stays behind")
			}
		})
	}
}

func TestThePluginsEndWithTheEngine(t *testing.T) {
	t.Parallel()
	w, notes, log := newPluggedWorld(t, "")
	require.NoError(t, together(w, numbered(0, Up, placed("here", "x")), numbered(1, Up, placed("there", "x"))))
	require.NoError(t, w.engine.plugins.Close())
	w.engine.plugins = nil
	require.Len(t, notes.pids(t), 2)
	for _, pid := range notes.pids(t) {
		require.False(t, running(pid))
	}
	require.NotContains(t, log.String(), "by itself")
}

func TestAnInterruptReachesAPluginWhenAllWhoUseItAreInterrupted(t *testing.T) {
	t.Parallel()
	w, notes, _ := newPluggedWorld(t, "", func(o *Options) { o.Grace = 20 * time.Second })
	contexts, ends := make([]func(), 2), make(chan error, 2)
	for i := range 2 {
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		contexts[i] = stop
		go func() {
			_, err := w.engine.Run(ctx, numbered(i, Up, things("wait", "a")))
			ends <- err
		}()
	}
	require.Eventually(t, func() bool { return len(notes.lines("waiting")) == 2 }, 20*time.Second, time.Millisecond)
	contexts[0]()
	contexts[1]()
	for range 2 {
		var failure *Failure
		require.ErrorAs(t, <-ends, &failure)
		require.Equal(t, Canceled, failure.Class)
	}
	require.Len(t, notes.lines("cancelled"), 1)
	require.NoError(t, together(w, numbered(2, Up, things("one", "a"))), "what was interrupted is not used again")
	require.Len(t, notes.pids(t), 2)
	require.Eventually(t, func() bool { return !running(notes.pids(t)[0]) }, 5*time.Second, time.Millisecond)
}

func TestAnInterruptOfOneLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	w, notes, _ := newPluggedWorld(t, "", func(o *Options) { o.Grace = 300 * time.Millisecond })
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { _, err := w.engine.Run(ctx, numbered(0, Up, things("wait", "a"))); first <- err }()
	go func() { second <- together(w, numbered(1, Up, things("wait", "a"))) }()
	require.Eventually(t, func() bool { return len(notes.lines("waiting")) == 2 }, 20*time.Second, time.Millisecond)
	stop()
	var failure *Failure
	require.ErrorAs(t, <-first, &failure)
	require.Equal(t, Canceled, failure.Class)
	require.Empty(t, notes.lines("cancelled"))
	notes.note("go", "on")
	require.NoError(t, <-second)
	require.Len(t, notes.pids(t), 1)
}

func TestAPluginThatFoundItsClusterUnreachableIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	w, notes, _ := newPluggedWorld(t, "")
	notes.note("down", "yes")
	var failure *Failure
	require.ErrorAs(t, together(w, numbered(0, Up, things("one", "a"))), &failure)
	require.Equal(t, Network, failure.Class, failure.Message)
	require.NoError(t, os.Remove(filepath.Join(string(notes), "down")))
	require.NoError(t, together(w, numbered(0, Up, things("one", "a"))))
	require.Len(t, notes.pids(t), 2)
}

func TestAPluginThatIsSlowToStartIsWaitedFor(t *testing.T) {
	t.Parallel()
	if os.Getenv("DEPLOYER_E2E") == "" {
		t.Skip("takes longer than a CLI waits for a greeting; DEPLOYER_E2E=1 runs it")
	}
	w, notes, _ := newPluggedWorld(t, "slow")
	require.NoError(t, together(w, numbered(0, Up, placed("here", "x")), numbered(1, Up, placed("here", "x"))))
	require.Len(t, notes.pids(t), 1)
}

func TestWhatIsAttachedAlreadyIsNotStarted(t *testing.T) {
	t.Parallel()
	served := serveProvider(t)
	w, notes, _ := newPluggedWorld(t, "", func(o *Options) {
		o.Env = append(o.Env, fmt.Sprintf("%s=other:1,toy:%d", attachVariable, served.port))
	})
	require.NoError(t, together(w, numbered(0, Up, things("one", "a"))))
	require.Equal(t, 1, served.count())
	require.Empty(t, notes.pids(t))
}
