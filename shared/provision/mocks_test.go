package provision

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/execution"
	kinds "github.com/deployer-io/deployer/shared/resource"
)

// made is a resource as a translation asked for it.
type made struct {
	Type          string         `json:"type"`
	Name          string         `json:"name"`
	Inputs        map[string]any `json:"inputs"`
	DependsOn     []string       `json:"dependsOn,omitempty"`
	Parent        string         `json:"parent,omitempty"`
	Protect       bool           `json:"protect,omitempty"`
	IgnoreChanges []string       `json:"ignoreChanges,omitempty"`
	Timeout       string         `json:"timeout,omitempty"`
	Retain        bool           `json:"retain,omitempty"`       // let go of and not deleted
	ReplacedBy    []string       `json:"replacedBy,omitempty"`   // fields whose changes replace the resource
	ReplacedWith  string         `json:"replacedWith,omitempty"` // a value that the resource is replaced with when it changes
}

// translated is what a translation asked for and what it offers.
type translated struct {
	Resources []made         `json:"resources"` // sorted by type and name
	Outputs   map[string]any `json:"outputs"`
}

// monitor stands in for Pulumi and the cloud: every resource is made at once, with outputs that look like AWS's.
type monitor struct {
	mu   sync.Mutex
	seen []made
}

func (m *monitor) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	id := args.Name + "-id"
	outputs := args.Inputs.Copy()
	maps.Copy(outputs, computed(args.TypeToken, args.Name, args.Inputs))
	if !args.Custom {
		return id, outputs, nil
	}
	r := made{Type: args.TypeToken, Name: args.Name, Inputs: args.Inputs.Mappable(),
		IgnoreChanges: args.RegisterRPC.GetIgnoreChanges(),
		Protect:       args.RegisterRPC.GetProtect(), Retain: args.RegisterRPC.GetRetainOnDelete(),
		ReplacedBy: args.RegisterRPC.GetReplaceOnChanges(), Parent: last(args.RegisterRPC.GetParent()),
		Timeout: args.RegisterRPC.GetCustomTimeouts().GetCreate()}
	for _, urn := range args.RegisterRPC.GetDependencies() {
		r.DependsOn = append(r.DependsOn, last(urn))
	}
	slices.Sort(r.DependsOn)
	if trigger := args.RegisterRPC.GetReplacementTrigger(); trigger != nil {
		r.ReplacedWith = trigger.GetStringValue()
	}
	r.IgnoreChanges = slices.DeleteFunc(r.IgnoreChanges,
		func(path string) bool { return strings.Contains(path, "deployer:run") })
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = append(m.seen, r)
	return id, outputs, nil
}

func (m *monitor) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	switch args.Token {
	case "aws:index/getCallerIdentity:getCallerIdentity":
		return resource.PropertyMap{"accountId": resource.NewStringProperty("123456789012")}, nil
	case "aws:index/getAvailabilityZones:getAvailabilityZones":
		return resource.NewPropertyMapFromMap(map[string]any{"names": []any{"eu-west-1c", "eu-west-1a", "eu-west-1b"}}),
			nil
	case "aws:secretsmanager/getSecret:getSecret":
		return resource.PropertyMap{"arn": resource.NewStringProperty("arn:aws:secretsmanager:eu-west-1:123456789012:secret:" + args.Args["name"].StringValue() + "-Ab1Cd2")}, nil
	case "aws:secretsmanager/getSecretVersion:getSecretVersion":
		return resource.PropertyMap{"secretString": resource.MakeSecret(resource.NewStringProperty(`{"key":"VALUE","other":"x"}`))}, nil
	case "aws:dynamodb/getTable:getTable":
		return resource.NewPropertyMapFromMap(map[string]any{"billingMode": "PROVISIONED"}), nil
	case "aws:eks/getCluster:getCluster":
		return resource.NewPropertyMapFromMap(map[string]any{"endpoint": "https://ABCDEF.gr7.eu-west-1.eks.amazonaws.com",
			"certificateAuthorities": []any{map[string]any{"data": "Q0E="}},
			"vpcConfig":              map[string]any{"clusterSecurityGroupId": "sg-cluster"}}), nil
	case "aws:ssm/getParameter:getParameter":
		return resource.PropertyMap{"insecureValue": resource.NewStringProperty("ami-0abcdef1234567890")}, nil
	}
	return nil, fmt.Errorf("no answer for %s", args.Token)
}

// last is the type and name at the end of a URN, "" for the stack.
func last(urn string) string {
	parts := strings.Split(urn, "::")
	if len(parts) < 4 || strings.HasPrefix(parts[2], "pulumi:pulumi:Stack") && !strings.Contains(parts[2], "$") {
		return ""
	}
	kind := parts[2][strings.LastIndex(parts[2], "$")+1:]
	return kind + " " + parts[3]
}

// computed are the outputs that translations read.
func computed(token, name string, in resource.PropertyMap) resource.PropertyMap {
	text := func(v string) resource.PropertyValue { return resource.NewStringProperty(v) }
	service, _, _ := strings.Cut(strings.TrimPrefix(token, "aws:"), "/")
	if metadata := in["metadata"]; strings.HasPrefix(token, "kubernetes:") && metadata.IsObject() &&
		!metadata.ObjectValue()["name"].IsString() {
		named := metadata.ObjectValue().Copy()
		named["name"] = text(name + "-0a1b2c3d") // Pulumi's own name
		return resource.PropertyMap{"metadata": resource.NewObjectProperty(named)}
	}
	out := resource.PropertyMap{"arn": text(fmt.Sprintf("arn:aws:%s:eu-west-1:123456789012:%s", service, name))}
	host := func(v string) resource.PropertyValue { return text(name + "." + v + ".eu-west-1.amazonaws.com") }
	switch token {
	case "aws:lb/loadBalancer:LoadBalancer":
		out["dnsName"], out["zoneId"], out["arnSuffix"] = host("elb"), text("Z32O12XQLNTSW2"),
			text("app/"+name+"/50dc6c495c0c9188")
	case "aws:lb/targetGroup:TargetGroup":
		out["arn"] = text("arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/" + name + "/0123456789abcdef")
		out["arnSuffix"] = text("targetgroup/" + name + "/0123456789abcdef")
	case "aws:rds/instance:Instance", "aws:rds/cluster:Cluster", "aws:docdb/cluster:Cluster":
		out["address"], out["endpoint"], out["readerEndpoint"] = host("rds"), host("rds"), host("ro.rds")
		out["engineVersionActual"] = in["engineVersion"]
		out["masterUserSecrets"] = resource.NewPropertyValue([]any{map[string]any{"secretArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds-" + name}})
	case "aws:elasticache/replicationGroup:ReplicationGroup":
		out["primaryEndpointAddress"], out["readerEndpointAddress"],
			out["configurationEndpointAddress"] = host("cache"), host("ro.cache"), host("cfg.cache")
	case "aws:elasticache/cluster:Cluster":
		out["clusterAddress"] = host("cfg.cache")
	case "aws:memorydb/cluster:Cluster":
		out["clusterEndpoints"] = resource.NewPropertyValue([]any{map[string]any{"address": name + ".memorydb.eu-west-1.amazonaws.com", "port": 6379}})
	case "aws:cloudfront/distribution:Distribution":
		out["domainName"], out["hostedZoneId"] = text("d111111abcdef8.cloudfront.net"), text("Z2FDTNDATAQYW2")
	case "aws:apigatewayv2/api:Api":
		out["apiEndpoint"], out["executionArn"] = text("https://a1b2c3.execute-api.eu-west-1.amazonaws.com"),
			text("arn:aws:execute-api:eu-west-1:123456789012:a1b2c3")
	case "aws:apigateway/restApi:RestApi":
		out["executionArn"] = text("arn:aws:execute-api:eu-west-1:123456789012:a1b2c3")
	case "aws:apigateway/stage:Stage":
		out["invokeUrl"] = text("https://a1b2c3.execute-api.eu-west-1.amazonaws.com/" + in["stageName"].StringValue())
	case "aws:apigatewayv2/domainName:DomainName":
		configuration := in["domainNameConfiguration"].ObjectValue().Copy()
		configuration["targetDomainName"],
			configuration["hostedZoneId"] = text("d-abc.execute-api.eu-west-1.amazonaws.com"), text("ZLY8HYME6SFDD")
		out["domainNameConfiguration"] = resource.NewObjectProperty(configuration)
	case "aws:apigateway/domainName:DomainName":
		out["regionalDomainName"], out["regionalZoneId"] = text("d-abc.execute-api.eu-west-1.amazonaws.com"),
			text("ZLY8HYME6SFDD")
	case "aws:kms/key:Key":
		out["keyId"] = text("1234abcd-12ab-34cd-56ef-1234567890ab")
	case "kubernetes:networking.k8s.io/v1:Ingress":
		out["status"] = resource.NewPropertyValue(map[string]any{"loadBalancer": map[string]any{"ingress": []any{map[string]any{"hostname": "k8s-web.elb.amazonaws.com"}}}})
	case "aws:msk/cluster:Cluster", "aws:msk/serverlessCluster:ServerlessCluster":
		out["bootstrapBrokersSaslIam"], out["bootstrapBrokersSaslScram"] = text("b-1.kafka:9098,b-2.kafka:9098"),
			text("b-1.kafka:9096,b-2.kafka:9096")
	case "aws:msk/configuration:Configuration":
		out["latestRevision"] = resource.NewNumberProperty(3)
	case "aws:efs/fileSystem:FileSystem":
		out["dnsName"] = text("fs-0123456789abcdef0.efs.eu-west-1.amazonaws.com")
	case "aws:ec2/instance:Instance":
		out["privateIp"], out["privateDns"], out["publicIp"] = text("10.0.1.5"),
			text("ip-10-0-1-5.eu-west-1.compute.internal"), text("52.1.2.3")
		out["availabilityZone"] = text("eu-west-1a")
	case "aws:sqs/queue:Queue":
		out["url"] = text("https://sqs.eu-west-1.amazonaws.com/123456789012/" + in["name"].StringValue())
	case "aws:s3/bucket:Bucket":
		out["bucketRegionalDomainName"] = text(in["bucket"].StringValue() + ".s3.eu-west-1.amazonaws.com")
	case "aws:dynamodb/table:Table":
		out["streamArn"] = text("arn:aws:dynamodb:eu-west-1:123456789012:table/" + name + "/stream/1")
	case "aws:lambda/function:Function":
		out["version"] = text("7")
	case "aws:lambda/functionUrl:FunctionUrl":
		out["functionUrl"] = text("https://abc.lambda-url.eu-west-1.on.aws/")
	case "aws:ec2/launchTemplate:LaunchTemplate":
		out["latestVersion"] = resource.NewNumberProperty(1)
	}
	return out
}

// translate runs a kind's translation against the monitor.
func translate(t *testing.T, order execution.Order, dismantle bool, change ...func(*program)) translated {
	t.Helper()
	m := &monitor{}
	result := translated{}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		p, err := newProgram(ctx, order, dismantle)
		if err != nil {
			return err
		}
		p.random = func() string { return "RANDOM" }
		for _, c := range change {
			c(p)
		}
		if err := translations[order.Kind](p, order.Spec); err != nil {
			return err
		}
		// What is exported is waited for.
		ctx.Export("all", p.outputs.ToMapOutput().ApplyT(func(values map[string]any) int {
			result.Outputs = values
			return len(values)
		}))
		return nil
	}, pulumi.WithMocks(order.Address.PulumiProject(), order.Address.PulumiStack(), m))
	require.NoError(t, err)
	m.seen = slices.DeleteFunc(m.seen, func(r made) bool { return strings.HasPrefix(r.Type, "pulumi:") })
	slices.SortFunc(m.seen, func(a, b made) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type),
			cmp.Compare(a.Name, b.Name))
	})
	result.Resources = m.seen
	return result
}

// order is an order for a component web/it of the given kind, with what edit does to its default spec.
func order[S kinds.Spec](kind kinds.Kind, edit func(S), upstreams ...map[string]execution.Upstream) execution.Order {
	definition, _ := kinds.Lookup(kind)
	spec := definition.New()
	if edit != nil {
		edit(spec.(S))
	}
	o := execution.Order{Address: address.Address{Stack: "shop", Environment: "staging", Service: "web",
		Component: "it"}, Kind: kind, Spec: spec,
		Tags: map[string]string{"owner": "team-web"}, Run: "run-1", Account: "123456789012", Region: "eu-west-1",
		Epoch:     "e1",
		Upstreams: map[string]execution.Upstream{}}
	if definition.Networked || kind == "Lambda" {
		maps.Copy(o.Upstreams, networkUp())
	}
	for _, u := range upstreams {
		maps.Copy(o.Upstreams, u)
	}
	return o
}

func networkUp() map[string]execution.Upstream {
	return up("platform/networking", "Networking", networkWith(nil))
}

// networkWith is the outputs of the environment's network, with some of them changed.
func networkWith(changed map[string]any) map[string]any {
	outputs := map[string]any{
		"vpcId": "vpc-0a1b2c3d4e5f60718", "vpcCidr": "10.0.0.0/16", "clusterName": "shop-staging",
		"clusterArn":       "arn:aws:ecs:eu-west-1:123456789012:cluster/shop-staging",
		"capacityProvider": "shop-staging-instances", "namespaceId": "ns-abcdefgh",
		"namespaceName":     "staging.shop.internal",
		"privateSubnetIds":  []string{"subnet-0000000a", "subnet-0000000b", "subnet-0000000c"},
		"publicSubnetIds":   []string{"subnet-0000001a", "subnet-0000001b"},
		"availabilityZones": []string{"eu-west-1a", "eu-west-1b", "eu-west-1c"}, "eksClusterName": "shop-eks",
		"eksOidcProvider": "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABCDEF"}
	maps.Copy(outputs, changed)
	return outputs
}

// up is an upstream with outputs.
func up(short string, kind kinds.Kind, outputs map[string]any) map[string]execution.Upstream {
	encoded := map[string]json.RawMessage{}
	for name, value := range outputs {
		text, err := json.Marshal(value)
		if err != nil {
			panic(err)
		}
		encoded[name] = text
	}
	return map[string]execution.Upstream{short: {Kind: kind, Outputs: encoded,
		Reasons: []kinds.Reason{kinds.ReasonDependsOn}}}
}
