package environment

import (
	"errors"
	"regexp"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecrassets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
)

// tasks is what the machine wave must be told to start the executor.
type tasks struct {
	subnets       *string // comma separated
	securityGroup *string
}

func addExecutor(stack awscdk.Stack, n names, keep storage, sources Sources) (tasks, error) {
	image, repository, err := executorImage(stack, n, sources)
	if err != nil {
		return tasks{}, err
	}
	network := addNetwork(stack, n, keep)
	cluster := awsecs.NewCfnCluster(stack, str("Cluster"), &awsecs.CfnClusterProps{
		ClusterName:     str(n.cluster()),
		ClusterSettings: []any{&awsecs.CfnCluster_ClusterSettingsProperty{Name: str("containerInsights"), Value: str("enabled")}},
	})
	group := awsec2.NewCfnSecurityGroup(stack, str("TaskSecurityGroup"), &awsec2.CfnSecurityGroupProps{
		GroupDescription: str("Executor tasks: nothing comes in"), VpcId: network.vpc,
		SecurityGroupEgress: []any{outward(443, "AWS APIs and HTTPS checks"), outward(80, "HTTP checks of deployed components")},
	})
	n.addTaskDefinition(stack, image, keep, n.addTaskExecutionRole(stack, repository), n.addTaskRole(stack, keep))
	output(stack, "ClusterName", "Where executor tasks run", cluster.Ref())
	return tasks{subnets: awscdk.Fn_Join(str(","), &network.subnets), securityGroup: group.AttrGroupId()}, nil
}

func outward(port int, says string) *awsec2.CfnSecurityGroup_EgressProperty {
	return &awsec2.CfnSecurityGroup_EgressProperty{
		IpProtocol: str("tcp"), FromPort: num(port), ToPort: num(port), CidrIp: str("0.0.0.0/0"), Description: str(says),
	}
}

var ecrImage = regexp.MustCompile(`^([0-9]{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([^:@]+)[:@]`)

// executorImage returns the image's URI and the ARN of its ECR repository ("" for an image from elsewhere).
func executorImage(stack awscdk.Stack, n names, sources Sources) (uri, repository string, err error) {
	if n.Executor.Image != "" {
		if match := ecrImage.FindStringSubmatch(n.Executor.Image); match != nil {
			repository = "arn:" + n.partition() + ":ecr:" + match[2] + ":" + match[1] + ":repository/" + match[3]
		}
		return n.Executor.Image, repository, nil
	}
	if !sources.Image {
		return "", "", errors.New("executor: there is no image: set executor.image to an image URI, " +
			"or add cmd/executor/Dockerfile so that it can be built")
	}
	asset := awsecrassets.NewDockerImageAsset(stack, str("Image"), &awsecrassets.DockerImageAssetProps{
		Directory: str(sources.Root), File: str("cmd/executor/Dockerfile"), Platform: awsecrassets.Platform_LINUX_ARM64(),
		Exclude: strs(".git", ".bin", ".cache", ".venv", ".deployer", "cdk.out", "dist", "docs", "infra", "node_modules",
			"**/testdata", "**/*_test.go"),
	})
	return *asset.ImageUri(), *asset.Repository().RepositoryArn(), nil
}

// addTaskDefinition describes the container "executor", the name by which the machine wave gives it its orders. Its root
// is read-only and its user is nobody in particular; it works below /tmp. On SIGTERM it has 120 s, the most that Fargate gives.
func (n names) addTaskDefinition(stack awscdk.Stack, image string, keep storage, execution, task awsiam.CfnRole) {
	log := n.addLog(stack, "TaskLog", n.taskLog(), keep)
	definition := awsecs.NewCfnTaskDefinition(stack, str("TaskDefinition"), &awsecs.CfnTaskDefinitionProps{
		Family: str(n.family()), RequiresCompatibilities: strs("FARGATE"), NetworkMode: str("awsvpc"),
		Cpu: str(strconv.Itoa(n.Executor.CPU)), Memory: str(strconv.Itoa(n.Executor.Memory)),
		RuntimePlatform: &awsecs.CfnTaskDefinition_RuntimePlatformProperty{
			CpuArchitecture: str("ARM64"), OperatingSystemFamily: str("LINUX"),
		},
		EphemeralStorage: &awsecs.CfnTaskDefinition_EphemeralStorageProperty{SizeInGiB: num(n.Executor.DiskGiB)},
		ExecutionRoleArn: execution.AttrArn(), TaskRoleArn: task.AttrArn(),
		Volumes: []any{&awsecs.CfnTaskDefinition_VolumeProperty{Name: str("work")}},
		ContainerDefinitions: []any{&awsecs.CfnTaskDefinition_ContainerDefinitionProperty{
			Name: str("executor"), Image: str(image), Essential: on, Memory: num(n.Executor.Memory), User: str("65532:65532"),
			ReadonlyRootFilesystem: on, StopTimeout: num(120),
			MountPoints: []any{&awsecs.CfnTaskDefinition_MountPointProperty{
				SourceVolume: str("work"), ContainerPath: str("/tmp"), ReadOnly: off,
			}},
			LinuxParameters: &awsecs.CfnTaskDefinition_LinuxParametersProperty{
				InitProcessEnabled: on, Capabilities: &awsecs.CfnTaskDefinition_KernelCapabilitiesProperty{Drop: strs("ALL")},
			},
			Environment: n.executorVariables(),
			LogConfiguration: &awsecs.CfnTaskDefinition_LogConfigurationProperty{LogDriver: str("awslogs"), Options: &map[string]*string{
				"awslogs-group": log.Ref(), "awslogs-region": str(n.Region), "awslogs-stream-prefix": str("task"),
				"mode": str("non-blocking"), "max-buffer-size": str("8m"),
			}},
		}},
	})
	forgive(definition, excuse{"The variables are names; secrets reach Pulumi through Secrets Manager and KMS alone.",
		[]string{"nag:AwsSolutions-ECS2"}})
}

func (n names) executorVariables() []any {
	var variables []any
	for _, pair := range [][2]string{
		{"DEPLOYER_INSTALLATION", n.Name},
		{"DEPLOYER_STATE_BUCKET", n.StateBucket},
		{"DEPLOYER_LOCK_TABLE", n.LockTable},
		{"DEPLOYER_SECRETS_PROVIDER", n.secretsProvider()},
		{"DEPLOYER_PERMISSIONS_BOUNDARY", n.boundaryARN()},
		{"DEPLOYER_ROLE_PATH", n.rolePath()},
		{"HOME", "/tmp"},
	} {
		variables = append(variables, &awsecs.CfnTaskDefinition_KeyValuePairProperty{Name: str(pair[0]), Value: str(pair[1])})
	}
	return variables
}

// addTaskExecutionRole is what ECS itself needs to start a task: the image and the log.
func (n names) addTaskExecutionRole(stack awscdk.Stack, repository string) awsiam.CfnRole {
	may := []statement{{sid: "Log", actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"},
		resources: []string{n.logARN(n.taskLog()) + ":*"}}}
	if repository != "" {
		may = append(may,
			statement{sid: "PullTheImage", resources: []string{repository}, actions: []string{
				"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}},
			statement{sid: "LogInToTheRegistry", actions: []string{"ecr:GetAuthorizationToken"}, resources: []string{"*"},
				because: "ecr:GetAuthorizationToken has no resource types."})
	}
	return n.addRole(stack, "TaskExecutionRole", role{
		name: n.taskExecutionRole(), says: "Starts executor tasks: image and log", service: "ecs-tasks",
		source: n.arn("ecs", "*"), may: may,
		excuses: []excuse{{"The wildcard stands for the streams of one log group.", []string{"nag:AwsSolutions-IAM5"}}},
	})
}
