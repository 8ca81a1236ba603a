package provision

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/ebs"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/eks"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/kms"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/route53"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/s3"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/provision/engine"
)

// surroundings makes what cases take for granted and deployer does not make: a hosted zone, secrets, a snapshot, a network. It
// exports each thing's id under the one that the cases have for it.
func surroundings(ctx *pulumi.Context) error {
	provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String("eu-west-1"),
		AllowedAccountIds: texts("123456789012")})
	if err != nil {
		return err
	}
	by := pulumi.Provider(provider)
	zone, err := route53.NewZone(ctx, "zone", &route53.ZoneArgs{Name: pulumi.String("example.com")}, by)
	if err != nil {
		return err
	}
	volume, err := ebs.NewVolume(ctx, "disk", &ebs.VolumeArgs{AvailabilityZone: pulumi.String("eu-west-1a"),
		Size: pulumi.Int(10)}, by)
	if err != nil {
		return err
	}
	snapshot, err := ebs.NewSnapshot(ctx, "disk", &ebs.SnapshotArgs{VolumeId: volume.ID()}, by)
	if err != nil {
		return err
	}
	if _, err := s3.NewBucket(ctx, "copies", &s3.BucketArgs{Bucket: pulumi.String("copies")}, by); err != nil {
		return err
	}
	key, err := kms.NewKey(ctx, "key", &kms.KeyArgs{}, by)
	if err != nil {
		return err
	}
	for _, name := range []string{"AmazonMSK_shop", "shop/origin"} {
		secret, err := secretsmanager.NewSecret(ctx, name, &secretsmanager.SecretArgs{Name: pulumi.String(name),
			KmsKeyId: key.Arn}, by)
		if err != nil {
			return err
		}
		if _, err := secretsmanager.NewSecretVersion(ctx, name, &secretsmanager.SecretVersionArgs{SecretId: secret.ID(),
			SecretString: pulumi.String(`{"key":"correct horse"}`)}, by); err != nil {
			return err
		}
	}
	vpc, err := ec2.NewVpc(ctx, "network", &ec2.VpcArgs{CidrBlock: pulumi.String("10.1.0.0/16")}, by)
	if err != nil {
		return err
	}
	var subnets pulumi.StringArray
	for i, name := range []string{"subnet-11111111", "subnet-22222222"} {
		subnet, err := ec2.NewSubnet(ctx, name, &ec2.SubnetArgs{VpcId: vpc.ID(),
			CidrBlock:        pulumi.Sprintf("10.1.%d.0/24", i),
			AvailabilityZone: pulumi.String("eu-west-1" + string(rune('a'+i)))}, by)
		if err != nil {
			return err
		}
		subnets = append(subnets, subnet.ID())
		ctx.Export(name, subnet.ID())
	}
	role, err := iam.NewRole(ctx, "cluster", &iam.RoleArgs{Name: pulumi.String("cluster"),
		AssumeRolePolicy: pulumi.String(`{"Version":"2012-10-17","Statement":[]}`)}, by)
	if err != nil {
		return err
	}
	if _, err := eks.NewCluster(ctx, "cluster", &eks.ClusterArgs{Name: pulumi.String("shop-eks"), RoleArn: role.Arn,
		VpcConfig: &eks.ClusterVpcConfigArgs{SubnetIds: subnets}}, by); err != nil {
		return err
	}
	pods, err := ec2.NewSecurityGroup(ctx, "pods", &ec2.SecurityGroupArgs{VpcId: vpc.ID()}, by)
	if err != nil {
		return err
	}
	ctx.Export("sg-cluster", pods.ID())
	ctx.Export("Z0123456789ABC", zone.ZoneId)
	ctx.Export("snap-0123456789abcdef0", snapshot.ID())
	ctx.Export("vpc-11111111", vpc.ID())
	return nil
}

// surround makes the surroundings and returns what puts their ids into the text of an order.
func surround(t testing.TB, g *ground) *strings.Replacer {
	t.Helper()
	report, err := g.engine.Run(context.Background(), engine.Call{Operation: engine.Up, Project: "surroundings",
		Stack: "all", Prefix: "surroundings/", Program: surroundings})
	require.NoError(t, err)
	g.podGroup = report.Outputs["sg-cluster"]
	var pairs []string
	for name, value := range report.Outputs {
		pairs = append(pairs, name, plain(value))
	}
	return strings.NewReplacer(pairs...)
}

// placed is an order with the ids of the surroundings.
func placed(t testing.TB, o execution.Order, ids *strings.Replacer) execution.Order {
	text, err := json.Marshal(o)
	require.NoError(t, err)
	var made execution.Order
	require.NoError(t, json.Unmarshal([]byte(ids.Replace(string(text))), &made))
	return made
}
