package provider

import (
	"context"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/deployer-io/deployer/localstack/cloud/fault"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

func TestTheLifeOfAQueue(t *testing.T) {
	s, _ := serve(t)
	i := connect(t, s, "stack", in("eu-west-1"))
	ctx := context.Background()
	urn := i.urn(queue, "orders")
	inputs := i.check(queue, "orders", resource.PropertyMap{"visibilityTimeoutSeconds": resource.NewProperty(60.0)})

	preview, err := i.Create(ctx, &pulumirpc.CreateRequest{Urn: urn, Properties: inputs, Preview: true})
	require.NoError(t, err)
	require.Empty(t, preview.GetId())
	planned := i.unwire(preview.GetProperties())
	require.True(t, planned["arn"].IsComputed())
	require.Equal(t, 60.0, planned["visibilityTimeoutSeconds"].NumberValue())

	made, err := i.Create(ctx, &pulumirpc.CreateRequest{Urn: urn, Properties: inputs})
	require.NoError(t, err)
	require.Regexp(t, `^https://sqs.eu-west-1.amazonaws.com/123456789012/orders-[0-9a-f]{7}$`, made.GetId())

	same, err := i.Diff(ctx, &pulumirpc.DiffRequest{Id: made.GetId(), Urn: urn, Olds: made.GetProperties(), News: inputs})
	require.NoError(t, err)
	require.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, same.GetChanges())

	changed := i.check(queue, "orders", resource.PropertyMap{"visibilityTimeoutSeconds": resource.NewProperty(90.0)})
	diff, err := i.Diff(ctx, &pulumirpc.DiffRequest{Id: made.GetId(), Urn: urn, Olds: made.GetProperties(), News: changed})
	require.NoError(t, err)
	require.Equal(t, []string{"visibilityTimeoutSeconds"}, diff.GetDiffs())
	require.Empty(t, diff.GetReplaces())
	require.Equal(t, pulumirpc.PropertyDiff_UPDATE, diff.GetDetailedDiff()["visibilityTimeoutSeconds"].GetKind())

	updated, err := i.Update(ctx, &pulumirpc.UpdateRequest{Id: made.GetId(), Urn: urn, Olds: made.GetProperties(), News: changed})
	require.NoError(t, err)
	read, err := i.Read(ctx, &pulumirpc.ReadRequest{Id: made.GetId(), Urn: urn, Properties: updated.GetProperties(), Inputs: changed})
	require.NoError(t, err)
	require.Equal(t, i.unwire(updated.GetProperties()), i.unwire(read.GetProperties()))
	require.Equal(t, i.unwire(changed), i.unwire(read.GetInputs()))

	imported, err := i.Read(ctx, &pulumirpc.ReadRequest{Id: made.GetId(), Urn: i.urn(queue, "adopted")})
	require.NoError(t, err)
	require.Equal(t, 90.0, i.unwire(imported.GetInputs())["visibilityTimeoutSeconds"].NumberValue())

	for range 2 { // deleting what is gone is no failure
		_, err = i.Delete(ctx, &pulumirpc.DeleteRequest{Id: made.GetId(), Urn: urn, Properties: updated.GetProperties()})
		require.NoError(t, err)
	}
	gone, err := i.Read(ctx, &pulumirpc.ReadRequest{Id: made.GetId(), Urn: urn})
	require.NoError(t, err)
	require.Empty(t, gone.GetId())
}

func TestUnknownTypesAndFunctionsAreRefusedByName(t *testing.T) {
	s, _ := serve(t)
	i := connect(t, s, "stack", in("eu-west-1"))
	_, err := i.Check(context.Background(), &pulumirpc.CheckRequest{Urn: i.urn("aws:sqs/queues:Queues", "a")})
	require.ErrorContains(t, err, "does not know the resource type aws:sqs/queues:Queues (did you mean aws:sqs/queue:Queue?)")
	_, err = i.Invoke(context.Background(), &pulumirpc.InvokeRequest{Tok: "aws:ec2/getNothing:getNothing"})
	require.ErrorContains(t, err, "does not know the function aws:ec2/getNothing:getNothing")
	_, err = i.Call(context.Background(), &pulumirpc.CallRequest{Tok: "aws:a/b:c"})
	require.Equal(t, codes.Unimplemented, status.Code(err))
}

func TestSecretsStaySecret(t *testing.T) {
	s, w := serve(t)
	i := connect(t, s, "stack", in("eu-west-1"))
	secret := resource.MakeSecret(resource.NewProperty("correct horse"))
	checked := i.unwire(i.check(param, "password", resource.PropertyMap{"type": resource.NewProperty("String"), "insecureValue": secret}))
	require.True(t, checked["insecureValue"].IsSecret())
	_, outputs := i.must(param, "password", resource.PropertyMap{"type": resource.NewProperty("String"), "insecureValue": secret})
	require.True(t, outputs["insecureValue"].IsSecret())
	require.True(t, outputs["value"].IsSecret(), "the provider's schema says so, whatever the program says")
	require.Equal(t, "correct horse", outputs["insecureValue"].SecretValue().Element.StringValue())
	require.NoError(t, w.View(func(tx *world.Tx) error {
		require.Equal(t, []string{"insecureValue", "value", "valueWo"}, tx.OfType(param)[0].Secrets)
		return nil
	}))
}

func TestArchivesComeBackAsTheyWere(t *testing.T) {
	s, _ := serve(t)
	i := connect(t, s, "stack", in("eu-west-1"))
	role, _ := i.must(roleTyp, "role", resource.PropertyMap{"assumeRolePolicy": resource.NewProperty(`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}`)})
	code, err := archive.FromAssets(map[string]any{})
	require.NoError(t, err)
	inputs := resource.PropertyMap{
		"role": resource.NewProperty("arn:aws:iam::123456789012:role/" + role), "handler": resource.NewProperty("a"), "runtime": resource.NewProperty("provided.al2023"),
		"code": resource.NewProperty(code),
	}
	id, outputs := i.must(lambda, "function", inputs)
	require.True(t, outputs["code"].IsArchive())
	require.Equal(t, code.Hash, outputs["code"].ArchiveValue().Hash)
	diff, err := i.Diff(context.Background(), &pulumirpc.DiffRequest{
		Id: id, Urn: i.urn(lambda, "function"), Olds: i.wire(outputs), News: i.check(lambda, "function", inputs),
	})
	require.NoError(t, err)
	require.Empty(t, diff.GetDiffs())
}

func TestEachConnectionWorksWhereItWasConfigured(t *testing.T) {
	s, w := serve(t)
	ireland := connect(t, s, "one", in("eu-west-1"))
	virginia := connect(t, s, "two", resource.PropertyMap{"region": resource.NewProperty("us-east-1"), "accessKey": resource.NewProperty("111111111111")})
	id, outputs := ireland.must(queue, "orders", nil)
	require.Contains(t, id, "sqs.eu-west-1.amazonaws.com/123456789012/")
	require.Equal(t, "eu-west-1", outputs["region"].StringValue())
	id, _ = virginia.must(queue, "orders", nil)
	require.Contains(t, id, "sqs.us-east-1.amazonaws.com/111111111111/")
	_, outputs = virginia.must(queue, "abroad", resource.PropertyMap{"region": resource.NewProperty("eu-central-1")})
	require.Contains(t, outputs["arn"].StringValue(), ":eu-central-1:111111111111:")
	require.NoError(t, w.View(func(tx *world.Tx) error { require.Len(t, tx.OfType(queue), 3); return nil }))
}

func TestAConnectionDialledAnewBelongsWhereItsStackIs(t *testing.T) {
	s, _ := serve(t)
	connect(t, s, "one", in("eu-west-1"))
	id, _ := dial(t, s, "one").must(queue, "orders", nil)
	require.Contains(t, id, "sqs.eu-west-1")
	_, err := dial(t, s, "stranger").Check(context.Background(), &pulumirpc.CheckRequest{Urn: "urn:pulumi:stranger::project::" + queue + "::a"})
	require.ErrorContains(t, err, "before it was configured")
	connect(t, s, "one", in("eu-central-1"))
	_, err = dial(t, s, "one").Check(context.Background(), &pulumirpc.CheckRequest{Urn: "urn:pulumi:one::project::" + queue + "::a"})
	require.ErrorContains(t, err, "before it was configured", "two providers of a stack differ: neither is taken")
}

func inject(t *testing.T, w *world.World, f fault.Fault) {
	t.Helper()
	_, err := fault.Inject(w, f)
	require.NoError(t, err)
}

func TestAnInterruptReachesOnlyTheEngineThatSendsIt(t *testing.T) {
	s, w := serve(t)
	one, two := connect(t, s, "one", in("eu-west-1")), connect(t, s, "two", in("eu-west-1"))
	inject(t, w, fault.Fault{Kind: fault.Hang, Match: fault.Match{Name: "stuck"}})
	inject(t, w, fault.Fault{Kind: fault.Delay, Delay: 300 * time.Millisecond, Match: fault.Match{Name: "slow"}})
	stuck, slow := make(chan error, 1), make(chan error, 1)
	go func() { _, err := one.create(queue, "stuck", nil); stuck <- err }()
	go func() { _, err := two.create(queue, "slow", nil); slow <- err }()
	require.Never(t, func() bool { return len(stuck) > 0 }, 50*time.Millisecond, 10*time.Millisecond)
	one.cancel()
	require.Equal(t, codes.Canceled, status.Code(<-stuck))
	require.NoError(t, <-slow)
	_, err := one.create(queue, "after", nil)
	require.Equal(t, codes.Canceled, status.Code(err), "an engine that was interrupted begins nothing more")
}

func TestFaults(t *testing.T) {
	s, w := serve(t)
	i := connect(t, s, "stack", in("eu-west-1"))
	queues := func() (n int) {
		require.NoError(t, w.View(func(tx *world.Tx) error { n = len(tx.OfType(queue)); return nil }))
		return n
	}
	tagged := func(value string) resource.PropertyMap {
		return resource.PropertyMap{"tags": resource.NewProperty(resource.PropertyMap{"component": resource.NewProperty(value)})}
	}

	inject(t, w, fault.Fault{Kind: fault.Error, Code: "InternalError", Message: "no luck", Status: 500, Times: 1, Match: fault.Match{Type: "aws:sqs/*", Operation: "create"}})
	_, err := i.create(queue, "a", nil)
	require.ErrorContains(t, err, "creating SQS Queue (a-")
	require.ErrorContains(t, err, "StatusCode: 500")
	require.ErrorContains(t, err, "api error InternalError: no luck")
	require.Zero(t, queues())
	_, err = i.create(queue, "a", nil)
	require.NoError(t, err, "it was to happen once")

	inject(t, w, fault.Fault{Kind: fault.Throttle, Times: 2, Match: fault.Match{Tags: map[string]string{"component": "b"}}})
	for range 2 {
		_, err = i.create(queue, "b", tagged("b"))
		require.ErrorContains(t, err, "ThrottlingException: Rate exceeded")
	}
	_, err = i.create(queue, "c", tagged("c"))
	require.NoError(t, err, "it was another's")
	require.Equal(t, 2, queues())
	_, err = i.create(queue, "b", tagged("b"))
	require.NoError(t, err)

	inject(t, w, fault.Fault{Kind: fault.Partial, Times: 1, Match: fault.Match{Name: "lost"}})
	_, err = i.create(queue, "lost", nil)
	require.ErrorContains(t, err, "connection reset by peer")
	require.Equal(t, 4, queues(), "it is there, though nobody was told")

	inject(t, w, fault.Fault{Kind: fault.Unready, Times: 1, Match: fault.Match{Name: "tainted-*"}})
	_, err = i.create(queue, "tainted", nil)
	require.Error(t, err)
	require.Len(t, status.Convert(err).Details(), 1)
	failed := status.Convert(err).Details()[0].(*pulumirpc.ErrorResourceInitFailed)
	require.Contains(t, failed.GetId(), "/tainted-")
	require.Contains(t, failed.GetReasons()[0], "timeout while waiting")

	left, err := fault.List(w)
	require.NoError(t, err)
	require.Empty(t, left)
	_, err = fault.Inject(w, fault.Fault{Kind: "earthquake"})
	require.ErrorContains(t, err, "the kinds are")
}

func TestFunctions(t *testing.T) {
	s, _ := serve(t)
	i := connect(t, s, "stack", in("eu-west-1"))
	ask := func(token string, args resource.PropertyMap) (resource.PropertyMap, error) {
		answer, err := i.Invoke(context.Background(), &pulumirpc.InvokeRequest{Tok: token, Args: i.wire(args)})
		if err != nil {
			return nil, err
		}
		require.Empty(t, answer.GetFailures())
		return i.unwire(answer.GetReturn()), nil
	}
	who, err := ask("aws:index/getCallerIdentity:getCallerIdentity", nil)
	require.NoError(t, err)
	require.Equal(t, "123456789012", who["accountId"].StringValue())
	zones, err := ask("aws:index/getAvailabilityZones:getAvailabilityZones", nil)
	require.NoError(t, err)
	require.Equal(t, "eu-west-1a", zones["names"].ArrayValue()[0].StringValue())

	text := func(s string) resource.PropertyValue { return resource.NewProperty(s) }
	const vpc, subnet = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"
	named := func(name string) resource.PropertyMap {
		return resource.PropertyMap{"tags": resource.NewProperty(resource.PropertyMap{"Name": text(name)})}
	}
	main, other := named("main"), named("other")
	main["cidrBlock"], other["cidrBlock"] = text("10.0.0.0/16"), text("10.1.0.0/16")
	id, _ := i.must(vpc, "main", main)
	i.must(vpc, "other", other)
	first, _ := i.must(subnet, "first", resource.PropertyMap{"vpcId": text(id), "cidrBlock": text("10.0.0.0/24")})
	found, err := ask("aws:ec2/getVpc:getVpc", named("main"))
	require.NoError(t, err)
	require.Equal(t, id, found["id"].StringValue())
	_, err = ask("aws:ec2/getVpc:getVpc", named("none"))
	require.ErrorContains(t, err, "no matching EC2 Vpc found")
	_, err = ask("aws:ec2/getVpc:getVpc", nil)
	require.ErrorContains(t, err, "multiple EC2 Vpcs matched")
	subnets, err := ask("aws:ec2/getSubnets:getSubnets", resource.PropertyMap{"filters": resource.NewProperty([]resource.PropertyValue{
		resource.NewProperty(resource.PropertyMap{"name": text("vpc-id"), "values": resource.NewProperty([]resource.PropertyValue{text(id)})}),
	})})
	require.NoError(t, err)
	require.Equal(t, []resource.PropertyValue{text(first)}, subnets["ids"].ArrayValue())

	policy, err := ask("aws:iam/getPolicyDocument:getPolicyDocument", resource.PropertyMap{"statements": resource.NewProperty([]resource.PropertyValue{
		resource.NewProperty(resource.PropertyMap{
			"actions": resource.NewProperty([]resource.PropertyValue{text("sqs:SendMessage")}), "resources": resource.NewProperty([]resource.PropertyValue{text("*")}),
		}),
	})})
	require.NoError(t, err)
	require.JSONEq(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"*"}]}`, policy["json"].StringValue())
}

func BenchmarkCreate(b *testing.B) {
	s, _ := serve(b)
	i := connect(b, s, "stack", in("eu-west-1"))
	inputs := i.check(queue, "q", resource.PropertyMap{"visibilityTimeoutSeconds": resource.NewProperty(60.0)})
	b.ResetTimer()
	for n := range b.N {
		inputs.Fields["name"].Kind = i.wire(resource.PropertyMap{"n": resource.NewProperty(time.Duration(n).String())}).Fields["n"].Kind
		_, err := i.Create(context.Background(), &pulumirpc.CreateRequest{Urn: i.urn(queue, "q"), Properties: inputs})
		require.NoError(b, err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "creates/s")
}
