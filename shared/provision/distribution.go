package provision

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/cloudfront"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

// edgeRegion is where everything about CloudFront lives.
const edgeRegion = "us-east-1"

func distribution(p *program, spec *resource.CloudFront) error {
	origins, err := p.origins(spec)
	if err != nil {
		return err
	}
	certificate, err := p.edgeCertificate(spec)
	if err != nil {
		return err
	}
	acl, err := spec.WebACL.Resolve(p.upstream)
	if err != nil {
		return err
	}
	versions := map[bool]string{false: "http2", true: "http2and3"}
	arguments := &cloudfront.DistributionArgs{
		Enabled: pulumi.Bool(!spec.Disabled), Comment: pulumi.String(p.order.Address.String()), Origins: origins,
		ViewerCertificate:    certificate,
		DefaultCacheBehavior: defaultBehavior(spec.DefaultBehavior),
		DefaultRootObject:    p.optional(spec.DefaultRootObject),
		PriceClass:           pulumi.String(spec.PriceClass), HttpVersion: pulumi.String(versions[spec.HTTP3]),
		IsIpv6Enabled: pulumi.Bool(true),
		WebAclId:      p.optional(acl.Text), Restrictions: countries(spec.Countries),
		WaitForDeployment: pulumi.Bool(true),
	}
	if len(spec.Aliases) > 0 {
		arguments.Aliases = texts(spec.Aliases...)
	}
	if behaviors := orderedBehaviors(spec.Behaviors); len(behaviors) > 0 {
		arguments.OrderedCacheBehaviors = behaviors
	}
	if responses := errorResponses(spec.ErrorResponses); len(responses) > 0 {
		arguments.CustomErrorResponses = responses
	}
	made, err := cloudfront.NewDistribution(p.Context, "distribution", arguments, p.patience())
	if err != nil {
		return err
	}
	if err := p.edgeNames(spec, made); err != nil {
		return err
	}
	p.output("id", made.ID())
	p.output("arn", made.Arn)
	p.output("domainName", made.DomainName)
	p.output("hostedZoneId", made.HostedZoneId)
	if len(spec.Aliases) > 0 {
		p.output("url", pulumi.String("https://"+spec.Aliases[0]))
	} else {
		p.output("url", pulumi.Sprintf("https://%s", made.DomainName))
	}
	if err := p.edgeLogs(spec.AccessLogs, made); err != nil {
		return err
	}
	return p.edgeAlarms(made)
}

// origins makes the places where content comes from. Buckets are read with requests that CloudFront signs.
func (p *program) origins(spec *resource.CloudFront) (cloudfront.DistributionOriginArray, error) {
	var array cloudfront.DistributionOriginArray
	var control *cloudfront.OriginAccessControl
	for i := range spec.Origins {
		o := &spec.Origins[i]
		made := &cloudfront.DistributionOriginArgs{OriginId: pulumi.String(o.Name), OriginPath: p.optional(o.Path)}
		for _, header := range o.Headers {
			value, err := p.value(header.Value)
			if err != nil {
				return nil, err
			}
			headers, _ := made.CustomHeaders.(cloudfront.DistributionOriginCustomHeaderArray)
			made.CustomHeaders = append(headers,
				&cloudfront.DistributionOriginCustomHeaderArgs{Name: pulumi.String(header.Name), Value: value})
		}
		if !o.Bucket.IsZero() {
			if control == nil {
				var err error
				if control, err = cloudfront.NewOriginAccessControl(p.Context, "buckets",
					&cloudfront.OriginAccessControlArgs{
						Name:                          pulumi.String(p.name(maxRoleName, "")),
						Description:                   pulumi.String("signs requests of " + p.order.Address.Short()),
						OriginAccessControlOriginType: pulumi.String("s3"), SigningBehavior: pulumi.String("always"),
						SigningProtocol: pulumi.String("sigv4")}); err != nil {
					return nil, err
				}
			}
			made.OriginAccessControlId = control.ID().ToStringOutput().ToStringPtrOutput()
		}
		if err := p.originHost(o, made); err != nil {
			return nil, err
		}
		array = append(array, made)
	}
	return array, nil
}

// originHost says where an origin is and how it is spoken to.
func (p *program) originHost(o *resource.Origin, made *cloudfront.DistributionOriginArgs) error {
	host, scheme, port := "", "https", 0
	switch {
	case !o.Bucket.IsZero():
		host, err := p.read(o.Bucket.Component, "domainName")
		made.DomainName = pulumi.String(host)
		return err
	case !o.LoadBalancer.IsZero():
		balancer, err := p.need(o.LoadBalancer.Component)
		if err != nil {
			return err
		}
		// The name in the address is that of the certificate, where the load balancer has one.
		scheme, host, port = splitURL(balancer.text("url"))
		if host == "" {
			scheme, host = "http", balancer.text("dnsName")
		}
	case !o.API.IsZero():
		api, err := p.need(o.API.Component)
		if err != nil {
			return err
		}
		host = api.text("host")
		if stage := api.text("stageName"); stage != "" && stage != defaultStage {
			made.OriginPath = pulumi.String("/" + stage + o.Path)
		}
	default:
		resolved, err := o.Domain.Resolve(p.upstream)
		if err != nil {
			return err
		}
		host = resolved.Text
	}
	if host == "" {
		return fmt.Errorf("the origin %s has no host", o.Name)
	}
	made.DomainName = pulumi.String(host)
	custom := &cloudfront.DistributionOriginCustomOriginConfigArgs{HttpPort: pulumi.Int(80), HttpsPort: pulumi.Int(443),
		OriginProtocolPolicy: pulumi.String(scheme + "-only"), OriginSslProtocols: texts("TLSv1.2")}
	if port != 0 && scheme == "http" {
		custom.HttpPort = pulumi.Int(port)
	} else if port != 0 {
		custom.HttpsPort = pulumi.Int(port)
	}
	made.CustomOriginConfig = custom
	return nil
}

// splitURL takes an address apart; port is 0 where none is written.
func splitURL(url string) (scheme, host string, port int) {
	scheme, rest, _ := strings.Cut(url, "://")
	rest, _, _ = strings.Cut(rest, "/")
	host, number, _ := strings.Cut(rest, ":")
	port, _ = strconv.Atoi(number)
	return scheme, host, port
}

// edgeCertificate is the certificate of the aliases, or CloudFront's own.
func (p *program) edgeCertificate(spec *resource.CloudFront) (*cloudfront.DistributionViewerCertificateArgs, error) {
	if len(spec.Aliases) == 0 {
		return &cloudfront.DistributionViewerCertificateArgs{CloudfrontDefaultCertificate: pulumi.Bool(true)}, nil
	}
	resolved, err := spec.Certificate.Resolve(p.upstream)
	if err != nil {
		return nil, err
	}
	return &cloudfront.DistributionViewerCertificateArgs{AcmCertificateArn: pulumi.String(resolved.Text),
		MinimumProtocolVersion: pulumi.String(spec.MinimumTLS), SslSupportMethod: pulumi.String("sni-only")}, nil
}

// edgeNames enters the aliases in Route 53, for both versions of IP.
func (p *program) edgeNames(spec *resource.CloudFront, made *cloudfront.Distribution) error {
	if spec.HostedZoneID == "" {
		return nil
	}
	for _, alias := range spec.Aliases {
		for _, kind := range []string{"A", "AAAA"} {
			if err := p.record(kind, resource.Domain{Name: alias, HostedZoneID: spec.HostedZoneID}, made.DomainName,
				made.HostedZoneId, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// edgeLogs has requests logged into a bucket, through CloudWatch's delivery, which needs no access lists on the bucket.
func (p *program) edgeLogs(spec *resource.AccessLogs, of *cloudfront.Distribution) error {
	if spec == nil {
		return nil
	}
	bucket, err := p.read(spec.Bucket.Component, "arn")
	if err != nil {
		return err
	}
	name := pulumi.String(p.name(maxLogDeliveryName, ""))
	source, err := cloudwatch.NewLogDeliverySource(p.Context, "logs", &cloudwatch.LogDeliverySourceArgs{Name: name,
		LogType:     pulumi.String("ACCESS_LOGS"),
		ResourceArn: of.Arn, Region: pulumi.String(edgeRegion)})
	if err != nil {
		return err
	}
	destination, err := cloudwatch.NewLogDeliveryDestination(p.Context, "logs",
		&cloudwatch.LogDeliveryDestinationArgs{Name: name,
			OutputFormat: pulumi.String("json"), Region: pulumi.String(edgeRegion),
			DeliveryDestinationConfiguration: &cloudwatch.LogDeliveryDestinationDeliveryDestinationConfigurationArgs{
				DestinationResourceArn: pulumi.String(bucket)}})
	if err != nil {
		return err
	}
	_, err = cloudwatch.NewLogDelivery(p.Context, "logs", &cloudwatch.LogDeliveryArgs{DeliverySourceName: source.Name,
		DeliveryDestinationArn: destination.Arn,
		Region:                 pulumi.String(edgeRegion),
		S3DeliveryConfigurations: cloudwatch.LogDeliveryS3DeliveryConfigurationArray{&cloudwatch.LogDeliveryS3DeliveryConfigurationArgs{
			EnableHiveCompatiblePath: pulumi.Bool(false),
			SuffixPath: pulumi.String(strings.TrimLeft(strings.Trim(spec.Prefix,
				"/")+"/{DistributionId}/{yyyy}/{MM}/{dd}", "/"))}}})
	return err
}

// edgeAlarms watches the distribution. Its metrics are in one region only, and an alarm and its topic must be there too.
func (p *program) edgeAlarms(of *cloudfront.Distribution) error {
	if p.order.Region != edgeRegion {
		return nil
	}
	return p.alarms(alarm{name: "errors", about: "the share of failed requests", namespace: "AWS/CloudFront",
		metric: "5xxErrorRate", limit: "errorRate",
		dimensions: pulumi.StringMap{"DistributionId": of.ID(), "Region": pulumi.String("Global")}})
}
