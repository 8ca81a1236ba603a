package resource

import (
	"strings"

	"github.com/deployer-io/deployer/shared/diag"
)

// CodeDistribution is the code of rules about distributions.
const CodeDistribution diag.Code = "distribution"

// CloudFront brings content close to those who ask for it.
type CloudFront struct {
	Common
	// where content comes from
	Origins []Origin `json:"origins" jsonschema:"required,minItems=1,maxItems=25"`
	// what holds for paths that no behavior is about
	DefaultBehavior Behavior `json:"defaultBehavior" jsonschema:"required"`
	// what holds for certain paths; the first that fits wins
	Behaviors []PathBehavior `json:"behaviors,omitempty" jsonschema:"maxItems=25"`
	// host names of one's own, as in www.example.com
	Aliases []string `json:"aliases,omitempty" jsonschema:"maxItems=100,uniqueItems=true,pattern=^(\\*\\.)?([a-z0-9]([a-z0-9-]{0\\,61}[a-z0-9])?\\.)+[a-z]{2\\,63}$"`
	// the certificate of the aliases, by ARN, in us-east-1
	Certificate Input `json:"certificate,omitzero"`
	// the id of the hosted zone in Route 53 that the aliases are entered in
	HostedZoneID string `json:"hostedZoneId,omitempty" jsonschema:"pattern=^Z[A-Z0-9]{5\\,31}$"`
	// the oldest TLS that is spoken, with aliases
	MinimumTLS string `json:"minimumTls" jsonschema:"enum=TLSv1.2_2021,enum=TLSv1.2_2019,enum=TLSv1.2_2018"`
	// what is served for /
	DefaultRootObject string `json:"defaultRootObject,omitempty" jsonschema:"maxLength=255"`
	// what is served in place of an error
	ErrorResponses []ErrorResponse `json:"errorResponses,omitempty" jsonschema:"maxItems=10"`
	// from where content is served: 100 is North America and Europe, 200 more, All everywhere
	PriceClass string `json:"priceClass" jsonschema:"enum=PriceClass_100,enum=PriceClass_200,enum=PriceClass_All"`
	// the web ACL of WAF, by ARN, in us-east-1
	WebACL Input `json:"webAcl,omitzero"`
	// who is served, by country
	Countries *Countries `json:"countries,omitempty"`
	// where requests are logged
	AccessLogs *AccessLogs `json:"accessLogs,omitempty"`
	// speaks HTTP/3 too
	HTTP3 bool `json:"http3"`
	// serves nothing for the time being
	Disabled bool `json:"disabled,omitempty"`
}

// Origin is where content comes from: exactly one of bucket, loadBalancer, api and domain.
type Origin struct {
	// the origin's name
	Name string `json:"name" jsonschema:"required,pattern=^[A-Za-z0-9._-]{1\\,100}$"`
	// an S3 component; only the distribution may read it
	Bucket ComponentRef `json:"bucket,omitzero" kinds:"S3" reads:"name,arn,domainName"`
	// an internet-facing ALB component
	LoadBalancer ComponentRef `json:"loadBalancer,omitzero" kinds:"ALB" reads:"dnsName,arn"`
	// an APIGateway component
	API ComponentRef `json:"api,omitzero" kinds:"APIGateway" reads:"host,id"`
	// any other host
	Domain Input `json:"domain,omitzero"`
	// what is put before each path
	Path string `json:"path,omitempty" jsonschema:"pattern=^/.*[^/]$"`
	// headers that are added; a value may be a secret
	Headers []Header `json:"headers,omitempty" jsonschema:"maxItems=30"`
}

// Behavior is how requests are answered.
type Behavior struct {
	// the origin, by name
	Origin string `json:"origin" jsonschema:"required,minLength=1"`
	// which methods are let through
	Methods string `json:"methods" jsonschema:"enum=read,enum=all"`
	// how long what is kept: AWS's optimized policy, or nothing at all
	Cache string `json:"cache" jsonschema:"enum=optimized,enum=disabled"`
	// what of a request the origin sees: all with the host, all but the host, or nothing more than the cache needs
	Forward string `json:"forward" jsonschema:"enum=all,enum=allExceptHost,enum=none"`
	// what happens to requests in clear
	Viewer string `json:"viewer" jsonschema:"enum=redirect,enum=httpsOnly,enum=allowAll"`
	// compresses answers
	Compress bool `json:"compress"`
	// adds headers that make browsers careful
	SecurityHeaders bool `json:"securityHeaders"`
}

// SetDefaults keeps what may be kept, and sends requests in clear to https.
func (b *Behavior) SetDefaults() {
	b.Methods, b.Cache, b.Forward, b.Viewer, b.Compress, b.SecurityHeaders = "read", "optimized", "none", "redirect", true, true
}

// PathBehavior is how requests for certain paths are answered.
type PathBehavior struct {
	// the paths, as in /api/*
	Path string `json:"path" jsonschema:"required,pattern=^/,maxLength=255"`
	Behavior
}

// SetDefaults keeps what may be kept.
func (p *PathBehavior) SetDefaults() { p.Behavior.SetDefaults() }

// ErrorResponse is what is served in place of an error.
type ErrorResponse struct {
	// the status code from the origin
	Code int `json:"code" jsonschema:"required,enum=400,enum=403,enum=404,enum=405,enum=414,enum=416,enum=500,enum=501,enum=502,enum=503,enum=504"`
	// the status code that is sent
	ResponseCode int `json:"responseCode,omitempty" jsonschema:"minimum=200,maximum=599"`
	// what is served, as in /index.html
	Path string `json:"path,omitempty" jsonschema:"pattern=^/"`
	// how long the error is kept
	CacheFor Duration `json:"cacheFor"`
}

// SetDefaults keeps an error for ten seconds.
func (e *ErrorResponse) SetDefaults() { e.CacheFor = 10 * Second }

// Countries says who is served.
type Countries struct {
	// allow serves these alone, deny all others
	Mode string `json:"mode" jsonschema:"required,enum=allow,enum=deny"`
	// the countries, by their two letters
	Codes []string `json:"codes" jsonschema:"required,minItems=1,uniqueItems=true,pattern=^[A-Z]{2}$"`
}

// KindCloudFront brings content close to those who ask for it.
var KindCloudFront = register(Definition{
	Kind: "CloudFront", APIVersion: ComponentsV1, Family: Network, Revision: 1,
	Summary: "A CloudFront distribution over buckets, load balancers and APIs.",
	New: func() Spec {
		c := &CloudFront{Common: defaultCommon(Delete, 45*Minute), MinimumTLS: "TLSv1.2_2021", PriceClass: "PriceClass_100", HTTP3: true}
		c.DefaultBehavior.SetDefaults()
		return c
	},
	Outputs: []Output{
		{Name: "id", Type: Text, Doc: "the distribution's id"},
		{Name: "arn", Type: Text, Doc: "the distribution's ARN"},
		{Name: "domainName", Type: Text, Doc: "the distribution's host name"},
		{Name: "hostedZoneId", Type: Text, Doc: "the zone of domainName, for aliases in Route 53"},
		{Name: "url", Type: Text, Doc: "the address, with the first alias or domainName"},
	},
})

// Check keeps the rules over several fields.
func (c *CloudFront) Check(k *Checker) {
	c.Common.check(k)
	names := make([]string, len(c.Origins))
	for i := range c.Origins {
		names[i] = c.Origins[i].Name
		c.Origins[i].check(k, indexed("origins", i))
	}
	k.unique("origins", ".name", names)
	k.oneOf(CodeDistribution, "defaultBehavior.origin", c.DefaultBehavior.Origin, names, "origin")
	paths := make([]string, len(c.Behaviors))
	for i := range c.Behaviors {
		paths[i] = c.Behaviors[i].Path
		k.oneOf(CodeDistribution, indexed("behaviors", i)+".origin", c.Behaviors[i].Origin, names, "origin")
	}
	k.unique("behaviors", ".path", paths)
	k.need("certificate", !c.Certificate.IsZero(), len(c.Aliases) > 0, "aliases need a certificate")
	k.only("certificate", !c.Certificate.IsZero(), len(c.Aliases) > 0, "aliases are given")
	k.only("hostedZoneId", c.HostedZoneID != "", len(c.Aliases) > 0, "aliases are given")
	for path, input := range map[string]Input{"certificate": c.Certificate, "webAcl": c.WebACL} {
		var arn ARN
		if input.Value != "" && (arn.UnmarshalText([]byte(input.Value)) != nil || arn.Region() != "us-east-1" && arn.Service() != "iam") {
			k.Errorf(CodeDistribution, path, "CloudFront takes it from us-east-1 alone").WithHint("write an ARN of us-east-1")
		}
	}
	for i, response := range c.ErrorResponses {
		path := indexed("errorResponses", i)
		if (response.ResponseCode == 0) != (response.Path == "") {
			k.Errorf(CodeConflict, path, "responseCode and path belong together").WithHint("write both, or neither")
		}
	}
}

func (o *Origin) check(k *Checker, path string) {
	given := 0
	for _, is := range []bool{!o.Bucket.IsZero(), !o.LoadBalancer.IsZero(), !o.API.IsZero(), !o.Domain.IsZero()} {
		if is {
			given++
		}
	}
	if given != 1 {
		k.Errorf(CodeConflict, path, "an origin is exactly one of bucket, loadBalancer, api and domain; this one is %d", given).
			WithHint("make it several origins, or choose one")
	}
	if domain := o.Domain.Value; strings.Contains(domain, "/") {
		k.Errorf(CodeDistribution, path+".domain", "%q is no host name", shorten(domain)).WithHint("write the host alone; path has a field of its own")
	}
}

// Relate keeps the rules over the distribution and its origins.
func (c *CloudFront) Relate(k *Checker, related Related) {
	for i := range c.Origins {
		r, ok := related(c.Origins[i].LoadBalancer)
		if !ok {
			continue
		}
		if lb, is := r.Spec.(*ALB); is && lb.Scheme == Internal {
			k.Errorf(CodeDistribution, indexed("origins", i)+".loadBalancer", "CloudFront cannot reach the internal load balancer %s", c.Origins[i].LoadBalancer.Component).
				WithHint("make it internet-facing")
		}
	}
}
