package wiring_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	inmemory "github.com/deployer-io/deployer/functions/functionstest/account"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/wiring"
)

// people are those of an installation in an account.
func people(t *testing.T) (*inmemory.Account, wiring.People) {
	t.Helper()
	a := inmemory.New(t)
	for _, variable := range append(a.Env(), "DEPLOYER_APPROVAL_URL=https://links.example.com", "DEPLOYER_APPROVAL_KEY=alias/links",
		"DEPLOYER_SLACK_SECRET=hook", "DEPLOYER_INSTALLATION=staging", "DEPLOYER_TOPIC_DRIFT=arn:aws:sns:eu-west-1:111122223333:deployer-staging-drift") {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	ports, err := wiring.FromEnvironment(t.Context())
	require.NoError(t, err)
	return a, wiring.PeopleFromEnvironment(ports, []string{"deployments", "drift"})
}

func TestTheEnvironmentSaysWhoThePeopleAre(t *testing.T) {
	_, p := people(t)
	require.Equal(t, map[string]string{"drift": "arn:aws:sns:eu-west-1:111122223333:deployer-staging-drift"}, p.ARNs)
	require.Equal(t, []string{"https://links.example.com", "staging", "hook"}, []string{p.ApprovalURL, p.Installation, p.Webhook.Name})
	t.Setenv("DEPLOYER_APPROVAL_KEY", "")
	t.Setenv("DEPLOYER_SLACK_SECRET", "")
	ports, err := wiring.FromEnvironment(t.Context())
	require.NoError(t, err)
	none := wiring.PeopleFromEnvironment(ports, nil)
	require.Nil(t, none.Signer)
	require.Nil(t, none.Webhook)
}

func TestASignatureIsOfOneMessageOnly(t *testing.T) {
	a, p := people(t)
	mac, err := p.Signer.Sign(t.Context(), []byte("approve r1"))
	require.NoError(t, err)
	require.Len(t, mac, 32)
	for message, want := range map[string]bool{"approve r1": true, "approve r2": false} {
		genuine, err := p.Signer.Check(t.Context(), []byte(message), mac)
		require.NoError(t, err)
		require.Equal(t, want, genuine, message)
	}
	a.Refuse("VerifyMac", "AccessDeniedException")
	_, err = p.Signer.Check(t.Context(), []byte("approve r1"), mac)
	require.ErrorContains(t, err, "KMS VerifyMac: api error AccessDeniedException", "that it cannot be told is another thing than no")
	a.Refuse("GenerateMac", "ThrottlingException")
	_, err = p.Signer.Sign(t.Context(), []byte("approve r1"))
	require.ErrorContains(t, err, "ThrottlingException")
	require.Equal(t, 3, count(a, "GenerateMac")-1, "a busy service is asked again")
}

func count(a *inmemory.Account, operation string) int {
	n := 0
	for _, called := range a.Calls() {
		if called == operation {
			n++
		}
	}
	return n
}

func TestAWaitingTaskIsWokenOrGone(t *testing.T) {
	a, p := people(t)
	waiting, err := p.Answers.Succeed(t.Context(), "t1", []byte(`{"verdict":"approved"}`))
	require.NoError(t, err)
	require.True(t, waiting)
	waiting, err = p.Answers.Fail(t.Context(), "t2", "ApprovalRejected", strings.Repeat("no ", 20_000))
	require.NoError(t, err)
	require.True(t, waiting)
	require.Equal(t, []string{"success t1", "failure t2 ApprovalRejected"}, a.Answers())
	for _, code := range []string{"TaskDoesNotExist", "TaskTimedOut", "InvalidToken"} {
		a.Refuse("SendTaskSuccess", code)
		waiting, err = p.Answers.Succeed(t.Context(), "t3", []byte(`{}`))
		require.NoError(t, err, code)
		require.False(t, waiting, code)
	}
	a.Refuse("SendTaskSuccess", "AccessDeniedException")
	_, err = p.Answers.Succeed(t.Context(), "t3", []byte(`{}`))
	require.ErrorContains(t, err, "AccessDeniedException")
}

func TestASecretIsATextOrAField(t *testing.T) {
	a, p := people(t)
	a.Secret("plain", "https://hooks.example.com/a\n")
	a.Secret("object", `{"webhook":"https://hooks.example.com/b","number":1}`)
	for name, want := range map[string]resource.SecretRef{
		"https://hooks.example.com/a": {Name: "plain"},
		"https://hooks.example.com/b": {Name: "object", Key: "webhook"},
	} {
		got, err := p.Outlets.Secret(t.Context(), want)
		require.NoError(t, err)
		require.Equal(t, name, got)
	}
	for want, ref := range map[string]resource.SecretRef{
		"ResourceNotFoundException":                                {Name: "nothing"},
		`the secret object is no JSON object with a text "number"`: {Name: "object", Key: "number"},
		`the secret plain is no JSON object with a text "x"`:       {Name: "plain", Key: "x"},
		"SSM GetParameter":                                         {Name: "/shop/hook", Provider: resource.SSM},
	} {
		_, err := p.Outlets.Secret(t.Context(), ref)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "hooks.example.com")
	}
}

func TestAWebhookGetsTheMessageAndIsNeverNamed(t *testing.T) {
	a, p := people(t)
	require.NoError(t, p.Outlets.Post(t.Context(), a.Hook(), []byte(`{"text":"hello"}`)))
	require.Equal(t, []string{`{"text":"hello"}`}, a.Posts())
	a.Refuse("Post", "rollup_error")
	err := p.Outlets.Post(t.Context(), a.Hook(), []byte(`{}`))
	require.ErrorContains(t, err, "the webhook answered 502 Bad Gateway: rollup_error")
	require.Equal(t, 4, count(a, "Post"), "a busy webhook is asked again")
	for _, url := range []string{"http://hooks.example.com/secret", "ftp://x/secret", "secret", "https://", "http://127.0.0.1:1/secret"} {
		ctx, cancel := context.WithCancel(t.Context())
		if strings.Contains(url, "127.0.0.1") {
			cancel()
		}
		err := p.Outlets.Post(ctx, url, nil)
		cancel()
		require.Error(t, err, url)
		require.NotContains(t, err.Error(), "secret", url)
	}
}

func TestNewsArePublished(t *testing.T) {
	a, p := people(t)
	require.NoError(t, p.Topics.Publish(t.Context(), p.ARNs["drift"], report.Notice{SchemaVersion: 1, Event: resource.EventDrift, Title: "1 difference"}))
	require.Len(t, a.Published(), 1)
	require.Equal(t, "1 difference", a.Published()[0].Subject)
	require.Equal(t, "drift", a.Published()[0].Attributes["event"])
}
