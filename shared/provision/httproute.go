package provision

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

func (p *program) httpRoute(api *httpAPI, spec *resource.Route) (*apigatewayv2.Route, error) {
	integration, err := p.httpIntegration(api, spec)
	if err != nil {
		return nil, err
	}
	arguments := &apigatewayv2.RouteArgs{ApiId: api.ID(), RouteKey: pulumi.String(spec.Route),
		Target:            pulumi.Sprintf("integrations/%s", integration.ID()),
		AuthorizationType: pulumi.String("NONE")}
	switch authorizer := api.authorizers[spec.Authorizer]; {
	case spec.Authorizer == "iam":
		arguments.AuthorizationType = pulumi.String("AWS_IAM")
	case authorizer != nil:
		arguments.AuthorizerId, arguments.AuthorizationType = authorizer.ID().ToStringOutput().ToStringPtrOutput(),
			pulumi.String("CUSTOM")
		if jwt := authorizerOf(api.spec, spec.Authorizer).JWT; jwt != nil {
			arguments.AuthorizationType = pulumi.String("JWT")
			if len(jwt.Scopes) > 0 {
				arguments.AuthorizationScopes = texts(jwt.Scopes...)
			}
		}
	}
	return apigatewayv2.NewRoute(p.Context, spec.Route, arguments)
}

func authorizerOf(spec *resource.APIGateway, name string) *resource.Authorizer {
	for i := range spec.Authorizers {
		if spec.Authorizers[i].Name == name {
			return &spec.Authorizers[i]
		}
	}
	return &resource.Authorizer{}
}

// httpIntegration makes what a route calls; routes that call the same in the same way share it.
func (p *program) httpIntegration(api *httpAPI, spec *resource.Route) (*apigatewayv2.Integration, error) {
	url, err := spec.URL.Resolve(p.upstream)
	if err != nil {
		return nil, err
	}
	parts := []string{spec.Function.Component, spec.LoadBalancer.Component, spec.Listener, url.Text,
		spec.Timeout.String()}
	key := strings.Join(parts, " ")
	if known := api.integrations[key]; known != nil {
		return known, nil
	}
	arguments := &apigatewayv2.IntegrationArgs{ApiId: api.ID(),
		TimeoutMilliseconds: pulumi.Int(int(spec.Timeout.Std().Milliseconds())),
		IntegrationType:     pulumi.String("HTTP_PROXY"), IntegrationMethod: pulumi.String("ANY"),
		PayloadFormatVersion: pulumi.String("1.0")}
	switch {
	case !spec.Function.IsZero():
		arn, err := p.allowAPI(api.callable, spec.Function.Component, api.ExecutionArn)
		if err != nil {
			return nil, err
		}
		arguments.IntegrationType, arguments.IntegrationUri = pulumi.String("AWS_PROXY"), pulumi.String(arn)
		arguments.IntegrationMethod, arguments.PayloadFormatVersion = pulumi.String("POST"), pulumi.String("2.0")
	case !spec.LoadBalancer.IsZero():
		if err := p.intoNetwork(api, spec, arguments); err != nil {
			return nil, err
		}
	default:
		arguments.IntegrationUri = pulumi.String(url.Text)
	}
	made, err := apigatewayv2.NewIntegration(p.Context, spec.Route, arguments)
	api.integrations[key] = made
	return made, err
}

// intoNetwork sends requests to a listener of a load balancer in the environment's network.
func (p *program) intoNetwork(api *httpAPI, spec *resource.Route, arguments *apigatewayv2.IntegrationArgs) error {
	balancer, err := p.need(spec.LoadBalancer.Component)
	if err != nil {
		return err
	}
	listener, err := listenerOf(balancer, spec.Listener)
	if err != nil {
		return err
	}
	if api.link == nil {
		if api.link, err = p.networkLink(); err != nil {
			return err
		}
	}
	arguments.ConnectionType, arguments.ConnectionId = pulumi.String("VPC_LINK"),
		api.link.ID().ToStringOutput().ToStringPtrOutput()
	arguments.IntegrationUri = pulumi.String(listener)
	if scheme, host, _ := splitURL(balancer.text("url")); scheme == "https" && host != balancer.text("dnsName") {
		arguments.TlsConfig = &apigatewayv2.IntegrationTlsConfigArgs{ServerNameToVerify: pulumi.String(host)}
	}
	return nil
}

// networkLink is the API's way into the network, with a security group that all load balancers it needs are opened to.
func (p *program) networkLink() (*apigatewayv2.VpcLink, error) {
	net, err := p.network()
	if err != nil {
		return nil, err
	}
	group, err := p.group(net.vpcID, "gateway "+p.order.Address.Short())
	if err != nil {
		return nil, err
	}
	for _, o := range p.openings(nil) {
		if err := p.open(group, o); err != nil {
			return nil, err
		}
	}
	return apigatewayv2.NewVpcLink(p.Context, "network",
		&apigatewayv2.VpcLinkArgs{Name: pulumi.String(p.name(maxAPIName, "")),
			SubnetIds: texts(net.privateSubnets...), SecurityGroupIds: pulumi.StringArray{group.ID()}})
}

// listenerOf returns the ARN of a load balancer's listener: the one of that name, or the one it prefers.
func listenerOf(balancer upstream, name string) (string, error) {
	all := outputAs[map[string]string](balancer, "listenerArns")
	listener := all[name]
	if name == "" {
		if listener = balancer.text("listenerArn"); listener == "" && len(all) == 1 {
			listener = all[sortedKeys(all)[0]]
		}
	}
	if listener == "" {
		return "", fmt.Errorf("%s has no listener %q; its listeners are %s", balancer.short, name,
			strings.Join(sortedKeys(all), ", "))
	}
	return listener, nil
}
