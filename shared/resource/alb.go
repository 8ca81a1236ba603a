package resource

import (
	"strings"

	"github.com/deployer-io/deployer/shared/diag"
)

// The codes of rules about what the internet reaches.
const (
	CodeListener diag.Code = "listener"
	CodePublic   diag.Code = "public"
)

// ALB is a load balancer for HTTP: services attach themselves to it with ingress.
type ALB struct {
	Common
	// internal serves the network alone, internet-facing everybody
	Scheme Scheme `json:"scheme" jsonschema:"enum=internal,enum=internet-facing"`
	// the ports it answers on
	Listeners []Listener `json:"listeners" jsonschema:"required,minItems=1,maxItems=50"`
	// who may connect; without it the network for internal, everybody for internet-facing
	AllowedCIDRs []CIDR `json:"allowedCidrs,omitempty" jsonschema:"uniqueItems=true,maxItems=50"`
	// how long a connection may be silent
	IdleTimeout Duration `json:"idleTimeout"`
	// offers HTTP/2
	HTTP2 bool `json:"http2"`
	// drops headers that are no valid HTTP
	DropInvalidHeaders bool `json:"dropInvalidHeaders"`
	// refuses to be deleted, on AWS's side
	DeletionProtection bool `json:"deletionProtection"`
	// where requests are logged; the bucket's encryption must be s3
	AccessLogs *AccessLogs `json:"accessLogs,omitempty"`
	// the web ACL of WAF, by ARN; without it that of the environment's Security document, for internet-facing ones
	WebACL Input `json:"webAcl,omitzero"`
	// names in Route 53 that lead to it
	Domains []Domain `json:"domains,omitempty" jsonschema:"maxItems=20"`
}

// Scheme says who can reach a load balancer.
type Scheme string

// The schemes.
const (
	Internal       Scheme = "internal"
	InternetFacing Scheme = "internet-facing"
)

// Listener is a port that an ALB answers on.
type Listener struct {
	// the listener's name
	Name string `json:"name" jsonschema:"required,pattern=^[a-z][a-z0-9-]{0\\,31}$"`
	// the port; 0 is the protocol's own
	Port int `json:"port,omitempty" jsonschema:"minimum=1,maximum=65535"`
	// the protocol
	Protocol string `json:"protocol" jsonschema:"required,enum=HTTP,enum=HTTPS"`
	// the certificates, by ARN; the first is the default
	Certificates []Input `json:"certificates,omitempty" jsonschema:"maxItems=25"`
	// the TLS versions and ciphers that are spoken
	TLSPolicy string `json:"tlsPolicy" jsonschema:"pattern=^ELBSecurityPolicy-"`
	// sends every request to HTTPS instead
	RedirectToHTTPS bool `json:"redirectToHttps,omitempty"`
	// the answer to requests that no service's rule is about
	Default FixedResponse `json:"default"`
}

// SetDefaults speaks TLS 1.2 and 1.3 and answers 404.
func (l *Listener) SetDefaults() {
	l.TLSPolicy = "ELBSecurityPolicy-TLS13-1-2-2021-06"
	l.Default = FixedResponse{Status: 404, ContentType: "text/plain", Body: "not found"}
}

// EffectivePort is the port given, or the protocol's own.
func (l *Listener) EffectivePort() int {
	switch {
	case l.Port != 0:
		return l.Port
	case l.Protocol == "HTTPS":
		return 443
	}
	return 80
}

// FixedResponse is an answer that a load balancer gives itself.
type FixedResponse struct {
	// the status code
	Status int `json:"status" jsonschema:"minimum=200,maximum=599"`
	// the body's type
	ContentType string `json:"contentType" jsonschema:"enum=text/plain,enum=text/html,enum=application/json"`
	// the body
	Body string `json:"body,omitempty" jsonschema:"maxLength=1024"`
}

// Domain is a name in Route 53.
type Domain struct {
	// the name, as in api.example.com
	Name string `json:"name" jsonschema:"required,pattern=^(\\*\\.)?([a-z0-9]([a-z0-9-]{0\\,61}[a-z0-9])?\\.)+[a-z]{2\\,63}$"`
	// the id of the hosted zone that it lies in
	HostedZoneID string `json:"hostedZoneId" jsonschema:"required,pattern=^Z[A-Z0-9]{5\\,31}$"`
}

// KindALB is a load balancer for HTTP.
var KindALB = register(Definition{
	Kind: "ALB", APIVersion: ComponentsV1, Family: Network, Revision: 2, Networked: true,
	Summary: "An Application Load Balancer with its listeners; services attach themselves with ingress.",
	New: func() Spec {
		return &ALB{Common: defaultCommon(Delete, 20*Minute), Scheme: Internal, IdleTimeout: Minute, HTTP2: true, DropInvalidHeaders: true,
			DeletionProtection: true}
	},
	Outputs: []Output{
		{Name: "arn", Type: Text, Doc: "the load balancer's ARN"},
		{Name: "dnsName", Type: Text, Doc: "the load balancer's host name"},
		{Name: "hostedZoneId", Type: Text, Doc: "the zone of dnsName, for aliases in Route 53"},
		{Name: "listenerArn", Type: Text, Doc: "the ARN of the first HTTPS listener, or of the first"},
		{Name: "listenerArns", Type: TextMap, Doc: "the ARNs of the listeners, by name"},
		{Name: "securityGroupId", Type: Text, Doc: "its security group"},
		{Name: "url", Type: Text, Doc: "the address of the first HTTPS listener, or of the first, with the first of domains or dnsName"},
	},
	ReplaceOn: []string{"scheme"},
})

// DefaultListener returns the listener that services attach to when they name none: the first HTTPS one, or the first.
func (a *ALB) DefaultListener() (Listener, bool) {
	for _, l := range a.Listeners {
		if l.Protocol == "HTTPS" {
			return l, true
		}
	}
	if len(a.Listeners) == 0 {
		return Listener{}, false
	}
	return a.Listeners[0], true
}

// Check keeps the rules over several fields.
func (a *ALB) Check(k *Checker) {
	a.Common.check(k)
	k.between("idleTimeout", a.IdleTimeout, Second, 4000*Second)
	names, https := make([]string, len(a.Listeners)), false
	ports := map[int]bool{}
	for i := range a.Listeners {
		l := &a.Listeners[i]
		names[i], https = l.Name, https || l.Protocol == "HTTPS"
		if port := l.EffectivePort(); ports[port] {
			k.Errorf(CodeListener, indexed("listeners", i)+".port", "two listeners answer on port %d", port).WithHint("give one of them another port")
		} else {
			ports[port] = true
		}
	}
	k.unique("listeners", ".name", names)
	for i := range a.Listeners {
		a.Listeners[i].check(k, indexed("listeners", i), https)
		if l := a.Listeners[i]; a.Scheme == InternetFacing && l.Protocol == "HTTP" && !l.RedirectToHTTPS {
			k.Warnf(CodePublic, indexed("listeners", i), "the listener %q answers the internet in clear", l.Name).
				WithHint("add an HTTPS listener and redirectToHttps: true here")
		}
	}
	checkDomains(k, a.Domains)
}

func (l *Listener) check(k *Checker, path string, https bool) {
	k.need(path+".certificates", len(l.Certificates) > 0, l.Protocol == "HTTPS", "an HTTPS listener needs a certificate")
	k.only(path+".certificates", len(l.Certificates) > 0, l.Protocol == "HTTPS", "protocol is HTTPS")
	k.only(path+".redirectToHttps", l.RedirectToHTTPS, l.Protocol == "HTTP", "protocol is HTTP")
	k.only(path+".tlsPolicy", k.Wrote(path+".tlsPolicy"), l.Protocol == "HTTPS", "protocol is HTTPS")
	if l.RedirectToHTTPS && !https {
		k.Errorf(CodeListener, path+".redirectToHttps", "there is no HTTPS listener to redirect to").WithHint("add one to listeners")
	}
	checkCertificates(k, path+".certificates", l.Certificates)
}

// checkCertificates wants ARNs of ACM or IAM where certificates are written out.
func checkCertificates(k *Checker, path string, certificates []Input) {
	for i, c := range certificates {
		if c.Value == "" {
			continue
		}
		var arn ARN
		if err := arn.UnmarshalText([]byte(c.Value)); err != nil || arn.Service() != "acm" && arn.Service() != "iam" {
			k.Errorf(CodeListener, indexed(path, i), "%q is no ARN of a certificate", shorten(c.Value)).
				WithHint("arn:aws:acm:REGION:ACCOUNT:certificate/ID")
		}
	}
}

func checkDomains(k *Checker, domains []Domain) {
	names := make([]string, len(domains))
	for i, d := range domains {
		names[i] = strings.ToLower(d.Name)
	}
	k.unique("domains", ".name", names)
}

// Relate keeps the rules over the load balancer and the bucket of its logs.
func (a *ALB) Relate(k *Checker, related Related) { checkLogBucket(k, related, a.AccessLogs) }
