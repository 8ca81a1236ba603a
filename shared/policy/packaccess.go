package policy

import "github.com/deployer-io/deployer/shared/resource"

var (
	containers  = []string{"MicroService", "Worker", "CronJob"}
	withAccess  = []string{"MicroService", "Worker", "CronJob", "Lambda", "EC2Instance"}
	everybody   = "(c == '0.0.0.0/0' || c == '::/0')"
	wholeAction = "(a == '*' || a.endsWith(':*'))"
)

var publicExposure = Pack{
	Name: "public-exposure", Summary: "Nothing is open to the internet by mistake.",
	Rules: []BuiltIn{
		{Name: "buckets", Severity: resource.Deny, Kinds: []string{"S3"},
			Description: "Objects are served through CloudFront, not by the bucket.",
			Expression:  "!resource.spec.publicAccess", Message: "objects may be made public"},
		{Name: "databases", Severity: resource.Deny, Kinds: []string{"RDS"},
			Description: "Databases are reached from inside the network.",
			Expression:  "!resource.spec.publiclyAccessible", Message: "the internet reaches the database"},
		{Name: "instances", Severity: resource.Deny, Kinds: []string{"EC2Instance"},
			Description: "Instances stand behind load balancers and NAT gateways.",
			Expression:  "!resource.spec.publicIp", Message: "the instance has a public address"},
		{Name: "instance-ports", Severity: resource.Deny, Kinds: []string{"EC2Instance"},
			Description: "Ports are open to named networks.",
			Expression:  "!resource.spec.allowedPorts.exists(p, p.cidrs.exists(c, " + everybody + "))",
			Message: "everybody reaches the ports {{ resource.spec.allowedPorts.filter(p, p.cidrs.exists(c, " + everybody +
				")).map(p, p.port) }}"},
		{Name: "functions", Severity: resource.Deny, Kinds: []string{"Lambda"},
			Description: "A function's address asks for credentials.",
			Expression:  "!has(resource.spec.url) || resource.spec.url.auth == 'iam'", Message: "everybody may call the function"},
		{Name: "apis", Severity: resource.Warn, Kinds: []string{"APIGateway"},
			Description: "A route that everybody may call is meant to be one.",
			Expression:  "resource.spec.routes.all(r, has(r.authorizer) && r.authorizer != 'none' || r.apiKeyRequired)",
			Message: "everybody may call {{ resource.spec.routes.filter(r, (!has(r.authorizer) || r.authorizer == 'none') && !r.apiKeyRequired)" +
				".map(r, r.route) }}"},
		{Name: "firewall", Severity: resource.Warn, Kinds: []string{"ALB"},
			Description: "A web application firewall stands before what the internet reaches.",
			Expression: "resource.spec.scheme == 'internal' || has(resource.spec.webAcl) || " +
				"has(platform.security) && platform.security.waf.enabled", Message: "no firewall stands before it", Field: "spec.webAcl"},
		{Name: "kubernetes", Severity: resource.Warn, Kinds: []string{"MicroService"},
			Description: "A load balancer that Kubernetes makes is internet-facing on purpose.",
			Expression: "!has(resource.spec.eks) || !('alb.ingress.kubernetes.io/scheme' in resource.spec.eks.ingressAnnotations) || " +
				"resource.spec.eks.ingressAnnotations['alb.ingress.kubernetes.io/scheme'] == 'internal'",
			Message: "its ingress is open to the internet", Field: "spec.eks.ingressAnnotations"},
	},
}

var leastPrivilege = Pack{
	Name: "least-privilege", Summary: "Components may do what they need, and no more.",
	Rules: []BuiltIn{
		{Name: "actions", Severity: resource.Deny, Kinds: withAccess,
			Description: "Permissions name their actions.",
			Expression:  "resource.spec.permissions.all(p, p.effect == 'Deny' || !p.actions.exists(a, " + wholeAction + "))",
			Message: "is allowed every action of a service: {{ resource.spec.permissions.filter(p, p.effect != 'Deny' && p.actions.exists(a, " +
				wholeAction + ")).map(p, p.actions) }}"},
		{Name: "resources", Severity: resource.Deny, Kinds: withAccess,
			Description: "Permissions name the resources that they are about.",
			Expression:  "resource.spec.permissions.all(p, p.effect == 'Deny' || !p.resources.exists(r, r == '*'))",
			Message:     "is allowed an action on every resource of the account"},
		{Name: "identity", Severity: resource.Deny, Kinds: withAccess,
			Description: "What can change permissions can give itself all of them.",
			Expression: "resource.spec.permissions.all(p, p.effect == 'Deny' || !p.actions.exists(a, a.startsWith('iam:') && " +
				"!a.startsWith('iam:Get') && !a.startsWith('iam:List') && a != 'iam:PassRole'))",
			Message: "may change identities and permissions"},
		{Name: "shell", Severity: resource.Warn, Kinds: containers,
			Description: "A shell in a running container has all its permissions and leaves no trace in the image.",
			Expression:  "!resource.spec.exec", Message: "a shell may be opened in it: exec is true"},
		{Name: "root-filesystem", Severity: resource.Warn, Kinds: containers,
			Description: "A program that cannot write its own files is harder to take over.",
			Expression:  "resource.spec.readOnlyRootFilesystem", Message: "it may write everywhere: readOnlyRootFilesystem is false"},
		{Name: "root-user", Severity: resource.Warn, Kinds: containers,
			Description: "A program that does not run as root is harder to take over.",
			Expression:  "!(resource.spec.user in ['root', '0', '0:0', 'root:root'])", Message: "it runs as root"},
		{Name: "boundary", Severity: resource.Warn, Kinds: []string{"Security"},
			Description: "A permissions boundary keeps any role from more than it says.",
			Expression:  "has(resource.spec.permissionsBoundary)", Message: "roles have no permissions boundary"},
	},
}
