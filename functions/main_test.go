package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/events"
	"github.com/deployer-io/deployer/functions/catalog"
	"github.com/deployer-io/deployer/functions/functionstest/account"
	"github.com/deployer-io/deployer/functions/functionstest/runtimeapi"
	"github.com/deployer-io/deployer/functions/notify"
	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/lock"
)

const (
	within      = 20 * time.Second
	machine     = "arn:aws:states:" + account.Region + ":" + account.ID + ":stateMachine:deployer-staging-"
	maxArtifact = 30 << 20 // bytes, zipped, as it is uploaded
)

var built struct {
	once sync.Once
	dir  string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// bootstrap is the artifact as it is shipped, but for this machine.
func bootstrap(t testing.TB) string {
	t.Helper()
	if testing.Short() {
		t.Skip("it links the whole artifact")
	}
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "bootstrap"); built.err != nil {
			return
		}
		command := exec.CommandContext(t.Context(), "go", "build", "-tags", "lambda.norpc", "-trimpath", "-ldflags", "-s -w",
			"-o", filepath.Join(built.dir, "bootstrap"), ".")
		command.Env = append(os.Environ(), "CGO_ENABLED=0")
		if output, err := command.CombinedOutput(); err != nil {
			built.err = fmt.Errorf("%w: %s", err, output)
		}
	})
	require.NoError(t, built.err)
	return filepath.Join(built.dir, "bootstrap")
}

// start starts the function of a Task in the account.
func start(t testing.TB, a *account.Account, task string, more ...string) *runtimeapi.Function {
	t.Helper()
	f, err := runtimeapi.Start(t.Context(), runtimeapi.Options{Bootstrap: bootstrap(t), Handler: strings.ToLower(task), Env: environment(a, more...)})
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := f.Stop()
		require.NoError(t, err)
	})
	return f
}

// environment is what the CDK application sets.
func environment(a *account.Account, more ...string) []string {
	return append(append(a.Env(), "DEPLOYER_INSTALLATION=staging", "DEPLOYER_DEPLOY_MACHINE="+machine+"deploy", "DEPLOYER_ROLLOUT_MACHINE="+machine+"rollout",
		"DEPLOYER_WAVE_MACHINE="+machine+"wave", "DEPLOYER_CLUSTER=arn:aws:ecs:"+account.Region+":"+account.ID+":cluster/deployer-staging-executor"), more...)
}

func invoke(t testing.TB, f *runtimeapi.Function, payload []byte) runtimeapi.Answer {
	t.Helper()
	answer, err := f.Invoke(t.Context(), payload, within)
	require.NoError(t, err)
	return answer
}

// taken says which function takes which sample; "" for those that no function is sent.
var taken = map[string]string{
	"approval-decide": "Decide", "approval-show": "Decide", "run-aborted": "Cleanup", "run-failed": "Cleanup", "run-timed-out": "Cleanup",
	"schedule-keeplocks": "KeepLocks", "schedule-prune": "Cleanup", "notify": "Notify",
	"run-succeeded":    "", // the pattern does not pick it
	"upload":           "", // starts the machine upload
	"upload-elsewhere": "",
}

func TestEverySampleIsTakenByAFunctionOrByNone(t *testing.T) {
	for _, sample := range events.Samples() {
		require.Contains(t, taken, sample, "say in taken which function takes it")
	}
	require.Len(t, taken, len(events.Samples()))
}

func TestTheBootstrapAnswersEverySample(t *testing.T) {
	a := account.New(t)
	for _, sample := range events.Samples() {
		task := taken[sample]
		if task == "" {
			continue
		}
		require.Contains(t, catalog.Names(), task, sample)
		t.Run(sample, func(t *testing.T) {
			answer := invoke(t, start(t, a, task), events.Sample(sample))
			require.False(t, answer.Failed, "%s: %s", answer.ErrorType, answer.Message)
			require.True(t, json.Valid(answer.Payload), "%s", answer.Payload)
		})
	}
}

func TestALinkThatNobodySignedIsAnsweredWithAPage(t *testing.T) {
	answer := invoke(t, start(t, account.New(t), "Decide"), events.Sample("approval-show"))
	var page struct {
		StatusCode int    `json:"statusCode"`
		Body       string `json:"body"`
	}
	require.NoError(t, json.Unmarshal(answer.Payload, &page))
	require.Equal(t, 403, page.StatusCode)
	require.Contains(t, page.Body, "<html")
}

func TestTheBootstrapNamesErrorsAsTheMachinesDo(t *testing.T) {
	a := account.New(t)
	scope := address.Scope("shop", "staging")
	lease, err := json.Marshal(lock.Lease{Scope: scope, Keys: []string{scope.LockKey()}, LockID: "l1", Fence: 1, ExpiresAt: time.Now().Add(time.Hour)})
	require.NoError(t, err)
	ref := `{"stack":"shop","environment":"staging","id":"r1","operation":"deploy"}`
	for sentence, c := range map[string]struct{ task, payload, want string }{
		"a bundle that is not there":      {"Discover", `{"run":"r1","request":{"bundle":{"key":"bundles/shop/staging/b.zip"}}}`, "BundleRejected"},
		"a decision about no run":         {"Decide", `{"run":"r9","decision":"approve"}`, "RunUnknown"},
		"an event that means nothing":     {"Cleanup", `{}`, "NoExecution"},
		"a lock that is another's":        {"PrepareWave", `{"run":` + ref + `,"lease":` + string(lease) + `,"wave":0}`, "LockLost"},
		"what nobody has foreseen":        {"BuildGraph", `{"run":` + ref + `}`, "Unexpected"},
		"a payload that is not its own":   {"BuildGraph", `[]`, "UnmarshalTypeError"},
		"an answer that S3 does not give": {"Discover", `{"run":"r1","request":{"bundle":{"key":"bundles/shop/x"}}}`, "BundleRejected"},
	} {
		t.Run(sentence, func(t *testing.T) {
			answer := invoke(t, start(t, a, c.task), []byte(c.payload))
			require.True(t, answer.Failed, "%s", answer.Payload)
			require.Equal(t, c.want, answer.ErrorType, answer.Message)
		})
	}
}

func TestAStartThatCannotSucceedSaysWhy(t *testing.T) {
	for sentence, c := range map[string]struct {
		handler string
		env     []string
		want    string
	}{
		"no such function":   {"nonsense", account.New(t).Env(), `_HANDLER "nonsense" names no function; they are acquirelock `},
		"nothing to work on": {"discover", nil, "DEPLOYER_STATE_BUCKET is not set"},
	} {
		t.Run(sentence, func(t *testing.T) {
			_, err := runtimeapi.Start(t.Context(), runtimeapi.Options{Bootstrap: bootstrap(t), Handler: c.handler, Env: c.env})
			require.ErrorContains(t, err, c.want)
		})
	}
}

// told is an account whose installation has topics, links and a channel, and the environment that says so.
func told(t testing.TB) (*account.Account, []string) {
	a := account.New(t)
	a.Secret("hook", a.Hook())
	env := []string{"DEPLOYER_SLACK_SECRET=hook", "DEPLOYER_APPROVAL_URL=https://links.example.com", "DEPLOYER_APPROVAL_KEY=alias/deployer-staging-links"}
	for _, topic := range notify.TopicNames() {
		env = append(env, "DEPLOYER_TOPIC_"+strings.ToUpper(topic)+"=arn:aws:sns:"+account.Region+":"+account.ID+":deployer-staging-"+topic)
	}
	return a, env
}

func TestARunsEndIsPublishedCountedAndPosted(t *testing.T) {
	a, env := told(t)
	f := start(t, a, "Notify", env...)
	answer := invoke(t, f, []byte(`{"run":null,"execution":"r1","startedAt":"2026-11-24T10:45:00Z","request":{"bundle":{"key":"bundles/shop/staging/b.zip"}},
		"ending":"FailedDirty","failure":{"error":"WaveFailed","cause":"it did"}}`))
	require.JSONEq(t, `{"told":["deployments","operations"]}`, string(answer.Payload))
	published := a.Published()
	require.Len(t, published, 2)
	var message map[string]string
	require.NoError(t, json.Unmarshal([]byte(published[0].Text), &message))
	require.Contains(t, message["default"], "FailedDirty: deploy of shop/staging")

	require.JSONEq(t, `{"told":["the installation"]}`, string(invoke(t, f, events.Sample("notify")).Payload))
	require.Len(t, a.Posts(), 1)
	require.Contains(t, a.Posts()[0], "Succeeded: deploy of user-platform/staging")
	output, err := f.Stop()
	require.NoError(t, err)
	require.Contains(t, output, `"FailedDirty":1`)
	require.Contains(t, output, `"Installation":"staging"`)
}

func TestOneProcessAnswersManyEvents(t *testing.T) {
	f := start(t, account.New(t), "KeepLocks")
	for range 3 {
		require.False(t, invoke(t, f, events.Sample("schedule-keeplocks")).Failed)
	}
}

func TestTheArtifactIsSmall(t *testing.T) {
	data, err := os.ReadFile(bootstrap(t))
	require.NoError(t, err)
	var zipped bytes.Buffer
	archive := zip.NewWriter(&zipped)
	entry, err := archive.Create("bootstrap")
	require.NoError(t, err)
	_, err = entry.Write(data)
	require.NoError(t, err)
	require.NoError(t, archive.Close())
	require.Less(t, zipped.Len(), maxArtifact)
	t.Logf("the artifact has %.1f MiB, zipped %.1f MiB", float64(len(data))/(1<<20), float64(zipped.Len())/(1<<20))
}

// BenchmarkInit measures what Lambda calls init: from the process's start until it asks for its first event. CPU is what
// the process took of the processor, and what a start costs there whatever else the machine does.
func BenchmarkInit(b *testing.B) {
	a := account.New(b)
	path := bootstrap(b)
	b.Logf("%s/%s", runtime.GOOS, runtime.GOARCH)
	for _, task := range catalog.Names() {
		b.Run(task, func(b *testing.B) {
			var cpu time.Duration
			for b.Loop() {
				f, err := runtimeapi.Start(b.Context(), runtimeapi.Options{Bootstrap: path, Handler: strings.ToLower(task), Env: environment(a)})
				require.NoError(b, err)
				_, err = f.Stop()
				require.NoError(b, err)
				cpu += f.CPU()
			}
			b.ReportMetric(float64(cpu.Microseconds())/1000/float64(b.N), "cpu-ms/init")
		})
	}
}
