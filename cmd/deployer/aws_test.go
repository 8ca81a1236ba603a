package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/cleanup"
	"github.com/deployer-io/deployer/functions/functionstest/account"
	"github.com/deployer-io/deployer/localstack/embedded"
	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/wiring/installation"
)

const machinesOnAWS = "arn:aws:states:eu-west-1:111122223333:stateMachine:deployer-staging-"

// remote is an account with an installation in it. Its state machines are carried out by the embedded environment on the
// account's bucket; the command line reaches all of it only over the protocols of AWS.
type remote struct {
	*account.Account
	t        *testing.T
	machines *embedded.Environment
	cloud    *fakeCloud
	runs     sync.WaitGroup
}

func newRemote(t *testing.T) *remote {
	t.Helper()
	r := &remote{Account: account.New(t), t: t, cloud: &fakeCloud{fail: map[string]error{}}}
	signIn(t, r.Account)
	r.Function("deployer-staging-discover", map[string]string{"DEPLOYER_STATE_BUCKET": account.Bucket, "DEPLOYER_LOCK_TABLE": account.Table,
		"DEPLOYER_DEPLOY_MACHINE": machinesOnAWS + "deploy"})
	machines, err := embedded.Open(t.Context(), embedded.Options{Dir: filepath.Join(t.TempDir(), "machines"), Objects: r.Objects, Provisioner: r.cloud})
	require.NoError(t, err)
	r.machines, r.Start = machines, r.start
	t.Cleanup(func() {
		r.runs.Wait()
		require.NoError(t, machines.Close())
	})
	return r
}

// signIn makes this process work in the account.
func signIn(t *testing.T, a *account.Account) {
	t.Helper()
	for _, name := range []string{"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_DEFAULT_REGION"} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", t.TempDir())
	for _, variable := range a.Env() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
}

func (r *remote) start(e account.Execution) {
	r.runs.Go(func() {
		ended := e
		err := r.carryOut(e)
		if ended.Status = "SUCCEEDED"; err != nil {
			failure := run.FailureOf(err)
			ended.Status, ended.Error, ended.Cause = "FAILED", failure.Error, failure.Cause
		}
		r.End(ended)
	})
}

func (r *remote) carryOut(e account.Execution) error {
	ctx := context.Background()
	if strings.HasSuffix(e.Machine, "-decide") {
		var d installation.Decision
		if err := json.Unmarshal([]byte(e.Input), &d); err != nil {
			return err
		}
		_, err := r.machines.Decide(ctx, run.Ref{Stack: d.Stack, Environment: d.Environment, ID: d.Run},
			run.Decision{Decision: d.Decision, By: d.By, Reason: d.Reason, PlanDigest: d.Plan})
		return err
	}
	var request run.Request
	if err := json.Unmarshal([]byte(e.Input), &request); err != nil {
		return err
	}
	begun, err := r.machines.Start(ctx, e.Name, request)
	if err != nil {
		return err
	}
	return begun.Wait()
}

// run runs a command as a person would who has credentials in the account.
func (r *remote) run(ctx context.Context, args ...string) answer {
	r.t.Helper()
	var out, err bytes.Buffer
	o := &options{console: console{in: strings.NewReader(""), out: &out, err: &err, getenv: func(string) string { return "" }},
		poll: 20 * time.Millisecond}
	code := execute(ctx, append(args, "--backend", "aws", "--installation", "staging"), o)
	return answer{code, out.String(), err.String()}
}

func (r *remote) open() *awsBackend {
	r.t.Helper()
	o := &options{backend: "aws", names: installation.Names{Name: "staging"}, poll: 20 * time.Millisecond}
	b, err := o.open(r.t.Context())
	require.NoError(r.t, err)
	return b.(*awsBackend)
}

func TestOnAWSABundleIsUploadedDeployedAndReported(t *testing.T) {
	r := newRemote(t)
	applied := r.run(t.Context(), "apply", example, "-e", "staging", "--auto-approve", "-o", "json")
	require.Equal(t, exitOK, applied.code, applied.err)
	var made report.Report
	require.NoError(t, json.Unmarshal([]byte(applied.out), &made))
	require.Equal(t, run.Succeeded, made.Ending)
	require.Equal(t, account.Caller, made.StartedBy, "whoever AWS says the caller is")
	require.Regexp(t, `^bundles/user-platform/staging/[0-9a-f]{16}\.bundle$`, made.Bundle.Key, "an upload of this name starts no run by itself")
	require.NotEmpty(t, made.Bundle.VersionID)
	started, known := r.Execution(machinesOnAWS+"deploy", made.Run)
	require.True(t, known, "the execution has the run's id")
	require.Equal(t, "SUCCEEDED", started.Status)
	require.Contains(t, applied.err, "[14/14]")

	again := r.run(t.Context(), "apply", example, "-e", "staging", "--auto-approve")
	require.Equal(t, exitOK, again.code, again.err)
	require.Contains(t, again.out, "Nothing to do")
	require.Contains(t, again.out, "\nReport: s3://"+account.Bucket+"/stacks/user-platform/staging/runs/")
	status := r.run(t.Context(), "status", example, "-e", "staging")
	require.Equal(t, exitOK, status.code, status.err)
	require.Contains(t, status.out, "written by run "+made.Run)
	require.Empty(t, r.cloud.previews)
}

func TestOnAWSARunThatFailsEndsTheCommandAsItEnded(t *testing.T) {
	r := newRemote(t)
	r.cloud.fail["profiles/profiles"] = errors.New("LimitExceededException: too many tables")
	applied := r.run(t.Context(), "apply", example, "-e", "staging", "--auto-approve")
	require.NotEqual(t, exitOK, applied.code)
	require.Contains(t, applied.out+applied.err, "too many tables")
}

// waiting is a run that waits for approval, and its reference.
func waiting(t *testing.T, r *remote, b *awsBackend) (run.Ref, running) {
	t.Helper()
	o := &options{console: console{err: &bytes.Buffer{}}, stack: "user-platform", environment: "production"}
	s, err := o.load([]string{example})
	require.NoError(t, err)
	uploaded, err := upload(t.Context(), b, s)
	require.NoError(t, err)
	request := o.request(s, run.Deploy)
	request.Bundle = uploaded
	id := newRunID(time.Now())
	begun, err := b.Start(t.Context(), id, request)
	require.NoError(t, err)
	ref := run.Ref{Stack: "user-platform", Environment: "production", ID: id, Operation: run.Deploy}
	require.Eventually(t, func() bool {
		_, err := r.Objects.Get(t.Context(), run.Archive{Ref: ref}.Key(run.ApprovalArtifact))
		return err == nil
	}, 20*time.Second, 5*time.Millisecond)
	return ref, begun
}

func TestOnAWSAnAnswerGoesThroughTheMachineDecide(t *testing.T) {
	r := newRemote(t)
	b := r.open()
	ref, begun := waiting(t, r, b)
	_, err := b.Decide(t.Context(), ref, run.Decision{Decision: run.Approve})
	var refused *installation.Refused
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "SelfApproval", refused.Failure.Error, "who started it is who AWS says, whatever name they give")
	approval, err := b.Decide(t.Context(), ref, run.Decision{Decision: run.Reject, Reason: "not on a Friday"})
	require.NoError(t, err)
	require.Equal(t, run.Refused, approval.Verdict())
	require.Equal(t, account.Caller, approval.Rejection().By)
	require.NoError(t, begun.Wait())
	var made report.Report
	require.NoError(t, run.Archive{Store: b.Store(), Ref: ref}.Read(t.Context(), run.ReportArtifact, &made))
	require.Equal(t, run.Rejected, made.Ending)
	require.Empty(t, r.cloud.calls)
}

func TestOnAWSARunOutlivesItsCommand(t *testing.T) {
	r := newRemote(t)
	b := r.open()
	ref, begun := waiting(t, r, b)
	require.NoError(t, begun.(*awsRun).Detach())
	alive, err := b.Running(t.Context(), ref.ID)
	require.NoError(t, err)
	require.True(t, alive)
	ctx, interrupt := context.WithCancel(t.Context())
	looked, err := b.Attach(ctx, ref)
	require.NoError(t, err)
	interrupt()
	var left *LeftRunning
	require.ErrorAs(t, looked.Wait(), &left)
	require.Equal(t, exitCancelled, codeOf(left))
	alive, err = b.Running(t.Context(), ref.ID)
	require.NoError(t, err)
	require.True(t, alive, "an interrupted command stops nothing there")
	_, err = b.Decide(t.Context(), ref, run.Decision{Decision: run.Reject})
	require.NoError(t, err)
}

func TestOnAWSLocksAreFreedByTheFunctionThatKnowsHow(t *testing.T) {
	r := newRemote(t)
	r.Function("deployer-staging-cleanup", nil)
	var asked []cleanup.In
	r.Invoke = func(_ string, payload []byte) ([]byte, error) {
		var in cleanup.In
		require.NoError(t, json.Unmarshal(payload, &in), "%s", payload)
		asked = append(asked, in)
		return json.Marshal(cleanup.Out{Released: 1, Unsaved: "the state is refused"})
	}
	b := r.open()
	released, err := b.CleanUp(t.Context(), "r1", "it hangs")
	require.NoError(t, err)
	require.Equal(t, 1, released)
	unsaved, err := b.ForceUnlock(t.Context(), address.Scope("shop", "staging"), "l1", "mona@desk", "it is 3 a.m.")
	require.NoError(t, err)
	require.Equal(t, "the state is refused", unsaved)
	require.Equal(t, []cleanup.In{{Execution: "r1", Why: "it hangs"}, {Force: &cleanup.Force{Address: address.Scope("shop", "staging"),
		LockID: "l1", Actor: account.Caller + " (mona@desk)", Reason: "it is 3 a.m."}}}, asked)
}

func TestWhatAWSRefusesHasAnExitCode(t *testing.T) {
	for sentence, c := range map[string]struct {
		refuse, code string
		env          [2]string
		want         int
		says         string
	}{
		"credentials that expired": {"GetCallerIdentity", "ExpiredToken", [2]string{}, exitCredentials, "sign in"},
		"no credentials at all":    {"", "", [2]string{"AWS_SECRET_ACCESS_KEY", ""}, exitCredentials, "sign in"},
		"no right to look":         {"GetFunctionConfiguration", "AccessDeniedException", [2]string{}, exitCredentials, "DeployerRead"},
		"no right to upload":       {"PutObject", "AccessDenied", [2]string{}, exitCredentials, "DeployerStart"},
		"no right to start":        {"StartExecution", "AccessDeniedException", [2]string{}, exitCredentials, "DeployerStart"},
		"no region":                {"", "", [2]string{"AWS_REGION", ""}, exitConfiguration, "--region"},
	} {
		t.Run(sentence, func(t *testing.T) {
			r := newRemote(t)
			r.Refuse(c.refuse, c.code)
			if c.env[0] != "" {
				t.Setenv(c.env[0], c.env[1])
			}
			applied := r.run(t.Context(), "apply", example, "-e", "staging", "--auto-approve")
			require.Equal(t, c.want, applied.code, applied.err)
			require.Contains(t, applied.err, c.says)
			require.Empty(t, r.cloud.calls)
		})
	}
}

func TestOnAWSARunThatWaitsIsApprovedByACommandOfItsOwn(t *testing.T) {
	r := newRemote(t)
	left := r.run(t.Context(), "apply", example, "-e", "staging")
	require.Equal(t, exitAwaiting, left.code, left.err)
	ids, err := run.IDs(t.Context(), r.Objects, address.Scope("user-platform", "staging"))
	require.NoError(t, err)
	require.Len(t, ids, 1)
	require.Contains(t, left.out+left.err, ids[0])
	require.Empty(t, r.cloud.calls)
	approved := r.run(t.Context(), "approve", ids[0], "-m", "seen")
	require.Equal(t, exitOK, approved.code, approved.err)
	require.Len(t, r.cloud.calls, 14)
	again := r.run(t.Context(), "reject", ids[0])
	require.NotEqual(t, exitOK, again.code, "it has ended: %s", again.err)
	require.Equal(t, exitNotFound, r.run(t.Context(), "approve", "r9").code)
}

func TestOnAWSTheReportOfARunThatWasStoppedIsWaitedFor(t *testing.T) {
	r := newRemote(t)
	b := r.open()
	ref := run.Ref{Stack: "shop", Environment: "staging", ID: "r1", Operation: run.Deploy}
	looked, err := b.Attach(t.Context(), ref) // nobody knows it yet
	require.NoError(t, err)
	r.End(account.Execution{Machine: machinesOnAWS + "deploy", Name: "r1", Status: "RUNNING"})
	r.End(account.Execution{Machine: machinesOnAWS + "deploy", Name: "r1", Status: "ABORTED"})
	select {
	case <-looked.Done():
		require.Fail(t, "it has no report yet")
	case <-time.After(5 * b.Poll()):
	}
	require.NoError(t, run.Archive{Store: b.Store(), Ref: ref}.Replace(t.Context(), run.ReportArtifact, report.Report{Run: "r1"}))
	require.NoError(t, looked.Wait())
	looked, err = b.Attach(t.Context(), run.Ref{Stack: "shop", Environment: "staging", ID: "r2"})
	require.NoError(t, err)
	require.NoError(t, looked.Wait(), "of one that nobody ever knew nothing is waited for forever")
}
