package provision

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
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

	require.Equal(t, "https", signed.Scheme)
	require.Equal(t, "/", signed.Path)
	require.Equal(t, "host;x-k8s-aws-id", query.Get("X-Amz-SignedHeaders"))
	require.Equal(t, "session", query.Get("X-Amz-Security-Token"))
	for name, values := range query { // EKS's authenticator refuses every other parameter, and any that is there twice
		require.Contains(t, []string{"action", "version", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires",
			"x-amz-security-token", "x-amz-signature", "x-amz-signedheaders"}, strings.ToLower(name))
		require.Len(t, values, 1, name)
	}
	require.Equal(t, query.Get("X-Amz-Signature"), signature(signed, "shop-eks", "not a secret"))
	require.NotEqual(t, query.Get("X-Amz-Signature"), signature(signed, "another-eks", "not a secret"), "it is good for one cluster")
}

// signature is what STS computes for the request that EKS sends it: the URL of the token with the cluster's name in a header
// (IAM User Guide, "Create a signed AWS API request").
func signature(signed *url.URL, cluster, secret string) string {
	query := signed.Query()
	query.Del("X-Amz-Signature")
	hash := func(text string) string { sum := sha256.Sum256([]byte(text)); return hex.EncodeToString(sum[:]) }
	mac := func(key []byte, text string) []byte {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(text))
		return m.Sum(nil)
	}
	canonical := strings.Join([]string{"GET", "/", strings.ReplaceAll(query.Encode(), "+", "%20"),
		"host:" + signed.Host, "x-k8s-aws-id:" + cluster, "", "host;x-k8s-aws-id", hash("")}, "\n")
	scope := strings.SplitN(query.Get("X-Amz-Credential"), "/", 2)[1]
	key := []byte("AWS4" + secret)
	for _, part := range strings.Split(scope, "/") {
		key = mac(key, part)
	}
	return hex.EncodeToString(mac(key, strings.Join([]string{"AWS4-HMAC-SHA256", query.Get("X-Amz-Date"), scope, hash(canonical)}, "\n")))
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
