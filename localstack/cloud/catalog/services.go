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
		return o.refuse("InvalidParameterException: Network Configuration must be provided when networkMode " +
			"'awsvpc' is specified.")
	}
	if !awsvpc && o.given("networkConfiguration") {
		return o.refuse("InvalidParameterException: Network Configuration is not valid for the given networkMode " +
			"of this task definition")
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
		return o.refusef("InvalidParameterException: The container %s does not exist in the task "+
			"definition.", container)
	}
	ports := property.At(definitions[i], "portMappings.containerPort")
	if !slices.Contains(ports, any(port)) {
		return o.refusef("InvalidParameterException: The container %s did not have a container port %g "+
			"defined.", container, port)
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
		return o.refusef("InvalidParameterException: The target group with targetGroupArn %s does not have an "+
			"associated load balancer.", arn)
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
