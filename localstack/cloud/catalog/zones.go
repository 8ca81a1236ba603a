package catalog

import (
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud/property"
)

func zones() []Type {
	return []Type{
		{
			Is:        "route53.Zone",
			Scope:     Account,
			ID:        "Z{HEX20}",
			NameIn:    "-",
			Replace:   "delegationSetId name",
			Unordered: "vpcs",
			Defaults:  object{"comment": "Managed by Pulumi", "forceDestroy": false},
			Outputs: object{
				"arn": "arn:{partition}:route53:::hostedzone/{id}", "zoneId": "{id}", "nameServers": list{}, "primaryNameServer": "",
			},
			Refs:    []string{"vpcs.vpcId ec2.Vpc ?"},
			Missing: "404 NoSuchHostedZone: No hosted zone found with ID: {ref}",
			Check: func(c *Checking) {
				if !c.given("name") {
					c.Failf("name", "Missing required argument. The argument \"name\" is required, but no definition was found.. Examine values at 'name'.")
				}
				if c.given("vpcs") {
					c.atMostOne("delegationSetId", "vpcs")
				}
			},
			Before: func(o *Op) error {
				o.State["name"] = strings.TrimSuffix(o.text("name"), ".")
				if !o.creating() {
					return nil
				}
				servers := list{}
				for i, domain := range []string{"com", "net", "org", "co.uk"} {
					servers = append(servers, "ns-"+property.Format(float64(i*512+len(o.text("name"))))+".awsdns-0"+property.Format(float64(i))+"."+domain)
				}
				o.State["nameServers"], o.State["primaryNameServer"] = servers, servers[0]
				return nil
			},
			OnDelete: func(o *Op) error {
				if !o.yes("forceDestroy") && len(Referring(o.Tx, o.Old, "route53.Record")) > 0 {
					return o.refuse("HostedZoneNotEmpty: The specified hosted zone contains non-required " +
						"resource record sets and so cannot be deleted.")
				}
				return nil
			},
		},
		{
			Is:      "route53.Record",
			Scope:   Account,
			ID:      "{zoneId}_{name}_{type}",
			NameIn:  "-",
			Unique:  "{zoneId}/{fqdn}/{type}/{setIdentifier}",
			Slot:    "{zoneId}/{fqdn}/{type}/{setIdentifier}",
			Replace: "zoneId name setIdentifier",
			Outputs: object{"fqdn": "", "allowOverwrite": false},
			Enums: map[string]string{
				"type": "A AAAA CAA CNAME DS HTTPS MX NAPTR NS PTR SOA SPF SRV SSHFP SVCB TLSA TXT",
			},
			Refs: []string{"zoneId route53.Zone +", "healthCheckId route53.HealthCheck"},
			Exists: "InvalidChangeBatch: [Tried to create resource record set [name='{fqdn}.', type='{type}'] " +
				"but it already exists]",
			Check: func(c *Checking) {
				c.exactlyOne("records", "aliases")
				if c.given("records") && !c.given("ttl") {
					c.Failf("ttl", `"ttl": all of `+"`records,ttl`"+` must be specified`)
				}
			},
			Before: func(o *Op) error {
				name := strings.ToLower(strings.TrimSuffix(o.text("name"), "."))
				if zone := o.target("zoneId"); zone != nil && name != zone.Text("name") && !strings.HasSuffix(name, "."+zone.Text("name")) {
					name = strings.TrimPrefix(name+"."+zone.Text("name"), ".")
				}
				o.State["fqdn"] = name
				if set := o.text("setIdentifier"); set != "" && o.creating() {
					o.ID = o.expand("{zoneId}_{name}_{type}_") + set
				}
				if o.creating() && o.yes("allowOverwrite") {
					for _, r := range o.Tx.Named("!" + o.Token + "|" + o.expand(o.Unique)) {
						o.Tx.Delete(r.Key())
					}
				}
				return nil
			},
		},
		{
			Is:       "route53.HealthCheck",
			Scope:    Account,
			ID:       "{uuid}",
			Replace:  "measureLatency referenceName requestInterval routingControlArn type",
			Defaults: object{"disabled": false, "invertHealthcheck": false, "measureLatency": false},
			Enums: map[string]string{
				"type": "HTTP HTTPS HTTP_STR_MATCH HTTPS_STR_MATCH TCP CALCULATED CLOUDWATCH_METRIC RECOVERY_CONTROL", "insufficientDataHealthStatus": "Healthy LastKnownStatus Unhealthy",
			},
			Outputs: object{
				"arn": "arn:{partition}:route53:::healthcheck/{id}", "enableSni": false, "failureThreshold": 3,
			},
		},
	}
}

func discovery() []Type {
	const arn = "arn:{partition}:servicediscovery:{region}:{account}:"
	return []Type{
		{
			Is:      "servicediscovery.PrivateDnsNamespace",
			ID:      "ns-{hex16}",
			Replace: "name vpc",
			NameMax: 253,
			Settles: 40e9,
			Unique:  "{vpc}/{name}",
			Outputs: object{"arn": arn + "namespace/{id}", "hostedZone": "Z{HEX20}"},
			Refs:    []string{"vpc ec2.Vpc"},
			Exists:  "NamespaceAlreadyExists: Namespace with name {name} already exists in this VPC.",
			Missing: "NamespaceNotFound: {ref}",
			InUse:   "ResourceInUse: Namespace has associated services.",
		},
		{
			Is: "servicediscovery.HttpNamespace", ID: "ns-{hex16}", Replace: "name", NameMax: 1024, Settles: 20e9,
			Outputs: object{"arn": arn + "namespace/{id}", "httpName": "{name}"},
			Exists:  "NamespaceAlreadyExists: Namespace with name {name} already exists.",
			Missing: "NamespaceNotFound: {ref}",
			InUse:   "ResourceInUse: Namespace has associated services.",
		},
		{
			Is: "servicediscovery.Service", ID: "srv-{hex16}", NameMax: 127, Unique: "{namespaceId}/{name}",
			Replace:  "name namespaceId type healthCheckCustomConfig dnsConfig.namespaceId dnsConfig.routingPolicy",
			Defaults: object{"forceDestroy": false},
			Enums: map[string]string{
				"dnsConfig.routingPolicy": "MULTIVALUE WEIGHTED", "dnsConfig.dnsRecords.type": "SRV A AAAA CNAME",
				"type": "HTTP DNS_HTTP",
			},
			Outputs: object{"arn": arn + "service/{id}", "namespaceId": "{dnsConfig.namespaceId}", "type": ""},
			Refs: []string{
				"dnsConfig.namespaceId servicediscovery.PrivateDnsNamespace",
				"namespaceId servicediscovery.PrivateDnsNamespace|servicediscovery.HttpNamespace",
			},
			Exists:  "ServiceAlreadyExists: Service with name {name} already exists.",
			Missing: "ServiceNotFound: {ref}",
			InUse: "ResourceInUse: Service contains registered instances; delete the instances before " +
				"deleting the service",
			Before: func(o *Op) error {
				switch {
				case o.given("dnsConfig"):
					o.fill("type", "DNS_HTTP")
				default:
					o.fill("type", "HTTP")
				}
				return nil
			},
		},
	}
}
