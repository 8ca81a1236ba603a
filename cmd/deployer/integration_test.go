package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/embedded"
	"github.com/deployer-io/deployer/shared/objects/s3objects"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/run"
)

// moto is the emulator's URL; the test is skipped where make integration has not started it.
func moto(t *testing.T) string {
	t.Helper()
	const variable = "DEPLOYER_TEST_S3_ENDPOINTS"
	for pair := range strings.SplitSeq(os.Getenv(variable), ",") {
		if endpoint, found := strings.CutPrefix(pair, "moto="); found {
			return endpoint
		}
	}
	t.Skip(variable + " names no moto; make integration starts it")
	return ""
}

// installation made in moto: what the command line needs of one.
type emulated struct {
	bucket, table, machine string
	s3                     *s3.Client
	stepFunctions          *sfn.Client
}

func install(t *testing.T) emulated {
	t.Helper()
	endpoint := moto(t)
	for name, value := range map[string]string{"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_EC2_METADATA_DISABLED": "true"} {
		t.Setenv(name, value)
	}
	loaded, err := config.LoadDefaultConfig(t.Context())
	require.NoError(t, err)
	unique := fmt.Sprint(time.Now().UnixNano())
	e := emulated{bucket: "cli-" + unique, table: "locks-" + unique, s3: s3.NewFromConfig(loaded, func(o *s3.Options) { o.DisableLogOutputChecksumValidationSkipped = true }), stepFunctions: sfn.NewFromConfig(loaded)}
	_, err = e.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &e.bucket,
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraintEuWest1}})
	require.NoError(t, err)
	_, err = e.s3.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{Bucket: &e.bucket,
		VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled}})
	require.NoError(t, err)
	_, err = dynamodb.NewFromConfig(loaded).CreateTable(t.Context(), &dynamodb.CreateTableInput{TableName: &e.table,
		BillingMode:          dynamodbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("lockKey"), AttributeType: dynamodbtypes.ScalarAttributeTypeS}},
		KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("lockKey"), KeyType: dynamodbtypes.KeyTypeHash}}})
	require.NoError(t, err)
	role := makeRole(t, endpoint, "machines-"+unique)
	made, err := e.stepFunctions.CreateStateMachine(t.Context(), &sfn.CreateStateMachineInput{Name: aws.String("deployer-staging-deploy"), RoleArn: aws.String(role),
		Definition: aws.String(`{"StartAt":"Wait","States":{"Wait":{"Type":"Wait","Seconds":3600,"End":true}}}`)})
	require.NoError(t, err)
	e.machine = *made.StateMachineArn
	var artifact bytes.Buffer
	require.NoError(t, zip.NewWriter(&artifact).Close())
	functions := lambda.NewFromConfig(loaded)
	_, err = functions.CreateFunction(t.Context(), &lambda.CreateFunctionInput{FunctionName: aws.String("deployer-staging-discover"), Role: aws.String(role),
		Runtime: lambdatypes.RuntimeProvidedal2023, Handler: aws.String("discover"), Code: &lambdatypes.FunctionCode{ZipFile: artifact.Bytes()},
		Environment: &lambdatypes.Environment{Variables: map[string]string{"DEPLOYER_STATE_BUCKET": e.bucket, "DEPLOYER_LOCK_TABLE": e.table,
			"DEPLOYER_DEPLOY_MACHINE": e.machine}}})
	require.NoError(t, err)
	t.Cleanup(func() { // the next test installs it again
		ctx := context.WithoutCancel(t.Context())
		_, err := functions.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: aws.String("deployer-staging-discover")})
		require.NoError(t, err)
		_, err = e.stepFunctions.DeleteStateMachine(ctx, &sfn.DeleteStateMachineInput{StateMachineArn: &e.machine})
		require.NoError(t, err)
	})
	return e
}

// makeRole makes a role without a client of IAM, which nothing else here needs.
func makeRole(t *testing.T, endpoint, name string) string {
	t.Helper()
	form := url.Values{"Action": {"CreateRole"}, "Version": {"2010-05-08"}, "RoleName": {name},
		"AssumeRolePolicyDocument": {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["lambda.amazonaws.com","states.amazonaws.com"]},"Action":"sts:AssumeRole"}]}`}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20261124/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
	return "arn:aws:iam::123456789012:role/" + name
}

// carryOutNext waits for an execution and carries it out on the bucket, as the state machines would; moto itself calls no
// function.
func (e emulated) carryOutNext(t *testing.T, cloud *fakeCloud) (ended <-chan error) {
	t.Helper()
	machines, err := embedded.Open(t.Context(), embedded.Options{Dir: filepath.Join(t.TempDir(), "machines"), Objects: s3objects.New(e.s3, e.bucket), Provisioner: cloud})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, machines.Close()) })
	done := make(chan error, 1)
	go func() { done <- e.carryOut(t.Context(), machines) }()
	return done
}

func (e emulated) carryOut(ctx context.Context, machines *embedded.Environment) error {
	arn, err := e.nextExecution(ctx)
	if err != nil {
		return err
	}
	started, err := e.stepFunctions.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: arn})
	if err != nil {
		return err
	}
	var request run.Request
	if err := json.Unmarshal([]byte(*started.Input), &request); err != nil {
		return err
	}
	begun, err := machines.Start(ctx, *started.Name, request)
	if err != nil {
		return err
	}
	if err := begun.Wait(); err != nil {
		return err
	}
	_, err = e.stepFunctions.StopExecution(ctx, &sfn.StopExecutionInput{ExecutionArn: started.ExecutionArn})
	return err
}

// nextExecution waits until an execution runs.
func (e emulated) nextExecution(ctx context.Context) (arn *string, err error) {
	for {
		listed, err := e.stepFunctions.ListExecutions(ctx, &sfn.ListExecutionsInput{StateMachineArn: &e.machine, StatusFilter: sfntypes.ExecutionStatusRunning})
		if err != nil {
			return nil, err
		}
		if len(listed.Executions) > 0 {
			return listed.Executions[0].ExecutionArn, nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func TestIntegrationTheCommandLineUsesAnInstallationInMoto(t *testing.T) {
	e := install(t)
	cloud := &fakeCloud{fail: map[string]error{}}
	on := func(installation string, args ...string) answer {
		var out, err bytes.Buffer
		o := &options{console: console{in: strings.NewReader(""), out: &out, err: &err, getenv: func(string) string { return "" }}, poll: 50 * time.Millisecond}
		return answer{execute(t.Context(), append(args, "--backend", "aws", "--installation", installation), o), out.String(), err.String()}
	}
	ended := e.carryOutNext(t, cloud)
	applied := on("staging", "apply", example, "-e", "staging", "--auto-approve", "-o", "json")
	require.NoError(t, <-ended)
	require.Equal(t, exitOK, applied.code, applied.err)
	var made report.Report
	require.NoError(t, json.Unmarshal([]byte(applied.out), &made))
	require.Equal(t, run.Succeeded, made.Ending)
	require.Regexp(t, "^arn:aws:(iam|sts)::123456789012:", made.StartedBy)
	require.NotEmpty(t, made.Bundle.VersionID)
	require.Len(t, cloud.calls, 14)
	status := on("staging", "status", example, "-e", "staging")
	require.Equal(t, exitOK, status.code, status.err)
	require.Contains(t, status.out, "written by run "+made.Run)
	require.Equal(t, exitConfiguration, on("nowhere", "status", example, "-e", "staging").code)
}
