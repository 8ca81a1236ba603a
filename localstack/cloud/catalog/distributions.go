package catalog

import (
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud/property"
)

func distributions() []Type {
	const arn = "arn:{partition}:cloudfront::{account}:"
	policy := func(is, kind string) Type {
		return Type{
			Is: is, Scope: Account, ID: "{uuid}", Replace: "name", Renewed: "etag", Unique: "{name}",
			Outputs: object{"arn": arn + kind + "/{id}", "etag": "E{HEX13}"},
			Exists:  "409 " + strings.TrimPrefix(is, "cloudfront.") + "AlreadyExists: The caller attempted to create a policy with a name that is already used.",
			Missing: "404 NoSuchPolicy: The specified policy {ref} does not exist.",
			InUse:   "409 PolicyInUse: Cannot delete the policy because it is attached to {by}.",
		}
	}
	cache := policy("cloudfront.CachePolicy", "cache-policy")
	cache.Replace, cache.Defaults = "", object{"defaultTtl": 86400, "maxTtl": 31536000, "minTtl": 0}
	request := policy("cloudfront.OriginRequestPolicy", "origin-request-policy")
	request.Replace = ""
	response := policy("cloudfront.ResponseHeadersPolicy", "response-headers-policy")
	response.Replace = ""
	return []Type{
		distribution(arn),
		{
			Is: "cloudfront.OriginAccessControl", Scope: Account, ID: "E{HEX13}", NameMax: 64, Renewed: "etag",
			Enums: map[string]string{
				"originAccessControlOriginType": "s3 mediastore mediapackagev2 lambda",
				"signingBehavior":               "always never no-override", "signingProtocol": "sigv4",
			},
			Outputs: object{"arn": arn + "origin-access-control/{id}", "etag": "E{HEX13}"},
			Exists: "409 OriginAccessControlAlreadyExists: An origin access control with the same name already " +
				"exists.",
			Missing: "404 NoSuchOriginAccessControl: The origin access control {ref} does not exist.",
			InUse: "409 OriginAccessControlInUse: Cannot delete the origin access control because it's in use " +
				"by one or more distributions.",
		},
		{
			Is: "cloudfront.OriginAccessIdentity", Scope: Account, ID: "E{HEX13}", Renewed: "etag",
			Outputs: object{
				"arn": arn + "origin-access-identity/{id}", "callerReference": "terraform-{hex26}", "etag": "E{HEX13}",
				"cloudfrontAccessIdentityPath": "origin-access-identity/cloudfront/{id}", "s3CanonicalUserId": "{hex64}",
				"iamArn": "arn:{partition}:iam::cloudfront:user/CloudFront Origin Access Identity {id}",
			},
		},
		cache, request, response,
		{
			Is:       "cloudfront.Function",
			Scope:    Account,
			ID:       "{name}",
			NameMax:  64,
			Replace:  "name",
			Renewed:  "etag liveStageEtag",
			Defaults: object{"publish": true},
			Enums:    map[string]string{"runtime": "cloudfront-js-1.0 cloudfront-js-2.0"},
			Outputs: object{
				"arn": arn + "function/{name}", "etag": "E{HEX13}", "liveStageEtag": "E{HEX13}",
				"status": "UNASSOCIATED",
			},
			Exists: "409 FunctionAlreadyExists: A function with the same name already exists in this AWS account.",
			InUse:  "409 FunctionInUse: Cannot delete the function, it is in use by {by}.",
		},
		{
			Is: "cloudfront.VpcOrigin", Scope: Account, ID: "vo_{hex22}", Renewed: "etag", Settles: 300e9,
			Outputs: object{"arn": arn + "vpcorigin/{id}", "etag": "E{HEX13}"},
			Refs:    []string{"vpcOriginEndpointConfig.arn lb.LoadBalancer|ec2.Instance"},
			InUse:   "409 CannotDeleteEntityWhileInUse: The VPC origin is in use by {by}.",
		},
	}
}

func distribution(arn string) Type {
	return Type{
		Is:        "cloudfront.Distribution",
		Scope:     Account,
		ID:        "E{HEX13}",
		Settles:   240e9,
		Renewed:   "etag lastModifiedTime",
		Replace:   "staging",
		Unordered: "origins originGroups customErrorResponses",
		Defaults: object{
			"httpVersion": "http2", "isIpv6Enabled": false, "priceClass": "PriceClass_All", "retainOnDelete": false, "staging": false, "waitForDeployment": true,
		},
		Enums: map[string]string{
			"httpVersion": "http1.1 http2 http3 http2and3",
			"priceClass":  "PriceClass_100 PriceClass_200 PriceClass_All",
		},
		Outputs: object{
			"arn": arn + "distribution/{id}", "domainName": "d{hex13}.cloudfront.net", "hostedZoneId": "Z2FDTNDATAQYW2", "status": "Deployed",
			"callerReference": "terraform-{hex26}", "etag": "E{HEX13}", "lastModifiedTime": "{now}", "inProgressValidationBatches": 0,
			"trustedKeyGroups": list{object{"enabled": false, "items": list{}}}, "trustedSigners": list{object{"enabled": false, "items": list{}}},
		},
		Refs: []string{
			"origins.originAccessControlId cloudfront.OriginAccessControl", "defaultCacheBehavior.cachePolicyId cloudfront.CachePolicy ~",
			"orderedCacheBehaviors.cachePolicyId cloudfront.CachePolicy ~", "defaultCacheBehavior.originRequestPolicyId cloudfront.OriginRequestPolicy ~",
			"defaultCacheBehavior.responseHeadersPolicyId cloudfront.ResponseHeadersPolicy ~", "viewerCertificate.acmCertificateArn acm.Certificate -",
			"webAclId wafv2.WebAcl ~", "defaultCacheBehavior.functionAssociations.functionArn cloudfront.Function",
		},
		Missing: "404 NoSuchDistribution: The specified distribution does not exist.",
		Check:   checkDistribution,
		Before: func(o *Op) error {
			for _, alias := range property.Texts(o.State, "aliases") {
				for _, other := range o.Tx.OfType(o.Token) {
					if (o.Old == nil || other.ID != o.Old.ID) && contains(property.Texts(other.State, "aliases"), alias) {
						return o.refuse("409 CNAMEAlreadyExists: One or more of the CNAMEs you provided are " +
							"already associated with a different resource.")
					}
				}
			}
			return nil
		},
	}
}

func checkDistribution(c *Checking) {
	if c.unknown("origins") {
		return
	}
	origins := property.Texts(c.In, "origins.originId")
	groups := property.Texts(c.In, "originGroups.originId")
	for _, path := range []string{"defaultCacheBehavior.targetOriginId", "orderedCacheBehaviors.targetOriginId"} {
		for _, id := range property.Texts(c.In, path) {
			if !contains(origins, id) && !contains(groups, id) {
				c.Failf(path, "NoSuchOrigin: One or more of your origins or origin groups do not exist: %s", id)
			}
		}
	}
	if c.given("aliases") && len(property.Texts(c.In, "aliases")) > 0 && !c.unknown("viewerCertificate") &&
		c.text("viewerCertificate.acmCertificateArn") == "" && c.text("viewerCertificate.iamCertificateId") == "" {
		c.Failf("viewerCertificate", "InvalidViewerCertificate: To add an alternate domain name (CNAME) to a CloudFront distribution, you must attach a trusted certificate that validates your authorization to use the domain name.")
	}
	if arn := c.text("viewerCertificate.acmCertificateArn"); arn != "" && !strings.Contains(arn, ":us-east-1:") {
		c.Failf("viewerCertificate.acmCertificateArn", "InvalidViewerCertificate: The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, or doesn't include a valid certificate chain.")
	}
}

func contains(all []string, one string) bool {
	for _, s := range all {
		if s == one {
			return true
		}
	}
	return false
}
