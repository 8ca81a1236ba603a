package catalog

import (
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud/property"
)

// kubernetesVersion is the version of clusters for which none is asked.
const kubernetesVersion = "1.34"

func kubernetesClusters() []Type {
	const arn = "arn:{partition}:eks:{region}:{account}:"
	const noCluster = "404 ResourceNotFoundException: No cluster found for name: {ref}."
	part := Type{Refs: []string{"clusterName eks.Cluster"}}
	of := func(t Type) Type { t.Refs = append(append([]string{}, part.Refs...), t.Refs...); return t }
	return []Type{
		{
			Is: "eks.Cluster", ID: "{name}", NameMax: 100, Settles: 540e9,
			Replace: "bootstrapSelfManagedAddons encryptionConfig kubernetesNetworkConfig.serviceIpv4Cidr kubernetesNetworkConfig.ipFamily name outpostConfig roleArn " +
				"accessConfig.bootstrapClusterCreatorAdminPermissions",
			Filled: "vpcConfig.vpcId vpcConfig.clusterSecurityGroupId vpcConfig.endpointPrivateAccess " +
				"vpcConfig.endpointPublicAccess vpcConfig.publicAccessCidrs",
			Defaults: object{"bootstrapSelfManagedAddons": true},
			Outputs: object{
				"arn": arn + "cluster/{name}", "endpoint": "https://{HEX32}.gr7.{region}.eks.amazonaws.com", "status": "ACTIVE", "platformVersion": "eks.12",
				"version": kubernetesVersion, "createdAt": "{now}", "clusterId": "", "certificateAuthority": object{"data": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg=="},
				"identities": list{
					object{"oidcs": list{object{"issuer": "https://oidc.eks.{region}.amazonaws.com/id/{HEX32}"}}},
				},
				"accessConfig": object{
					"authenticationMode": "CONFIG_MAP", "bootstrapClusterCreatorAdminPermissions": true,
				},
				"kubernetesNetworkConfig": object{"ipFamily": "ipv4", "serviceIpv4Cidr": "172.20.0.0/16", "serviceIpv6Cidr": "",
					"elasticLoadBalancing": object{"enabled": false}},
				"upgradePolicy": object{"supportType": "EXTENDED"}, "deletionProtection": false,
			},
			Refs: []string{
				"roleArn iam.Role ?", "vpcConfig.subnetIds ec2.Subnet", "vpcConfig.securityGroupIds " + anyGroup,
				"encryptionConfig.provider.keyArn kms.Key ~",
			},
			Exists:  "409 ResourceInUseException: Cluster already exists with name: {name}",
			Missing: noCluster,
			InUse:   "409 ResourceInUseException: Cluster has {by} attached",
			Before:  placeCluster,
			OnDelete: func(o *Op) error {
				if o.yes("deletionProtection") {
					return o.refuse("InvalidRequestException: Cluster {name} cannot be deleted because deletion " +
						"protection is enabled.")
				}
				return nil
			},
		},
		of(Type{
			Is:      "eks.NodeGroup",
			ID:      "{clusterName}:{nodeGroupName}",
			NameIn:  "nodeGroupName",
			NameMax: 63,
			Settles: 120e9,
			Unique:  "{clusterName}/{nodeGroupName}",
			Replace: "amiType capacityType clusterName diskSize instanceTypes nodeGroupName nodeGroupNamePrefix " +
				"nodeRoleArn remoteAccess subnetIds launchTemplate.id launchTemplate.name",
			Enums: map[string]string{"capacityType": "ON_DEMAND SPOT CAPACITY_BLOCK"},
			Outputs: object{
				"arn": arn + "nodegroup/{clusterName}/{nodeGroupName}/{uuid}", "status": "ACTIVE", "amiType": "AL2023_x86_64_STANDARD", "capacityType": "ON_DEMAND",
				"diskSize": 20, "instanceTypes": list{"t3.medium"}, "version": "{clusterName>version}", "releaseVersion": "{version}.0-20250920",
				"updateConfig": object{"maxUnavailable": 1}, "nodeRepairConfig": object{"enabled": false},
				"resources": list{
					object{"autoscalingGroups": list{object{"name": "eks-{nodeGroupName}-{uuid}"}}, "remoteAccessSecurityGroupId": ""},
				},
			},
			Refs: []string{
				"nodeRoleArn iam.Role ?", "subnetIds ec2.Subnet", "launchTemplate.id ec2.LaunchTemplate",
			},
			Exists: "409 ResourceInUseException: NodeGroup already exists with name {nodeGroupName} and cluster " +
				"name {clusterName}",
			Check: func(c *Checking) {
				low, want, high := property.Number(c.In, "scalingConfig.minSize"), property.Number(c.In, "scalingConfig.desiredSize"), property.Number(c.In, "scalingConfig.maxSize")
				if !c.unknown("scalingConfig") && (low > want || want > high) {
					c.Failf("scalingConfig", "InvalidParameterException: minSize %g, desiredSize %g and maxSize %g must not fall", low, want, high)
				}
			},
		}),
		of(Type{
			Is:      "eks.Addon",
			ID:      "{clusterName}:{addonName}",
			NameIn:  "-",
			Replace: "addonName clusterName",
			Settles: 30e9,
			Outputs: object{
				"arn": arn + "addon/{clusterName}/{addonName}/{uuid}", "addonVersion": "v1.19.0-eksbuild.1", "configurationValues": "", "createdAt": "{now}", "modifiedAt": "{now}",
			},
			Renewed: "modifiedAt",
			Refs:    []string{"serviceAccountRoleArn iam.Role ?"},
			Exists:  "409 ResourceInUseException: Addon already exists.",
		}),
		of(Type{
			Is:      "eks.FargateProfile",
			ID:      "{clusterName}:{fargateProfileName}",
			NameIn:  "fargateProfileName",
			NameMax: 63,
			Settles: 120e9,
			Unique:  "{clusterName}/{fargateProfileName}",
			Replace: "clusterName fargateProfileName podExecutionRoleArn selectors subnetIds", Unordered: "selectors",
			Outputs: object{
				"arn": arn + "fargateprofile/{clusterName}/{fargateProfileName}/{uuid}", "status": "ACTIVE",
			},
			Refs:   []string{"podExecutionRoleArn iam.Role ?", "subnetIds ec2.Subnet"},
			Exists: "409 ResourceInUseException: A Fargate Profile already exists with this name in this cluster.",
		}),
		of(Type{
			Is:       "eks.AccessEntry",
			ID:       "{clusterName}:{principalArn}",
			Replace:  "clusterName principalArn type",
			Defaults: object{"type": "STANDARD"},
			Renewed:  "modifiedAt",
			Outputs: object{
				"accessEntryArn": arn + "access-entry/{clusterName}/{uuid}", "createdAt": "{now}", "modifiedAt": "{now}", "userName": "{principalArn}", "kubernetesGroups": list{},
			},
			Refs: []string{"principalArn iam.Role ?"},
			Exists: "409 ResourceInUseException: The specified access entry resource is already in use on this " +
				"cluster.",
		}),
		of(Type{
			Is:         "eks.AccessPolicyAssociation",
			ID:         "{clusterName}#{principalArn}#{policyArn}",
			Replace:    "accessScope clusterName policyArn principalArn",
			Overwrites: true,
			Outputs:    object{"associatedAt": "{now}", "modifiedAt": "{now}"},
		}),
		of(Type{
			Is:      "eks.PodIdentityAssociation",
			ID:      "{associationId}",
			Replace: "clusterName namespace serviceAccount",
			Unique:  "{clusterName}/{namespace}/{serviceAccount}",
			Outputs: object{
				"associationArn": arn + "podidentityassociation/{clusterName}/{associationId}", "associationId": "a-{hex17}", "disableSessionTags": false, "externalId": "",
			},
			Refs:   []string{"roleArn iam.Role ?"},
			Exists: "409 ResourceInUseException: Association already exists: {namespace}/{serviceAccount}",
		}),
	}
}

// placeCluster fills in what the cluster's network tells, and refuses subnets of one zone only.
func placeCluster(o *Op) error {
	vpc, zones := vpcOf(o, "vpcConfig.subnetIds")
	if len(zones) < 2 && len(o.targets("vpcConfig.subnetIds")) == len(property.Texts(o.State, "vpcConfig.subnetIds")) {
		return o.refuse("InvalidParameterException: Subnets specified must be in at least two different AZs")
	}
	config := property.Map(o.State, "vpcConfig")
	if config == nil {
		return nil
	}
	if o.creating() {
		o.Hidden["securityGroup"] = "sg-" + o.Tx.Hex(17)
	}
	filled := with(object{"endpointPrivateAccess": false, "endpointPublicAccess": true, "publicAccessCidrs": list{"0.0.0.0/0"}}, config)
	filled["vpcId"], filled["clusterSecurityGroupId"] = vpc, o.Hidden["securityGroup"]
	o.State["vpcConfig"] = filled
	if version := o.text("version"); version != "" && !strings.HasPrefix(version, "1.") {
		return o.refusef("InvalidParameterException: unsupported Kubernetes version: %s", version)
	}
	o.settling = o.changed("version")
	return nil
}
