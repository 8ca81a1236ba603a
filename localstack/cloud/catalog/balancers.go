package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud/property"
)

const elbARN = "arn:{partition}:elasticloadbalancing:{region}:{account}:"

var balancerName = regexp.MustCompile(`^[0-9A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?$`)

func balancers() []Type {
	return slices.Concat([]Type{loadBalancer(), targetGroup()}, listeners())
}

func checkBalancerName(c *Checking) {
	name := c.text("name")
	switch {
	case name == "":
	case len(name) > 32:
		c.Failf("name", "%q cannot be longer than 32 characters: %q", "name", name)
	case !balancerName.MatchString(name):
		c.Failf("name", "only alphanumeric characters and hyphens allowed in %q, and no hyphen at either end: %q", "name", name)
	case strings.HasPrefix(name, "internal-"):
		c.Failf("name", "%q cannot begin with \"internal-\": %q", "name", name)
	}
}

func loadBalancer() Type {
	return Type{
		Is:        "lb.LoadBalancer",
		ID:        "{arn}",
		NameMax:   32,
		Replace:   "name namePrefix internal loadBalancerType customerOwnedIpv4Pool",
		Settles:   120e9,
		Unordered: "subnetMappings",
		Defaults: object{
			"clientKeepAlive": 3600, "desyncMitigationMode": "defensive", "dropInvalidHeaderFields": false, "enableDeletionProtection": false,
			"enableHttp2": true, "enableTlsVersionAndCipherSuiteHeaders": false, "enableWafFailOpen": false, "enableXffClientPort": false,
			"enableZonalShift": false, "idleTimeout": 60, "loadBalancerType": "application", "preserveHostHeader": false,
			"xffHeaderProcessingMode": "append",
		},
		Enums: map[string]string{
			"loadBalancerType": "application network gateway", "ipAddressType": "ipv4 dualstack dualstack-without-public-ipv4",
			"desyncMitigationMode": "monitor defensive strictest",
		},
		Outputs: object{
			"arn": "", "arnSuffix": "", "dnsName": "", "zoneId": "", "vpcId": "", "ipAddressType": "ipv4",
		},
		Refs: []string{
			"subnets ec2.Subnet", "subnetMappings.subnetId ec2.Subnet", "subnetMappings.allocationId ec2.Eip", "securityGroups " + anyGroup,
			"accessLogs.bucket s3.Bucket ~",
		},
		Exists: "DuplicateLoadBalancerName: A load balancer with the same name '{name}' exists, but with " +
			"different settings",
		Missing: "LoadBalancerNotFound: Load balancer '{ref}' not found",
		InUse:   "ResourceInUse: Load balancer '{arn}' is in use by {by}",
		Check: func(c *Checking) {
			checkBalancerName(c)
			c.exactlyOne("subnets", "subnetMappings")
		},
		Before: placeBalancer,
		OnDelete: func(o *Op) error {
			if o.yes("enableDeletionProtection") {
				return o.refuse("OperationNotPermitted: Load balancer '{arn}' cannot be deleted because deletion " +
					"protection is enabled")
			}
			return nil
		},
	}
}

func placeBalancer(o *Op) error {
	path := "subnets"
	if !o.given("subnets") {
		path = "subnetMappings.subnetId"
	}
	vpc, zones := vpcOf(o, path)
	if o.text("loadBalancerType") == "application" && len(zones) < 2 && len(o.targets(path)) == len(property.Texts(o.State, path)) {
		return o.refuse("ValidationError: At least two subnets in two different Availability Zones must be specified")
	}
	for _, group := range o.targets("securityGroups") {
		if vpc != "" && group.Text("vpcId") != vpc {
			return o.refusef("InvalidConfigurationRequest: One or more security groups are invalid: %s is in "+
				"another VPC", group.ID)
		}
	}
	if !o.creating() {
		return nil
	}
	code := o.Tx.Hex(16)
	kind, zone := "net", regionalZone(networkZones, "nlb", o.Region)
	o.State["dnsName"] = o.name() + "-" + code + ".elb." + o.Region + ".amazonaws.com"
	if o.text("loadBalancerType") == "application" {
		kind, zone = "app", regionalZone(applicationZones, "alb", o.Region)
		prefix := ""
		if o.yes("internal") {
			prefix = "internal-"
		}
		o.State["dnsName"] = prefix + o.name() + "-" + o.Tx.Hex(10) + "." + o.Region + ".elb.amazonaws.com"
	}
	o.State["dnsName"] = strings.ToLower(o.text("dnsName"))
	o.State["arnSuffix"] = kind + "/" + o.name() + "/" + code
	o.State["arn"] = o.expand(elbARN) + "loadbalancer/" + o.text("arnSuffix")
	o.State["zoneId"], o.State["vpcId"] = zone, vpc
	return nil
}

// The hosted zones of the load balancers' DNS names, from the General Reference of Elastic Load Balancing.
var applicationZones = map[string]string{
	"us-east-1": "Z35SXDOTRQ7X7K", "us-east-2": "Z3AADJGX6KTTL2", "us-west-1": "Z368ELLRRE2KJ0", "us-west-2": "Z1H1FL5HABSF5",
	"eu-west-1": "Z32O12XQLNTSW2", "eu-west-2": "ZHURV8PSTC4K8", "eu-west-3": "Z3Q77PNBQS71R4", "eu-central-1": "Z215JYRZR1TBD5",
	"eu-north-1": "Z23TAZ6LKFMNIO", "ap-southeast-1": "Z1LMS91P8CMLE5", "ap-southeast-2": "Z1GM3OXH4ZPM65", "ap-northeast-1": "Z14GRHDCWA56QT",
	"ap-south-1": "ZP97RAFLXTNZK", "sa-east-1": "Z2P70J7HTTTPLU", "ca-central-1": "ZQSVJUPU6J1EY",
}

var networkZones = map[string]string{
	"us-east-1": "Z26RNL4JYFTOTI", "us-east-2": "ZLMOA37VPKANP", "us-west-1": "Z24FKFUX50B4VW", "us-west-2": "Z18D5FSROUN65G",
	"eu-west-1": "Z2IFOLAFXWLO4F", "eu-west-2": "ZD4D7Y8KGAS4G", "eu-west-3": "Z1CMS0P5QUZ6D5", "eu-central-1": "Z3F0SRJ5LGBH90",
	"eu-north-1": "Z1UDT6IFJ4EJM", "ap-southeast-1": "ZKVM4W9LS7TM", "ap-southeast-2": "ZCT6FZBF4DROD", "ap-northeast-1": "Z31USIVHYNEOWT",
	"ap-south-1": "ZVDDRBQ08TROA", "sa-east-1": "ZTK26PT1VY4CU", "ca-central-1": "Z2EPGBW3API2WT",
}

// regionalZone returns the hosted zone of a service in a region; for a region that is not listed, one that is made up but
// always the same.
func regionalZone(known map[string]string, service, region string) string {
	if zone := known[region]; zone != "" {
		return zone
	}
	digest := sha256.Sum256([]byte(service + "/" + region))
	return "Z" + strings.ToUpper(hex.EncodeToString(digest[:]))[:13]
}

func targetGroup() Type {
	return Type{
		Is: "lb.TargetGroup", ID: "{arn}", NameMax: 32,
		Replace: "name namePrefix port protocol vpcId targetType protocolVersion ipAddressType",
		Defaults: object{
			"deregistrationDelay": 300, "lambdaMultiValueHeadersEnabled": false, "proxyProtocolV2": false, "slowStart": 0, "targetType": "instance",
		},
		Enums: map[string]string{
			"targetType": "instance ip lambda alb", "protocol": "HTTP HTTPS TCP TLS UDP TCP_UDP GENEVE QUIC TCP_QUIC",
			"protocolVersion": "HTTP1 HTTP2 GRPC",
		},
		Outputs: object{
			"arn": elbARN + "{arnSuffix}", "arnSuffix": "targetgroup/{name}/{hex16}", "loadBalancerArns": list{},
			"loadBalancingAlgorithmType": "round_robin", "loadBalancingAnomalyMitigation": "off",
			"loadBalancingCrossZoneEnabled": "use_load_balancer_configuration", "ipAddressType": "ipv4",
			"healthCheck": object{
				"enabled": true, "healthyThreshold": 3, "interval": 30, "matcher": "200", "path": "/", "port": "traffic-port", "protocol": "HTTP",
				"timeout": 5, "unhealthyThreshold": 3,
			},
		},
		Refs: []string{"vpcId ec2.Vpc ?"},
		Exists: "DuplicateTargetGroupName: A target group with the same name '{name}' exists, but with " +
			"different settings",
		Missing: "TargetGroupNotFound: One or more target groups not found: {ref}",
		InUse:   "ResourceInUse: Target group '{arn}' is currently in use by a listener or a rule",
		Check: func(c *Checking) {
			checkBalancerName(c)
			if c.text("targetType") == "lambda" {
				return
			}
			for _, name := range []string{"port", "protocol", "vpcId"} {
				if !c.given(name) {
					c.Failf(name, "%s should be set when target type is %s", snake(name), c.text("targetType"))
				}
			}
			c.between("port", 1, 65535)
			c.between("deregistrationDelay", 0, 3600)
			c.between("healthCheck.interval", 5, 300)
			if !c.unknown("healthCheck") && property.Number(c.In, "healthCheck.timeout") > 0 && property.Number(c.In, "healthCheck.interval") > 0 &&
				property.Number(c.In, "healthCheck.timeout") > property.Number(c.In, "healthCheck.interval") {
				c.Failf("healthCheck", "ValidationError: Health check timeout must be smaller than the interval")
			}
		},
		Before: func(o *Op) error {
			if strings.HasPrefix(o.text("protocol"), "HTTP") {
				o.fill("protocolVersion", "HTTP1")
			}
			return nil
		},
	}
}

// groupsOf are the references of a listener's or rule's actions to target groups.
func groupsOf(actions string) []string {
	return []string{actions + ".targetGroupArn lb.TargetGroup", actions + ".forward.targetGroups.arn lb.TargetGroup"}
}

func listeners() []Type {
	return []Type{
		{
			Is: "lb.Listener", ID: "{arn}", Replace: "loadBalancerArn", Unique: "{loadBalancerArn}:{port}",
			Outputs: object{"arn": ""},
			Refs:    append(groupsOf("defaultActions"), "loadBalancerArn lb.LoadBalancer +", "certificateArn acm.Certificate -"),
			Exists: "DuplicateListener: A listener already exists on this port for this load balancer " +
				"'{loadBalancerArn}'",
			Missing: "ListenerNotFound: One or more listeners not found: {ref}",
			InUse:   "ResourceInUse: Listener '{arn}' is in use by {by}",
			Enums: map[string]string{
				"protocol":            "HTTP HTTPS TCP TLS UDP TCP_UDP GENEVE QUIC TCP_QUIC",
				"defaultActions.type": "forward authenticate-oidc authenticate-cognito redirect fixed-response jwt-validation",
			},
			Check:  func(c *Checking) { c.between("port", 1, 65535) },
			Before: placeListener,
		},
		{
			Is:        "lb.ListenerRule",
			ID:        "{arn}",
			Replace:   "listenerArn",
			Unique:    "{listenerArn}/{priority}",
			Unordered: "conditions",
			Outputs:   object{"arn": ""},
			Refs:      append(groupsOf("actions"), "listenerArn lb.Listener +"),
			Exists:    "PriorityInUse: Priority '{priority}' is currently in use",
			Enums: map[string]string{
				"actions.type": "forward authenticate-oidc authenticate-cognito redirect fixed-response " +
					"jwt-validation",
			},
			Check:  func(c *Checking) { c.between("priority", 1, 99999) },
			Before: placeRule,
		},
		{
			Is:         "lb.ListenerCertificate",
			ID:         "{listenerArn}_{certificateArn}",
			Replace:    "listenerArn certificateArn",
			Overwrites: true,
			Refs:       []string{"listenerArn lb.Listener +", "certificateArn acm.Certificate -"},
		},
		{
			Is:      "lb.TargetGroupAttachment",
			ID:      "{targetGroupArn}-{hex26}",
			Replace: "targetGroupArn targetId port availabilityZone",
			Unique:  "{targetGroupArn}/{targetId}/{port}", Overwrites: true,
			Refs: []string{
				"targetGroupArn lb.TargetGroup +", "targetId ec2.Instance|lambda.Function|lb.LoadBalancer ~",
			},
		},
	}
}

func placeListener(o *Op) error {
	balancer := o.target("loadBalancerArn")
	if balancer == nil {
		return nil
	}
	if balancer.Text("loadBalancerType") == "application" {
		o.fill("protocol", "HTTP")
	}
	if o.text("protocol") == "HTTPS" || o.text("protocol") == "TLS" {
		if o.text("certificateArn") == "" {
			return o.refuse("ValidationError: A certificate must be specified for HTTPS listeners")
		}
		if c := o.target("certificateArn"); c != nil && c.Text("status") != "ISSUED" {
			return o.refuse("UnsupportedCertificate: The certificate '{certificateArn}' must have a " +
				"fully-qualified domain name, a supported signature, and a supported key size; it is not issued " +
				"yet.")
		}
		o.fill("sslPolicy", "ELBSecurityPolicy-2016-08")
	}
	if o.creating() {
		o.State["arn"] = strings.Replace(balancer.Text("arn"), ":loadbalancer/", ":listener/", 1) + "/" + o.Tx.Hex(16)
	}
	return nil
}

func placeRule(o *Op) error {
	listener := o.target("listenerArn")
	if listener == nil {
		return nil
	}
	highest := 0.0
	for _, other := range Referring(o.Tx, listener, "lb.ListenerRule") {
		if o.Old != nil && other.ID == o.Old.ID {
			continue
		}
		taken := property.Number(other.State, "priority")
		if o.changed("priority") && taken == o.number("priority") {
			return o.refuse("PriorityInUse: Priority '{priority}' is currently in use")
		}
		highest = max(highest, taken)
	}
	o.fill("priority", highest+1)
	if o.creating() {
		o.State["arn"] = strings.Replace(listener.Text("arn"), ":listener/", ":listener-rule/", 1) + "/" + o.Tx.Hex(16)
	}
	return nil
}
