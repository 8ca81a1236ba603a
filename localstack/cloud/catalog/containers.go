package catalog

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud/property"
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
						return o.refusef("InvalidParameterException: The specified capacity provider '%s' was "+
							"not found.", name)
					}
				}
				return nil
			},
		},
		{
			Is:      "ecs.CapacityProvider",
			ID:      "{arn}",
			Replace: "name autoScalingGroupProvider.autoScalingGroupArn cluster",
			Outputs: object{"arn": ecsARN + "capacity-provider/{name}"},
			Refs:    []string{"autoScalingGroupProvider.autoScalingGroupArn autoscaling.Group"},
			Exists: "ClientException: The specified capacity provider already exists. To change the " +
				"configuration of an existing capacity provider, update the capacity provider.",
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
			Exists: "RepositoryAlreadyExistsException: The repository with name '{name}' already exists in the " +
				"registry with id '{account}'",
			Missing: "RepositoryNotFoundException: The repository with name '{ref}' does not exist in the " +
				"registry with id '{account}'",
			OnDelete: func(o *Op) error {
				if property.Number(o.Hidden, "images") > 0 && !o.yes("forceDelete") {
					return o.refuse("RepositoryNotEmptyException: The repository with name '{name}' in registry " +
						"with id '{account}' cannot be deleted because it still contains images")
				}
				return nil
			},
		},
		{
			Is: "ecr.RepositoryPolicy", ID: "{repository}", Replace: "repository", Overwrites: true,
			Outputs: object{"registryId": "{account}"},
			Refs:    []string{"repository ecr.Repository +"},
			Check:   func(c *Checking) { checkPolicy(c, "policy", true) },
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
		Is:        "ecs.TaskDefinition",
		ID:        "{family}",
		Slot:      "{arn}",
		Unique:    "{arn}",
		Unordered: "volumes placementConstraints",
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
