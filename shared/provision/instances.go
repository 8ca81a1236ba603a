package provision

import (
	"encoding/base64"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/autoscaling"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/ecs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

// ecsImages are the parameters under which AWS publishes the current image for ECS instances.
var ecsImages = map[resource.Architecture]string{
	resource.X86: "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id",
	resource.ARM: "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/recommended/image_id",
}

// clusterInstances makes the EC2 instances of a cluster: a group that ECS keeps as large as the tasks need.
func (p *program) clusterInstances(spec *resource.ClusterInstances, cluster *ecs.Cluster,
	net madeNetwork) (*ecs.CapacityProvider, error) {
	template, err := p.clusterTemplate(spec, cluster, net)
	if err != nil {
		return nil, err
	}
	name := p.name(maxLongName, "instances")
	var tags autoscaling.GroupTagArray
	given := p.tags()
	for _, key := range sortedKeys(given) {
		tags = append(tags, &autoscaling.GroupTagArgs{Key: pulumi.String(key), Value: given[key],
			PropagateAtLaunch: pulumi.Bool(true)})
	}
	// ECS puts this one on the group it scales, and the tags here are all that the group may have.
	tags = append(tags, &autoscaling.GroupTagArgs{Key: pulumi.String("AmazonECSManaged"), Value: pulumi.String("true"),
		PropagateAtLaunch: pulumi.Bool(true)})
	group, err := autoscaling.NewGroup(p.Context, "instances", &autoscaling.GroupArgs{
		Name: pulumi.String(name), MinSize: pulumi.Int(spec.Min), MaxSize: pulumi.Int(spec.Max),
		VpcZoneIdentifiers: net.private,
		ProtectFromScaleIn: pulumi.Bool(true), HealthCheckType: pulumi.String("EC2"), Tags: tags,
		LaunchTemplate: &autoscaling.GroupLaunchTemplateArgs{Id: template.ID(),
			Version: template.LatestVersion.ApplyT(func(v int) string { return fmt.Sprint(v) }).(pulumi.StringOutput)},
	}, pulumi.IgnoreChanges([]string{"desiredCapacity", "tags"}))
	if err != nil {
		return nil, err
	}
	return ecs.NewCapacityProvider(p.Context, "instances", &ecs.CapacityProviderArgs{Name: pulumi.String(name),
		AutoScalingGroupProvider: &ecs.CapacityProviderAutoScalingGroupProviderArgs{AutoScalingGroupArn: group.Arn,
			ManagedTerminationProtection: pulumi.String("ENABLED"), ManagedDraining: pulumi.String("ENABLED"),
			ManagedScaling: &ecs.CapacityProviderAutoScalingGroupProviderManagedScalingArgs{Status: pulumi.String("ENABLED"),
				TargetCapacity: pulumi.Int(spec.TargetCapacity)}}})
}

// clusterTemplate says what each instance is: the ECS image, an encrypted disk, metadata only with a token, and a role that
// may register with the cluster and no more.
func (p *program) clusterTemplate(spec *resource.ClusterInstances, cluster *ecs.Cluster,
	net madeNetwork) (*ec2.LaunchTemplate, error) {
	role, err := p.role("instances", "ec2.amazonaws.com", "registers instances with the cluster", nil)
	if err != nil {
		return nil, err
	}
	if err := p.attach("instances", role, "service-role/AmazonEC2ContainerServiceforEC2Role"); err != nil {
		return nil, err
	}
	profile, err := p.profile("instances", role, p.afterGrants())
	if err != nil {
		return nil, err
	}
	group, err := p.instanceGroup(net)
	if err != nil {
		return nil, err
	}
	start := cluster.Name.ApplyT(func(name string) string {
		return base64.StdEncoding.EncodeToString([]byte("#!/bin/bash\necho ECS_CLUSTER=" + name + " >> /etc/ecs/ecs.config\n"))
	}).(pulumi.StringOutput)
	return ec2.NewLaunchTemplate(p.Context, "instances", &ec2.LaunchTemplateArgs{
		Name: pulumi.String(p.name(maxLongName, "instances")), ImageId: pulumi.String(ecsImages[spec.Architecture]),
		InstanceType: pulumi.String(spec.InstanceType),
		UserData:     start, UpdateDefaultVersion: pulumi.Bool(true),
		VpcSecurityGroupIds: pulumi.StringArray{group.ID()},
		IamInstanceProfile:  &ec2.LaunchTemplateIamInstanceProfileArgs{Arn: profile.Arn},
		MetadataOptions: &ec2.LaunchTemplateMetadataOptionsArgs{HttpTokens: pulumi.String("required"),
			HttpEndpoint:            pulumi.String("enabled"),
			HttpPutResponseHopLimit: pulumi.Int(1)},
		BlockDeviceMappings: ec2.LaunchTemplateBlockDeviceMappingArray{&ec2.LaunchTemplateBlockDeviceMappingArgs{DeviceName: pulumi.String("/dev/xvda"),
			Ebs: &ec2.LaunchTemplateBlockDeviceMappingEbsArgs{VolumeSize: pulumi.Int(spec.DiskSize),
				VolumeType: pulumi.String("gp3"),
				Encrypted:  pulumi.String("true"), DeleteOnTermination: pulumi.String("true")}}},
	})
}

// instanceGroup lets the instances out to AWS's interfaces. Nothing comes in: the tasks have network interfaces of their own.
func (p *program) instanceGroup(net madeNetwork) (*ec2.SecurityGroup, error) {
	group, err := ec2.NewSecurityGroup(p.Context, "instances",
		&ec2.SecurityGroupArgs{NamePrefix: p.groupName("instances"),
			Description:         pulumi.String("instances of the cluster"),
			VpcId:               net.vpcID.ToStringOutput().ToStringPtrOutput(),
			RevokeRulesOnDelete: pulumi.Bool(true)})
	if err != nil {
		return nil, err
	}
	return group, p.letOut("instances-https", group)
}
