package provision

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/appautoscaling"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/msk"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

// mostBrokerSubnets is in how many subnets MSK puts brokers at the most.
const mostBrokerSubnets = 3

// serverlessKafka makes MSK Serverless.
func serverlessKafka(p *program, spec *resource.Kafka) error {
	net, err := p.network()
	if err != nil {
		return err
	}
	group, err := p.group(net.vpcID, "brokers "+p.order.Address.Short())
	if err != nil {
		return err
	}
	if err := p.admitPods(group.ID(), net, listensOn["Kafka"][0], listensOn["Kafka"][1]); err != nil {
		return err
	}
	name := p.name(maxRoleName, "")
	made, err := msk.NewServerlessCluster(p.Context, "brokers",
		&msk.ServerlessClusterArgs{ClusterName: pulumi.String(name),
			VpcConfigs: msk.ServerlessClusterVpcConfigArray{&msk.ServerlessClusterVpcConfigArgs{SubnetIds: texts(net.privateSubnets...),
				SecurityGroupIds: pulumi.StringArray{group.ID()}}},
			ClientAuthentication: &msk.ServerlessClusterClientAuthenticationArgs{Sasl: &msk.ServerlessClusterClientAuthenticationSaslArgs{
				Iam: &msk.ServerlessClusterClientAuthenticationSaslIamArgs{Enabled: pulumi.Bool(true)}}}}, p.guard(),
		p.patience())
	if err != nil {
		return err
	}
	p.output("bootstrapServers", made.BootstrapBrokersSaslIam)
	p.output("arn", made.Arn)
	p.output("name", made.ClusterName)
	p.output("securityGroupId", group.ID())
	p.topics(spec.Topics)
	return nil
}

// topics offers which topics there are, so that dependents get access to these alone. Kafka itself makes a topic when
// somebody with access first asks for it.
func (p *program) topics(topics []resource.Topic) {
	if len(topics) == 0 {
		return
	}
	access := pulumi.StringMap{}
	for _, topic := range topics {
		access[topic.Name] = pulumi.String(string(topic.Access))
	}
	p.output("topics", access)
}

func brokers(p *program, spec *resource.MSK) error {
	net, err := p.network()
	if err != nil {
		return err
	}
	group, err := p.group(net.vpcID, "brokers "+p.order.Address.Short())
	if err != nil {
		return err
	}
	if err := p.admitPods(group.ID(), net, listensOn["MSK"][0], listensOn["MSK"][1]); err != nil {
		return err
	}
	arguments, err := p.brokerArguments(spec, net, group)
	if err != nil {
		return err
	}
	options := []pulumi.ResourceOption{p.guard(), p.patience()}
	grows := arguments.BrokerNodeGroupInfo.(*msk.ClusterBrokerNodeGroupInfoArgs).StorageInfo != nil &&
		spec.Storage.MaxSize > spec.Storage.Size
	if grows {
		options = append(options, pulumi.IgnoreChanges([]string{"brokerNodeGroupInfo.storageInfo.ebsStorageInfo.volumeSize"}))
	}
	made, err := msk.NewCluster(p.Context, "brokers", arguments, options...)
	if err != nil {
		return err
	}
	if grows {
		if err := p.growingDisks(made, spec.Storage); err != nil {
			return err
		}
	}
	if err := p.brokerPasswords(made, spec.Authentication.SCRAMSecrets); err != nil {
		return err
	}
	if spec.Authentication.IAM {
		p.output("bootstrapServers", made.BootstrapBrokersSaslIam)
	}
	if len(spec.Authentication.SCRAMSecrets) > 0 {
		p.output("bootstrapServersScram", made.BootstrapBrokersSaslScram)
	}
	p.output("arn", made.Arn)
	p.output("name", made.ClusterName)
	p.output("securityGroupId", group.ID())
	p.topics(spec.Topics)
	return p.brokerAlarms(p.name(maxRoleName, ""), spec.BrokersPerZone*len(brokerSubnets(net)))
}

func brokerSubnets(net network) []string {
	return net.privateSubnets[:min(len(net.privateSubnets), mostBrokerSubnets)]
}

func (p *program) brokerArguments(spec *resource.MSK, net network, group *ec2.SecurityGroup) (*msk.ClusterArgs, error) {
	log, err := p.logGroup("log", "/deployer/"+p.order.Address.String(), spec.LogRetention)
	if err != nil {
		return nil, err
	}
	subnets := brokerSubnets(net)
	machines := &msk.ClusterBrokerNodeGroupInfoArgs{InstanceType: pulumi.String(spec.InstanceType),
		ClientSubnets:  texts(subnets...),
		SecurityGroups: pulumi.StringArray{group.ID()}}
	if !strings.HasPrefix(spec.InstanceType, "express.") { // those bring their storage along
		machines.StorageInfo = &msk.ClusterBrokerNodeGroupInfoStorageInfoArgs{
			EbsStorageInfo: &msk.ClusterBrokerNodeGroupInfoStorageInfoEbsStorageInfoArgs{VolumeSize: pulumi.Int(spec.Storage.Size)}}
	}
	arguments := &msk.ClusterArgs{
		ClusterName: pulumi.String(p.name(maxRoleName, "")), KafkaVersion: pulumi.String(spec.Version),
		NumberOfBrokerNodes: pulumi.Int(spec.BrokersPerZone * len(subnets)), BrokerNodeGroupInfo: machines,
		EnhancedMonitoring: pulumi.String(spec.Monitoring),
		EncryptionInfo: &msk.ClusterEncryptionInfoArgs{EncryptionAtRestKmsKeyArn: p.key(spec.KMSKey),
			EncryptionInTransit: &msk.ClusterEncryptionInfoEncryptionInTransitArgs{ClientBroker: pulumi.String("TLS"),
				InCluster: pulumi.Bool(true)}},
		ClientAuthentication: &msk.ClusterClientAuthenticationArgs{Unauthenticated: pulumi.Bool(false),
			Sasl: &msk.ClusterClientAuthenticationSaslArgs{
				Iam:   pulumi.Bool(spec.Authentication.IAM),
				Scram: pulumi.Bool(len(spec.Authentication.SCRAMSecrets) > 0)}},
		LoggingInfo: &msk.ClusterLoggingInfoArgs{BrokerLogs: &msk.ClusterLoggingInfoBrokerLogsArgs{
			CloudwatchLogs: &msk.ClusterLoggingInfoBrokerLogsCloudwatchLogsArgs{Enabled: pulumi.Bool(true),
				LogGroup: log.Name}}},
	}
	if len(spec.Configuration) > 0 {
		var lines []string
		for _, name := range sortedKeys(spec.Configuration) {
			lines = append(lines, name+"="+spec.Configuration[name])
		}
		// A configuration belongs to one version of Kafka, so the version is part of its name.
		configuration, err := msk.NewConfiguration(p.Context, "configuration", &msk.ConfigurationArgs{
			Name: pulumi.String(p.name(maxLongName, "", spec.Version)), KafkaVersions: texts(spec.Version),
			ServerProperties: pulumi.String(strings.Join(lines, "\n") + "\n"),
			Description:      pulumi.String("configuration of " + p.order.Address.Short())})
		if err != nil {
			return nil, err
		}
		arguments.ConfigurationInfo = &msk.ClusterConfigurationInfoArgs{Arn: configuration.Arn,
			Revision: configuration.LatestRevision}
	}
	return arguments, nil
}

// growingDisks lets the brokers' disks grow before they are full; MSK cannot make them smaller again.
func (p *program) growingDisks(of *msk.Cluster, storage resource.BrokerStorage) error {
	target, err := appautoscaling.NewTarget(p.Context, "storage",
		&appautoscaling.TargetArgs{ServiceNamespace: pulumi.String("kafka"), ResourceId: of.Arn,
			ScalableDimension: pulumi.String("kafka:broker-storage:VolumeSize"), MinCapacity: pulumi.Int(1),
			MaxCapacity: pulumi.Int(storage.MaxSize)})
	if err != nil {
		return err
	}
	const fullEnough = 70 // percent
	configuration := predefined("KafkaBrokerStorageUtilization", nil)
	configuration.TargetValue, configuration.DisableScaleIn = pulumi.Float64(fullEnough), pulumi.Bool(true)
	_, err = appautoscaling.NewPolicy(p.Context, "storage",
		&appautoscaling.PolicyArgs{Name: pulumi.String(p.name(maxLongName, "storage")),
			PolicyType: pulumi.String("TargetTrackingScaling"), ResourceId: target.ResourceId,
			ScalableDimension: target.ScalableDimension,
			ServiceNamespace:  target.ServiceNamespace, TargetTrackingScalingPolicyConfiguration: configuration})
	return err
}

// brokerPasswords lets those sign in whose names and passwords the secrets hold.
func (p *program) brokerPasswords(of *msk.Cluster, secrets []resource.Input) error {
	if len(secrets) == 0 {
		return nil
	}
	arns := make([]string, len(secrets))
	for i, secret := range secrets {
		arn, err := p.wholeSecretARN(secret)
		if err != nil {
			return err
		}
		arns[i] = arn
	}
	_, err := msk.NewScramSecretAssociation(p.Context, "passwords", &msk.ScramSecretAssociationArgs{ClusterArn: of.Arn,
		SecretArnLists: texts(arns...)})
	return err
}

func (p *program) brokerAlarms(cluster string, count int) error {
	all := []alarm{{name: "partitions", about: "partitions that cannot be reached", namespace: "AWS/Kafka",
		metric:     "OfflinePartitionsCount",
		dimensions: pulumi.StringMap{"Cluster Name": pulumi.String(cluster)}, statistic: "Maximum",
		fixed: new(float64)}}
	numbers := make([]string, count)
	for i := range numbers {
		numbers[i] = fmt.Sprint(i + 1)
	}
	all = append(all, busiestAlarms("storage", "the use of the disk", "freeStorage", "AWS/Kafka",
		"KafkaDataLogsDiskUsed", numbers, func(broker string) pulumi.StringMap {
			return pulumi.StringMap{"Cluster Name": pulumi.String(cluster), "Broker ID": pulumi.String(broker)}
		})...)
	for i := range all[1:] {
		all[1+i].remainder = true
	}
	return p.alarms(all...)
}
