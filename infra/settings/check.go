package settings

import (
	"fmt"
	"net/mail"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// Mistakes are all that is wrong with the settings of one source.
type Mistakes struct {
	Source string
	List   []string // each "path: what is wrong and what to write"
}

func (m *Mistakes) Error() string {
	return m.Source + ":\n  " + strings.Join(m.List, "\n  ")
}

var (
	companyName     = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,30}[a-z0-9]$`)
	environmentName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,18}[a-z0-9]$`)
	accountNumber   = regexp.MustCompile(`^[0-9]{12}$`)
	regionName      = regexp.MustCompile(`^[a-z]{2}(-gov)?-[a-z]+-[0-9]$`) // of the partitions that Partition knows
	bucketName      = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)
	tableName       = regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`)
	policyARN       = regexp.MustCompile(`^arn:[a-z-]+:iam::([0-9]{12}):policy/.+$`)
	secretARN       = regexp.MustCompile(`^arn:[a-z-]+:secretsmanager:([a-z0-9-]+):([0-9]{12}):secret:.+$`)
	vpcID           = regexp.MustCompile(`^vpc-[0-9a-f]{8,17}$`)
	subnetID        = regexp.MustCompile(`^subnet-[0-9a-f]{8,17}$`)
	serviceName     = regexp.MustCompile(`^[a-z0-9.-]+$`)
	qualifierName   = regexp.MustCompile(`^[a-z0-9]{1,10}$`)
)

// LogRetentions are the retentions in days that CloudWatch Logs accepts (its API's PutRetentionPolicy).
var LogRetentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// fargateMemory lists, for each CPU size of Fargate on Linux, the least and the most memory and its step, in MiB.
var fargateMemory = map[int][3]int{
	256: {512, 2048, 512}, 512: {1024, 4096, 1024}, 1024: {2048, 8192, 1024}, 2048: {4096, 16384, 1024},
	4096: {8192, 30720, 1024}, 8192: {16384, 61440, 4096}, 16384: {32768, 122880, 8192},
}

// longestStateBucket leaves room for -logs in the 63 characters of a bucket's name.
const longestStateBucket = 58

type checker struct {
	path     string
	mistakes []string
}

func (c *checker) want(ok bool, field, format string, arguments ...any) {
	if !ok {
		c.mistakes = append(c.mistakes, c.path+field+": "+fmt.Sprintf(format, arguments...))
	}
}

func (s Settings) check() []string {
	c := &checker{}
	c.want(companyName.MatchString(s.Company), "company",
		"%q: write 3 to 32 lower-case letters, digits and hyphens; it becomes part of bucket names", s.Company)
	c.want(len(s.Environments) > 0, "environments", "there is none: name at least one with its account and region")
	for i, environment := range s.Environments {
		c.path = fmt.Sprintf("environments[%d].", i)
		environment.check(c)
		for j, other := range s.Environments[:i] {
			c.apart(environment, other, j)
		}
	}
	return c.mistakes
}

// apart checks what two environments may not share: names, buckets (unique in all of AWS), tables of one region.
func (c *checker) apart(e, other Environment, index int) {
	where := fmt.Sprintf("environments[%d] (%s)", index, other.Name)
	c.want(e.Name != other.Name, "name", "%q is also the name of environments[%d]", e.Name, index)
	c.want(e.StateBucket != other.StateBucket, "stateBucket",
		"%q is also that of %s; bucket names are unique, so set stateBucket in one of them", e.StateBucket, where)
	if e.Account == other.Account && e.Region == other.Region {
		c.want(e.LockTable != other.LockTable, "lockTable",
			"%q is also that of %s in the same account and region; set lockTable in one of them", e.LockTable, where)
	}
}

func (e Environment) check(c *checker) {
	c.want(environmentName.MatchString(e.Name), "name",
		"%q: write 2 to 20 lower-case letters, digits and hyphens, beginning with a letter", e.Name)
	c.want(accountNumber.MatchString(e.Account), "account",
		"%q: write the twelve digits in quotes, so that YAML keeps leading zeros", e.Account)
	c.want(regionName.MatchString(e.Region), "region",
		"%q is not the name of a region, such as eu-west-1, of AWS, AWS China or AWS GovCloud", e.Region)
	c.want(bucketName.MatchString(e.StateBucket) && len(e.StateBucket) <= longestStateBucket, "stateBucket",
		"%q: write 3 to %d lower-case letters, digits and hyphens; the bucket of its access logs is called so with -logs behind it",
		e.StateBucket, longestStateBucket)
	c.want(tableName.MatchString(e.LockTable), "lockTable", "%q is not a table name", e.LockTable)
	c.want(qualifierName.MatchString(e.Qualifier), "qualifier", "%q: write up to ten letters and digits", e.Qualifier)
	c.want(e.RetentionDays >= 1 && e.RetentionDays <= 3650, "retentionDays", "%d: write 1 to 3650", e.RetentionDays)
	c.want(slices.Contains(LogRetentions, e.LogRetentionDays), "logRetentionDays",
		"%d is not one that CloudWatch Logs knows: %v", e.LogRetentionDays, LogRetentions)
	c.want(e.Budget == nil || e.Budget.MonthlyUSD > 0, "budget.monthlyUsd", "write an amount above zero")
	if e.Boundary != "" {
		match := policyARN.FindStringSubmatch(e.Boundary)
		c.want(match != nil && (match[1] == e.Account || match[1] == ""), "boundary",
			"%q is not the ARN of a policy of account %s", e.Boundary, e.Account)
	}
	e.checkStorage(c)
	e.Network.check(c, e.Region)
	e.Executor.check(c)
	e.Notifications.check(c, e)
}

func (e Environment) checkStorage(c *checker) {
	if e.ObjectLock != nil {
		c.want(e.ObjectLock.Mode == "GOVERNANCE" || e.ObjectLock.Mode == "COMPLIANCE", "objectLock.mode",
			"%q: write GOVERNANCE, or COMPLIANCE if nobody at all may shorten it", e.ObjectLock.Mode)
		c.want(e.ObjectLock.Days >= 1 && e.ObjectLock.Days <= e.RetentionDays, "objectLock.days",
			"%d: write 1 to retentionDays (%d)", e.ObjectLock.Days, e.RetentionDays)
	}
	if e.Replica != nil {
		c.want(regionName.MatchString(e.Replica.Region) && e.Replica.Region != e.Region, "replica.region",
			"%q: write another region than %s", e.Replica.Region, e.Region)
		c.want(bucketName.MatchString(e.Replica.Bucket) && e.Replica.Bucket != e.StateBucket, "replica.bucket",
			"%q is not the name of another bucket", e.Replica.Bucket)
	}
}

func (n Network) check(c *checker, region string) {
	if n.VPC != nil {
		c.want(vpcID.MatchString(n.VPC.ID), "network.vpc.id", "%q is not the id of a VPC", n.VPC.ID)
		c.want(len(n.VPC.Subnets) > 0, "network.vpc.subnets", "name at least one subnet that reaches AWS's APIs")
		for i, subnet := range n.VPC.Subnets {
			c.want(subnetID.MatchString(subnet), fmt.Sprintf("network.vpc.subnets[%d]", i), "%q is not the id of a subnet", subnet)
		}
		c.want(len(n.InterfaceEndpoints) == 0, "network.interfaceEndpoints", "endpoints of a given VPC are its owner's; leave them out")
		return
	}
	prefix, err := netip.ParsePrefix(n.CIDR)
	c.want(err == nil && prefix.Addr().Is4() && prefix.Bits() >= 16 && prefix.Bits() <= 24, "network.cidr",
		"%q: write an IPv4 block between /16 and /24", n.CIDR)
	for i, zone := range n.Zones {
		c.want(strings.HasPrefix(zone, region) && len(zone) > len(region), fmt.Sprintf("network.zones[%d]", i),
			"%q is not a zone of %s", zone, region)
	}
	c.want(*n.NATGateways >= 1 && *n.NATGateways <= len(n.Zones), "network.natGateways",
		"%d: write 1 to %d, the number of zones; IAM and CloudFront are reached through it", *n.NATGateways, len(n.Zones))
	for i, service := range n.InterfaceEndpoints {
		c.want(serviceName.MatchString(service), fmt.Sprintf("network.interfaceEndpoints[%d]", i),
			"%q: write a service as in com.amazonaws.REGION.SERVICE, such as ecr.api", service)
	}
}

func (x Executor) check(c *checker) {
	memory, ok := fargateMemory[x.CPU]
	c.want(ok, "executor.cpu", "%d: Fargate has 256, 512, 1024, 2048, 4096, 8192 and 16384", x.CPU)
	c.want(!ok || x.Memory >= memory[0] && x.Memory <= memory[1] && x.Memory%memory[2] == 0, "executor.memory",
		"%d: with cpu %d Fargate has %d to %d in steps of %d", x.Memory, x.CPU, memory[0], memory[1], memory[2])
	c.want(x.DiskGiB >= 21 && x.DiskGiB <= 200, "executor.diskGiB", "%d: write 21 to 200", x.DiskGiB)
	c.want(!strings.ContainsAny(x.Image, " \t\n"), "executor.image", "%q is not an image URI", x.Image)
}

func (n Notifications) check(c *checker, e Environment) {
	for i, address := range n.Emails {
		_, err := mail.ParseAddress(address)
		c.want(err == nil, fmt.Sprintf("notifications.emails[%d]", i), "%q is not an e-mail address", address)
	}
	if n.SlackSecret != "" {
		match := secretARN.FindStringSubmatch(n.SlackSecret)
		c.want(match != nil && match[1] == e.Region && match[2] == e.Account, "notifications.slackSecret",
			"%q: write the ARN of a Secrets Manager secret of account %s in %s; the URL itself never stands here",
			n.SlackSecret, e.Account, e.Region)
	}
}
