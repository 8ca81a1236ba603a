package wiring

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"
)

func TestTheSkewIsThatOfTheLastAnswer(t *testing.T) {
	behind := time.Duration(0)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(-behind).UTC().Format(http.TimeFormat))
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = w.Write([]byte(`{"TableNames":[]}`))
	}))
	defer server.Close()
	clock := &skew{}
	client := dynamodb.New(dynamodb.Options{Region: "eu-west-1", BaseEndpoint: aws.String(server.URL), DisableValidateResponseChecksum: true,
		Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""), APIOptions: nil}, func(o *dynamodb.Options) {
		o.APIOptions = append(o.APIOptions, clock.watch)
	})
	require.Zero(t, clock.Ahead(), "nothing is known yet")
	for _, behind = range []time.Duration{0, 40 * time.Second, -40 * time.Second} {
		_, err := client.ListTables(t.Context(), &dynamodb.ListTablesInput{})
		require.NoError(t, err)
		require.InDelta(t, behind.Seconds(), clock.Ahead().Seconds(), 2)
	}
}
