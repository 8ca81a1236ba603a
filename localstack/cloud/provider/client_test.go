package provider

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/deployer-io/deployer/localstack/cloud/catalog"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

// serve serves the aws provider over an empty world.
func serve(t testing.TB) (*Server, *world.World) {
	t.Helper()
	w, err := world.Open(world.Options{Seed: "test", Now: time.Now, Index: catalog.Index})
	require.NoError(t, err)
	s, err := Serve(Package{
		Name: "aws", Version: catalog.AWSVersion, Place: catalog.PlaceOf, Invoke: catalog.Invoke, Tokens: catalog.Tokens, Replacing: []string{"region"},
		Find: func(token string) Behaviour {
			if t := catalog.Find(token); t != nil {
				return t
			}
			return nil
		},
	}, w)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s, w
}

// instance is one instance of the provider in an engine: a connection of its own.
type instance struct {
	testing.TB
	pulumirpc.ResourceProviderClient
	stack string
}

func dial(t testing.TB, s *Server, stack string) *instance {
	t.Helper()
	connection, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", s.Port()), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	return &instance{TB: t, ResourceProviderClient: pulumirpc.NewResourceProviderClient(connection), stack: stack}
}

func connect(t testing.TB, s *Server, stack string, config resource.PropertyMap) *instance {
	t.Helper()
	i := dial(t, s, stack)
	urn := "urn:pulumi:" + stack + "::project::pulumi:providers:aws::aws"
	_, err := i.Configure(context.Background(), &pulumirpc.ConfigureRequest{Args: i.wire(config), Urn: &urn, AcceptSecrets: true})
	require.NoError(t, err)
	return i
}

func in(region string) resource.PropertyMap {
	return resource.PropertyMap{"region": resource.NewProperty(region)}
}

var kept = plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, KeepResources: true}

func (i *instance) wire(m resource.PropertyMap) *structpb.Struct {
	i.Helper()
	s, err := plugin.MarshalProperties(m, kept)
	require.NoError(i, err)
	return s
}

func (i *instance) unwire(s *structpb.Struct) resource.PropertyMap {
	i.Helper()
	m, err := plugin.UnmarshalProperties(s, kept)
	require.NoError(i, err)
	return m
}

func (i *instance) urn(token, name string) string {
	return "urn:pulumi:" + i.stack + "::project::" + token + "::" + name
}

// check returns the checked inputs.
func (i *instance) check(token, name string, inputs resource.PropertyMap) *structpb.Struct {
	i.Helper()
	answer, err := i.Check(context.Background(), &pulumirpc.CheckRequest{Urn: i.urn(token, name), News: i.wire(inputs), RandomSeed: []byte("seed")})
	require.NoError(i, err)
	require.Empty(i, answer.GetFailures())
	return answer.GetInputs()
}

// create checks and creates.
func (i *instance) create(token, name string, inputs resource.PropertyMap) (*pulumirpc.CreateResponse, error) {
	i.Helper()
	return i.Create(context.Background(), &pulumirpc.CreateRequest{Urn: i.urn(token, name), Properties: i.check(token, name, inputs)})
}

func (i *instance) must(token, name string, inputs resource.PropertyMap) (id string, outputs resource.PropertyMap) {
	i.Helper()
	answer, err := i.create(token, name, inputs)
	require.NoError(i, err)
	return answer.GetId(), i.unwire(answer.GetProperties())
}

func (i *instance) cancel() {
	_, err := i.Cancel(context.Background(), &emptypb.Empty{})
	require.NoError(i, err)
}

const (
	queue   = "aws:sqs/queue:Queue"
	bucket  = "aws:s3/bucket:Bucket"
	param   = "aws:ssm/parameter:Parameter"
	lambda  = "aws:lambda/function:Function"
	roleTyp = "aws:iam/role:Role"
)
