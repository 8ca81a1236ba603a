// Package settings is what a team says about its installation: deployer.config.yaml or the context of cdk.json goes in,
// checked settings come out, or every mistake at once with its path and what to write instead.
package settings

// Settings describe all installations of one team.
type Settings struct {
	Company      string        `yaml:"company"` // lower case, part of the buckets' names
	Environments []Environment `yaml:"environments"`
}

// Environment is one installation: everything of it lives in one account and region.
type Environment struct {
	Name    string `yaml:"name"`
	Account string `yaml:"account"` // twelve digits
	Region  string `yaml:"region"`

	// The names of what is stored. An account and region can hold several environments if their names differ.
	StateBucket string `yaml:"stateBucket"` // default {company}-deployer-state
	LockTable   string `yaml:"lockTable"`   // default deployer-state-locks

	RetentionDays    int         `yaml:"retentionDays"`    // of bundles and old versions of everything else; default 90
	LogRetentionDays int         `yaml:"logRetentionDays"` // one of the values that CloudWatch Logs knows; default 90
	ObjectLock       *ObjectLock `yaml:"objectLock"`       // only at the first deployment: a bucket cannot change it later
	Replica          *Replica    `yaml:"replica"`

	Network  Network  `yaml:"network"`
	Executor Executor `yaml:"executor"`

	// Boundary is the ARN of a permissions boundary that the account already has; without it one is created.
	Boundary string `yaml:"boundary"`
	// Qualifier is that of the CDK bootstrap stack; default hnb659fds.
	Qualifier string `yaml:"qualifier"`
	// ReserveConcurrency keeps one Lambda execution for the keeper and few for the public endpoint; default true. A new
	// account's quota of ten concurrent executions does not allow any reservation.
	ReserveConcurrency *bool `yaml:"reserveConcurrency"`

	Notifications Notifications `yaml:"notifications"`
	Approval      Approval      `yaml:"approval"`
	Budget        *Budget       `yaml:"budget"`
}

// ObjectLock is the default retention that S3 puts on every version.
type ObjectLock struct {
	Mode string `yaml:"mode"` // GOVERNANCE or COMPLIANCE
	Days int    `yaml:"days"`
}

// Replica is a copy of the state bucket in another region.
type Replica struct {
	Region string `yaml:"region"`
	Bucket string `yaml:"bucket"` // default {stateBucket}-replica
}

// Network is where the executor's tasks run: a VPC of its own, or one that is there.
type Network struct {
	CIDR        string   `yaml:"cidr"`        // default 10.90.0.0/16
	Zones       []string `yaml:"zones"`       // default the region's a, b and c
	NATGateways *int     `yaml:"natGateways"` // 1 to the number of zones; default 1
	// InterfaceEndpoints are services, such as ecr.api or logs, that tasks reach without the NAT gateway. Default none.
	InterfaceEndpoints []string `yaml:"interfaceEndpoints"`
	VPC                *VPC     `yaml:"vpc"`
}

// VPC is a network that is there. Its subnets must reach AWS's APIs.
type VPC struct {
	ID      string   `yaml:"id"`
	Subnets []string `yaml:"subnets"`
}

// Executor sizes the Fargate task.
type Executor struct {
	Image   string `yaml:"image"`   // an image URI; without it the image is built from cmd/executor/Dockerfile
	CPU     int    `yaml:"cpu"`     // units, 1024 to a vCPU; default 1024
	Memory  int    `yaml:"memory"`  // MiB; default 2048
	DiskGiB int    `yaml:"diskGiB"` // 21 to 200; default 21
}

// Notifications says who is told.
type Notifications struct {
	Emails []string `yaml:"emails"`
	// SlackSecret is the ARN of the Secrets Manager secret that holds the webhook's URL.
	SlackSecret string `yaml:"slackSecret"`
}

// Approval says how people approve besides the CLI and the console.
type Approval struct {
	Endpoint bool `yaml:"endpoint"` // a public HTTPS endpoint for signed, single-use links
}

// Budget is the monthly cost of everything that bears the environment's tag.
type Budget struct {
	MonthlyUSD int `yaml:"monthlyUsd"`
}

// Reserves says whether concurrency is reserved.
func (e Environment) Reserves() bool { return e.ReserveConcurrency == nil || *e.ReserveConcurrency }

// Partition is the partition of a region.
func Partition(region string) string {
	switch {
	case len(region) > 3 && region[:3] == "cn-":
		return "aws-cn"
	case len(region) > 7 && region[:7] == "us-gov-":
		return "aws-us-gov"
	}
	return "aws"
}
