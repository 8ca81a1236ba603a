package provision

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

func machine(p *program, spec *resource.EC2Instance) error {
	net, err := p.network()
	if err != nil {
		return err
	}
	role, profile, err := p.machineRole(spec)
	if err != nil {
		return err
	}
	group, err := p.clientGroup(net.vpcID, "instance "+p.order.Address.Short(), nil)
	if err != nil {
		return err
	}
	if err := p.allowedPorts(group, spec.AllowedPorts); err != nil {
		return err
	}
	arguments, err := p.machineArguments(spec, net)
	if err != nil {
		return err
	}
	arguments.IamInstanceProfile, arguments.VpcSecurityGroupIds = profile.Name, pulumi.StringArray{group.ID()}
	options := []pulumi.ResourceOption{p.guard(), p.patience(), p.afterGrants()}
	arguments.Ami, options = p.machineImage(spec.AMI, options)
	made, err := ec2.NewInstance(p.Context, "instance", arguments, options...)
	if err != nil {
		return err
	}
	if err := p.attachDisks(made, spec.Disks); err != nil {
		return err
	}
	p.output("id", made.ID())
	p.output("arn", made.Arn)
	p.output("privateIp", made.PrivateIp)
	p.output("privateDns", made.PrivateDns)
	if spec.PublicIP {
		p.output("publicIp", made.PublicIp)
	}
	p.output("availabilityZone", made.AvailabilityZone)
	p.output("securityGroupId", group.ID())
	p.output("roleArn", role.Arn)
	return p.machineAlarms(made)
}

// machineRole may do what the references and the author say, write the instance's log, and be reached by Systems Manager.
func (p *program) machineRole(spec *resource.EC2Instance) (*iam.Role, *iam.InstanceProfile, error) {
	log, err := p.logGroup("log", "/deployer/"+p.order.Address.String(), spec.LogRetention)
	if err != nil {
		return nil, nil, err
	}
	own, err := p.permissions(spec.Permissions)
	if err != nil {
		return nil, nil, err
	}
	statements := []statement{{sid: "Log", resources: on(pulumi.Sprintf("%s:*", log.Arn)),
		actions: []string{"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"}}}
	statements = append(append(statements, p.access(nil)...), own...)
	role, err := p.role("instance", "ec2.amazonaws.com", "what "+p.order.Address.Short()+" may do", statements)
	if err != nil {
		return nil, nil, err
	}
	if spec.SessionManager {
		if err := p.attach("sessions", role, "AmazonSSMManagedInstanceCore"); err != nil {
			return nil, nil, err
		}
	}
	profile, err := p.profile("instance", role)
	return role, profile, err
}

func (p *program) allowedPorts(group *ec2.SecurityGroup, allowed []resource.AllowedPort) error {
	for i, a := range allowed {
		for j, cidr := range a.CIDRs {
			name := fmt.Sprintf("allowed-%d-%d", i+1, j+1)
			if err := p.admitRange(name, group.ID(), a.Protocol, a.Port, max(a.Port, a.ToPort), string(cidr),
				"allowed by the author"); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *program) machineArguments(spec *resource.EC2Instance, net network) (*ec2.InstanceArgs, error) {
	subnets := net.privateSubnets
	if spec.PublicIP {
		var err error
		if subnets, err = net.internetSubnets(); err != nil {
			return nil, err
		}
	}
	subnet, err := pick(subnets, spec.Zone, "subnets")
	if err != nil {
		return nil, err
	}
	start, err := spec.UserData.Resolve(p.upstream)
	if err != nil {
		return nil, err
	}
	if start.Secret != nil {
		return nil, fmt.Errorf("userData of %s is a secret, and everybody on the instance can read userData; fetch the secret at its start", p.order.Address.Short())
	}
	recovery := "disabled"
	if spec.AutoRecovery {
		recovery = "default"
	}
	return &ec2.InstanceArgs{
		InstanceType: pulumi.String(spec.InstanceType), SubnetId: pulumi.String(subnet),
		AssociatePublicIpAddress: pulumi.Bool(spec.PublicIP),
		UserData:                 p.optional(start.Text), UserDataReplaceOnChange: pulumi.Bool(spec.ReplaceOnUserData),
		Monitoring:            pulumi.Bool(spec.DetailedMonitoring),
		DisableApiTermination: pulumi.Bool(spec.TerminationProtection && !p.dismantle), EbsOptimized: pulumi.Bool(true),
		MetadataOptions: &ec2.InstanceMetadataOptionsArgs{HttpTokens: pulumi.String("required"),
			HttpEndpoint:            pulumi.String("enabled"),
			HttpPutResponseHopLimit: pulumi.Int(1)},
		MaintenanceOptions: &ec2.InstanceMaintenanceOptionsArgs{AutoRecovery: pulumi.String(recovery)},
		RootBlockDevice:    p.rootDisk(spec.RootDisk), Tags: p.named(""),
	}, nil
}

func (p *program) rootDisk(spec resource.RootDisk) *ec2.InstanceRootBlockDeviceArgs {
	tags := p.tags()
	delete(tags, runTag) // what is nested cannot be left alone when it changes
	made := &ec2.InstanceRootBlockDeviceArgs{VolumeSize: pulumi.Int(spec.Size), VolumeType: pulumi.String(spec.Type),
		Encrypted: pulumi.Bool(true),
		KmsKeyId:  p.key(spec.KMSKey), DeleteOnTermination: pulumi.Bool(true), Tags: tags}
	if spec.IOPS > 0 {
		made.Iops = pulumi.Int(spec.IOPS)
	}
	if spec.Throughput > 0 {
		made.Throughput = pulumi.Int(spec.Throughput)
	}
	return made
}

// machineImage is the image the author named. One that a parameter names is looked up when the instance is made and then
// kept: AWS publishes new ones every few weeks, and an instance must not be replaced because of that.
func (p *program) machineImage(image resource.MachineImage, options []pulumi.ResourceOption) (pulumi.StringPtrInput,
	[]pulumi.ResourceOption) {
	// The trigger stands in both cases, so that going from one to the other counts.
	options = append(options, pulumi.ReplacementTrigger(pulumi.String(image.ID+image.Parameter)))
	if image.ID != "" {
		return pulumi.String(image.ID), options
	}
	found := ssm.LookupParameterOutput(p.Context, ssm.LookupParameterOutputArgs{Name: pulumi.String(image.Parameter),
		WithDecryption: pulumi.Bool(false),
		Region:         pulumi.String(p.order.Region)}, pulumi.Provider(p.provider))
	id := pulumi.Unsecret(found.InsecureValue()).(pulumi.StringOutput)
	return id.ToStringPtrOutput(), append(options, pulumi.IgnoreChanges([]string{"ami"}))
}

func (p *program) attachDisks(to *ec2.Instance, disks []resource.AttachedDisk) error {
	for _, disk := range disks {
		id, err := p.read(disk.EBS.Component, "id")
		if err != nil {
			return err
		}
		name := "disk-" + disk.Device[strings.LastIndexByte(disk.Device, '/')+1:]
		if _, err := ec2.NewVolumeAttachment(p.Context, name,
			&ec2.VolumeAttachmentArgs{DeviceName: pulumi.String(disk.Device), InstanceId: to.ID(),
				VolumeId: pulumi.String(id), StopInstanceBeforeDetaching: pulumi.Bool(true)}); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) machineAlarms(of *ec2.Instance) error {
	dimensions := pulumi.StringMap{"InstanceId": of.ID()}
	var healthy float64
	return p.alarms(
		alarm{name: "cpu", about: "the use of the processor", namespace: "AWS/EC2", metric: "CPUUtilization",
			dimensions: dimensions, limit: "cpu"},
		alarm{name: "status", about: "failed status checks", namespace: "AWS/EC2", metric: "StatusCheckFailed",
			dimensions: dimensions,
			statistic:  "Maximum", fixed: &healthy, minutes: 2},
	)
}

// pick returns what the network has in one of its zones.
func pick(all []string, zone int, what string) (string, error) {
	if zone >= len(all) {
		return "", fmt.Errorf("the environment's network has %d %s, and zone %d is asked for; zones count from 0",
			len(all), what, zone)
	}
	return all[zone], nil
}
