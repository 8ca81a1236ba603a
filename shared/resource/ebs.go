package resource

import "github.com/deployer-io/deployer/shared/diag"

// CodeVolume is the code of rules about disks and file systems.
const CodeVolume diag.Code = "volume"

// EBS is a disk for one instance.
type EBS struct {
	Common
	// the size in GiB
	Size int `json:"size" jsonschema:"required,minimum=1,maximum=65536"`
	// the type of the disk
	Type string `json:"type" jsonschema:"enum=gp3,enum=io2,enum=st1,enum=sc1"`
	// operations per second; needed for io2
	IOPS int `json:"iops,omitempty" jsonschema:"minimum=100,maximum=256000"`
	// MiB per second, for gp3
	Throughput int `json:"throughput,omitempty" jsonschema:"minimum=125,maximum=2000"`
	// in which of the network's zones it stands: 0 is the first
	Zone int `json:"zone,omitempty" jsonschema:"minimum=0,maximum=2"`
	// the KMS key of data, which is always encrypted; without it the environment's own, or AWS's
	KMSKey ARN `json:"kmsKey,omitempty"`
	// the snapshot that the disk begins with
	SnapshotID string `json:"snapshotId,omitempty" jsonschema:"pattern=^snap-[0-9a-f]{8\\,17}$"`
	// snapshots that are taken again and again
	Backup DiskBackup `json:"backup"`
}

// DiskBackup is about snapshots of a disk.
type DiskBackup struct {
	// takes a snapshot every so many hours; 0 takes none
	EveryHours int `json:"everyHours" jsonschema:"enum=0,enum=1,enum=2,enum=3,enum=4,enum=6,enum=8,enum=12,enum=24"`
	// how many snapshots are kept
	Keep int `json:"keep" jsonschema:"minimum=1,maximum=1000"`
}

// KindEBS is a disk for one instance.
var KindEBS = register(Definition{
	Kind: "EBS", APIVersion: ComponentsV1, Family: Storage, Revision: 2, Networked: true, Stateful: true,
	Summary: "An EBS volume, encrypted, with snapshots every day.",
	New: func() Spec {
		return &EBS{Common: defaultCommon(Snapshot, 20*Minute), Type: "gp3", Backup: DiskBackup{EveryHours: 24, Keep: 14}}
	},
	Outputs: []Output{
		{Name: "id", Type: Text, Doc: "the volume's id"},
		{Name: "arn", Type: Text, Doc: "the volume's ARN"},
		{Name: "availabilityZone", Type: Text, Doc: "the zone it stands in"},
	},
	ReplaceOn: []string{"zone", "kmsKey", "snapshotId"},
})

// Check keeps the rules over several fields.
func (e *EBS) Check(k *Checker) {
	e.Common.check(k)
	k.need("iops", e.IOPS != 0, e.Type == "io2", "an io2 disk has to know its operations per second")
	k.only("iops", e.IOPS != 0, e.Type == "io2" || e.Type == "gp3", "the disk is io2 or gp3")
	k.only("throughput", e.Throughput != 0, e.Type == "gp3", "the disk is gp3")
	switch {
	case (e.Type == "st1" || e.Type == "sc1") && (e.Size < 125 || e.Size > 16384):
		k.Errorf(CodeVolume, "size", "a disk of the type %s has 125 to 16384 GiB, not %d", e.Type, e.Size).WithHint("change size, or use gp3")
	case e.Type == "io2" && e.Size < 4:
		k.Errorf(CodeVolume, "size", "a disk of the type io2 has at least 4 GiB").WithHint("change size, or use gp3")
	case e.Type == "io2" && e.IOPS > e.Size*1000:
		k.Errorf(CodeVolume, "iops", "%d operations per second are more than 1000 per GiB", e.IOPS).WithHint("raise size to %d", (e.IOPS+999)/1000)
	}
	if e.Backup.EveryHours == 0 {
		k.Warnf(CodeBackup, "backup.everyHours", "there are no automatic snapshots").WithHint("write 24")
	}
	k.checkKey("kmsKey", e.KMSKey)
}
