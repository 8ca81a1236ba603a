package s3objects_test

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/objects/s3objects"
)

const endpointsVariable = "DEPLOYER_TEST_S3_ENDPOINTS"

// endpoints reads name=URL pairs, separated by commas.
func endpoints(t *testing.T) map[string]string {
	given := os.Getenv(endpointsVariable)
	if given == "" {
		t.Skip(endpointsVariable + " is not set; make integration starts the emulators and sets it")
	}
	found := map[string]string{}
	for pair := range strings.SplitSeq(given, ",") {
		name, url, _ := strings.Cut(pair, "=")
		_, known := emulators[name]
		require.True(t, known, "%s names the emulator %q, which this test does not know", endpointsVariable, name)
		found[name] = url
	}
	return found
}

func newClient(endpoint string) *s3.Client {
	return s3.New(s3.Options{
		Region: "eu-west-1", BaseEndpoint: &endpoint, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider("test", "testsecret", ""),
	})
}

var buckets atomic.Int64

// newStore makes a bucket of the kind that the infrastructure makes.
func newStore(t *testing.T, endpoint string) *s3objects.Store {
	client, bucket := newClient(endpoint), fmt.Sprintf("state-%d-%d", os.Getpid(), buckets.Add(1))
	_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket,
		CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraintEuWest1}})
	require.NoError(t, err)
	_, err = client.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{Bucket: &bucket,
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	require.NoError(t, err)
	return s3objects.New(client, bucket)
}
