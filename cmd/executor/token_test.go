package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheExecutorPrintsATokenAsTheKubeconfigAsksForIt(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "not a secret")
	t.Setenv("AWS_SESSION_TOKEN", "session")
	t.Setenv("AWS_REGION", "us-east-1") // the task's; the cluster's counts
	var out, problems bytes.Buffer
	require.Zero(t, token(t.Context(), []string{"--cluster-name", "shop-eks", "--region", "eu-west-1", "--output", "json"},
		&out, &problems), problems.String())
	var credential struct {
		Kind   string
		Status struct{ Token string }
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &credential))
	require.Equal(t, "ExecCredential", credential.Kind)
	request, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(credential.Status.Token, "k8s-aws-v1."))
	require.NoError(t, err)
	signed, err := url.Parse(string(request))
	require.NoError(t, err)
	require.Equal(t, "sts.eu-west-1.amazonaws.com", signed.Host)
	require.Equal(t, "session", signed.Query().Get("X-Amz-Security-Token"))
	require.Empty(t, problems.String())
}

func TestATokenForNoClusterIsRefused(t *testing.T) {
	for _, arguments := range [][]string{nil, {"--cluster-name", "shop-eks"}, {"--region", "eu-west-1"},
		{"--cluster-name", "shop-eks", "--region", "eu-west-1", "--output", "yaml"}, {"--nope"}} {
		var out, problems bytes.Buffer
		require.Equal(t, 2, token(t.Context(), arguments, &out, &problems), arguments)
		require.Empty(t, out.String())
		require.Contains(t, problems.String(), "cluster-name", arguments)
	}
}
