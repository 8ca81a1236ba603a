package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/functionstest"
	"github.com/deployer-io/deployer/functions/functionstest/runtimeapi"
	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/objects/s3objects"
	"github.com/deployer-io/deployer/shared/run"
)

// endpoint is an emulator's URL, by the variable that scripts/integration sets and its name there.
func endpoint(t *testing.T, variable, name string) string {
	t.Helper()
	for pair := range strings.SplitSeq(os.Getenv(variable), ",") {
		if url, found := strings.CutPrefix(pair, name+"="); found {
			return url
		}
	}
	t.Skipf("%s names no %s; make integration starts it", variable, name)
	return ""
}

// emulated is a bucket and a lock table in emulators, and the environment of functions that work on them.
type emulated struct {
	t   *testing.T
	env []string
	run.BundleRef
}

func emulate(t *testing.T) *emulated {
	t.Helper()
	moto, local := endpoint(t, "DEPLOYER_TEST_S3_ENDPOINTS", "moto"), endpoint(t, "DEPLOYER_TEST_DYNAMODB_ENDPOINTS", "dynamodb-local")
	keys := credentials.NewStaticCredentialsProvider("test", "testsecret", "")
	name := fmt.Sprint("functions-", time.Now().UnixNano())
	bucket := s3.New(s3.Options{Region: "eu-west-1", BaseEndpoint: &moto, UsePathStyle: true, Credentials: keys})
	_, err := bucket.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name,
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraintEuWest1}})
	require.NoError(t, err)
	_, err = bucket.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{Bucket: &name,
		VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled}})
	require.NoError(t, err)
	table := dynamodb.New(dynamodb.Options{Region: "eu-west-1", BaseEndpoint: &local, Credentials: keys})
	_, err = table.CreateTable(t.Context(), &dynamodb.CreateTableInput{TableName: &name, BillingMode: dynamodbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("lockKey"), AttributeType: dynamodbtypes.ScalarAttributeTypeS}},
		KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("lockKey"), KeyType: dynamodbtypes.KeyTypeHash}}})
	require.NoError(t, err)
	e := &emulated{t: t, env: []string{"AWS_ENDPOINT_URL=" + moto, "AWS_ENDPOINT_URL_DYNAMODB=" + local, "AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=test",
		"AWS_SECRET_ACCESS_KEY=testsecret", "DEPLOYER_STATE_BUCKET=" + name, "DEPLOYER_LOCK_TABLE=" + name}}
	e.upload(s3objects.New(bucket, name))
	return e
}

func (e *emulated) upload(store objects.Store) {
	e.t.Helper()
	var files []bundle.File
	for _, path := range slices.Sorted(maps.Keys(functionstest.Bundle)) {
		files = append(files, bundle.File{Path: path, Data: []byte(functionstest.Bundle[path])})
	}
	b, mistakes := bundle.FromFiles(files, bundle.Limits{})
	require.Empty(e.t, mistakes)
	packed, err := bundle.Pack(b)
	require.NoError(e.t, err)
	written, err := store.Put(e.t.Context(), "bundles/orders/staging/b.zip", packed, objects.Always())
	require.NoError(e.t, err)
	e.BundleRef = run.BundleRef{Key: written.Key, VersionID: written.Version}
}

// call starts a function, hands it one payload, and decodes its answer.
func (e *emulated) call(task string, in, out any) runtimeapi.Answer {
	e.t.Helper()
	f, err := runtimeapi.Start(e.t.Context(), runtimeapi.Options{Bootstrap: bootstrap(e.t), Handler: strings.ToLower(task), Env: e.env})
	require.NoError(e.t, err)
	payload, err := json.Marshal(in)
	require.NoError(e.t, err)
	answer := invoke(e.t, f, payload)
	_, err = f.Stop()
	require.NoError(e.t, err)
	if !answer.Failed {
		require.NoError(e.t, json.Unmarshal(answer.Payload, out), "%s", answer.Payload)
	}
	return answer
}

func (e *emulated) succeeds(task string, in, out any) {
	e.t.Helper()
	answer := e.call(task, in, out)
	require.False(e.t, answer.Failed, "%s: %s: %s", task, answer.ErrorType, answer.Message)
}

func TestIntegrationTheBootstrapPlansOnEmulators(t *testing.T) {
	e := emulate(t)
	request := run.Request{Bundle: e.BundleRef, StartedBy: "mona"}
	plan := func(id string) (ref run.Ref) {
		var discovered struct{ Run run.Ref }
		e.succeeds("Discover", map[string]any{"run": id, "request": request}, &discovered)
		e.succeeds("BuildGraph", map[string]any{"run": discovered.Run}, &struct{}{})
		return discovered.Run
	}
	first, second := plan("r1"), plan("r2")
	var locked struct {
		Taken bool
		Lease lock.Lease
	}
	acquire := func(ref run.Ref) map[string]any {
		return map[string]any{"run": ref, "request": request, "startedAt": time.Now()}
	}
	e.succeeds("AcquireLock", acquire(first), &locked)
	require.True(t, locked.Taken)
	lease := locked.Lease
	require.Equal(t, "LockHeld", e.call("AcquireLock", acquire(second), &locked).ErrorType)
	var planned struct{ Changes int }
	e.succeeds("MakePlan", map[string]any{"run": first, "request": request, "lease": lease}, &planned)
	require.Equal(t, 3, planned.Changes)
	e.succeeds("ReleaseLock", map[string]any{"run": first, "lease": lease}, &struct{}{})
	require.Equal(t, "LockLost", e.call("PrepareWave", map[string]any{"run": first, "lease": lease, "wave": 0}, &struct{}{}).ErrorType)
	e.succeeds("AcquireLock", acquire(second), &locked)
	require.Greater(t, locked.Lease.Fence, lease.Fence)
	e.succeeds("MakeReport", map[string]any{"run": first, "execution": "r1", "startedAt": time.Now(), "request": request, "ending": run.Rejected}, &struct{}{})
	var told struct{ Told []string }
	e.succeeds("Notify", map[string]any{"run": first, "execution": "r1", "startedAt": time.Now(), "request": request, "ending": run.Rejected}, &told)
	require.Empty(t, told.Told, "no topics are named here")
}
