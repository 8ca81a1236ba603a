package provision

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

// defaultStage is the stage of an HTTP API, which has no part in its address.
const defaultStage = "$default"

func gateway(p *program, spec *resource.APIGateway) error {
	if spec.Protocol == resource.APIREST {
		return p.restAPI(spec)
	}
	return p.httpAPI(spec)
}

// httpAPI is an HTTP API while it is being put together.
type httpAPI struct {
	*apigatewayv2.Api
	spec         *resource.APIGateway
	authorizers  map[string]*apigatewayv2.Authorizer  // by name
	integrations map[string]*apigatewayv2.Integration // what is called, by what is called and how
	callable     map[string]bool                      // functions that the API may call
	link         *apigatewayv2.VpcLink                // into the network; nil until it is needed
}

func (p *program) httpAPI(spec *resource.APIGateway) error {
	log, err := p.logGroup("log", "/deployer/"+p.order.Address.String(), spec.LogRetention)
	if err != nil {
		return err
	}
	made, err := apigatewayv2.NewApi(p.Context, "api",
		&apigatewayv2.ApiArgs{Name: pulumi.String(p.name(maxAPIName, "")), ProtocolType: pulumi.String("HTTP"),
			Description:               pulumi.String(p.order.Address.String()),
			DisableExecuteApiEndpoint: pulumi.Bool(spec.DisableDefaultEndpoint),
			CorsConfiguration:         crossOrigins(spec.CORS)})
	if err != nil {
		return err
	}
	api := &httpAPI{Api: made, spec: spec, authorizers: map[string]*apigatewayv2.Authorizer{},
		integrations: map[string]*apigatewayv2.Integration{},
		callable:     map[string]bool{}}
	for i := range spec.Authorizers {
		if err := p.httpAuthorizer(api, &spec.Authorizers[i]); err != nil {
			return err
		}
	}
	var routes []pulumi.Resource
	for i := range spec.Routes {
		route, err := p.httpRoute(api, &spec.Routes[i])
		if err != nil {
			return err
		}
		routes = append(routes, route)
	}
	stage, err := apigatewayv2.NewStage(p.Context, "stage", &apigatewayv2.StageArgs{ApiId: made.ID(),
		Name: pulumi.String(defaultStage), AutoDeploy: pulumi.Bool(true),
		AccessLogSettings: &apigatewayv2.StageAccessLogSettingsArgs{DestinationArn: log.Arn,
			Format: pulumi.String(accessLogFormat("routeKey"))},
		DefaultRouteSettings: &apigatewayv2.StageDefaultRouteSettingsArgs{ThrottlingRateLimit: pulumi.Float64(spec.Throttling.Rate),
			ThrottlingBurstLimit: pulumi.Int(spec.Throttling.Burst), DetailedMetricsEnabled: pulumi.Bool(true)}},
		pulumi.DependsOn(routes))
	if err != nil {
		return err
	}
	p.output("id", made.ID())
	p.output("arn", made.ExecutionArn)
	p.output("host", hostOf(made.ApiEndpoint))
	p.output("stageName", stage.Name)
	p.output("logGroupName", log.Name)
	if err := p.apiAlarms(pulumi.StringMap{"ApiId": made.ID()}, "5xx"); err != nil {
		return err
	}
	if spec.Domain == nil {
		p.output("url", made.ApiEndpoint)
		return nil
	}
	return p.httpDomain(api, stage)
}

func hostOf(url pulumi.StringOutput) pulumi.StringOutput {
	return url.ApplyT(func(url string) string { _, host, _ := splitURL(url); return host }).(pulumi.StringOutput)
}

// accessLogFormat is one line of JSON for each request. route is the variable that holds what was asked for.
func accessLogFormat(route string) string {
	fields := []string{"requestId", "requestTime", "httpMethod", route, "status", "protocol", "responseLength",
		"responseLatency"}
	var parts []string
	for _, field := range fields {
		parts = append(parts, fmt.Sprintf(`%q:"$context.%s"`, field, field))
	}
	parts = append(parts, `"ip":"$context.identity.sourceIp"`, `"error":"$context.error.message"`,
		`"integrationError":"$context.integration.error"`)
	return "{" + strings.Join(parts, ",") + "}"
}

func crossOrigins(rule *resource.CORSRule) *apigatewayv2.ApiCorsConfigurationArgs {
	if rule == nil {
		return nil
	}
	made := &apigatewayv2.ApiCorsConfigurationArgs{AllowOrigins: texts(rule.Origins...),
		AllowMethods: texts(rule.Methods...), MaxAge: seconds(rule.MaxAge)}
	if len(rule.Headers) > 0 {
		made.AllowHeaders = texts(rule.Headers...)
	}
	if len(rule.ExposeHeaders) > 0 {
		made.ExposeHeaders = texts(rule.ExposeHeaders...)
	}
	return made
}

// calledBy is the address under which API Gateway calls a function.
func (p *program) calledBy(function string) string {
	return "arn:" + p.partition + ":apigateway:" + p.order.Region + ":lambda:path/2015-03-31/functions/" + function + "/invocations"
}

// allowAPI lets an API call a function, once for each function.
func (p *program) allowAPI(callable map[string]bool, component string, api pulumi.StringInput) (arn string, err error) {
	if arn, err = p.read(component, "arn"); err != nil || callable[component] {
		return arn, err
	}
	callable[component] = true
	_, err = p.allowCall("call-"+strings.ReplaceAll(component, "/", "-"), arn, "apigateway.amazonaws.com",
		pulumi.Sprintf("%s/*", api))
	return arn, err
}

func (p *program) httpAuthorizer(api *httpAPI, spec *resource.Authorizer) error {
	arguments := &apigatewayv2.AuthorizerArgs{ApiId: api.ID(), Name: pulumi.String(spec.Name),
		IdentitySources: texts("$request.header.Authorization")}
	if spec.JWT != nil {
		issuer, err := spec.JWT.Issuer.Resolve(p.upstream)
		if err != nil {
			return err
		}
		arguments.AuthorizerType = pulumi.String("JWT")
		arguments.JwtConfiguration = &apigatewayv2.AuthorizerJwtConfigurationArgs{Audiences: texts(spec.JWT.Audience...), Issuer: pulumi.String(issuer.Text)}
	} else {
		arn, err := p.allowAPI(api.callable, spec.Function.Component, api.ExecutionArn)
		if err != nil {
			return err
		}
		arguments.AuthorizerType, arguments.AuthorizerUri = pulumi.String("REQUEST"), pulumi.String(p.calledBy(arn))
		arguments.AuthorizerPayloadFormatVersion, arguments.EnableSimpleResponses = pulumi.String("2.0"),
			pulumi.Bool(true)
		arguments.AuthorizerResultTtlInSeconds = seconds(spec.CacheFor)
	}
	made, err := apigatewayv2.NewAuthorizer(p.Context, spec.Name, arguments)
	api.authorizers[spec.Name] = made
	return err
}

func (p *program) httpDomain(api *httpAPI, stage *apigatewayv2.Stage) error {
	domain := api.spec.Domain
	certificate, err := domain.Certificate.Resolve(p.upstream)
	if err != nil {
		return err
	}
	made, err := apigatewayv2.NewDomainName(p.Context, "domain",
		&apigatewayv2.DomainNameArgs{DomainName: pulumi.String(domain.Name),
			DomainNameConfiguration: &apigatewayv2.DomainNameDomainNameConfigurationArgs{CertificateArn: pulumi.String(certificate.Text),
				EndpointType: pulumi.String("REGIONAL"), SecurityPolicy: pulumi.String("TLS_1_2")}})
	if err != nil {
		return err
	}
	if _, err := apigatewayv2.NewApiMapping(p.Context, "domain", &apigatewayv2.ApiMappingArgs{ApiId: api.ID(),
		DomainName: made.ID(), Stage: stage.Name}); err != nil {
		return err
	}
	p.output("url", pulumi.String("https://"+domain.Name))
	if domain.HostedZoneID == "" {
		return nil
	}
	at := made.DomainNameConfiguration
	return p.alias(resource.Domain{Name: domain.Name, HostedZoneID: domain.HostedZoneID}, at.TargetDomainName().Elem(),
		at.HostedZoneId().Elem())
}

func (p *program) apiAlarms(dimensions pulumi.StringMap, failures string) error {
	return p.alarms(alarm{name: "errors", about: "the share of failed requests", limit: "errorRate",
		queries: rate("AWS/ApiGateway", failures, "Count", dimensions)})
}
