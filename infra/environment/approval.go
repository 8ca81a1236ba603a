package environment

import (
	"encoding/json"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
)

// addEndpoint creates the public HTTPS endpoint for approval links and returns its API. GET shows a plan, POST decides. The
// link itself is the permission: signed with the HMAC key, bound to one run and one plan, used once.
func addEndpoint(stack awscdk.Stack, n names, keep storage) awsapigatewayv2.CfnApi {
	api := awsapigatewayv2.NewCfnApi(stack, str("ApprovalApi"), &awsapigatewayv2.CfnApiProps{
		Name: str(n.prefix() + "-approvals"), Description: str("Approval links of Deployer " + n.Name), ProtocolType: str("HTTP"),
	})
	integration := awsapigatewayv2.NewCfnIntegration(stack, str("ApprovalIntegration"), &awsapigatewayv2.CfnIntegrationProps{
		ApiId: api.Ref(), IntegrationType: str("AWS_PROXY"), IntegrationUri: str(n.functionARN("Decide")),
		PayloadFormatVersion: str("2.0"), TimeoutInMillis: num(29000),
	})
	for _, one := range []struct{ id, method string }{{"ShowRoute", "GET"}, {"DecideRoute", "POST"}} {
		route := awsapigatewayv2.NewCfnRoute(stack, str(one.id), &awsapigatewayv2.CfnRouteProps{
			ApiId: api.Ref(), RouteKey: str(one.method + " /approvals/{run}"), AuthorizationType: str("NONE"),
			Target: awscdk.Fn_Join(str("/"), &[]*string{str("integrations"), integration.Ref()}),
		})
		forgive(route, excuse{"The signed single-use link is the permission; the function checks it before it reads anything.",
			[]string{"nag:AwsSolutions-APIG4", "guard:api_gw_v2_authorization_type_configured_check"}})
	}
	log := n.addLog(stack, "ApprovalLog", n.endpointLog(), keep)
	awsapigatewayv2.NewCfnStage(stack, str("ApprovalStage"), &awsapigatewayv2.CfnStageProps{
		ApiId: api.Ref(), StageName: str("$default"), AutoDeploy: on,
		AccessLogSettings: &awsapigatewayv2.CfnStage_AccessLogSettingsProperty{DestinationArn: log.AttrArn(), Format: str(accessLine())},
		DefaultRouteSettings: &awsapigatewayv2.CfnStage_RouteSettingsProperty{
			ThrottlingBurstLimit: num(10), ThrottlingRateLimit: num(5), DetailedMetricsEnabled: on,
		},
	})
	return api
}

// accessLine leaves the query out: it holds the link's signature.
func accessLine() string {
	line, _ := json.Marshal(map[string]string{
		"requestId": "$context.requestId", "time": "$context.requestTime", "ip": "$context.identity.sourceIp",
		"method": "$context.httpMethod", "path": "$context.path", "status": "$context.status",
	})
	return string(line)
}
