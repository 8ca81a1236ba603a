package catalog

func restAPIs() []Type {
	const executions = "arn:{partition}:execute-api:{region}:{account}:"
	const method = "{restApi}-{resourceId}-{httpMethod}"
	api := "restApi apigateway.RestApi +"
	inMethod := []string{api, "resourceId apigateway.Resource ~"}
	return []Type{
		{
			Is: "apigateway.RestApi", ID: "{hex10}", Unique: "{id}",
			Enums: map[string]string{"apiKeySource": "AUTHORIZER HEADER", "putRestApiMode": "merge overwrite"},
			Outputs: object{
				"arn": apiARN + "/restapis/{id}", "createdDate": "{now}", "executionArn": executions + "{id}", "rootResourceId": "{hex10}", "apiKeySource": "HEADER",
				"endpointConfiguration": object{"types": "EDGE"},
			},
			Missing: "404 NotFoundException: Invalid API identifier specified {account}:{ref}",
			InUse:   "409 ConflictException: The API {id} is in use by {by}",
		},
		{
			Is:      "apigateway.Resource",
			ID:      "{hex6}",
			Unique:  "{restApi}/{parentId}/{pathPart}",
			Replace: "restApi",
			Outputs: object{"path": "/{pathPart}"},
			Refs:    []string{api, "parentId apigateway.Resource ~"},
			Exists:  "409 ConflictException: Another resource with the same parent already has this name: {pathPart}",
			Before: func(o *Op) error {
				if parent := o.target("parentId"); parent != nil {
					o.State["path"] = parent.Text("path") + "/" + o.text("pathPart")
				}
				return nil
			},
		},
		{
			Is:       "apigateway.Method",
			ID:       "agm-" + method,
			Replace:  "restApi resourceId httpMethod",
			Refs:     inMethod,
			Defaults: object{"apiKeyRequired": false},
			Enums: map[string]string{
				"httpMethod":    "ANY DELETE GET HEAD OPTIONS PATCH POST PUT",
				"authorization": "NONE CUSTOM AWS_IAM COGNITO_USER_POOLS",
			},
			Exists: "409 ConflictException: Method already exists for this resource",
		},
		{
			Is:         "apigateway.MethodResponse",
			ID:         "agmr-" + method + "-{statusCode}",
			Replace:    "restApi resourceId httpMethod statusCode",
			Refs:       inMethod,
			Overwrites: true,
		},
		{
			Is:         "apigateway.MethodSettings",
			ID:         "{restApi}-{stageName}-{methodPath}",
			Replace:    "restApi stageName methodPath",
			Refs:       []string{api},
			Overwrites: true,
		},
		{
			Is: "apigateway.Integration", ID: "agi-" + method, Overwrites: true,
			Replace:  "restApi resourceId httpMethod type integrationHttpMethod credentials passthroughBehavior",
			Defaults: object{"connectionType": "INTERNET", "timeoutMilliseconds": 29000},
			Enums: map[string]string{
				"type": "HTTP AWS MOCK HTTP_PROXY AWS_PROXY", "connectionType": "INTERNET VPC_LINK",
			},
			Outputs: object{"cacheNamespace": "{resourceId}", "passthroughBehavior": "WHEN_NO_MATCH"},
			Refs:    append([]string{"connectionId apigateway.VpcLink|apigatewayv2.VpcLink"}, inMethod...),
			Before: func(o *Op) error {
				key := o.expand("agm-" + method)
				for _, r := range o.Tx.Named(token("apigateway.Method") + "|" + key) {
					if o.Sees(r) {
						return nil
					}
				}
				return o.refuse("404 NotFoundException: Invalid Method identifier specified")
			},
		},
		{
			Is:         "apigateway.IntegrationResponse",
			ID:         "agir-" + method + "-{statusCode}",
			Replace:    "restApi resourceId httpMethod statusCode",
			Refs:       inMethod,
			Overwrites: true,
		},
		{
			Is:      "apigateway.Deployment",
			ID:      "{hex6}",
			Unique:  "{id}",
			Replace: "restApi triggers variables",
			Outputs: object{"createdDate": "{now}"},
			Refs:    []string{api},
			Missing: "404 NotFoundException: Invalid Deployment identifier specified",
			InUse:   "BadRequestException: Active stages pointing to this deployment must be moved or deleted",
			Before: func(o *Op) error {
				if a := o.target("restApi"); a != nil && len(Referring(o.Tx, a, "apigateway.Method")) == 0 && a.Text("body") == "" {
					return o.refuse("BadRequestException: The REST API doesn't contain any methods")
				}
				return nil
			},
		},
		{
			Is:       "apigateway.Stage",
			ID:       "ags-{restApi}-{stageName}",
			Replace:  "restApi stageName",
			Defaults: object{"xrayTracingEnabled": false, "cacheClusterEnabled": false},
			Outputs: object{
				"arn": apiARN + "/restapis/{restApi}/stages/{stageName}", "executionArn": executions + "{restApi}/{stageName}",
				"invokeUrl": "https://{restApi}.execute-api.{region}.amazonaws.com/{stageName}", "webAclArn": "",
			},
			Refs: []string{
				api, "deployment apigateway.Deployment", "accessLogSettings.destinationArn cloudwatch.LogGroup ~",
			},
			Exists: "409 ConflictException: Stage already exists",
		},
		{
			Is: "apigateway.DomainName", ID: "{domainName}", Replace: "domainName",
			Outputs: object{
				"arn": apiARN + "/domainnames/{domainName}", "certificateUploadDate": "{now}", "cloudfrontDomainName": "d{hex13}.cloudfront.net",
				"cloudfrontZoneId": "Z2FDTNDATAQYW2", "domainNameId": "", "regionalDomainName": "d-{hex10}.execute-api.{region}.amazonaws.com",
				"regionalZoneId": "Z{HEX13}", "securityPolicy": "TLS_1_2",
			},
			Refs:    []string{"certificateArn acm.Certificate -", "regionalCertificateArn acm.Certificate -"},
			Missing: "404 NotFoundException: Invalid domain name identifier specified: {ref}",
		},
		{
			Is: "apigateway.BasePathMapping", ID: "{domainName}/{basePath}", Replace: "domainName domainNameId",
			Refs: []string{"restApi apigateway.RestApi", "domainName apigateway.DomainName +"},
		},
		{
			Is:      "apigateway.VpcLink",
			ID:      "{hex6}",
			Unique:  "{id}",
			Replace: "targetArn",
			Outputs: object{"arn": apiARN + "/vpclinks/{id}"},
			Settles: 240e9,
			Refs:    []string{"targetArn lb.LoadBalancer"},
			InUse:   "BadRequestException: Cannot delete VPC link: it is in use by {by}",
		},
		{
			Is:       "apigateway.ApiKey",
			ID:       "{hex10}",
			Unique:   "{id}",
			Replace:  "name value",
			Defaults: object{"enabled": true},
			Outputs: object{
				"arn": apiARN + "/apikeys/{id}", "createdDate": "{now}", "lastUpdatedDate": "{now}",
				"value": "{hex40}", "description": "Managed by Pulumi",
			},
			Missing: "404 NotFoundException: Invalid API Key identifier specified",
		},
		{
			Is:        "apigateway.UsagePlan",
			ID:        "{hex6}",
			Unique:    "{id}",
			Unordered: "apiStages",
			Outputs:   object{"arn": apiARN + "/usageplans/{id}"},
			Refs:      []string{"apiStages.apiId apigateway.RestApi"},
			Missing:   "404 NotFoundException: Invalid Usage Plan ID specified",
		},
		{
			Is:      "apigateway.UsagePlanKey",
			ID:      "{keyId}",
			NameIn:  "-",
			Unique:  "{usagePlanId}/{keyId}",
			Slot:    "{usagePlanId}/{keyId}",
			Replace: "keyId keyType usagePlanId",
			Outputs: object{"name": "{keyId>name}", "value": "{keyId>value}"},
			Refs:    []string{"usagePlanId apigateway.UsagePlan +", "keyId apigateway.ApiKey +"},
		},
		{
			Is:         "apigateway.Account",
			ID:         "{account}",
			Unique:     "one",
			Overwrites: true,
			Refs:       []string{"cloudwatchRoleArn iam.Role ?"},
			Outputs: object{
				"apiKeyVersion": "4", "features": list{"UsagePlans"},
				"throttleSettings": list{object{"burstLimit": 5000, "rateLimit": 10000}},
			},
		},
		{
			Is:      "apigateway.Authorizer",
			ID:      "{hex6}",
			Unique:  "{restApi}/{name}",
			Replace: "restApi",
			Outputs: object{"arn": apiARN + "/restapis/{restApi}/authorizers/{id}"},
			Defaults: object{
				"authorizerResultTtlInSeconds": 300, "identitySource": "method.request.header.Authorization",
				"type": "TOKEN",
			},
			Refs: []string{api},
		},
		{
			Is:         "apigateway.RestApiPolicy",
			ID:         "{restApiId}",
			Replace:    "restApiId",
			Overwrites: true,
			Refs:       []string{"restApiId apigateway.RestApi +"},
			Check:      func(c *Checking) { checkPolicy(c, "policy", true) },
		},
		{
			Is: "apigateway.RequestValidator", ID: "{hex6}", Unique: "{id}", Replace: "restApi", Refs: []string{api},
			Defaults: object{"validateRequestBody": false, "validateRequestParameters": false},
		},
	}
}
