package provision

import (
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/ecs"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/servicediscovery"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

func microService(p *program, spec *resource.MicroService) error {
	net, err := p.network()
	if err != nil {
		return err
	}
	if spec.Platform == resource.EKS {
		return p.microServiceOnEKS(spec, net)
	}
	w := wish{ports: spec.Ports, special: map[string]use{}}
	if spec.Ingress != nil {
		w.special[spec.Ingress.LoadBalancer.Component] = none // it reaches the service, not the other way round
	}
	t, err := p.task(&spec.Container, net, w)
	if err != nil {
		return err
	}
	s := &service{task: t, net: net, container: &spec.Container, rollout: spec.Rollout, replicas: spec.Replicas,
		scaling: spec.Scaling}
	if spec.Ingress != nil {
		port, _ := spec.IngressPort()
		if s.front, err = p.front(t, net, spec, port); err != nil {
			return err
		}
	}
	if spec.ServiceDiscovery.Enabled {
		if err := p.discovery(s, spec.ServiceDiscovery.Name); err != nil {
			return err
		}
	}
	if len(spec.Ports) > 0 {
		p.output("port", pulumi.Int(spec.Ports[0].Port))
	}
	return p.service(s)
}

func worker(p *program, spec *resource.Worker) error {
	net, err := p.network()
	if err != nil {
		return err
	}
	if spec.Platform == resource.EKS {
		return p.workerOnEKS(spec, net)
	}
	w := wish{special: map[string]use{}}
	var queue upstream
	if !spec.Queue.IsZero() {
		if queue, err = p.need(spec.Queue.Component); err != nil {
			return err
		}
		w.special[spec.Queue.Component] = consumes
		w.extra = map[string]string{spec.QueueURLVariable: queue.text("url")}
	}
	t, err := p.task(&spec.Container, net, w)
	if err != nil {
		return err
	}
	return p.service(&service{task: t, net: net, container: &spec.Container, rollout: spec.Rollout,
		replicas: spec.Replicas,
		scaling:  spec.Scaling, queue: queue.text("name")})
}

// service is a number of copies of a task that is kept up.
type service struct {
	*task
	net       network
	container *resource.Container
	rollout   resource.Rollout
	replicas  int
	scaling   *resource.Scaling
	front     *front                    // what a load balancer sees of it; nil without one
	name      *servicediscovery.Service // its name in the private DNS
	queue     string                    // the name of the queue that its scaling looks at
}

// service makes the ECS service with its scaling, and the outputs that all services have.
func (p *program) service(s *service) error {
	options := []pulumi.ResourceOption{p.patience(), p.afterGrants(), replacedBy("launchType",
		"capacityProviderStrategies")}
	if s.scaling != nil {
		options = append(options, pulumi.IgnoreChanges([]string{"desiredCount"})) // scaling decides from then on
	}
	if s.front != nil {
		// ECS refuses a target group that no listener sends to.
		options = append(options, pulumi.DependsOn(s.front.ready))
	}
	made, err := ecs.NewService(p.Context, "service", p.serviceArguments(s), options...)
	if err != nil {
		return err
	}
	if s.scaling != nil {
		if err := p.autoscaling(s, made); err != nil {
			return err
		}
	}
	if err := p.serviceAlarms(s); err != nil {
		return err
	}
	p.output("name", made.Name)
	p.output("arn", made.ID())
	p.taskOutputs(s.task, s.net)
	return nil
}

// taskOutputs offers what all kinds that run a container on ECS have.
func (p *program) taskOutputs(t *task, net network) {
	p.output("clusterName", pulumi.String(net.clusterName))
	p.output("taskDefinitionArn", t.definition.Arn)
	p.output("taskRoleArn", t.role.Arn)
	p.output("securityGroupId", t.group.ID())
	p.output("logGroupName", t.log.Name)
}

func (p *program) serviceArguments(s *service) *ecs.ServiceArgs {
	replicas := s.replicas
	if s.scaling != nil {
		replicas = min(max(replicas, s.scaling.Min), s.scaling.Max)
	}
	arguments := &ecs.ServiceArgs{
		Name: pulumi.String(s.task.name), Cluster: pulumi.String(s.net.clusterARN), TaskDefinition: s.ready,
		DesiredCount:                    pulumi.Int(replicas),
		DeploymentMinimumHealthyPercent: pulumi.Int(s.rollout.MinHealthyPercent),
		DeploymentMaximumPercent:        pulumi.Int(s.rollout.MaxPercent),
		DeploymentCircuitBreaker: &ecs.ServiceDeploymentCircuitBreakerArgs{
			Enable: pulumi.Bool(s.rollout.CircuitBreaker), Rollback: pulumi.Bool(s.rollout.CircuitBreaker)},
		NetworkConfiguration: &ecs.ServiceNetworkConfigurationArgs{
			Subnets: texts(s.net.privateSubnets...), SecurityGroups: pulumi.StringArray{s.group.ID()},
			AssignPublicIp: pulumi.Bool(false)},
		EnableEcsManagedTags: pulumi.Bool(true), PropagateTags: pulumi.String("SERVICE"),
		EnableExecuteCommand: pulumi.Bool(s.container.Exec), AvailabilityZoneRebalancing: pulumi.String("ENABLED"),
		WaitForSteadyState: pulumi.Bool(replicas > 0),
	}
	where := s.net.capacity(s.container.Platform)
	arguments.LaunchType = p.optional(where.launchType)
	arguments.CapacityProviderStrategies = serviceShares(where.shares)
	if s.container.Platform == resource.Fargate {
		arguments.PlatformVersion = pulumi.String("LATEST")
	}
	if s.rollout.MaxPercent <= 100 {
		arguments.AvailabilityZoneRebalancing = pulumi.String("DISABLED") // it starts before it stops
	}
	if s.rollout.Strategy == resource.BlueGreen {
		arguments.DeploymentConfiguration = &ecs.ServiceDeploymentConfigurationArgs{Strategy: pulumi.String("BLUE_GREEN"),
			BakeTimeInMinutes: pulumi.String(strconv.Itoa(int(s.rollout.BakeTime.Std().Minutes())))}
	}
	if s.front != nil {
		arguments.LoadBalancers = ecs.ServiceLoadBalancerArray{s.front.attachment}
		arguments.HealthCheckGracePeriodSeconds = pulumi.Int(s.front.grace)
	}
	if s.name != nil {
		arguments.ServiceRegistries = &ecs.ServiceServiceRegistriesArgs{RegistryArn: s.name.Arn}
	}
	return arguments
}

func serviceShares(shares []capacityShare) ecs.ServiceCapacityProviderStrategyArrayInput {
	if len(shares) == 0 {
		return nil
	}
	made := make(ecs.ServiceCapacityProviderStrategyArray, len(shares))
	for i, share := range shares {
		made[i] = &ecs.ServiceCapacityProviderStrategyArgs{CapacityProvider: pulumi.String(share.provider),
			Base: pulumi.Int(share.base), Weight: pulumi.Int(share.weight)}
	}
	return made
}

// discovery gives the service a name in the environment's private DNS, with an address for each copy.
func (p *program) discovery(s *service, name string) error {
	if name == "" {
		name = p.order.Address.Component + "." + p.order.Address.Service
	}
	made, err := servicediscovery.NewService(p.Context, "name", &servicediscovery.ServiceArgs{
		Name: pulumi.String(name), NamespaceId: pulumi.String(s.net.namespaceID),
		DnsConfig: &servicediscovery.ServiceDnsConfigArgs{NamespaceId: pulumi.String(s.net.namespaceID),
			RoutingPolicy: pulumi.String("MULTIVALUE"),
			DnsRecords: servicediscovery.ServiceDnsConfigDnsRecordArray{
				&servicediscovery.ServiceDnsConfigDnsRecordArgs{Type: pulumi.String("A"), Ttl: pulumi.Int(10)}}},
		HealthCheckCustomConfig: &servicediscovery.ServiceHealthCheckCustomConfigArgs{},
	})
	if err != nil {
		return err
	}
	s.name = made
	p.output("dnsName", pulumi.String(name+"."+s.net.namespaceName))
	return nil
}
