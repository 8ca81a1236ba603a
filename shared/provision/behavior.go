package provision

import (
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/cloudfront"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

// The ids of policies that AWS maintains (Amazon CloudFront Developer Guide, "Use managed cache policies" and its siblings
// for origin requests and response headers).
var (
	cachePolicies = map[string]string{"optimized": "658327ea-f89d-4fab-a63d-7e88639e58f6",
		"disabled": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"}
	requestPolicies = map[string]string{"all": "216adef6-5c7f-47e4-b989-5492eafa07d3",
		"allExceptHost": "b689b0a8-53d0-40ab-baf2-68738e2966ac"}
)

const securityHeaders = "67f7725c-6f97-4210-82d7-5512b31e9d03"

// What CloudFront calls the choices of a behavior.
var (
	viewers = map[string]string{"redirect": "redirect-to-https", "httpsOnly": "https-only",
		"allowAll": "allow-all"}
	allowedMethods = map[string][]string{"read": {"GET", "HEAD", "OPTIONS"},
		"all": {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}}
)

// chosen is an argument for one of several choices, left out where there is none for it.
func chosen(from map[string]string, choice string) pulumi.StringPtrInput {
	if id := from[choice]; id != "" {
		return pulumi.String(id)
	}
	return nil
}

func responsePolicy(b resource.Behavior) pulumi.StringPtrInput {
	if b.SecurityHeaders {
		return pulumi.String(securityHeaders)
	}
	return nil
}

func defaultBehavior(b resource.Behavior) *cloudfront.DistributionDefaultCacheBehaviorArgs {
	return &cloudfront.DistributionDefaultCacheBehaviorArgs{TargetOriginId: pulumi.String(b.Origin),
		AllowedMethods: texts(allowedMethods[b.Methods]...),
		CachedMethods:  texts("GET", "HEAD"), CachePolicyId: chosen(cachePolicies, b.Cache),
		OriginRequestPolicyId:   chosen(requestPolicies, b.Forward),
		ResponseHeadersPolicyId: responsePolicy(b), ViewerProtocolPolicy: pulumi.String(viewers[b.Viewer]),
		Compress: pulumi.Bool(b.Compress)}
}

func orderedBehaviors(behaviors []resource.PathBehavior) cloudfront.DistributionOrderedCacheBehaviorArray {
	var array cloudfront.DistributionOrderedCacheBehaviorArray
	for _, b := range behaviors {
		array = append(array, &cloudfront.DistributionOrderedCacheBehaviorArgs{PathPattern: pulumi.String(b.Path),
			TargetOriginId: pulumi.String(b.Origin),
			AllowedMethods: texts(allowedMethods[b.Methods]...), CachedMethods: texts("GET", "HEAD"),
			CachePolicyId:           chosen(cachePolicies, b.Cache),
			OriginRequestPolicyId:   chosen(requestPolicies, b.Forward),
			ResponseHeadersPolicyId: responsePolicy(b.Behavior),
			ViewerProtocolPolicy:    pulumi.String(viewers[b.Viewer]), Compress: pulumi.Bool(b.Compress)})
	}
	return array
}

func errorResponses(responses []resource.ErrorResponse) cloudfront.DistributionCustomErrorResponseArray {
	var array cloudfront.DistributionCustomErrorResponseArray
	for _, r := range responses {
		made := &cloudfront.DistributionCustomErrorResponseArgs{ErrorCode: pulumi.Int(r.Code),
			ErrorCachingMinTtl: seconds(r.CacheFor)}
		if r.ResponseCode != 0 {
			made.ResponseCode, made.ResponsePagePath = pulumi.Int(r.ResponseCode), pulumi.String(r.Path)
		}
		array = append(array, made)
	}
	return array
}

func countries(spec *resource.Countries) *cloudfront.DistributionRestrictionsArgs {
	modes := map[string]string{"allow": "whitelist", "deny": "blacklist"}
	made := &cloudfront.DistributionRestrictionsGeoRestrictionArgs{RestrictionType: pulumi.String("none")}
	if spec != nil {
		made.RestrictionType, made.Locations = pulumi.String(modes[spec.Mode]), texts(spec.Codes...)
	}
	return &cloudfront.DistributionRestrictionsArgs{GeoRestriction: made}
}
