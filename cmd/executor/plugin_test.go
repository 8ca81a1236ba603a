package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/cloud"
	"github.com/deployer-io/deployer/localstack/cloud/catalog"
	"github.com/deployer-io/deployer/localstack/cloud/fault"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/provision/engine/plugin"
	"github.com/deployer-io/deployer/shared/resource"
)

const (
	// The variable that makes an executor on a folder use provider plugins: sharedPlugins or ownPlugins.
	childPlugins  = "DEPLOYER_TEST_CHILD_PLUGINS"
	sharedPlugins = "shared" // one for all, started by the executor
	ownPlugins    = "own"    // each CLI starts its own, as the Pulumi CLI does by itself

	awsPlugin = "pulumi-resource-aws" // the name under which this test binary becomes the plugin
	pluginLog = "plugins"             // the file in the folder to which each plugin writes its process id
)

// servePlugin is the AWS provider plugin's main function, over the simulated cloud of the folder.
func servePlugin(dir string) int {
	c, err := cloud.Open(cloud.Options{Dir: filepath.Join(dir, "cloud")})
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return 1
	}
	stopped := make(chan os.Signal, 1)
	signal.Notify(stopped, syscall.SIGTERM)
	file, err := os.OpenFile(filepath.Join(dir, pluginLog), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return 1
	}
	_, _ = fmt.Fprintln(file, os.Getpid())
	_ = file.Close()
	for _, v := range c.Env() {
		if attached, found := strings.CutPrefix(v, "PULUMI_DEBUG_PROVIDERS=aws:"); found {
			port, _, _ := strings.Cut(attached, ",")
			fmt.Println(port)
		}
	}
	// A plugin asks its engine now and then whether it is there; this one looks whether its executor is.
	parent, look := os.Getppid(), time.NewTicker(time.Second)
	for running := true; running; {
		select {
		case <-stopped:
			running = false
		case <-look.C:
			running = os.Getppid() == parent
		}
	}
	if c.Close() != nil {
		return 1
	}
	return 0
}

// pluginsOf turns a simulated cloud's environment into one of plugins, and says which are to be shared.
func pluginsOf(dir string, env []string, how string) ([]string, []plugin.Pin) {
	if how == "" {
		return env, nil
	}
	var kept []string
	for _, v := range env {
		if !strings.HasPrefix(v, "PULUMI_DEBUG_PROVIDERS=") {
			kept = append(kept, v)
		}
	}
	kept = append(kept, "PULUMI_HOME="+filepath.Join(dir, "home"), childDir+"="+dir)
	if how == ownPlugins {
		return kept, nil
	}
	return kept, []plugin.Pin{{Name: "aws", Version: "v" + catalog.AWSVersion}}
}

// install puts the plugin where the Pulumi CLI installs it.
func (g *ground) install() {
	g.t.Helper()
	self, err := os.Executable()
	require.NoError(g.t, err)
	folder := filepath.Join(g.dir, "home", "plugins", "resource-aws-v"+catalog.AWSVersion)
	require.NoError(g.t, os.MkdirAll(folder, 0o700))
	require.NoError(g.t, os.Symlink(self, filepath.Join(folder, awsPlugin)))
}

// plugins are the process ids of the plugins that were started.
func (g *ground) plugins() []int {
	text, err := os.ReadFile(filepath.Join(g.dir, pluginLog))
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(g.t, err)
	var all []int
	for _, line := range strings.Fields(string(text)) {
		pid, err := strconv.Atoi(line)
		require.NoError(g.t, err)
		all = append(all, pid)
	}
	return all
}

func (g *ground) requireNoneRuns() {
	g.t.Helper()
	for _, pid := range g.plugins() {
		require.Error(g.t, syscall.Kill(pid, 0), "a plugin outlives its executor")
	}
}

func buckets(n int) []execution.Assignment {
	var batch []execution.Assignment
	for i := range n {
		batch = append(batch, assignment(plan.Create, fmt.Sprintf("c%d", i), "S3", func(s resource.Spec) { s.(*resource.S3).EventBridge = true }))
	}
	return batch
}

func TestABatchRunsOnOnePluginWhichEndsWithTheTask(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	g.install()
	r := g.start(buckets(8), childPlugins+"="+sharedPlugins)
	require.Zero(t, r.wait(time.Minute), r.log())
	require.Len(t, g.plugins(), 1)
	g.requireNoneRuns()
	require.Equal(t, 8, g.count("aws:s3/bucket:Bucket"))
}

func TestAStoppedTaskStopsItsPlugin(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	g.install()
	g.inject(cloud.Fault{Match: fault.Match{Type: queueType, Name: "queue", Operation: "create"}, Kind: fault.Delay, Delay: time.Second})
	stopped := g.start(chain(plan.Create, resource.Day), childPlugins+"="+sharedPlugins)
	require.Equal(t, 1, stopped.stopWhen(func() bool { return stopped.isPending("queue", "queue") }, 20*time.Second), stopped.log())
	require.Contains(t, stopped.outcome("queue").Message, "stopped")
	require.Len(t, g.plugins(), 1)
	g.requireNoneRuns()
}

// killPluginWhen ends the plugin as the kernel does when memory is short, once an operation on the queue has begun.
func (r *batchRun) killPluginWhen(name string) {
	r.t.Helper()
	require.Eventually(r.t, func() bool { return r.isPending("queue", name) }, 30*time.Second, 2*time.Millisecond, "%s", r.log())
	all := r.plugins()
	require.NoError(r.t, syscall.Kill(all[len(all)-1], syscall.SIGKILL))
	require.NoError(r.t, r.cloud.Heal(""), "what comes after it is not held up")
}

func TestAStepWhosePluginDiedIsTriedAgainOnAnother(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	g.install()
	before := g.start(chain(plan.Create, resource.Day), childPlugins+"="+sharedPlugins)
	require.Zero(t, before.wait(time.Minute), before.log())
	require.NoError(t, g.locker.Release(t.Context(), before.lease))

	g.inject(cloud.Fault{Match: fault.Match{Type: queueType, Operation: "update"}, Kind: fault.Delay, Delay: 30 * time.Second})
	r := g.start(chain(plan.Update, 2*resource.Day), childPlugins+"="+sharedPlugins)
	r.killPluginWhen("queue")
	require.Zero(t, r.wait(25*time.Second), r.log())
	require.Contains(t, r.log(), "the aws provider plugin v"+catalog.AWSVersion+" was lost while it was at work (signal: killed)")
	require.Contains(t, r.log(), "a step is tried again")
	require.Equal(t, execution.Done, r.outcome("queue").Outcome)
	require.Len(t, g.plugins(), 3, "one for the first batch, two for the second")
	require.Equal(t, 2, g.count(queueType), "the queue has one for dead letters")
	g.requireNoneRuns()
}

func TestDataThatADyingPluginMayHaveMadeIsForAPersonToLookAt(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	g.install()
	g.inject(cloud.Fault{Match: fault.Match{Type: queueType, Name: "queue", Operation: "create"}, Kind: fault.Delay, Delay: 30 * time.Second})
	r := g.start(chain(plan.Create, resource.Day), childPlugins+"="+sharedPlugins)
	r.killPluginWhen("queue")
	require.Equal(t, 1, r.wait(25*time.Second), r.log())
	require.Contains(t, r.log(), "was lost while it was at work")
	queue := r.outcome("queue")
	require.Equal(t, execution.Failed, queue.Outcome)
	require.Contains(t, queue.Message, "it is not known whether it exists")
	require.Equal(t, execution.Done, r.outcome("beside").Outcome, "the others are not concerned, or are tried again")
}

func TestATaskWithoutItsPluginSaysWhatToDo(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	r := g.start(buckets(1), childPlugins+"="+sharedPlugins)
	require.Equal(t, 1, r.wait(time.Minute), r.log())
	message := r.outcome("c0").Message
	require.Contains(t, message, "the aws provider plugin v"+catalog.AWSVersion+" cannot be used")
	require.Contains(t, message, "cmd/executor/Dockerfile")
}

func TestTheImagePinsThePluginsOfTheSDKs(t *testing.T) {
	image, err := os.ReadFile("Dockerfile")
	require.NoError(t, err)
	module, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	for name, sdk := range map[string]string{"AWS_PLUGIN_VERSION": "pulumi-aws/sdk/v7", "KUBERNETES_PLUGIN_VERSION": "pulumi-kubernetes/sdk/v4",
		"PULUMI_VERSION": "pulumi/sdk/v3"} {
		wanted := regexp.MustCompile(regexp.QuoteMeta(sdk) + ` (v\S+)`).FindStringSubmatch(string(module))
		require.NotEmpty(t, wanted, sdk)
		given := regexp.MustCompile(`ARG `+name+`=(\S+)`).FindAllStringSubmatch(string(image), -1)
		require.NotEmpty(t, given, name)
		for _, one := range given {
			require.Equal(t, wanted[1], one[1], name)
		}
	}
	pins := regexp.MustCompile(`DEPLOYER_PLUGINS=(\S+)`).FindStringSubmatch(string(image))
	require.NotEmpty(t, pins)
	require.Equal(t, "aws@${AWS_PLUGIN_VERSION},kubernetes@${KUBERNETES_PLUGIN_VERSION}", pins[1])
}
