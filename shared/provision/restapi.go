package provision

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/apigateway"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/wafv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

// restAPI makes a REST API from one OpenAPI document. Writing its access log needs a role that API Gateway has once for the
// whole account; it is not made here, since components of several stacks would take it from one another.
func (p *program) restAPI(spec *resource.APIGateway) error {
	log, err := p.logGroup("log", "/deployer/"+p.order.Address.String(), spec.LogRetention)
	if err != nil {
		return err
	}
	body, functions, err := p.restBody(spec)
	if err != nil {
		return err
	}
	api, err := apigateway.NewRestApi(p.Context, "api",
		&apigateway.RestApiArgs{Name: pulumi.String(p.name(maxAPIName, "")), Body: body.ToStringPtrOutput(),
			Description:               pulumi.String(p.order.Address.String()),
			DisableExecuteApiEndpoint: pulumi.Bool(spec.DisableDefaultEndpoint),
			EndpointConfiguration:     &apigateway.RestApiEndpointConfigurationArgs{Types: pulumi.String("REGIONAL")}})
	if err != nil {
		return err
	}
	callable := map[string]bool{}
	for _, component := range functions {
		if _, err := p.allowAPI(callable, component, api.ExecutionArn); err != nil {
			return err
		}
	}
	deployment, err := apigateway.NewDeployment(p.Context, "deployment", &apigateway.DeploymentArgs{RestApi: api.ID(),
		Triggers: pulumi.StringMap{"body": body.ApplyT(digestOf).(pulumi.StringOutput)}})
	if err != nil {
		return err
	}
	stage, err := apigateway.NewStage(p.Context, "stage", &apigateway.StageArgs{RestApi: api.ID(),
		Deployment: deployment.ID(), StageName: pulumi.String(spec.Stage),
		XrayTracingEnabled: pulumi.Bool(spec.Tracing),
		AccessLogSettings: &apigateway.StageAccessLogSettingsArgs{DestinationArn: log.Arn,
			Format: pulumi.String(accessLogFormat("resourcePath"))}})
	if err != nil {
		return err
	}
	if _, err := apigateway.NewMethodSettings(p.Context, "settings", &apigateway.MethodSettingsArgs{RestApi: api.ID(),
		StageName:  stage.StageName,
		MethodPath: pulumi.String("*/*"),
		Settings: &apigateway.MethodSettingsSettingsArgs{MetricsEnabled: pulumi.Bool(true),
			ThrottlingRateLimit:  pulumi.Float64(spec.Throttling.Rate),
			ThrottlingBurstLimit: pulumi.Int(spec.Throttling.Burst)}}); err != nil {
		return err
	}
	p.output("id", api.ID())
	p.output("arn", api.ExecutionArn)
	p.output("host", hostOf(stage.InvokeUrl))
	p.output("stageName", stage.StageName)
	p.output("logGroupName", log.Name)
	if err := p.restFront(spec, api, stage); err != nil {
		return err
	}
	return p.apiAlarms(pulumi.StringMap{"ApiName": api.Name, "Stage": stage.StageName}, "5XXError")
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// restBody writes the API's document, and returns with it the components of the functions that it calls.
func (p *program) restBody(spec *resource.APIGateway) (body pulumi.StringOutput, functions []string, err error) {
	document := newOpenAPI(p.order.Address.String())
	for i := range spec.Authorizers {
		a := &spec.Authorizers[i]
		arn, err := p.read(a.Function.Component, "arn")
		if err != nil {
			return body, nil, err
		}
		functions = append(functions, a.Function.Component)
		document.secure(a.Name, securityScheme{Type: "apiKey", Name: "Authorization", In: "header", AuthType: "custom",
			Authorizer: &requestAuthorizer{
				Type: "request", URI: p.calledBy(arn), IdentitySource: "method.request.header.Authorization",
				CacheSeconds: int(a.CacheFor.Seconds())}})
	}
	links := restLinks{}
	for i := range spec.Routes {
		r := &spec.Routes[i]
		if r.Authorizer == schemeIAM {
			document.secure(schemeIAM, securityScheme{Type: "apiKey", Name: "Authorization", In: "header",
				AuthType: "awsSigv4"})
		}
		if r.APIKeyRequired {
			document.secure(schemeAPIKey, securityScheme{Type: "apiKey", Name: "x-api-key", In: "header"})
		}
		if !r.Function.IsZero() {
			functions = append(functions, r.Function.Component)
		}
		calls, err := p.restIntegration(r, links)
		if err != nil {
			return body, nil, err
		}
		document.route(r, calls)
	}
	if err := document.crossOrigins(spec.CORS); err != nil {
		return body, nil, err
	}
	text, err := asJSON(document)
	return links.fill(text), functions, err
}

// restLinks are the ways to the load balancers, by component. Their ids are known only when they are made, so the document
// holds the components' names at first.
type restLinks map[string]*apigateway.VpcLink

func (links restLinks) fill(text string) pulumi.StringOutput {
	components := sortedKeys(links)
	var ids []any
	for _, component := range components {
		ids = append(ids, links[component].ID())
	}
	return pulumi.All(ids...).ApplyT(func(known []any) string {
		for i, component := range components {
			text = strings.ReplaceAll(text, linkPlace(component), string(known[i].(pulumi.ID)))
		}
		return text
	}).(pulumi.StringOutput)
}

func linkPlace(component string) string { return "link to " + component }

func (p *program) restIntegration(r *resource.Route, links restLinks) (integration, error) {
	calls := integration{Type: "http_proxy", Method: "ANY", TimeoutInMillis: int(r.Timeout.Std().Milliseconds()),
		Passthrough: "when_no_match"}
	method, path, _ := strings.Cut(r.Route, " ")
	calls.Method = method
	switch {
	case !r.Function.IsZero():
		arn, err := p.read(r.Function.Component, "arn")
		calls.Type, calls.Method, calls.URI = "aws_proxy", "POST", p.calledBy(arn)
		return calls, err
	case !r.URL.IsZero():
		url, err := r.URL.Resolve(p.upstream)
		calls.URI = url.Text
		calls.RequestParameters = passOn(calls.URI)
		return calls, err
	}
	balancer, err := p.need(r.LoadBalancer.Component)
	if err != nil {
		return calls, err
	}
	address, err := listenerURL(balancer, r.Listener)
	if err != nil {
		return calls, err
	}
	if links[balancer.short] == nil {
		name := strings.ReplaceAll(balancer.short, "/", "-")
		if links[balancer.short], err = apigateway.NewVpcLink(p.Context, name,
			&apigateway.VpcLinkArgs{Name: pulumi.String(p.name(maxAPIName, name)),
				TargetArn: pulumi.String(balancer.text("arn")), Description: pulumi.String("to " + balancer.short)},
			p.patience()); err != nil {
			return calls, err
		}
	}
	calls.ConnectionType, calls.ConnectionID = "VPC_LINK", linkPlace(balancer.short)
	calls.URI = address + strings.ReplaceAll(path, "+}", "}")
	calls.RequestParameters = passOn(calls.URI)
	return calls, nil
}

// listenerURL is where a network load balancer's listener answers over HTTP.
func listenerURL(balancer upstream, name string) (string, error) {
	all := outputAs[map[string]string](balancer, "urls")
	if name == "" && len(all) == 1 {
		name = sortedKeys(all)[0]
	}
	scheme, rest, _ := strings.Cut(all[name], "://")
	spoken := map[string]string{"tcp": "http", "tls": "https"}[scheme]
	if spoken == "" {
		return "", fmt.Errorf("%s has no listener %q for TCP or TLS; its listeners are %s", balancer.short, name,
			strings.Join(sortedKeys(all), ", "))
	}
	return spoken + "://" + rest, nil
}

// restFront makes what stands before the API: keys, a web ACL, a name of its own.
func (p *program) restFront(spec *resource.APIGateway, api *apigateway.RestApi, stage *apigateway.Stage) error {
	if err := p.restKeys(spec, api, stage); err != nil {
		return err
	}
	acl, err := spec.WebACL.Resolve(p.upstream)
	if err != nil {
		return err
	}
	if acl.Text == "" {
		acl.Text = p.security("webAclArn")
	}
	if acl.Text != "" {
		if _, err := wafv2.NewWebAclAssociation(p.Context, "acl", &wafv2.WebAclAssociationArgs{ResourceArn: stage.Arn,
			WebAclArn: pulumi.String(acl.Text)}); err != nil {
			return err
		}
	}
	if spec.Domain == nil {
		p.output("url", stage.InvokeUrl)
		return nil
	}
	p.output("url", pulumi.String("https://"+spec.Domain.Name))
	certificate, err := spec.Domain.Certificate.Resolve(p.upstream)
	if err != nil {
		return err
	}
	domain, err := apigateway.NewDomainName(p.Context, "domain",
		&apigateway.DomainNameArgs{DomainName: pulumi.String(spec.Domain.Name),
			RegionalCertificateArn: pulumi.String(certificate.Text), SecurityPolicy: pulumi.String("TLS_1_2"),
			EndpointConfiguration: &apigateway.DomainNameEndpointConfigurationArgs{Types: pulumi.String("REGIONAL")}})
	if err != nil {
		return err
	}
	if _, err := apigateway.NewBasePathMapping(p.Context, "domain", &apigateway.BasePathMappingArgs{RestApi: api.ID(),
		DomainName: domain.DomainName,
		StageName:  stage.StageName.ToStringPtrOutput()}); err != nil {
		return err
	}
	if spec.Domain.HostedZoneID == "" {
		return nil
	}
	return p.alias(resource.Domain{Name: spec.Domain.Name, HostedZoneID: spec.Domain.HostedZoneID},
		domain.RegionalDomainName, domain.RegionalZoneId)
}

// restKeys makes a key for callers, and the plan it belongs to, where a route asks for one.
func (p *program) restKeys(spec *resource.APIGateway, api *apigateway.RestApi, stage *apigateway.Stage) error {
	asked := false
	for i := range spec.Routes {
		asked = asked || spec.Routes[i].APIKeyRequired
	}
	if !asked {
		return nil
	}
	plan, err := apigateway.NewUsagePlan(p.Context, "callers",
		&apigateway.UsagePlanArgs{Name: pulumi.String(p.name(maxAPIName, "")),
			ApiStages: apigateway.UsagePlanApiStageArray{&apigateway.UsagePlanApiStageArgs{ApiId: api.ID(),
				Stage: stage.StageName}}})
	if err != nil {
		return err
	}
	key, err := apigateway.NewApiKey(p.Context, "callers",
		&apigateway.ApiKeyArgs{Name: pulumi.String(p.name(maxAPIName, "")),
			Description: pulumi.String("callers of " + p.order.Address.String())})
	if err != nil {
		return err
	}
	_, err = apigateway.NewUsagePlanKey(p.Context, "callers", &apigateway.UsagePlanKeyArgs{KeyId: key.ID(),
		KeyType: pulumi.String("API_KEY"), UsagePlanId: plan.ID()})
	return err
}
