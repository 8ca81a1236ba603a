package provision

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/dlm"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/ebs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

// snapshotsTag is how Data Lifecycle Manager finds a disk: it looks for any of the tags that it is given, so one must be
// the disk's alone.
const snapshotsTag = "deployer:snapshots"

func disk(p *program, spec *resource.EBS) error {
	net, err := p.network()
	if err != nil {
		return err
	}
	zone, err := pick(net.zones, spec.Zone, "zones")
	if err != nil {
		return err
	}
	tags := p.named("")
	tags[snapshotsTag] = pulumi.String(p.order.Address.String())
	arguments := &ebs.VolumeArgs{AvailabilityZone: pulumi.String(zone), Size: pulumi.Int(spec.Size),
		Type:      pulumi.String(spec.Type),
		Encrypted: pulumi.Bool(true), KmsKeyId: p.key(spec.KMSKey), SnapshotId: p.optional(spec.SnapshotID), Tags: tags,
		FinalSnapshot: pulumi.Bool(!p.skipSnapshot())}
	if spec.IOPS > 0 {
		arguments.Iops = pulumi.Int(spec.IOPS)
	}
	if spec.Throughput > 0 {
		arguments.Throughput = pulumi.Int(spec.Throughput)
	}
	volume, err := ebs.NewVolume(p.Context, "disk", arguments, p.guard(), p.patience())
	if err != nil {
		return err
	}
	p.output("id", volume.ID())
	p.output("arn", volume.Arn)
	p.output("availabilityZone", volume.AvailabilityZone)
	return p.diskSnapshots(spec.Backup)
}

// diskSnapshots has snapshots taken again and again, the oldest deleted when there are enough.
func (p *program) diskSnapshots(backup resource.DiskBackup) error {
	if backup.EveryHours == 0 {
		return nil
	}
	role, err := p.role("snapshots", "dlm.amazonaws.com", "takes snapshots of "+p.order.Address.Short(), nil)
	if err != nil {
		return err
	}
	if err := p.attach("snapshots", role, "service-role/AWSDataLifecycleManagerServiceRole"); err != nil {
		return err
	}
	// Data Lifecycle Manager takes letters, digits, spaces, hyphens and underscores in a description, and no slash.
	of := strings.ReplaceAll(p.order.Address.Short(), "/", " ")
	_, err = dlm.NewLifecyclePolicy(p.Context, "snapshots",
		&dlm.LifecyclePolicyArgs{Description: pulumi.String("snapshots of " + of),
			ExecutionRoleArn: role.Arn, State: pulumi.String("ENABLED"),
			PolicyDetails: &dlm.LifecyclePolicyPolicyDetailsArgs{
				PolicyType: pulumi.String("EBS_SNAPSHOT_MANAGEMENT"), ResourceTypes: texts("VOLUME"),
				TargetTags: pulumi.StringMap{snapshotsTag: pulumi.String(p.order.Address.String())},
				Schedules: dlm.LifecyclePolicyPolicyDetailsScheduleArray{&dlm.LifecyclePolicyPolicyDetailsScheduleArgs{
					Name: pulumi.String("regular"), CopyTags: pulumi.Bool(true),
					CreateRule: &dlm.LifecyclePolicyPolicyDetailsScheduleCreateRuleArgs{Interval: pulumi.Int(backup.EveryHours),
						IntervalUnit: pulumi.String("HOURS"), Times: pulumi.String("03:00")},
					RetainRule: &dlm.LifecyclePolicyPolicyDetailsScheduleRetainRuleArgs{Count: pulumi.Int(backup.Keep)}}}}},
		p.afterGrants())
	return err
}
