package provision

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/resource"
)

func TestATokenOfAClusterIsASignedRequestForThatCluster(t *testing.T) {
	client := sts.New(sts.Options{Region: "eu-west-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "not a secret", "session")})
	now := time.Date(2030, 1, 2, 3, 4, 5, 6, time.UTC)
	text, err := ClusterToken(t.Context(), client, "shop-eks", now)
	require.NoError(t, err)
	var credential struct {
		Kind, APIVersion string
		Status           struct{ ExpirationTimestamp, Token string }
	}
	require.NoError(t, json.Unmarshal(text, &credential))
	require.Equal(t, "ExecCredential", credential.Kind)
	require.Equal(t, "2030-01-02T03:18:05Z", credential.Status.ExpirationTimestamp)
	encoded, ok := strings.CutPrefix(credential.Status.Token, "k8s-aws-v1.")
	require.True(t, ok)
	decoded, err := base64.RawURLEncoding.DecodeString(encoded)
	require.NoError(t, err)
	signed, err := url.Parse(string(decoded))
	require.NoError(t, err)
	query := signed.Query()
	require.Equal(t, "sts.eu-west-1.amazonaws.com", signed.Host)
	require.Equal(t, "GetCallerIdentity", query.Get("Action"))
	require.Equal(t, "60", query.Get("X-Amz-Expires"))
	require.Contains(t, query.Get("X-Amz-SignedHeaders"), "x-k8s-aws-id")
	require.NotContains(t, string(decoded), "not a secret")
}

func TestSchedulesBecomeCrontabs(t *testing.T) {
	for schedule, want := range map[resource.Schedule]string{
		"30 3 * * 1-5":               "30 3 * * 1-5",
		"cron(0 4 ? * 2-6 *)":        "0 4 * * 1-5",
		"cron(0 4 ? * MON-FRI *)":    "0 4 * * MON-FRI",
		"cron(*/10 8-18 1,15 * ? *)": "*/10 8-18 1,15 * *",
		"cron(0 0 ? * 1,7 *)":        "0 0 * * 0,6",
		"cron(0 0 L * ? *)":          "",
		"cron(0 0 1 1 ? 2030)":       "",
		"rate(5 minutes)":            "",
	} {
		got, err := crontab(schedule)
		require.Equal(t, want == "", err != nil, schedule)
		require.Equal(t, want, got)
	}
}
