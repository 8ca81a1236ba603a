package provision

import (
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/resource"
)

// frontCases are those of what stands before services.
var frontCases = map[string]execution.Order{
	"an internal load balancer": order("ALB", func(s *resource.ALB) {
		s.Listeners = []resource.Listener{listener("http", "HTTP")}
	}),
	"an internet-facing load balancer": order("ALB", func(s *resource.ALB) {
		secure, plain := listener("https", "HTTPS"), listener("http", "HTTP")
		secure.Certificates = []resource.Input{{Value: "arn:aws:acm:eu-west-1:123456789012:certificate/one"},
			{Value: "arn:aws:acm:eu-west-1:123456789012:certificate/two"}}
		plain.RedirectToHTTPS = true
		s.Scheme, s.Listeners = resource.InternetFacing, []resource.Listener{plain, secure}
		s.Domains = []resource.Domain{{Name: "api.example.com", HostedZoneID: "Z0123456789ABC"}}
		s.AccessLogs = &resource.AccessLogs{Bucket: resource.ComponentRef{Component: "files/logs"}}
	}, up("files/logs", "S3", map[string]any{"name": "logs", "arn": "arn:aws:s3:::logs"}), securityUp()),
	"an internal network load balancer": order("NLB", func(s *resource.NLB) {
		s.Listeners = []resource.NLBListener{networkListener("mqtt", "TCP", 1883)}
	}),
	"an internet-facing network load balancer": order("NLB", func(s *resource.NLB) {
		secure, game, dns := networkListener("mqtts", "TLS", 8883), networkListener("game", "UDP", 7000),
			networkListener("dns", "TCP_UDP", 53)
		secure.Certificates = []resource.Input{{Value: "arn:aws:acm:eu-west-1:123456789012:certificate/one"},
			{Value: "arn:aws:acm:eu-west-1:123456789012:certificate/two"}}
		secure.TargetPort, secure.PreserveClientIP, secure.HealthCheckPath = 1883, false, "/healthz"
		s.Scheme, s.Listeners, s.CrossZone = resource.InternetFacing, []resource.NLBListener{secure, game, dns}, false
		s.Domains = []resource.Domain{{Name: "mqtt.example.com", HostedZoneID: "Z0123456789ABC"}}
		s.AccessLogs = &resource.AccessLogs{Bucket: resource.ComponentRef{Component: "files/logs"}}
	}, up("files/logs", "S3", map[string]any{"name": "logs", "arn": "arn:aws:s3:::logs"}), watchedUp()),
	"a distribution of a bucket": order("CloudFront", func(s *resource.CloudFront) {
		s.Origins = []resource.Origin{{Name: "site", Bucket: resource.ComponentRef{Component: "files/site"}}}
		s.DefaultBehavior.Origin = "site"
	}, siteUp()),
	"a distribution with everything": order("CloudFront", func(s *resource.CloudFront) {
		s.Origins = []resource.Origin{{Name: "site", Bucket: resource.ComponentRef{Component: "files/site"},
			Path: "/v2"},
			{Name: "api", LoadBalancer: resource.ComponentRef{Component: "edge/lb"}, Headers: []resource.Header{
				{Name: "X-Origin", Value: resource.Input{Value: "edge"}},
				{Name: "X-Key", Value: resource.Input{SecretRef: &resource.SecretRef{Name: "shop/origin", Key: "key",
					Provider: resource.SecretsManager}}}}},
			{Name: "rest", API: resource.ComponentRef{Component: "edge/rest"}},
			{Name: "images", Domain: resource.Input{Value: "images.example.net"}}}
		s.DefaultBehavior.Origin = "site"
		b := resource.PathBehavior{Path: "/api/*"}
		b.SetDefaults()
		b.Origin, b.Methods, b.Cache, b.Forward, b.Viewer, b.SecurityHeaders = "api", "all", "disabled",
			"allExceptHost", "httpsOnly", false
		s.Behaviors = []resource.PathBehavior{b}
		s.Aliases, s.HostedZoneID = []string{"www.example.com", "example.com"}, "Z0123456789ABC"
		s.Certificate = resource.Input{Value: "arn:aws:acm:us-east-1:123456789012:certificate/one"}
		s.WebACL = resource.Input{Value: "arn:aws:wafv2:us-east-1:123456789012:global/webacl/edge/1"}
		s.DefaultRootObject, s.HTTP3 = "index.html", false
		s.ErrorResponses = []resource.ErrorResponse{{Code: 404, ResponseCode: 200, Path: "/index.html",
			CacheFor: 10 * resource.Second}, {Code: 503, CacheFor: resource.Second}}
		s.Countries = &resource.Countries{Mode: "allow", Codes: []string{"DE", "FR"}}
		s.AccessLogs = &resource.AccessLogs{Bucket: resource.ComponentRef{Component: "files/logs"}, Prefix: "edge/"}
	}, siteUp(), balancerUp(), watchedUp(), up("files/logs", "S3",
		map[string]any{"name": "logs", "arn": "arn:aws:s3:::logs"}),
		up("edge/rest", "APIGateway", map[string]any{"host": "abc.execute-api.eu-west-1.amazonaws.com", "id": "abc",
			"stageName": "v1"})),
	"an http api": order("APIGateway", func(s *resource.APIGateway) {
		s.Routes = []resource.Route{route("$default",
			func(r *resource.Route) { r.Function = resource.ComponentRef{Component: "jobs/fn"} })}
	}, functionUp()),
	"an http api with everything": order("APIGateway", func(s *resource.APIGateway) {
		s.Authorizers = []resource.Authorizer{{Name: "people",
			JWT: &resource.JWTAuthorizer{Issuer: resource.Input{Value: "https://login.example.com"},
				Audience: []string{"shop"}, Scopes: []string{"orders"}}}, {Name: "machines",
			Function: resource.ComponentRef{Component: "jobs/fn"}, CacheFor: resource.Minute}}
		s.Routes = []resource.Route{
			route("GET /orders/{id}", func(r *resource.Route) {
				r.Function, r.Authorizer = resource.ComponentRef{Component: "jobs/fn"}, "people"
			}),
			route("POST /orders", func(r *resource.Route) {
				r.Function, r.Authorizer = resource.ComponentRef{Component: "jobs/fn"}, "machines"
			}),
			route("ANY /web/{proxy+}", func(r *resource.Route) {
				r.LoadBalancer, r.Authorizer = resource.ComponentRef{Component: "edge/lb"}, "iam"
			}),
			route("GET /status", func(r *resource.Route) {
				r.URL, r.Timeout = resource.Input{Value: "https://status.example.com/v1"}, 5*resource.Second
			}),
		}
		s.CORS = &resource.CORSRule{Origins: []string{"https://www.example.com"}, Methods: []string{"GET", "POST"},
			Headers: []string{"authorization"}, MaxAge: resource.Hour}
		s.Domain = &resource.APIDomain{Name: "api.example.com",
			Certificate:  resource.Input{Value: "arn:aws:acm:eu-west-1:123456789012:certificate/one"},
			HostedZoneID: "Z0123456789ABC"}
		s.DisableDefaultEndpoint = true
	}, functionUp(), balancerUp(), networkUp(), watchedUp()),
	"a rest api": order("APIGateway", func(s *resource.APIGateway) {
		s.Protocol, s.Stage = resource.APIREST, "v1"
		s.Routes = []resource.Route{route("ANY /{proxy+}",
			func(r *resource.Route) { r.Function = resource.ComponentRef{Component: "jobs/fn"} })}
	}, functionUp()),
	"a rest api with everything": order("APIGateway", func(s *resource.APIGateway) {
		s.Protocol, s.Stage, s.Tracing = resource.APIREST, "v1", true
		s.Authorizers = []resource.Authorizer{{Name: "machines", Function: resource.ComponentRef{Component: "jobs/fn"},
			CacheFor: resource.Minute}}
		s.Routes = []resource.Route{
			route("GET /orders/{id}", func(r *resource.Route) {
				r.Function, r.Authorizer = resource.ComponentRef{Component: "jobs/fn"}, "machines"
			}),
			route("POST /orders", func(r *resource.Route) {
				r.Function, r.Authorizer, r.APIKeyRequired = resource.ComponentRef{Component: "jobs/fn"}, "iam", true
			}),
			route("ANY /web/{proxy+}", func(r *resource.Route) { r.LoadBalancer = resource.ComponentRef{Component: "edge/tcp"} }),
			route("GET /status/{part}", func(r *resource.Route) { r.URL = resource.Input{Value: "https://status.example.com/v1/{part}"} }),
		}
		s.CORS = &resource.CORSRule{Origins: []string{"https://www.example.com", "https://example.com"},
			Methods: []string{"GET"}, MaxAge: resource.Hour}
		s.Domain = &resource.APIDomain{Name: "api.example.com",
			Certificate:  resource.Input{Value: "arn:aws:acm:eu-west-1:123456789012:certificate/one"},
			HostedZoneID: "Z0123456789ABC"}
	}, functionUp(), networkUp(), securityUp(), watchedUp(), up("edge/tcp", "NLB",
		map[string]any{"securityGroupId": "sg-nlb",
			"arn":  "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/nlb/50dc6c495c0c9188",
			"urls": map[string]string{"web": "tcp://nlb.elb.amazonaws.com:8080"}})),
}
