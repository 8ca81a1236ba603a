package provision

import (
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/ecs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

// cluster makes the ECS cluster of the environment, or names the one that exists.
func (p *program) cluster(spec *resource.Cluster, net madeNetwork) error {
	if spec.Existing != "" {
		p.output("clusterName", pulumi.String(spec.Existing))
		p.output("clusterArn", pulumi.String(p.arn("ecs", "cluster/"+spec.Existing)))
		return nil
	}
	cluster, err := ecs.NewCluster(p.Context, "cluster", &ecs.ClusterArgs{Name: pulumi.String(p.name(maxLongName, "")),
		Settings: ecs.ClusterSettingArray{&ecs.ClusterSettingArgs{Name: pulumi.String("containerInsights"),
			Value: pulumi.String(spec.ContainerInsights)}}})
	if err != nil {
		return err
	}
	p.output("clusterName", cluster.Name)
	p.output("clusterArn", cluster.Arn)
	providers := pulumi.StringArray{pulumi.String("FARGATE"), pulumi.String("FARGATE_SPOT")}
	if spec.EC2 != nil {
		instances, err := p.clusterInstances(spec.EC2, cluster, net)
		if err != nil {
			return err
		}
		providers = append(providers, instances.Name)
		p.output("capacityProvider", instances.Name)
	}
	p.output("spotPercent", pulumi.Int(spec.SpotPercent))
	strategies := ecs.ClusterCapacityProvidersDefaultCapacityProviderStrategyArray{
		&ecs.ClusterCapacityProvidersDefaultCapacityProviderStrategyArgs{CapacityProvider: pulumi.String("FARGATE"),
			Base:   pulumi.Int(1),
			Weight: pulumi.Int(100 - spec.SpotPercent)}}
	if spec.SpotPercent > 0 {
		strategies = append(strategies, &ecs.ClusterCapacityProvidersDefaultCapacityProviderStrategyArgs{
			CapacityProvider: pulumi.String("FARGATE_SPOT"), Weight: pulumi.Int(spec.SpotPercent)})
	}
	_, err = ecs.NewClusterCapacityProviders(p.Context, "capacity",
		&ecs.ClusterCapacityProvidersArgs{ClusterName: cluster.Name,
			CapacityProviders: providers, DefaultCapacityProviderStrategies: strategies})
	return err
}
