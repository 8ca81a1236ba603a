package catalog

import (
	"fmt"
	"sort"
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud/property"
)

func streams() []Type {
	const arn = "arn:{partition}:kafka:{region}:{account}:"
	return []Type{
		{
			Is:      "msk.Cluster",
			ID:      "{arn}",
			NameIn:  "clusterName",
			NameMax: 64,
			Settles: 1200e9,
			Renewed: "currentVersion",
			Replace: "clusterName brokerNodeGroupInfo.azDistribution brokerNodeGroupInfo.clientSubnets brokerNodeGroupInfo.securityGroups " +
				"encryptionInfo.encryptionAtRestKmsKeyArn encryptionInfo.encryptionInTransit.inCluster",
			Defaults: object{"enhancedMonitoring": "DEFAULT"},
			Enums: map[string]string{
				"enhancedMonitoring": "DEFAULT PER_BROKER PER_TOPIC_PER_BROKER PER_TOPIC_PER_PARTITION",
				"storageMode":        "LOCAL TIERED",
			},
			Outputs: object{
				"arn": arn + "cluster/{clusterName}/{clusterUuid}", "clusterUuid": "{uuid}-7", "currentVersion": "K{HEX13}", "storageMode": "LOCAL",
				"bootstrapBrokers": "", "bootstrapBrokersPublicSaslIam": "", "bootstrapBrokersPublicSaslScram": "", "bootstrapBrokersPublicTls": "",
				"bootstrapBrokersSaslIam": "", "bootstrapBrokersSaslScram": "", "bootstrapBrokersTls": "", "bootstrapBrokersVpcConnectivitySaslIam": "",
				"bootstrapBrokersVpcConnectivitySaslScram": "", "bootstrapBrokersVpcConnectivityTls": "", "zookeeperConnectString": "",
				"zookeeperConnectStringTls": "",
			},
			Refs: []string{
				"brokerNodeGroupInfo.clientSubnets ec2.Subnet", "brokerNodeGroupInfo.securityGroups " + anyGroup, "configurationInfo.arn msk.Configuration",
				"encryptionInfo.encryptionAtRestKmsKeyArn kms.Key ~",
			},
			Exists:  "409 ConflictException: The cluster name {clusterName} already exists.",
			Missing: "404 NotFoundException: The specified cluster {ref} does not exist.",
			Before:  placeBrokers,
		},
		{
			Is:      "msk.ServerlessCluster",
			ID:      "{arn}",
			NameIn:  "clusterName",
			NameMax: 64,
			Settles: 600e9,
			Replace: "clusterName clientAuthentication vpcConfigs",
			Outputs: object{
				"arn": arn + "cluster/{clusterName}/{clusterUuid}", "clusterUuid": "{uuid}-s1",
				"bootstrapBrokersSaslIam": "boot-{hex8}.c1.kafka-serverless.{region}.amazonaws.com:9098",
			},
			Refs:    []string{"vpcConfigs.subnetIds ec2.Subnet", "vpcConfigs.securityGroupIds " + anyGroup},
			Exists:  "409 ConflictException: The cluster name {clusterName} already exists.",
			Missing: "404 NotFoundException: The specified cluster {ref} does not exist.",
			Before:  needTwoZones("vpcConfigs.subnetIds"),
		},
		{
			Is: "msk.Configuration", ID: "{arn}", Replace: "name kafkaVersions",
			Outputs: object{"arn": arn + "configuration/{name}/{uuid}-1", "latestRevision": 1},
			Exists:  "409 ConflictException: A resource with this name already exists.",
			Missing: "404 NotFoundException: Configuration ARN does not exist: {ref}",
			InUse: "BadRequestException: Configuration is in use by one or more clusters. Dissociate the " +
				"configuration from the clusters.",
			Before: func(o *Op) error {
				if !o.creating() {
					o.State["latestRevision"] = property.Number(o.Old.State, "latestRevision") + 1
				}
				return nil
			},
		},
		{
			Is: "msk.ScramSecretAssociation", ID: "{clusterArn}", Replace: "clusterArn", Overwrites: true,
			Refs: []string{"clusterArn msk.Cluster +", "secretArnLists secretsmanager.Secret ~"},
			Before: func(o *Op) error {
				for _, secret := range o.targets("secretArnLists") {
					if !strings.HasPrefix(secret.Text("name"), "AmazonMSK_") {
						return o.refusef("BadRequestException: The secret %s must have a name that begins with "+
							"AmazonMSK_.", secret.Text("name"))
					}
					if key := secret.Text("kmsKeyId"); key == "" || strings.HasPrefix(key, "alias/aws/") {
						return o.refusef("BadRequestException: The secret %s must be encrypted with a customer "+
							"managed key.", secret.Text("name"))
					}
				}
				return nil
			},
		},
		{
			Is:         "msk.ClusterPolicy",
			ID:         "{clusterArn}",
			Replace:    "clusterArn",
			Overwrites: true,
			Outputs:    object{"currentVersion": "K{HEX13}"},
			Refs:       []string{"clusterArn msk.Cluster|msk.ServerlessCluster +"},
		},
	}
}

func needTwoZones(path string) func(*Op) error {
	return func(o *Op) error {
		if _, zones := vpcOf(o, path); len(zones) < 2 && len(o.targets(path)) == len(property.Texts(o.State, path)) {
			return o.refuse("BadRequestException: Specify at least two client subnets in different Availability " +
				"Zones.")
		}
		return nil
	}
}

// placeBrokers works out the brokers' addresses: which ports are there depends on encryption and authentication.
func placeBrokers(o *Op) error {
	if err := needTwoZones("brokerNodeGroupInfo.clientSubnets")(o); err != nil {
		return err
	}
	subnets, brokers := len(property.Texts(o.State, "brokerNodeGroupInfo.clientSubnets")), int(o.number("numberOfBrokerNodes"))
	if subnets > 0 && brokers%subnets != 0 {
		return o.refusef("BadRequestException: The number of broker nodes must be a multiple of Availability "+
			"Zones in the ClientSubnets parameter (%d).", subnets)
	}
	if o.creating() {
		o.Hidden["domain"] = strings.ToLower(strings.ReplaceAll(o.text("clusterName"), "_", "")) + "." + o.Tx.Hex(6) + ".c2.kafka." + o.Region + ".amazonaws.com"
	}
	o.settling = o.changed("numberOfBrokerNodes") || o.changed("kafkaVersion") || o.changed("brokerNodeGroupInfo")
	hosts := func(prefix string, port int) string {
		var all []string
		for i := range min(brokers, 3) {
			all = append(all, fmt.Sprintf("%s-%d.%s:%d", prefix, i+1, o.Hidden["domain"], port))
		}
		sort.Strings(all)
		return strings.Join(all, ",")
	}
	in := o.text("encryptionInfo.encryptionInTransit.clientBroker")
	set := func(name string, on bool, value string) {
		if !on {
			value = ""
		}
		o.State[name] = value
	}
	set("bootstrapBrokers", in == "PLAINTEXT" || in == "TLS_PLAINTEXT", hosts("b", 9092))
	set("bootstrapBrokersTls", in != "PLAINTEXT", hosts("b", 9094))
	set("bootstrapBrokersSaslScram", o.yes("clientAuthentication.sasl.scram"), hosts("b", 9096))
	set("bootstrapBrokersSaslIam", o.yes("clientAuthentication.sasl.iam"), hosts("b", 9098))
	o.State["zookeeperConnectString"], o.State["zookeeperConnectStringTls"] = hosts("z", 2181), hosts("z", 2182)
	return nil
}
