package provision

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/ecs"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

// task is what every kind that runs a container on ECS has: a definition, its roles, its log and its security group.
type task struct {
	name       string // of the service and of the task definition's family
	container  string
	role       *iam.Role // the container's own
	starter    *iam.Role // fetches the image and the secrets, and writes the log
	log        *cloudwatch.LogGroup
	group      *ec2.SecurityGroup
	definition *ecs.TaskDefinition
	ready      pulumi.StringOutput // the definition's ARN, once copies of it may be started
}

// wish is what a kind wants of its task beside what all have.
type wish struct {
	ports   []resource.Port
	extra   map[string]string // environment variables that the author need not write
	special map[string]use    // see access
}

// task makes the resources of a container on ECS.
func (p *program) task(spec *resource.Container, net network, w wish) (*task, error) {
	t := &task{name: p.name(maxLongName, ""), container: p.order.Address.Component}
	env, err := p.environment(spec.Env)
	if err != nil {
		return nil, err
	}
	for _, name := range sortedKeys(w.extra) {
		env.add(name, w.extra[name])
	}
	if t.log, err = p.logGroup("log", "/deployer/"+p.order.Address.String(), spec.LogRetention); err != nil {
		return nil, err
	}
	for _, v := range spec.Volumes {
		if w.special == nil {
			w.special = map[string]use{}
		}
		if _, writes := w.special[v.EFS.Component]; !v.ReadOnly {
			w.special[v.EFS.Component] = mounts
		} else if !writes { // the same file system may be another volume that is written
			w.special[v.EFS.Component] = looks
		}
	}
	if err := p.taskRoles(t, spec, env, w.special); err != nil {
		return nil, err
	}
	if t.group, err = p.clientGroup(net.vpcID, "copies of "+p.order.Address.Short(), w.special); err != nil {
		return nil, err
	}
	if len(w.ports) > 0 {
		if err := p.admitPods(t.group.ID(), net, w.ports[0].Port, w.ports[0].Port); err != nil {
			return nil, err
		}
	}
	if err := p.taskDefinition(t, spec, env, w.ports); err != nil {
		return nil, err
	}
	t.ready = p.whenReady(t, net)
	return t, nil
}

// whenReady lets a task of the new version be run before any copy of it is started: when all that such a task needs is there,
// the order's Midway is called.
func (p *program) whenReady(t *task, net network) pulumi.StringOutput {
	if p.midway == nil {
		return t.definition.Arn
	}
	needed := make([]any, 0, len(p.made)+2)
	needed = append(needed, t.definition.Arn, t.group.ID())
	for _, r := range p.made { // roles with their policies, and the ways to what it talks to
		needed = append(needed, r.URN())
	}
	return pulumi.All(needed...).ApplyT(func(values []any) (string, error) {
		arn, group := fmt.Sprint(values[0]), fmt.Sprint(values[1])
		outputs := map[string]json.RawMessage{}
		for name, text := range map[string]string{"taskDefinitionArn": arn, "securityGroupId": group, "clusterName": net.clusterName} {
			quoted, err := json.Marshal(text)
			if err != nil {
				return "", err
			}
			outputs[name] = quoted
		}
		return arn, p.midway(outputs)
	}).(pulumi.StringOutput)
}

func (p *program) logGroup(name, physical string, days int) (*cloudwatch.LogGroup, error) {
	return cloudwatch.NewLogGroup(p.Context, name, &cloudwatch.LogGroupArgs{
		Name: pulumi.String(physical), RetentionInDays: pulumi.Int(days), // 0 is for ever
		KmsKeyId: p.key(""),
	})
}

// taskRoles makes the container's role and that of its starter.
func (p *program) taskRoles(t *task, spec *resource.Container, env environment, special map[string]use) error {
	own, err := p.permissions(spec.Permissions)
	if err != nil {
		return err
	}
	statements := append(p.access(special), own...)
	if spec.Exec {
		statements = append(statements, statement{sid: "Shell", resources: on(pulumi.String("*")), actions: []string{
			"ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel",
			"ssmmessages:OpenDataChannel"}})
	}
	if t.role, err = p.role("task", "ecs-tasks.amazonaws.com", "what "+p.order.Address.Short()+" may do",
		statements); err != nil {
		return err
	}
	starting := []statement{{sid: "Log", resources: on(pulumi.Sprintf("%s:*", t.log.Arn)),
		actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"}}}
	starting = append(starting, p.pullImage(spec.Image)...)
	starting = append(starting, env.access...)
	t.starter, err = p.role("start", "ecs-tasks.amazonaws.com", "starts the copies of "+p.order.Address.Short(),
		starting)
	return err
}

// ecrImage finds account, region and repository of an image in ECR.
var ecrImage = regexp.MustCompile(`^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([^:@]+)`)

// pullImage allows to fetch an image from ECR; other registries ask nothing of IAM.
func (p *program) pullImage(image string) []statement {
	m := ecrImage.FindStringSubmatch(image)
	if m == nil {
		return nil
	}
	repository := fmt.Sprintf("arn:%s:ecr:%s:%s:repository/%s", p.partition, m[2], m[1], m[3])
	return []statement{
		{sid: "Image", resources: on(pulumi.String(repository)),
			actions: []string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}},
		{sid: "Registry", resources: on(pulumi.String("*")), actions: []string{"ecr:GetAuthorizationToken"}},
	}
}

// containerDefinition is a container as ECS reads it.
type containerDefinition struct {
	Name             string            `json:"name"`
	Image            string            `json:"image"`
	Essential        bool              `json:"essential"`
	Command          []string          `json:"command,omitempty"`
	EntryPoint       []string          `json:"entryPoint,omitempty"`
	User             string            `json:"user,omitempty"`
	Environment      []variable        `json:"environment,omitempty"`
	Secrets          []variable        `json:"secrets,omitempty"`
	PortMappings     []portMapping     `json:"portMappings,omitempty"`
	MountPoints      []mountPoint      `json:"mountPoints,omitempty"`
	HealthCheck      *containerCheck   `json:"healthCheck,omitempty"`
	ReadOnlyRoot     bool              `json:"readonlyRootFilesystem"`
	StopTimeout      int               `json:"stopTimeout,omitempty"`
	LinuxParameters  map[string]any    `json:"linuxParameters,omitempty"`
	LogConfiguration *logConfiguration `json:"logConfiguration"`
}

type portMapping struct {
	Name          string `json:"name"`
	ContainerPort int    `json:"containerPort"`
	Protocol      string `json:"protocol"`
}

type mountPoint struct {
	SourceVolume  string `json:"sourceVolume"`
	ContainerPath string `json:"containerPath"`
	ReadOnly      bool   `json:"readOnly"`
}

type containerCheck struct {
	Command     []string `json:"command"`
	Interval    int      `json:"interval"`
	Timeout     int      `json:"timeout"`
	Retries     int      `json:"retries"`
	StartPeriod int      `json:"startPeriod"`
}

type logConfiguration struct {
	Driver  string            `json:"logDriver"`
	Options map[string]string `json:"options"`
}

// taskDefinition writes the definition. Its text is known before anything is created, because all names are.
func (p *program) taskDefinition(t *task, spec *resource.Container, env environment, ports []resource.Port) error {
	volumes, mountPoints, err := p.volumes(spec)
	if err != nil {
		return err
	}
	definition := containerDefinition{
		Name: t.container, Image: spec.Image, Essential: true, Command: spec.Command, EntryPoint: spec.EntryPoint,
		User:        spec.User,
		Environment: env.plain, Secrets: env.secrets, MountPoints: mountPoints,
		HealthCheck:  healthCheck(spec.HealthCheck, ports),
		ReadOnlyRoot: spec.ReadOnlyRootFilesystem, StopTimeout: int(spec.StopTimeout.Seconds()),
		LinuxParameters: map[string]any{"initProcessEnabled": true}, // reaps children and passes signals on
		LogConfiguration: &logConfiguration{Driver: "awslogs", Options: map[string]string{
			"awslogs-group": "/deployer/" + p.order.Address.String(), "awslogs-region": p.order.Region,
			"awslogs-stream-prefix": t.container}},
	}
	for _, port := range ports {
		protocol := "tcp"
		if port.Protocol == resource.PortUDP {
			protocol = "udp"
		}
		definition.PortMappings = append(definition.PortMappings, portMapping{Name: port.Name, ContainerPort: port.Port,
			Protocol: protocol})
	}
	text, err := json.Marshal([]containerDefinition{definition})
	if err != nil {
		return err
	}
	arguments := &ecs.TaskDefinitionArgs{
		Family: pulumi.String(t.name), ContainerDefinitions: pulumi.String(text), NetworkMode: pulumi.String("awsvpc"),
		Cpu: pulumi.String(strconv.Itoa(spec.CPU)), Memory: pulumi.String(strconv.Itoa(spec.Memory)),
		RequiresCompatibilities: texts("FARGATE"), TaskRoleArn: t.role.Arn, ExecutionRoleArn: t.starter.Arn,
		Volumes:         volumes,
		RuntimePlatform: runtimePlatform(spec.Architecture),
	}
	if spec.Platform == resource.ECSEC2 {
		arguments.RequiresCompatibilities, arguments.RuntimePlatform = texts("EC2"), nil
	}
	if spec.EphemeralStorage != 0 {
		arguments.EphemeralStorage = &ecs.TaskDefinitionEphemeralStorageArgs{SizeInGib: pulumi.Int(spec.EphemeralStorage)}
	}
	t.definition, err = ecs.NewTaskDefinition(p.Context, "task", arguments, pulumi.DependsOn([]pulumi.Resource{t.log}))
	return err
}

func runtimePlatform(architecture resource.Architecture) *ecs.TaskDefinitionRuntimePlatformArgs {
	names := map[resource.Architecture]string{resource.X86: "X86_64", resource.ARM: "ARM64"}
	return &ecs.TaskDefinitionRuntimePlatformArgs{
		CpuArchitecture: pulumi.String(names[architecture]), OperatingSystemFamily: pulumi.String("LINUX")}
}

// healthCheck makes the command that asks the container from inside. curl and wget are the two that images bring along.
func healthCheck(check *resource.HealthCheck, ports []resource.Port) *containerCheck {
	if check == nil {
		return nil
	}
	made := &containerCheck{Interval: int(check.Interval.Seconds()), Timeout: int(check.Timeout.Seconds()),
		Retries:     check.Retries,
		StartPeriod: int(check.StartPeriod.Seconds()), Command: append([]string{"CMD"}, check.Command...)}
	if check.Path != "" {
		port := check.Port
		if port == 0 && len(ports) > 0 {
			port = ports[0].Port
		}
		url := fmt.Sprintf("http://127.0.0.1:%d%s", port, check.Path)
		made.Command = []string{"CMD-SHELL",
			fmt.Sprintf("curl -fsS -o /dev/null '%s' || wget -q -O /dev/null '%s' || exit 1", url, url)}
	}
	return made
}

// volumes makes the empty folders that may be written and the file systems.
func (p *program) volumes(spec *resource.Container) (ecs.TaskDefinitionVolumeArray, []mountPoint, error) {
	var volumes ecs.TaskDefinitionVolumeArray
	var points []mountPoint
	if spec.ReadOnlyRootFilesystem {
		for i, path := range spec.WritablePaths {
			name := "writable-" + strconv.Itoa(i)
			volumes = append(volumes, &ecs.TaskDefinitionVolumeArgs{Name: pulumi.String(name)})
			points = append(points, mountPoint{SourceVolume: name, ContainerPath: path})
		}
		if spec.Exec {
			// ECS puts the agent of its shells into the container, and the agent writes here.
			for i, path := range []string{"/var/lib/amazon", "/var/log/amazon"} {
				name := "shell-" + strconv.Itoa(i)
				volumes = append(volumes, &ecs.TaskDefinitionVolumeArgs{Name: pulumi.String(name)})
				points = append(points, mountPoint{SourceVolume: name, ContainerPath: path})
			}
		}
	}
	for _, v := range spec.Volumes {
		files, err := p.need(v.EFS.Component)
		if err != nil {
			return nil, nil, err
		}
		values, err := files.must("id")
		if err != nil {
			return nil, nil, err
		}
		authorization := &ecs.TaskDefinitionVolumeEfsVolumeConfigurationAuthorizationConfigArgs{Iam: pulumi.String("ENABLED")}
		if v.AccessPoint != "" {
			point := outputAs[map[string]string](files, "accessPointIds")[v.AccessPoint]
			if point == "" {
				return nil, nil, fmt.Errorf("%s has no access point %q", v.EFS.Component, v.AccessPoint)
			}
			authorization.AccessPointId = pulumi.String(point)
		}
		volumes = append(volumes, &ecs.TaskDefinitionVolumeArgs{Name: pulumi.String(v.Name),
			EfsVolumeConfiguration: &ecs.TaskDefinitionVolumeEfsVolumeConfigurationArgs{
				FileSystemId: pulumi.String(values[0]), TransitEncryption: pulumi.String("ENABLED"),
				AuthorizationConfig: authorization}})
		points = append(points, mountPoint{SourceVolume: v.Name, ContainerPath: v.Path, ReadOnly: v.ReadOnly})
	}
	return volumes, points, nil
}
