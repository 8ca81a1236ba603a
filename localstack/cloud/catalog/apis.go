package catalog

const apiARN = "arn:{partition}:apigateway:{region}::"

func httpAPIs() []Type {
	const noAPI = "404 NotFoundException: Invalid API identifier specified {account}:{ref}"
	const executions = "arn:{partition}:execute-api:{region}:{account}:"
	return []Type{
		{
			Is: "apigatewayv2.Api", ID: "{hex10}", NameMax: 128, Replace: "protocolType", Unique: "{id}",
			Defaults: object{
				"apiKeySelectionExpression": "$request.header.x-api-key",
				"routeSelectionExpression":  "$request.method $request.path",
			},
			Enums: map[string]string{"protocolType": "HTTP WEBSOCKET", "ipAddressType": "ipv4 dualstack"},
			Outputs: object{
				"arn": apiARN + "/apis/{id}", "apiEndpoint": "", "executionArn": executions + "{id}", "ipAddressType": "ipv4",
			},
			Missing: noAPI, InUse: "409 ConflictException: Unable to delete API {id}: it is mapped to a domain",
			After: func(o *Op) error {
				scheme := "https"
				if o.text("protocolType") == "WEBSOCKET" {
					scheme = "wss"
				}
				o.State["apiEndpoint"] = scheme + "://" + o.ID + ".execute-api." + o.Region + ".amazonaws.com"
				return nil
			},
		},
		{
			Is:        "apigatewayv2.Stage",
			ID:        "{name}",
			Slot:      "{apiId}/{name}",
			NameMax:   128,
			Replace:   "apiId name",
			Unique:    "{apiId}/{name}",
			Unordered: "routeSettings", Defaults: object{"autoDeploy": false},
			Outputs: object{
				"arn": apiARN + "/apis/{apiId}/stages/{name}", "executionArn": executions + "{apiId}/{name}",
				"invokeUrl": "",
			},
			Refs:   []string{"apiId apigatewayv2.Api +", "accessLogSettings.destinationArn cloudwatch.LogGroup ~"},
			Exists: "409 ConflictException: Stage already exists",
			Before: func(o *Op) error {
				if api := o.target("apiId"); api != nil {
					path := "/" + o.name()
					if o.name() == "$default" {
						path = "/"
					}
					o.State["invokeUrl"] = api.Text("apiEndpoint") + path
				}
				return nil
			},
		},
		{
			Is:       "apigatewayv2.Integration",
			ID:       "{hex7}",
			Unique:   "{id}",
			Replace:  "apiId integrationType integrationSubtype",
			Defaults: object{"connectionType": "INTERNET", "payloadFormatVersion": "1.0"},
			Enums: map[string]string{
				"integrationType": "AWS AWS_PROXY HTTP HTTP_PROXY MOCK", "connectionType": "INTERNET VPC_LINK",
				"payloadFormatVersion": "1.0 2.0",
			},
			Outputs: object{"integrationResponseSelectionExpression": "", "timeoutMilliseconds": 30000},
			Refs:    []string{"apiId apigatewayv2.Api +", "connectionId apigatewayv2.VpcLink"},
			Missing: "404 NotFoundException: Unable to find Integration {ref}",
		},
		{
			Is: "apigatewayv2.Route", ID: "{hex7}", Unique: "{apiId}/{routeKey}", Replace: "apiId",
			Defaults: object{"apiKeyRequired": false, "authorizationType": "NONE"},
			Enums:    map[string]string{"authorizationType": "NONE AWS_IAM CUSTOM JWT"},
			Refs:     []string{"apiId apigatewayv2.Api +", "authorizerId apigatewayv2.Authorizer"},
			Exists:   "409 ConflictException: Route with key {routeKey} already exists for this API",
		},
		{
			Is:      "apigatewayv2.VpcLink",
			ID:      "{hex6}",
			NameMax: 128,
			Unique:  "{id}",
			Replace: "securityGroupIds subnetIds",
			Settles: 120e9,
			Outputs: object{"arn": apiARN + "/vpclinks/{id}"},
			Refs:    []string{"subnetIds ec2.Subnet", "securityGroupIds " + anyGroup},
			Missing: "404 NotFoundException: Unable to find VPC link {ref}",
			InUse:   "BadRequestException: Cannot delete VPC link: it is in use by {by}",
		},
		{
			Is: "apigatewayv2.DomainName", ID: "{domainName}", Replace: "domainName",
			Outputs: object{
				"arn": apiARN + "/domainnames/{domainName}", "apiMappingSelectionExpression": "$request.basepath",
			},
			Filled:  "domainNameConfiguration.targetDomainName domainNameConfiguration.hostedZoneId",
			Refs:    []string{"domainNameConfiguration.certificateArn acm.Certificate -"},
			Exists:  "BadRequestException: The domain name you provided already exists.",
			Missing: "404 NotFoundException: Invalid domain name identifier specified: {ref}",
			Before: func(o *Op) error {
				if c, ok := o.State["domainNameConfiguration"].(map[string]any); ok {
					if c["targetDomainName"] == nil {
						c["targetDomainName"] = "d-" + o.Tx.Hex(10) + ".execute-api." + o.Region + ".amazonaws.com"
						if o.Old != nil {
							c["targetDomainName"] = reading(o.Type, o.Old).text("domainNameConfiguration.targetDomainName")
						}
					}
					c["hostedZoneId"] = regionalZone(nil, "apigateway", o.Region)
				}
				return nil
			},
		},
		{
			Is:      "apigatewayv2.ApiMapping",
			ID:      "{hex6}",
			Unique:  "{domainName}/{apiMappingKey}",
			Replace: "domainName",
			Refs:    []string{"apiId apigatewayv2.Api", "domainName apigatewayv2.DomainName +"},
		},
		{
			Is:      "apigatewayv2.Authorizer",
			ID:      "{hex6}",
			NameMax: 128,
			Unique:  "{apiId}/{name}",
			Replace: "apiId",
			Enums:   map[string]string{"authorizerType": "JWT REQUEST"},
			Refs:    []string{"apiId apigatewayv2.Api +"},
			Missing: "404 NotFoundException: Unable to find Authorizer {ref}",
		},
		{
			Is:      "apigatewayv2.Deployment",
			ID:      "{hex6}",
			Unique:  "{id}",
			Replace: "apiId triggers",
			Outputs: object{"autoDeployed": false},
			Refs:    []string{"apiId apigatewayv2.Api +"},
		},
	}
}
