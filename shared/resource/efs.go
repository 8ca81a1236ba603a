package resource

// EFS is a file system that many containers share.
type EFS struct {
	Common
	// generalPurpose is quick, maxIO serves very many clients more slowly
	PerformanceMode string `json:"performanceMode" jsonschema:"enum=generalPurpose,enum=maxIO"`
	// how much it reads and writes: as needed, by its size, or a fixed amount
	ThroughputMode string `json:"throughputMode" jsonschema:"enum=elastic,enum=bursting,enum=provisioned"`
	// MiB per second, with provisioned
	Throughput int `json:"throughput,omitempty" jsonschema:"minimum=1,maximum=3414"`
	// the KMS key of data, which is always encrypted; without it the environment's own, or AWS's
	KMSKey ARN `json:"kmsKey,omitempty"`
	// after how many days without use files move to cheaper storage; 0 leaves them
	InfrequentAccessDays int `json:"infrequentAccessDays" jsonschema:"enum=0,enum=1,enum=7,enum=14,enum=30,enum=60,enum=90,enum=180,enum=270,enum=365"`
	// takes backups every day and keeps them for 35 days
	Backup bool `json:"backup"`
	// folders with an owner of their own, for those who mount
	AccessPoints []AccessPoint `json:"accessPoints,omitempty" jsonschema:"maxItems=100"`
}

// AccessPoint is a folder with an owner of its own.
type AccessPoint struct {
	// the access point's name
	Name string `json:"name" jsonschema:"required,pattern=^[a-z][a-z0-9-]{0\\,62}$"`
	// the folder; it is made when it is not there
	Path string `json:"path" jsonschema:"required,pattern=^/,maxLength=100"`
	// the user that everything is done as
	UID int `json:"uid" jsonschema:"minimum=0,maximum=4294967295"`
	// the group that everything is done as
	GID int `json:"gid" jsonschema:"minimum=0,maximum=4294967295"`
	// the rights of the folder, in octal
	Permissions string `json:"permissions" jsonschema:"pattern=^[0-7]{3\\,4}$" jsonschema_extras:"scalar=true"`
}

// SetDefaults makes user and group 1000 the owner.
func (a *AccessPoint) SetDefaults() { a.UID, a.GID, a.Permissions = 1000, 1000, "750" }

// KindEFS is a file system that many containers share.
var KindEFS = register(Definition{
	Kind: "EFS", APIVersion: ComponentsV1, Family: Storage, Revision: 1, Networked: true, Stateful: true, NoSnapshot: true,
	Summary: "An EFS file system in all zones, encrypted and backed up, with access points.",
	New: func() Spec {
		return &EFS{Common: defaultCommon(Retain, 30*Minute), PerformanceMode: "generalPurpose", ThroughputMode: "elastic",
			InfrequentAccessDays: 30, Backup: true}
	},
	Outputs: []Output{
		{Name: "id", Type: Text, Doc: "the file system's id"},
		{Name: "arn", Type: Text, Doc: "the file system's ARN"},
		{Name: "dnsName", Type: Text, Doc: "the file system's host name"},
		{Name: "accessPointIds", Type: TextMap, Doc: "the ids of the access points, by name; only with accessPoints"},
		{Name: "securityGroupId", Type: Text, Doc: "its security group"},
	},
	ReplaceOn: []string{"performanceMode", "kmsKey"},
})

// Lacks says why the spec does not have one of its kind's outputs; empty when it has.
func (e *EFS) Lacks(output string) string {
	if output == "accessPointIds" && len(e.AccessPoints) == 0 {
		return "it has no accessPoints"
	}
	return ""
}

// Check keeps the rules over several fields.
func (e *EFS) Check(k *Checker) {
	e.Common.check(k)
	k.need("throughput", e.Throughput != 0, e.ThroughputMode == "provisioned", "throughputMode provisioned has to know how much")
	k.only("throughput", e.Throughput != 0, e.ThroughputMode == "provisioned", "throughputMode is provisioned")
	if e.PerformanceMode == "maxIO" && e.ThroughputMode == "elastic" {
		k.Errorf(CodeConflict, "performanceMode", "maxIO does not go with throughputMode elastic").WithHint("write generalPurpose")
	}
	names := make([]string, len(e.AccessPoints))
	for i, point := range e.AccessPoints {
		names[i] = point.Name
	}
	k.unique("accessPoints", ".name", names)
	k.checkKey("kmsKey", e.KMSKey)
}
