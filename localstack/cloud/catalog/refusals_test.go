package catalog

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/cloud/world"
)

func TestWhatAWSRefuses(t *testing.T) {
	b := newBench(t)
	b.all()
	for sentence, c := range map[string]struct{ is, inputs, refusal string }{
		"a bucket of ours exists already":                    {"s3.Bucket", `{"bucket":"@bucket"}`, "BucketAlreadyOwnedByYou"},
		"a queue of that name exists with other attributes":  {"sqs.Queue", `{"name":"@queue.name","visibilityTimeoutSeconds":1}`, "QueueAlreadyExists"},
		"a database of that name exists":                     {"rds.Instance", `{"identifier":"@db.identifier","engine":"postgres","instanceClass":"db.t4g.micro","allocatedStorage":20,"username":"a","manageMasterUserPassword":true}`, "DBInstanceAlreadyExists"},
		"a role of that name exists":                         {"iam.Role", `{"name":"@role.name","assumeRolePolicy":"{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sts:AssumeRole\"}]}"}`, "EntityAlreadyExists"},
		"a subnet in a VPC that does not exist":              {"ec2.Subnet", `{"vpcId":"vpc-0123","cidrBlock":"10.0.0.0/24"}`, "InvalidVpcID.NotFound"},
		"a subnet that overlaps another":                     {"ec2.Subnet", `{"vpcId":"@vpc","cidrBlock":"10.0.1.0/24"}`, "InvalidSubnet.Conflict"},
		"a subnet outside of its VPC":                        {"ec2.Subnet", `{"vpcId":"@vpc","cidrBlock":"10.9.0.0/24"}`, "InvalidSubnet.Range"},
		"a service of a task definition that does not exist": {"ecs.Service", `{"cluster":"@cluster","taskDefinition":"nobody:1","desiredCount":1}`, "TaskDefinition not found"},
		"a load balancer in one zone":                        {"lb.LoadBalancer", `{"subnets":["@subnetA"]}`, "two subnets in two different Availability Zones"},
		"a TLS listener without a certificate":               {"lb.Listener", `{"loadBalancerArn":"@balancer","port":8443,"protocol":"HTTPS","defaultActions":[{"type":"forward","targetGroupArn":"@targets"}]}`, "A certificate must be specified"},
		"a second listener on a port":                        {"lb.Listener", `{"loadBalancerArn":"@balancer","port":80,"defaultActions":[{"type":"forward","targetGroupArn":"@targets"}]}`, "DuplicateListener"},
		"a dead-letter queue that does not exist":            {"sqs.Queue", `{"redrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:eu-west-1:123456789012:none\",\"maxReceiveCount\":1}"}`, "Dead letter target does not exist"},
		"a replication without versioning":                   {"s3.BucketReplicationConfig", `{"bucket":"@unversioned","role":"@role.arn","rules":[]}`, "Versioning must be 'Enabled'"},
		"an alarm clock for a service that is not there":     {"appautoscaling.Target", `{"minCapacity":1,"maxCapacity":2,"resourceId":"service/@cluster.name/none","scalableDimension":"ecs:service:DesiredCount","serviceNamespace":"ecs"}`, "ECS service doesn't exist"},
		"a record that exists":                               {"route53.Record", `{"zoneId":"@zone","name":"www.example.com","type":"A","ttl":60,"records":["192.0.2.1"]}`, "but it already exists"},
		"a trail to a bucket without a policy":               {"cloudtrail.Trail", `{"s3BucketName":"@unversioned"}`, "InsufficientS3BucketPolicyException"},
		"a second detector":                                  {"guardduty.Detector", `{}`, "a detector already exists"},
		"a service whose load balancer names no container":   {"ecs.Service", `{"cluster":"@cluster","taskDefinition":"@task.arn","launchType":"FARGATE","networkConfiguration":{"subnets":["@subnetA"]},"loadBalancers":[{"targetGroupArn":"@targets","containerName":"other","containerPort":8080}]}`, "The container other does not exist"},
		"a Fargate service without a network":                {"ecs.Service", `{"cluster":"@cluster","taskDefinition":"@task.arn","launchType":"FARGATE"}`, "Network Configuration must be provided"},
	} {
		t.Run(sentence, func(t *testing.T) {
			if b.made["unversioned"] == nil {
				b.make("unversioned", "s3.Bucket", `{}`)
			}
			before := b.count()
			err := b.try("refused", c.is, c.inputs)
			require.ErrorContains(t, err, c.refusal)
			var refused *APIError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, before, b.count(), "a refused call leaves nothing")
		})
	}
}

func (b *bench) count() (n int) {
	require.NoError(b, b.world.View(func(tx *world.Tx) error { n = len(tx.All()); return nil }))
	return n
}

func TestWhatAWSDoesNotLetGo(t *testing.T) {
	b := newBench(t)
	b.all()
	b.make("protected", "rds.Instance", `{"engine":"postgres","instanceClass":"db.t4g.micro","allocatedStorage":20,"username":"a","manageMasterUserPassword":true,"deletionProtection":true}`)
	b.make("kept", "rds.Instance", `{"engine":"postgres","instanceClass":"db.t4g.micro","allocatedStorage":20,"username":"a","manageMasterUserPassword":true}`)
	b.make("guarded", "dynamodb.Table", `{"billingMode":"PAY_PER_REQUEST","hashKey":"pk","attributes":[{"name":"pk","type":"S"}],"deletionProtectionEnabled":true}`)
	b.make("filled", "s3.Bucket", `{}`)
	b.make("content", "s3.BucketObjectv2", `{"bucket":"@filled","key":"a","content":"b"}`)
	b.make("front", "lb.LoadBalancer", `{"subnets":["@subnetA","@subnetB"],"enableDeletionProtection":true}`)
	for sentence, c := range map[string]struct{ name, refusal string }{
		"a VPC with subnets":                      {"vpc", "DependencyViolation"},
		"a subnet that a load balancer is in":     {"subnetA", "DependencyViolation"},
		"a security group that a database uses":   {"group", "DependencyViolation"},
		"a target group of a listener":            {"targets", "ResourceInUse"},
		"a cluster with services":                 {"cluster", "ClusterContainsServicesException"},
		"a role with policies":                    {"role", "DeleteConflict"},
		"a database that is protected":            {"protected", "Cannot delete protected DB Instance"},
		"a database without a final snapshot":     {"kept", "final_snapshot_identifier is required"},
		"a table that is protected":               {"guarded", "protected against deletion"},
		"a bucket that is not empty":              {"filled", "BucketNotEmpty"},
		"a load balancer that is protected":       {"front", "deletion protection is enabled"},
		"a database's subnet group":               {"dbSubnets", "InvalidDBSubnetGroupStateFault"},
		"a cluster with database instances":       {"aurora", "InvalidDBClusterStateFault"},
		"a certificate of a listener":             {"certificate", "ResourceInUseException"},
		"a hosted zone with records":              {"zone", "HostedZoneNotEmpty"},
		"a plan with selections":                  {"backupPlan", "InvalidRequestException"},
		"a namespace with services":               {"namespace", "ResourceInUse"},
		"a web ACL that protects a load balancer": {"acl", "WAFAssociatedItemException"},
		"an internet gateway that is attached":    {"igw", "DependencyViolation"},
	} {
		t.Run(sentence, func(t *testing.T) {
			before := b.count()
			require.ErrorContains(t, b.remove(c.name), c.refusal)
			require.Equal(t, before, b.count())
		})
	}
}

func TestWhatTheProviderFindsWrongWithInputs(t *testing.T) {
	b := newBench(t)
	for sentence, c := range map[string]struct{ is, inputs, property, reason string }{
		"what is required is missing":       {"ec2.Subnet", `{}`, "vpcId", `The argument "vpc_id" is required`},
		"an input that is misspelled":       {"sqs.Queue", `{"visibilityTimeoutSecond":1}`, "visibilityTimeoutSecond", `Did you mean "visibilityTimeoutSeconds"?`},
		"an output cannot be set":           {"sqs.Queue", `{"arn":"x"}`, "arn", "Invalid or unknown key"},
		"a text where a list belongs":       {"rds.SubnetGroup", `{"subnetIds":"a"}`, "subnetIds", "to be a list"},
		"a value that is none of those":     {"dynamodb.Table", `{"billingMode":"FREE","hashKey":"a","attributes":[{"name":"a","type":"S"}]}`, "billingMode", "PAY_PER_REQUEST"},
		"an attribute that nobody indexes":  {"dynamodb.Table", `{"billingMode":"PAY_PER_REQUEST","hashKey":"a","attributes":[{"name":"a","type":"S"},{"name":"b","type":"S"}]}`, "attributes", "all attributes must be indexed"},
		"a size that Fargate does not have": {"ecs.TaskDefinition", `{"family":"a","cpu":"256","memory":"4096","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],"containerDefinitions":"[{\"name\":\"a\",\"image\":\"b\"}]"}`, "cpu", "No Fargate configuration exists"},
		"containers that are no JSON":       {"ecs.TaskDefinition", `{"family":"a","containerDefinitions":"nothing"}`, "containerDefinitions", "is invalid"},
		"a policy that is no JSON":          {"iam.Policy", `{"policy":"nothing"}`, "policy", "invalid JSON"},
		"a name that S3 does not take":      {"s3.Bucket", `{"bucket":"Not_A_Bucket"}`, "bucket", "InvalidBucketName"},
		"a FIFO queue without its ending":   {"sqs.Queue", `{"name":"a","fifoQueue":true}`, "name", ".fifo"},
		"a function without code":           {"lambda.Function", `{"role":"r","handler":"a","runtime":"go"}`, "code", "must be specified"},
		"a retention that Logs cannot keep": {"cloudwatch.LogGroup", `{"retentionInDays":2}`, "retentionInDays", "expected retention_in_days to be one of"},
		"two ways to give a password":       {"rds.Instance", `{"engine":"postgres","instanceClass":"db.t4g.micro","allocatedStorage":20,"username":"a","password":"b","manageMasterUserPassword":true}`, "password", "conflicts with"},
		"a load balancer's name too long":   {"lb.LoadBalancer", `{"name":"abcdefghijklmnopqrstuvwxyzabcdefghij","subnets":["a"]}`, "name", "cannot be longer than 32"},
	} {
		t.Run(sentence, func(t *testing.T) {
			_, failures := b.check("wrong", c.is, c.inputs)
			for _, f := range failures {
				if f.Property == c.property {
					require.Contains(t, f.Reason, c.reason)
					return
				}
			}
			t.Fatalf("no failure of %s among %v", c.property, failures)
		})
	}
}

func TestWhichChangesReplace(t *testing.T) {
	b := newBench(t)
	b.all()
	for sentence, c := range map[string]struct {
		name, inputs string
		replacing    []string
		deleteFirst  bool
	}{
		"a queue's timeout changes in place":           {"queue", `{"visibilityTimeoutSeconds":90,"sqsManagedSseEnabled":true,"redrivePolicy":"{\"deadLetterTargetArn\":\"@dead.arn\",\"maxReceiveCount\":5}"}`, nil, false},
		"a VPC's block replaces it":                    {"vpc", `{"cidrBlock":"10.1.0.0/16","enableDnsHostnames":true,"tags":{"Name":"main"}}`, []string{"cidrBlock"}, false},
		"a table's key replaces it beside the old one": {"table", `{"billingMode":"PAY_PER_REQUEST","hashKey":"id","attributes":[{"name":"id","type":"S"}]}`, []string{"hashKey", "rangeKey"}, false},
		"another region replaces":                      {"topic", `{"kmsMasterKeyId":"alias/aws/sns","region":"eu-central-1"}`, []string{"region"}, false},
		"a new revision of a task definition":          {"task", `{"family":"web","cpu":"512","memory":"1024","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],"executionRoleArn":"@role.arn","containerDefinitions":"[{\"name\":\"web\",\"image\":\"nginx\",\"portMappings\":[{\"containerPort\":8080}]}]"}`, []string{"cpu", "memory"}, false},
		"a secret's value is a new version of it":      {"secretVersion", `{"secretId":"@secret","secretString":"other"}`, []string{"secretString"}, false},
		"a launch type with a name that is given":      {"named", `{"name":"named","cluster":"@cluster","taskDefinition":"@task.arn","launchType":"EC2","networkConfiguration":{"subnets":["@subnetA"]}}`, []string{"launchType"}, true},
		"a listener's load balancer":                   {"listener", `{"loadBalancerArn":"@network","port":80,"protocol":"HTTP","defaultActions":[{"type":"forward","targetGroupArn":"@targets"}]}`, []string{"loadBalancerArn"}, false},
		"the broker's subnets, inside of an object":    {"kafka", `{"kafkaVersion":"3.6.0","numberOfBrokerNodes":2,"brokerNodeGroupInfo":{"instanceType":"kafka.t3.small","clientSubnets":["@subnetA","@subnetC"],"securityGroups":["@group"]},"configurationInfo":{"arn":"@kafkaConfig","revision":1},"clientAuthentication":{"sasl":{"iam":true,"scram":true}}}`, []string{"brokerNodeGroupInfo.clientSubnets[1]"}, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			if b.made["named"] == nil {
				b.make("named", "ecs.Service", `{"name":"named","cluster":"@cluster","taskDefinition":"@task.arn","launchType":"FARGATE","networkConfiguration":{"subnets":["@subnetA"]}}`)
			}
			s := b.made[c.name]
			wanted, failures := b.check(c.name, s.typ.Is, c.inputs)
			require.Empty(t, failures)
			diff := s.typ.Compare(b.place, b.state(s), wanted.inputs, nil)
			require.NotEmpty(t, diff.Differences)
			require.Equal(t, c.replacing, diff.Replacing)
			require.Equal(t, c.deleteFirst, diff.DeleteFirst)
		})
	}
}

func TestADeletedSecretKeepsItsNameUntilItCannotBeRecovered(t *testing.T) {
	b := newBench(t)
	b.make("first", "secretsmanager.Secret", `{"name":"app","recoveryWindowInDays":7}`)
	require.NoError(t, b.remove("first"))
	require.ErrorContains(t, b.try("second", "secretsmanager.Secret", `{"name":"app"}`), "scheduled for deletion")
	b.now = b.now.AddDate(0, 0, 8)
	b.make("third", "secretsmanager.Secret", `{"name":"app"}`)
}

func TestANewSecretVersionTakesTheStageFromTheOldOne(t *testing.T) {
	b := newBench(t)
	b.make("secret", "secretsmanager.Secret", `{}`)
	b.make("old", "secretsmanager.SecretVersion", `{"secretId":"@secret","secretString":"a"}`)
	b.make("new", "secretsmanager.SecretVersion", `{"secretId":"@secret","secretString":"b"}`)
	require.Equal(t, list{"AWSPREVIOUS"}, b.state(b.made["old"])["versionStages"])
	require.Equal(t, list{"AWSCURRENT"}, b.state(b.made["new"])["versionStages"])
}

func TestTheMasterPasswordThatRDSManagesIsASecretThatGoesWithTheDatabase(t *testing.T) {
	b := newBench(t)
	b.make("db", "rds.Instance", `{"engine":"postgres","instanceClass":"db.t4g.micro","allocatedStorage":20,"username":"a","manageMasterUserPassword":true,"finalSnapshotIdentifier":"last"}`)
	arn := b.resolve("@db.masterUserSecrets.0.secretArn")
	secrets := func() (found []*world.Record) {
		require.NoError(t, b.world.View(func(tx *world.Tx) error { found = tx.OfType(token("secretsmanager.Secret")); return nil }))
		return found
	}
	require.Len(t, secrets(), 1)
	require.Equal(t, arn, secrets()[0].ID)
	require.NoError(t, b.remove("db"))
	require.Empty(t, secrets())
	require.NoError(t, b.world.View(func(tx *world.Tx) error {
		require.NotNil(t, b.place.Lookup(tx, "rds.Snapshot", "last"), "the final snapshot stays")
		return nil
	}))
}
