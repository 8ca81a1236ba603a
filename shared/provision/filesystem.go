package provision

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/efs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

// filesPort is where NFS listens.
const filesPort = 2049

func fileSystem(p *program, spec *resource.EFS) error {
	net, err := p.network()
	if err != nil {
		return err
	}
	group, err := p.group(net.vpcID, "files "+p.order.Address.Short())
	if err != nil {
		return err
	}
	if err := p.admitPods(group.ID(), net, filesPort, filesPort); err != nil {
		return err
	}
	files, err := efs.NewFileSystem(p.Context, "files", p.fileSystemArguments(spec), p.guard(), p.patience())
	if err != nil {
		return err
	}
	policy, err := refusePlain("elasticfilesystem:*", files.Arn)
	if err != nil {
		return err
	}
	// With a policy that allows nothing, only those get in whose own role says so.
	if _, err := efs.NewFileSystemPolicy(p.Context, "policy", &efs.FileSystemPolicyArgs{FileSystemId: files.ID(),
		Policy: policy}); err != nil {
		return err
	}
	backup := "DISABLED"
	if spec.Backup {
		backup = "ENABLED"
	}
	if _, err := efs.NewBackupPolicy(p.Context, "backup", &efs.BackupPolicyArgs{FileSystemId: files.ID(),
		BackupPolicy: &efs.BackupPolicyBackupPolicyArgs{Status: pulumi.String(backup)}}); err != nil {
		return err
	}
	if err := p.mountTargets(files, net, group); err != nil {
		return err
	}
	p.output("id", files.ID())
	p.output("arn", files.Arn)
	p.output("dnsName", files.DnsName)
	p.output("securityGroupId", group.ID())
	return p.accessPoints(files, spec.AccessPoints)
}

func (p *program) fileSystemArguments(spec *resource.EFS) *efs.FileSystemArgs {
	arguments := &efs.FileSystemArgs{CreationToken: pulumi.String(p.name(maxRoleName, "")),
		Encrypted: pulumi.Bool(true), KmsKeyId: p.key(spec.KMSKey),
		PerformanceMode: pulumi.String(spec.PerformanceMode), ThroughputMode: pulumi.String(spec.ThroughputMode),
		Tags: p.named("")}
	if spec.Throughput > 0 {
		arguments.ProvisionedThroughputInMibps = pulumi.Float64(spec.Throughput)
	}
	if days := spec.InfrequentAccessDays; days > 0 {
		after := fmt.Sprintf("AFTER_%d_DAYS", days)
		if days == 1 {
			after = "AFTER_1_DAY"
		}
		arguments.LifecyclePolicies = efs.FileSystemLifecyclePolicyArray{
			&efs.FileSystemLifecyclePolicyArgs{TransitionToIa: pulumi.String(after)},
			&efs.FileSystemLifecyclePolicyArgs{TransitionToPrimaryStorageClass: pulumi.String("AFTER_1_ACCESS")}}
	}
	return arguments
}

// mountTargets makes the file system's address in each private subnet.
func (p *program) mountTargets(files *efs.FileSystem, net network, group *ec2.SecurityGroup) error {
	for i, subnet := range net.privateSubnets {
		if _, err := efs.NewMountTarget(p.Context, fmt.Sprintf("address-%d", i+1),
			&efs.MountTargetArgs{FileSystemId: files.ID(),
				SubnetId: pulumi.String(subnet), SecurityGroups: pulumi.StringArray{group.ID()}}); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) accessPoints(files *efs.FileSystem, points []resource.AccessPoint) error {
	if len(points) == 0 {
		return nil
	}
	ids := pulumi.StringMap{}
	for _, point := range points {
		made, err := efs.NewAccessPoint(p.Context, point.Name, &efs.AccessPointArgs{FileSystemId: files.ID(),
			Tags:      p.named(point.Name),
			PosixUser: &efs.AccessPointPosixUserArgs{Uid: pulumi.Int(point.UID), Gid: pulumi.Int(point.GID)},
			RootDirectory: &efs.AccessPointRootDirectoryArgs{Path: pulumi.String(point.Path),
				CreationInfo: &efs.AccessPointRootDirectoryCreationInfoArgs{
					OwnerUid: pulumi.Int(point.UID), OwnerGid: pulumi.Int(point.GID),
					Permissions: pulumi.String(point.Permissions)}}})
		if err != nil {
			return err
		}
		ids[point.Name] = made.ID()
	}
	p.output("accessPointIds", ids)
	return nil
}
