package resource

import (
	"slices"
	"strings"

	"github.com/deployer-io/deployer/shared/diag"
)

// CodeAPI is the code of rules about APIs.
const CodeAPI diag.Code = "api"

// APIGateway answers HTTP requests by calling functions and services.
type APIGateway struct {
	Common
	// http is quick and cheap, rest knows API keys and request models
	Protocol APIProtocol `json:"protocol" jsonschema:"enum=http,enum=rest"`
	// what is called for which requests
	Routes []Route `json:"routes" jsonschema:"required,minItems=1,maxItems=300"`
	// who may call
	Authorizers []Authorizer `json:"authorizers,omitempty" jsonschema:"maxItems=10"`
	// what web pages of other origins may do
	CORS *CORSRule `json:"cors,omitempty"`
	// how many requests it takes
	Throttling Throttling `json:"throttling"`
	// the name of the stage; http has $default
	Stage string `json:"stage,omitempty" jsonschema:"pattern=^[A-Za-z0-9_-]{1\\,128}$"`
	// a host name of one's own
	Domain *APIDomain `json:"domain,omitempty"`
	// how many days logs of requests are kept; 0 is for ever
	LogRetention int `json:"logRetention" jsonschema:"enum=0,enum=1,enum=3,enum=5,enum=7,enum=14,enum=30,enum=60,enum=90,enum=120,enum=150,enum=180,enum=365,enum=400,enum=545,enum=731,enum=1096,enum=1827,enum=2192,enum=2557,enum=2922,enum=3288,enum=3653"`
	// records traces with X-Ray, with rest
	Tracing bool `json:"tracing,omitempty"`
	// closes the address that AWS gives it, so that domain alone leads to it
	DisableDefaultEndpoint bool `json:"disableDefaultEndpoint,omitempty"`
	// the web ACL of WAF, by ARN, with rest; without it that of the environment's Security document
	WebACL Input `json:"webAcl,omitzero"`
}

// APIProtocol is the sort of an API.
type APIProtocol string

// The sorts of APIs.
const (
	APIHTTP APIProtocol = "http"
	APIREST APIProtocol = "rest"
)

// Route calls something: exactly one of function, loadBalancer and url.
type Route struct {
	// the method and path, as in GET /users/{id}, ANY /{proxy+} or $default
	Route string `json:"route" jsonschema:"required,pattern=^(\\$default|(ANY|GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) /[A-Za-z0-9._~{}+/-]*)$"`
	// a Lambda component
	Function ComponentRef `json:"function,omitzero" kinds:"Lambda" reads:"arn,name"`
	// an ALB or NLB component, reached inside the network
	LoadBalancer ComponentRef `json:"loadBalancer,omitzero" kinds:"ALB,NLB" reads:"listenerArn,listenerArns,dnsName,arn"`
	// the load balancer's listener, by name
	Listener string `json:"listener,omitempty"`
	// any https URL
	URL Input `json:"url,omitzero"`
	// who may call: the name of an authorizer, iam, or none
	Authorizer string `json:"authorizer,omitempty" jsonschema:"maxLength=60"`
	// asks for an API key, with rest
	APIKeyRequired bool `json:"apiKeyRequired,omitempty"`
	// how long the answer may take
	Timeout Duration `json:"timeout"`
}

// SetDefaults waits for 29 seconds, as long as API Gateway does.
func (r *Route) SetDefaults() { r.Timeout = 29 * Second }

// Authorizer says who may call: exactly one of jwt and function.
type Authorizer struct {
	// the authorizer's name
	Name string `json:"name" jsonschema:"required,pattern=^[A-Za-z][A-Za-z0-9_-]{0\\,59}$"`
	// tokens of an OpenID issuer
	JWT *JWTAuthorizer `json:"jwt,omitempty"`
	// a Lambda component that decides
	Function ComponentRef `json:"function,omitzero" kinds:"Lambda" reads:"arn,name"`
	// how long a decision is kept
	CacheFor Duration `json:"cacheFor"`
}

// SetDefaults keeps a decision for five minutes.
func (a *Authorizer) SetDefaults() { a.CacheFor = 5 * Minute }

// JWTAuthorizer lets in those with a token.
type JWTAuthorizer struct {
	// the issuer, as in https://cognito-idp.eu-central-1.amazonaws.com/POOL
	Issuer Input `json:"issuer" jsonschema:"required"`
	// for whom the token is
	Audience []string `json:"audience" jsonschema:"required,minItems=1,uniqueItems=true"`
	// scopes of which the token must have one
	Scopes []string `json:"scopes,omitempty" jsonschema:"uniqueItems=true"`
}

// Throttling is how many requests are taken.
type Throttling struct {
	// requests per second
	Rate int `json:"rate" jsonschema:"minimum=1,maximum=100000"`
	// requests at once
	Burst int `json:"burst" jsonschema:"minimum=1,maximum=50000"`
}

// APIDomain is a host name of one's own.
type APIDomain struct {
	// the name, as in api.example.com
	Name string `json:"name" jsonschema:"required,pattern=^([a-z0-9]([a-z0-9-]{0\\,61}[a-z0-9])?\\.)+[a-z]{2\\,63}$"`
	// the certificate, by ARN, in the environment's region
	Certificate Input `json:"certificate" jsonschema:"required"`
	// the id of the hosted zone in Route 53 that the name is entered in; without it nothing is entered
	HostedZoneID string `json:"hostedZoneId,omitempty" jsonschema:"pattern=^Z[A-Z0-9]{5\\,31}$"`
}

// KindAPIGateway answers HTTP requests by calling functions and services.
var KindAPIGateway = register(Definition{
	Kind: "APIGateway", APIVersion: ComponentsV1, Family: Network, Revision: 1,
	Summary: "An API Gateway (HTTP or REST) in front of functions, load balancers and URLs.",
	New: func() Spec {
		return &APIGateway{Common: defaultCommon(Delete, 20*Minute), Protocol: APIHTTP, Throttling: Throttling{Rate: 1000, Burst: 500}, LogRetention: 30}
	},
	Outputs: []Output{
		{Name: "id", Type: Text, Doc: "the API's id"},
		{Name: "arn", Type: Text, Doc: "the ARN under which it is called, for permissions"},
		{Name: "host", Type: Text, Doc: "the host name that AWS gives it"},
		{Name: "url", Type: Text, Doc: "the address with its stage; that of domain where there is one"},
		{Name: "stageName", Type: Text, Doc: "the stage's name"},
		{Name: "logGroupName", Type: Text, Doc: "where requests are logged"},
	},
	ReplaceOn: []string{"protocol", "stage"},
})

// InNetwork reports whether the API reaches into the environment's network.
func (a *APIGateway) InNetwork() bool {
	return slices.ContainsFunc(a.Routes, func(r Route) bool { return !r.LoadBalancer.IsZero() })
}

// Check keeps the rules over several fields.
func (a *APIGateway) Check(k *Checker) {
	a.Common.check(k)
	authorizers := []string{"iam", "none"}
	names := make([]string, len(a.Authorizers))
	for i := range a.Authorizers {
		authorizer, path := &a.Authorizers[i], indexed("authorizers", i)
		names[i] = authorizer.Name
		if (authorizer.JWT == nil) == authorizer.Function.IsZero() {
			k.Errorf(CodeConflict, path, "an authorizer has either jwt or function").WithHint("write one of them")
		}
		k.only(path+".jwt", authorizer.JWT != nil, a.Protocol == APIHTTP, "protocol is http")
		k.between(path+".cacheFor", authorizer.CacheFor, 0, Hour)
	}
	k.unique("authorizers", ".name", names)
	authorizers = append(authorizers, names...)
	routes := make([]string, len(a.Routes))
	for i := range a.Routes {
		routes[i] = a.Routes[i].Route
		a.Routes[i].check(k, indexed("routes", i), a.Protocol, authorizers)
	}
	k.unique("routes", ".route", routes)
	k.only("tracing", a.Tracing, a.Protocol == APIREST, "protocol is rest")
	k.only("webAcl", !a.WebACL.IsZero(), a.Protocol == APIREST, "protocol is rest")
	k.need("stage", a.Stage != "", a.Protocol == APIREST, "a REST API has a stage with a name")
	k.only("stage", a.Stage != "", a.Protocol == APIREST, "protocol is rest")
	k.need("domain", a.Domain != nil, a.DisableDefaultEndpoint, "nothing else leads to it")
	if a.Domain != nil {
		checkCertificates(k, "domain.certificate", []Input{a.Domain.Certificate})
	}
}

func (r *Route) check(k *Checker, path string, protocol APIProtocol, authorizers []string) {
	given := 0
	for _, is := range []bool{!r.Function.IsZero(), !r.LoadBalancer.IsZero(), !r.URL.IsZero()} {
		if is {
			given++
		}
	}
	if given != 1 {
		k.Errorf(CodeConflict, path, "a route has exactly one of function, loadBalancer and url; this one has %d", given).WithHint("choose one")
	}
	if r.Authorizer != "" {
		k.oneOf(CodeAPI, path+".authorizer", r.Authorizer, authorizers, "authorizer")
	}
	k.only(path+".apiKeyRequired", r.APIKeyRequired, protocol == APIREST, "protocol is rest")
	k.only(path+".listener", r.Listener != "", !r.LoadBalancer.IsZero(), "loadBalancer is given")
	k.between(path+".timeout", r.Timeout, 50*1e6, 29*Second)
	if r.Route == "$default" && protocol == APIREST {
		k.Errorf(CodeAPI, path+".route", "a REST API has no $default route").WithHint("write ANY /{proxy+}")
	}
	if url := r.URL.Value; url != "" && !strings.HasPrefix(url, "https://") {
		k.Errorf(CodeAPI, path+".url", "%q does not begin with https://", shorten(url)).WithHint("requests are not sent on in clear")
	}
}

// Relate keeps the rules over the API and what it calls.
func (a *APIGateway) Relate(k *Checker, related Related) {
	for i := range a.Routes {
		r, ok := related(a.Routes[i].LoadBalancer)
		if !ok || a.Protocol != APIREST {
			continue
		}
		if r.Kind == KindALB {
			k.Errorf(CodeAPI, indexed("routes", i)+".loadBalancer", "a REST API reaches an NLB alone, and %s is an ALB", a.Routes[i].LoadBalancer.Component).
				WithHint("use an NLB, or protocol: http")
		}
	}
}
