package dynamotable_test

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/lock/dynamotable"
)

const endpointsVariable = "DEPLOYER_TEST_DYNAMODB_ENDPOINTS"

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

func newClient(endpoint string) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region: "eu-west-1", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("test", "testsecret", ""),
	})
}

var tables atomic.Int64

// newTable makes a table of the shape that the infrastructure gives it.
func newTable(t *testing.T, endpoint string) *dynamotable.Table {
	client, name := newClient(endpoint), fmt.Sprintf("locks-%d-%d", os.Getpid(), tables.Add(1))
	_, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String(string(lock.KeyAttr)), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{{AttributeName: aws.String(string(lock.KeyAttr)), KeyType: types.KeyTypeHash}},
	})
	require.NoError(t, err)
	return dynamotable.New(client, name)
}
