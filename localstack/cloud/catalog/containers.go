package catalog

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud/property"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

const ecsARN = "arn:{partition}:ecs:{region}:{account}:"

func containers() []Type {
	return []Type{
		{
			Is: "ecs.Cluster", ID: "{arn}", Replace: "name", Overwrites: true, Unordered: "settings", // creating one that exists answers with it
			Outputs: object{"arn": ecsARN + "cluster/{name}"},
			Missing: "ClusterNotFoundException: Cluster not found.",
			InUse:   "ClusterContainsServicesException: The Cluster cannot be deleted while Services are active.",
		},
		{
			Is: "ecs.ClusterCapacityProviders", ID: "{clusterName}", Replace: "clusterName", Overwrites: true,
			Refs: []string{"clusterName ecs.Cluster +", "capacityProviders ecs.CapacityProvider ~"},
			Before: func(o *Op) error {
				for _, name := range property.Texts(o.State, "capacityProviders") {
					if name != "FARGATE" && name != "FARGATE_SPOT" && o.find("ecs.CapacityProvider", name) == nil {
						return o.refusef("InvalidParameterException: The specified capacity provider '%s' was not found.", name)
					}
				}
				return nil
			},
		},
		{
			Is: "ecs.CapacityProvider", ID: "{arn}", Replace: "name autoScalingGroupProvider.autoScalingGroupArn cluster",
			Outputs: object{"arn": ecsARN + "capacity-provider/{name}"},
			Refs:    []string{"autoScalingGroupProvider.autoScalingGroupArn autoscaling.Group"},
			Exists:  "ClientException: The specified capacity provider already exists. To change the configuration of an existing capacity provider, update the capacity provider.",
			Check: func(c *Checking) {
				for _, prefix := range []string{"aws", "ecs", "fargate"} {
					if strings.HasPrefix(strings.ToLower(c.text("name")), prefix) {
						c.Failf("name", "name must not begin with aws, ecs or fargate")
					}
				}
				c.exactlyOne("autoScalingGroupProvider", "managedInstancesProvider")
			},
		},
		taskDefinition(), ecsService(),
		{
			Is: "ecr.Repository", ID: "{name}", Replace: "name encryptionConfigurations",
			Defaults: object{"imageTagMutability": "MUTABLE", "forceDelete": false},
			Outputs: object{
				"arn": "arn:{partition}:ecr:{region}:{account}:repository/{name}", "registryId": "{account}",
				"repositoryUrl": "{account}.dkr.ecr.{region}.amazonaws.com/{name}",
			},
			Exists:  "RepositoryAlreadyExistsException: The repository with name '{name}' already exists in the registry with id '{account}'",
			Missing: "RepositoryNotFoundException: The repository with name '{ref}' does not exist in the registry with id '{account}'",
			OnDelete: func(o *Op) error {
				if property.Number(o.Hidden, "images") > 0 && !o.yes("forceDelete") {
					return o.refuse("RepositoryNotEmptyException: The repository with name '{name}' in registry with id '{account}' cannot be deleted because it still contains images")
				}
				return nil
			},
		},
		{
			Is: "ecr.LifecyclePolicy", ID: "{repository}", Replace: "repository policy", Overwrites: true,
			Outputs: object{"registryId": "{account}"},
			Refs:    []string{"repository ecr.Repository +"},
		},
	}
}

func taskDefinition() Type {
	return Type{
		Is: "ecs.TaskDefinition", ID: "{family}", Slot: "{arn}", Unique: "{arn}", Unordered: "volumes placementConstraints",
		Replace: "containerDefinitions cpu enableFaultInjection ephemeralStorage executionRoleArn family ipcMode memory networkMode pidMode " +
			"placementConstraints proxyConfiguration requiresCompatibilities runtimePlatform taskRoleArn volumes",
		Defaults: object{"skipDestroy": false, "trackLatest": false},
		Enums: map[string]string{
			"networkMode": "bridge host awsvpc none", "requiresCompatibilities": "EC2 FARGATE EXTERNAL MANAGED_INSTANCES", "pidMode": "host task",
		},
		Outputs: object{
			"arn": "{arnWithoutRevision}:{revision}", "arnWithoutRevision": ecsARN + "task-definition/{family}",
			"enableFaultInjection": false, "networkMode": "bridge",
		},
		Refs:    []string{"executionRoleArn iam.Role ?", "taskRoleArn iam.Role ?"},
		Also:    []string{"{arn}", "{family}:{revision}"},
		Missing: "ClientException: Unable to describe task definition: TaskDefinition not found: {ref}",
		Check:   checkTaskDefinition,
		Before: func(o *Op) error {
			if o.creating() {
				o.State["revision"] = float64(o.Tx.Next("task-definition/" + o.Account + "/" + o.Region + "/" + o.text("family")))
			}
			return nil
		},
	}
}

// fargateMemory are the memory sizes in MiB that Fargate offers for each number of CPU units: from, to, step.
var fargateMemory = map[float64][3]float64{
	256: {512, 2048, 512}, 512: {1024, 4096, 1024}, 1024: {2048, 8192, 1024}, 2048: {4096, 16384, 1024}, 4096: {8192, 30720, 1024},
	8192: {16384, 61440, 4096}, 16384: {32768, 122880, 8192},
}

func checkTaskDefinition(c *Checking) {
	if c.unknown("containerDefinitions") {
		return
	}
	var definitions []any
	if err := json.Unmarshal([]byte(c.text("containerDefinitions")), &definitions); err != nil {
		c.Failf("containerDefinitions", "ECS Task Definition container_definitions is invalid: %v", err)
		return
	}
	if len(definitions) == 0 {
		c.Failf("containerDefinitions", "ClientException: Container list cannot be empty.")
	}
	seen := map[string]bool{}
	logs := false
	for _, d := range definitions {
		name := property.Text(d, "name")
		switch {
		case name == "":
			c.Failf("containerDefinitions", "ClientException: Container.name should not be null or empty.")
		case property.Text(d, "image") == "":
			c.Failf("containerDefinitions", "ClientException: Container.image should not be null or empty.")
		case seen[name]:
			c.Failf("containerDefinitions", "ClientException: Container names must be unique: %s", name)
		}
		seen[name] = true
		logs = logs || property.Text(d, "logConfiguration.logDriver") == "awslogs" || len(property.At(d, "secrets.name")) > 0
	}
	if !slices.Contains(property.Texts(c.In, "requiresCompatibilities"), "FARGATE") {
		return
	}
	if !c.given("networkMode") || c.text("networkMode") != "awsvpc" && !c.unknown("networkMode") {
		c.Failf("networkMode", "ClientException: Fargate only supports network mode 'awsvpc'.")
	}
	cpu, memory := property.Number(c.In, "cpu"), property.Number(c.In, "memory")
	size, ok := fargateMemory[cpu]
	if !c.unknown("cpu") && !c.unknown("memory") &&
		(!ok || memory < size[0] || memory > size[1] || int(memory-size[0])%int(size[2]) != 0 && (cpu != 256 || memory != 512)) {
		c.Failf("cpu", "ClientException: No Fargate configuration exists for given values: %g CPU, %g memory.", cpu, memory)
	}
	if logs && !c.given("executionRoleArn") {
		c.Failf("executionRoleArn", "ClientException: Fargate requires task definition to have execution role ARN to support log driver awslogs and secrets.")
	}
}

func ecsService() Type {
	return Type{
		Is: "ecs.Service", ID: "{arn}", Unique: "{cluster}/{name}", Settles: 60e9,
		Replace:   "name cluster launchType schedulingStrategy iamRole",
		Unordered: "loadBalancers capacityProviderStrategies placementConstraints",
		Defaults: object{
			"schedulingStrategy": "REPLICA", "deploymentMaximumPercent": 200, "deploymentMinimumHealthyPercent": 100, "enableEcsManagedTags": false,
			"enableExecuteCommand": false, "waitForSteadyState": false, "sigintRollback": false,
		},
		Enums: map[string]string{
			"schedulingStrategy": "REPLICA DAEMON", "launchType": "EC2 FARGATE EXTERNAL", "propagateTags": "SERVICE TASK_DEFINITION NONE",
			"deploymentController.type": "ECS CODE_DEPLOY EXTERNAL",
		},
		Outputs: object{
			"arn": "", "platformVersion": "", "availabilityZoneRebalancing": "DISABLED", "launchType": "", "cluster": "default",
			"iamRole": "/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
		},
		Refs: []string{
			"cluster ecs.Cluster", "taskDefinition ecs.TaskDefinition ?", "loadBalancers.targetGroupArn lb.TargetGroup ?",
			"networkConfiguration.subnets ec2.Subnet", "networkConfiguration.securityGroups " + anyGroup,
			"serviceRegistries.registryArn servicediscovery.Service", "capacityProviderStrategies.capacityProvider ecs.CapacityProvider ~",
		},
		Also:   []string{"{arn}"},
		Exists: "InvalidParameterException: Creation of service was not idempotent.",
		Check: func(c *Checking) {
			c.atMostOne("launchType", "capacityProviderStrategies")
			controller := c.text("deploymentController.type")
			if !c.given("taskDefinition") && (controller == "" || controller == "ECS") {
				c.Failf("taskDefinition", "task_definition is required when deployment_controller is ECS")
			}
			if c.given("healthCheckGracePeriodSeconds") && !c.given("loadBalancers") && property.Number(c.In, "healthCheckGracePeriodSeconds") > 0 {
				c.Failf("healthCheckGracePeriodSeconds", "InvalidParameterException: Health check grace period is only valid for services configured to use load balancers")
			}
		},
		Before: placeService, After: deployService,
	}
}

// ClusterName is the last part of a cluster's ARN, or its name.
func ClusterName(cluster string) string {
	if cluster == "" {
		return "default"
	}
	return cluster[strings.LastIndex(cluster, "/")+1:]
}

// placeService gives the service its ARN and refuses what ECS refuses about its network and load balancers.
func placeService(o *Op) error {
	if o.creating() {
		o.State["arn"] = o.expand(ecsARN+"service/") + ClusterName(o.text("cluster")) + "/" + o.name()
		if o.text("launchType") == "" && len(property.List(o.State, "capacityProviderStrategies")) == 0 {
			o.State["launchType"] = "EC2"
		}
		if o.text("launchType") == "FARGATE" {
			o.fill("platformVersion", "LATEST")
		}
	}
	task := o.target("taskDefinition")
	if task == nil {
		return nil
	}
	awsvpc := task.Text("networkMode") == "awsvpc"
	if awsvpc && len(property.List(o.State, "networkConfiguration.subnets")) == 0 {
		return o.refuse("InvalidParameterException: Network Configuration must be provided when networkMode 'awsvpc' is specified.")
	}
	if !awsvpc && o.given("networkConfiguration") {
		return o.refuse("InvalidParameterException: Network Configuration is not valid for the given networkMode of this task definition")
	}
	var definitions []any
	_ = json.Unmarshal([]byte(task.Text("containerDefinitions")), &definitions) // was valid when it was registered
	for _, balancer := range property.List(o.State, "loadBalancers") {
		if err := o.checkBalancer(balancer, definitions, awsvpc); err != nil {
			return err
		}
	}
	return nil
}

func (o *Op) checkBalancer(balancer any, definitions []any, awsvpc bool) error {
	container, port := property.Text(balancer, "containerName"), property.Number(balancer, "containerPort")
	i := slices.IndexFunc(definitions, func(d any) bool { return property.Text(d, "name") == container })
	if i < 0 {
		return o.refusef("InvalidParameterException: The container %s does not exist in the task definition.", container)
	}
	ports := property.At(definitions[i], "portMappings.containerPort")
	if !slices.Contains(ports, any(port)) {
		return o.refusef("InvalidParameterException: The container %s did not have a container port %g defined.", container, port)
	}
	arn := property.Text(balancer, "targetGroupArn")
	group := o.find("lb.TargetGroup", arn)
	if group == nil {
		return nil
	}
	if awsvpc && group.Text("targetType") != "ip" {
		return o.refusef("InvalidParameterException: The provided target group %s has target type %s, which is incompatible with the awsvpc network mode specified in the task definition.",
			arn, group.Text("targetType"))
	}
	if len(Referring(o.Tx, group, "lb.Listener"))+len(Referring(o.Tx, group, "lb.ListenerRule")) == 0 {
		return o.refusef("InvalidParameterException: The target group with targetGroupArn %s does not have an associated load balancer.", arn)
	}
	return nil
}

// MaxDeployments is how many past deployments of a service are remembered.
const MaxDeployments = 10

// deployService notes a new deployment, the newest first, when what runs changes.
func deployService(o *Op) error {
	restarts := o.creating() || o.changed("taskDefinition") || o.yes("forceNewDeployment") && o.changed("triggers") ||
		o.changed("networkConfiguration") || o.changed("loadBalancers") || o.changed("platformVersion") || o.changed("capacityProviderStrategies")
	o.settling = restarts || o.changed("desiredCount")
	if !restarts {
		return nil
	}
	deployment := object{
		"id": "ecs-svc/" + fmt.Sprint(o.Tx.Next("ecs-deployment")+1_000_000_000_000_000_000), "taskDefinition": o.text("taskDefinition"),
		"createdAt": o.now(),
	}
	if task := o.target("taskDefinition"); task != nil {
		deployment["taskDefinition"] = cmp.Or(task.Text("arn"), o.text("taskDefinition"))
	}
	past := property.List(o.Hidden, "deployments")
	o.Hidden["deployments"] = append(list{deployment}, past[:min(len(past), MaxDeployments-1)]...)
	return nil
}

// Deployments returns the deployments of a service, the newest first.
func Deployments(service *world.Record) []any { return property.List(service.Hidden, "deployments") }
