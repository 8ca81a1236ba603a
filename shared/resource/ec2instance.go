package resource

import (
	"slices"

	"github.com/deployer-io/deployer/shared/diag"
)

// CodeInstance is the code of rules about EC2 instances.
const CodeInstance diag.Code = "instance"

// EC2Instance is one virtual machine.
type EC2Instance struct {
	Common
	// the image of its disk
	AMI MachineImage `json:"ami" jsonschema:"required"`
	// its size, as in t4g.small
	InstanceType string `json:"instanceType" jsonschema:"required,pattern=^[a-z0-9-]+\\.[a-z0-9]+$"`
	// gives it an address that the internet can reach, in a public subnet
	PublicIP bool `json:"publicIp,omitempty"`
	// in which of the network's zones it stands: 0 is the first
	Zone int `json:"zone,omitempty" jsonschema:"minimum=0,maximum=2"`
	// its first disk, which goes with it
	RootDisk RootDisk `json:"rootDisk"`
	// further disks, which stay
	Disks []AttachedDisk `json:"disks,omitempty" jsonschema:"maxItems=20"`
	// what it does at its first start: a script or cloud-init configuration
	UserData Input `json:"userData,omitzero"`
	// replaces it when userData changes
	ReplaceOnUserData bool `json:"replaceOnUserData,omitempty"`
	// who may connect, beside the components that refer to it
	AllowedPorts []AllowedPort `json:"allowedPorts,omitempty" jsonschema:"maxItems=60"`
	// lets people sign in through Systems Manager; there are no SSH keys
	SessionManager bool `json:"sessionManager"`
	// measures every minute
	DetailedMonitoring bool `json:"detailedMonitoring"`
	// refuses to be terminated, on AWS's side
	TerminationProtection bool `json:"terminationProtection"`
	// starts it anew elsewhere when the hardware fails
	AutoRecovery bool `json:"autoRecovery"`
	// how many days its logs are kept; 0 is for ever
	LogRetention int `json:"logRetention" jsonschema:"enum=0,enum=1,enum=3,enum=5,enum=7,enum=14,enum=30,enum=60,enum=90,enum=120,enum=150,enum=180,enum=365,enum=400,enum=545,enum=731,enum=1096,enum=1827,enum=2192,enum=2557,enum=2922,enum=3288,enum=3653"`
	// what it may do in AWS beyond what its references give it
	Permissions []Statement `json:"permissions,omitempty"`
}

// MachineImage is the image of a disk: exactly one of id and parameter.
type MachineImage struct {
	// the image's id
	ID string `json:"id,omitempty" jsonschema:"pattern=^ami-[0-9a-f]{8\\,17}$"`
	// an SSM parameter that holds the id, as in /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64
	Parameter string `json:"parameter,omitempty" jsonschema:"pattern=^/[A-Za-z0-9._/-]+$"`
}

// RootDisk is an instance's first disk; it is always encrypted.
type RootDisk struct {
	// the size in GiB
	Size int `json:"size" jsonschema:"minimum=8,maximum=16384"`
	// the type of the disk
	Type string `json:"type" jsonschema:"enum=gp3,enum=io2"`
	// operations per second; needed for io2
	IOPS int `json:"iops,omitempty" jsonschema:"minimum=100,maximum=256000"`
	// MiB per second, for gp3
	Throughput int `json:"throughput,omitempty" jsonschema:"minimum=125,maximum=1000"`
	// the KMS key; without it the environment's own, or AWS's
	KMSKey ARN `json:"kmsKey,omitempty"`
}

// AttachedDisk is an EBS component that an instance has.
type AttachedDisk struct {
	// the EBS component; it must stand in the same zone
	EBS ComponentRef `json:"ebs" jsonschema:"required" kinds:"EBS" reads:"id,availabilityZone"`
	// the device's name, as in /dev/sdf
	Device string `json:"device" jsonschema:"required,pattern=^/dev/(sd[f-p]|xvd[b-z])$"`
}

// AllowedPort lets somebody connect.
type AllowedPort struct {
	// the port
	Port int `json:"port" jsonschema:"required,minimum=1,maximum=65535"`
	// the last port of a range
	ToPort int `json:"toPort,omitempty" jsonschema:"minimum=1,maximum=65535"`
	// the protocol
	Protocol string `json:"protocol" jsonschema:"enum=tcp,enum=udp"`
	// the addresses
	CIDRs []CIDR `json:"cidrs" jsonschema:"required,minItems=1,uniqueItems=true"`
}

// SetDefaults makes it TCP.
func (p *AllowedPort) SetDefaults() { p.Protocol = "tcp" }

// KindEC2Instance is one virtual machine.
var KindEC2Instance = register(Definition{
	Kind: "EC2Instance", APIVersion: ComponentsV1, Family: Compute, Revision: 2, Networked: true,
	Summary: "One EC2 instance with an encrypted disk, a role and no SSH keys.",
	New: func() Spec {
		return &EC2Instance{Common: defaultCommon(Delete, 30*Minute), RootDisk: RootDisk{Size: 30, Type: "gp3"}, SessionManager: true,
			DetailedMonitoring: true, TerminationProtection: true, AutoRecovery: true, LogRetention: 30}
	},
	Outputs: []Output{
		{Name: "id", Type: Text, Doc: "the instance's id"},
		{Name: "arn", Type: Text, Doc: "the instance's ARN"},
		{Name: "privateIp", Type: Text, Doc: "its address in the network"},
		{Name: "privateDns", Type: Text, Doc: "its host name in the network"},
		{Name: "publicIp", Type: Text, Doc: "its address in the internet; only with publicIp"},
		{Name: "availabilityZone", Type: Text, Doc: "the zone it stands in"},
		{Name: "securityGroupId", Type: Text, Doc: "its security group"},
		{Name: "roleArn", Type: Text, Doc: "the role that it has"},
	},
	ReplaceOn: []string{"ami", "zone", "publicIp", "rootDisk.kmsKey"},
})

// Lacks says why the spec does not have one of its kind's outputs; empty when it has.
func (e *EC2Instance) Lacks(output string) string {
	if output == "publicIp" && !e.PublicIP {
		return "its publicIp is not true"
	}
	return ""
}

// Check keeps the rules over several fields.
func (e *EC2Instance) Check(k *Checker) {
	e.Common.check(k)
	if (e.AMI.ID == "") == (e.AMI.Parameter == "") {
		k.Errorf(CodeConflict, "ami", "must have either id or parameter").WithHint("write one of them")
	}
	k.need("rootDisk.iops", e.RootDisk.IOPS != 0, e.RootDisk.Type == "io2", "an io2 disk has to know its operations per second")
	k.only("rootDisk.throughput", e.RootDisk.Throughput != 0, e.RootDisk.Type == "gp3", "the disk is gp3")
	k.checkKey("rootDisk.kmsKey", e.RootDisk.KMSKey)
	devices := make([]string, len(e.Disks))
	for i, disk := range e.Disks {
		devices[i] = disk.Device
	}
	k.unique("disks", ".device", devices)
	for i, allowed := range e.AllowedPorts {
		path := indexed("allowedPorts", i)
		if allowed.ToPort != 0 && allowed.ToPort < allowed.Port {
			k.Errorf(CodeRange, path+".toPort", "the range ends (%d) before it begins (%d)", allowed.ToPort, allowed.Port).WithHint("exchange them")
		}
		administration := allowed.Port <= 22 && max(allowed.Port, allowed.ToPort) >= 22 || allowed.Port <= 3389 && max(allowed.Port, allowed.ToPort) >= 3389
		if administration && slices.ContainsFunc(allowed.CIDRs, CIDR.IsAnywhere) {
			k.Errorf(CodePublic, path+".cidrs", "everybody may try to sign in on port %d", allowed.Port).WithHint("use sessionManager, or name the networks")
		}
	}
	if user := e.UserData.Value; len(user) > 16384 {
		k.Errorf(CodeRange, "userData", "has %d bytes; EC2 takes 16384", len(user)).WithHint("fetch the rest from S3")
	}
	checkStatements(k, "permissions", e.Permissions)
}

// Relate keeps the rules over the instance and its disks.
func (e *EC2Instance) Relate(k *Checker, related Related) {
	for i, disk := range e.Disks {
		r, ok := related(disk.EBS)
		if !ok {
			continue
		}
		if volume, is := r.Spec.(*EBS); is && volume.Zone != e.Zone {
			k.Errorf(CodeInstance, indexed("disks", i)+".ebs", "%s stands in zone %d, the instance in zone %d", disk.EBS.Component, volume.Zone, e.Zone).
				WithHint("give both the same zone")
		}
	}
}
