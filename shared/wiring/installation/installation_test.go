package installation_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/functionstest/account"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/wiring/installation"
)

const machine = "arn:aws:states:eu-west-1:111122223333:stateMachine:deployer-staging-"

// signIn makes this process work in the account, as a person whose machine has nothing else configured.
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

// installed is an account with the installation staging.
func installed(t *testing.T) *account.Account {
	t.Helper()
	a := account.New(t)
	signIn(t, a)
	a.Function("deployer-staging-discover", map[string]string{"DEPLOYER_STATE_BUCKET": account.Bucket, "DEPLOYER_LOCK_TABLE": account.Table,
		"DEPLOYER_DEPLOY_MACHINE": machine + "deploy", "DEPLOYER_CLUSTER": "arn:aws:ecs:eu-west-1:111122223333:cluster/deployer-staging-executor"})
	return a
}

func TestAnInstallationKnowsWhereItIs(t *testing.T) {
	a := installed(t)
	i, err := installation.Open(t.Context(), installation.Names{Name: "staging"})
	require.NoError(t, err)
	require.Equal(t, account.Caller, i.Caller)
	written, err := i.Objects.Put(t.Context(), "bundles/shop/staging/b.bundle", []byte("b"), objects.IfAbsent())
	require.NoError(t, err)
	require.NotEmpty(t, written.Version)
	require.NoError(t, i.Start(t.Context(), "r1", run.Request{Bundle: run.BundleRef{Key: written.Key, VersionID: written.Version}}))
	started, known := a.Execution(machine+"deploy", "r1")
	require.True(t, known)
	require.JSONEq(t, `{"bundle":{"key":"bundles/shop/staging/b.bundle","versionId":"`+written.Version+`"}}`, started.Input)
	running, err := i.Executions.Running(t.Context(), "r1")
	require.NoError(t, err)
	require.True(t, running)
}

func TestNamesThatAreGivenAreNotAskedFor(t *testing.T) {
	a := account.New(t)
	signIn(t, a)
	i, err := installation.Open(t.Context(), installation.Names{StateBucket: account.Bucket, DeployMachine: machine + "deploy"})
	require.NoError(t, err)
	require.NotContains(t, a.Calls(), "GetFunctionConfiguration")
	require.NoError(t, i.Start(t.Context(), "r1", run.Request{}))
}

func TestAnAnswerIsWaitedForUntilItIsTaken(t *testing.T) {
	for sentence, c := range map[string]struct {
		ended   account.Execution
		refused string
	}{
		"it is taken":        {account.Execution{Status: "SUCCEEDED", Output: "{}"}, ""},
		"it is one's own":    {account.Execution{Status: "FAILED", Error: "SelfApproval", Cause: "you started it"}, "SelfApproval"},
		"it takes too long":  {account.Execution{Status: "TIMED_OUT", Error: "States.Timeout"}, "States.Timeout"},
		"somebody aborts it": {account.Execution{Status: "ABORTED"}, ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			a := installed(t)
			a.Start = func(e account.Execution) {
				require.Equal(t, machine+"decide", e.Machine)
				require.True(t, strings.HasPrefix(e.Name, "r1-approve-"), e.Name)
				require.JSONEq(t, `{"run":"r1","decision":"approve","reason":"seen","by":"`+account.Caller+`"}`, e.Input)
				c.ended.Machine, c.ended.Name = e.Machine, e.Name
				a.End(c.ended)
			}
			i, err := installation.Open(t.Context(), installation.Names{Name: "staging"})
			require.NoError(t, err)
			err = i.Decide(t.Context(), installation.Decision{Run: "r1", Decision: run.Approve, Reason: "seen"})
			if c.ended.Status == "SUCCEEDED" {
				require.NoError(t, err)
				return
			}
			var refused *installation.Refused
			require.ErrorAs(t, err, &refused)
			require.Equal(t, c.refused, refused.Failure.Error)
		})
	}
}

func TestAFunctionIsCalledAndItsErrorKeepsItsName(t *testing.T) {
	a := installed(t)
	a.Function("deployer-staging-cleanup", nil)
	a.Invoke = func(function string, payload []byte) ([]byte, error) {
		require.Equal(t, "deployer-staging-cleanup", function)
		if strings.Contains(string(payload), "r9") {
			return nil, &account.Failed{Type: "LockMismatch", Message: "another's"}
		}
		return []byte(`{"released":2}`), nil
	}
	i, err := installation.Open(t.Context(), installation.Names{Name: "staging"})
	require.NoError(t, err)
	var out struct{ Released int }
	require.NoError(t, i.Call(t.Context(), "cleanup", map[string]string{"execution": "r1"}, &out))
	require.Equal(t, 2, out.Released)
	var refused *installation.Refused
	require.ErrorAs(t, i.Call(t.Context(), "cleanup", map[string]string{"execution": "r9"}, &out), &refused)
	require.Equal(t, run.Failure{Error: "LockMismatch", Cause: "another's"}, refused.Failure)
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	for sentence, c := range map[string]struct {
		names   installation.Names
		env     map[string]string
		refuse  [2]string
		name    string
		message string
	}{
		"no region":                   {installation.Names{Name: "staging"}, map[string]string{"AWS_REGION": ""}, [2]string{}, "NamesMissing", "--region or AWS_REGION"},
		"no bucket":                   {installation.Names{DeployMachine: machine + "deploy"}, nil, [2]string{}, "NamesMissing", "--state-bucket"},
		"no machine":                  {installation.Names{StateBucket: "b"}, nil, [2]string{}, "NamesMissing", "--deploy-machine"},
		"another machine":             {installation.Names{StateBucket: "b", DeployMachine: machine + "rollout"}, nil, [2]string{}, "NamesMissing", "-rollout"},
		"no such installation":        {installation.Names{Name: "production"}, nil, [2]string{}, "NoInstallation", `no installation "production" in eu-west-1 for ` + account.Caller},
		"no credentials":              {installation.Names{Name: "staging"}, map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, [2]string{}, "NoCredentials", "aws sso login"},
		"a profile that is not there": {installation.Names{Name: "staging"}, map[string]string{"AWS_PROFILE": "nobody"}, [2]string{}, "NoCredentials", "nobody"},
		"credentials that expired":    {installation.Names{Name: "staging"}, nil, [2]string{"GetCallerIdentity", "ExpiredToken"}, "NoCredentials", "ExpiredToken"},
		"a person who may not look":   {installation.Names{Name: "staging"}, nil, [2]string{"GetFunctionConfiguration", "AccessDeniedException"}, "NotAllowed", "DeployerRead"},
	} {
		t.Run(sentence, func(t *testing.T) {
			a := installed(t)
			for name, value := range c.env {
				t.Setenv(name, value)
			}
			a.Refuse(c.refuse[0], c.refuse[1])
			_, err := installation.Open(t.Context(), c.names)
			require.Error(t, err)
			require.Equal(t, c.name, run.FailureOf(err).Error)
			require.ErrorContains(t, err, c.message)
		})
	}
}
