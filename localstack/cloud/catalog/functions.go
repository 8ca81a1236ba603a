package catalog

import (
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud/property"
)

func functions() []Type {
	const arn = "arn:{partition}:lambda:{region}:{account}:"
	const invoke = "arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/"
	return []Type{
		{
			Is: "lambda.Function", ID: "{name}", NameMax: 64, Replace: "name packageType", Settles: 10e9,
			Renewed: "version qualifiedArn qualifiedInvokeArn lastModified codeSha256 sourceCodeHash sourceCodeSize",
			Defaults: object{
				"memorySize": 128, "packageType": "Zip", "publish": false, "reservedConcurrentExecutions": -1,
				"skipDestroy": false, "timeout": 3,
			},
			Enums: map[string]string{
				"packageType": "Zip Image", "tracingConfig.mode": "Active PassThrough",
				"architectures": "x86_64 arm64",
			},
			Outputs: object{
				"arn": arn + "function:{name}", "invokeArn": invoke + "{arn}/invocations", "qualifiedArn": "{arn}:{version}",
				"qualifiedInvokeArn": invoke + "{qualifiedArn}/invocations", "lastModified": "{now}", "version": "", "codeSha256": "{hex44}",
				"sourceCodeHash": "{codeSha256}", "sourceCodeSize": 1024, "signingJobArn": "", "signingProfileVersionArn": "",
				"ephemeralStorage": object{"size": 512}, "tracingConfig": object{"mode": "PassThrough"},
				"loggingConfig": object{"logFormat": "Text", "logGroup": "/aws/lambda/{name}"},
			},
			Refs: []string{
				"role iam.Role ?", "vpcConfig.subnetIds ec2.Subnet", "vpcConfig.securityGroupIds " + anyGroup, "kmsKeyArn kms.Key ~",
				"layers lambda.LayerVersion ?", "deadLetterConfig.targetArn sqs.Queue|sns.Topic ~", "fileSystemConfig.arn efs.AccessPoint",
			},
			Also:    []string{"{arn}", "{qualifiedArn}", "{invokeArn}"},
			Exists:  "409 ResourceConflictException: Function already exist: {name}",
			Missing: "404 ResourceNotFoundException: Function not found: {ref}",
			Check:   checkFunction,
			Before: func(o *Op) error {
				if o.given("s3Bucket") && o.find("s3.Bucket", o.text("s3Bucket")) == nil {
					return o.refuse("InvalidParameterValueException: Error occurred while GetObject. S3 Error " +
						"Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist")
				}
				code := o.creating() || o.changed("code") || o.changed("imageUri") || o.changed("s3Key") || o.changed("s3ObjectVersion") || o.changed("sourceCodeHash")
				o.State["version"] = "$LATEST"
				if o.yes("publish") {
					version := 1.0
					if o.Old != nil {
						version = property.Number(o.Old.Hidden, "version") + 1
					}
					o.Hidden["version"] = version
					o.State["version"] = property.Format(version)
				}
				if !code { // the code is as it was
					for _, name := range []string{"codeSha256", "sourceCodeHash", "sourceCodeSize"} {
						o.State[name] = o.Old.State[name]
					}
				}
				o.settling = code
				return nil
			},
		},
		{
			Is: "lambda.Alias", ID: "{arn}", Replace: "name functionName", Unique: "{functionName}/{name}",
			Outputs: object{"arn": "", "invokeArn": invoke + "{arn}/invocations"},
			Refs:    []string{"functionName lambda.Function +"},
			Exists:  "409 ResourceConflictException: Alias already exists: {name}",
			Before:  func(o *Op) error { return underFunction(o, "functionName", "arn", ":"+o.name()) },
		},
		{
			Is:     "lambda.Permission",
			ID:     "{statementId}",
			Slot:   "{function}/{qualifier}/{statementId}",
			Unique: "{function}/{qualifier}/{statementId}",
			Replace: "action eventSourceToken function functionUrlAuthType principal principalOrgId qualifier " +
				"sourceAccount sourceArn statementId statementIdPrefix",
			Outputs: object{"statementId": "terraform-{hex26}"},
			Refs:    []string{"function lambda.Function +"},
			Exists: "409 ResourceConflictException: The statement id ({statementId}) provided already exists. " +
				"Please provide a new statement id, or remove the existing statement.",
		},
		{
			Is:      "lambda.EventSourceMapping",
			ID:      "{uuid}",
			Settles: 15e9,
			Unique:  "{functionName}/{eventSourceArn}/{*topics}",
			Replace: "eventSourceArn queues selfManagedEventSource selfManagedKafkaEventSourceConfig amazonManagedKafkaEventSourceConfig " +
				"startingPosition startingPositionTimestamp",
			Defaults: object{"enabled": true},
			Enums:    map[string]string{"startingPosition": "AT_TIMESTAMP LATEST TRIM_HORIZON"},
			Outputs: object{
				"arn": arn + "event-source-mapping:{id}", "uuid": "{id}", "functionArn": "", "lastModified": "{now}", "lastProcessingResult": "No records processed",
				"state": "Enabled", "stateTransitionReason": "USER_INITIATED",
			},
			Refs: []string{
				"functionName lambda.Function|lambda.Alias +",
				"eventSourceArn sqs.Queue|dynamodb.Table|msk.Cluster|msk.ServerlessCluster ~",
			},
			Exists: "409 ResourceConflictException: An event source mapping with event source arn " +
				"{eventSourceArn} and function {functionName} already exists.",
			Before: func(o *Op) error { return underFunction(o, "functionName", "functionArn", "") },
		},
		{
			Is:       "lambda.FunctionUrl",
			ID:       "{functionName}",
			Replace:  "functionName qualifier",
			Unique:   "{functionName}/{qualifier}",
			Slot:     "{functionName}/{qualifier}",
			Defaults: object{"invokeMode": "BUFFERED"},
			Enums: map[string]string{
				"authorizationType": "NONE AWS_IAM", "invokeMode": "BUFFERED RESPONSE_STREAM",
			},
			Outputs: object{
				"urlId": "{hex32}", "functionArn": "", "functionUrl": "https://{urlId}.lambda-url.{region}.on.aws/",
			},
			Refs: []string{"functionName lambda.Function +"},
			Exists: "409 ResourceConflictException: Failed to create function url config for [functionArn = " +
				"{functionName}]. Error message:  FunctionUrlConfig exists for this Lambda function",
			Before: func(o *Op) error { return underFunction(o, "functionName", "functionArn", "") },
		},
		{
			Is: "lambda.LayerVersion", ID: "{arn}", Unique: "{arn}",
			Replace: "layerName code s3Bucket s3Key s3ObjectVersion compatibleRuntimes compatibleArchitectures " +
				"description licenseInfo sourceCodeHash",
			Defaults: object{"skipDestroy": false},
			Outputs: object{
				"arn": "{layerArn}:{version}", "layerArn": arn + "layer:{layerName}", "version": "", "createdDate": "{now}", "codeSha256": "{hex44}",
				"sourceCodeHash": "{codeSha256}", "sourceCodeSize": 1024, "signingJobArn": "", "signingProfileVersionArn": "",
			},
			Before: func(o *Op) error {
				if o.creating() {
					o.State["version"] = property.Format(float64(o.Tx.Next("layer/" + o.Account + "/" + o.Region + "/" + o.text("layerName"))))
				}
				return nil
			},
		},
		{
			Is:       "lambda.ProvisionedConcurrencyConfig",
			ID:       "{functionName},{qualifier}",
			Replace:  "functionName qualifier",
			Defaults: object{"skipDestroy": false}, Refs: []string{"functionName lambda.Function +"}, Settles: 120e9,
		},
		{
			Is:         "lambda.FunctionEventInvokeConfig",
			ID:         "{functionName}:{qualifier}",
			Replace:    "functionName qualifier",
			Overwrites: true,
			Defaults:   object{"maximumRetryAttempts": 2}, Refs: []string{"functionName lambda.Function +"},
		},
	}
}

func checkFunction(c *Checking) {
	c.exactlyOne("code", "imageUri", "s3Bucket")
	if c.text("packageType") == "Zip" {
		for _, name := range []string{"handler", "runtime"} {
			if !c.given(name) {
				c.Failf(name, "%s must be set when PackageType is Zip", snake(name))
			}
		}
	}
	c.between("memorySize", 128, 10240)
	c.between("timeout", 1, 900)
	if name := c.text("name"); len(name) > 140 || strings.ContainsAny(name, " /") {
		c.Failf("name", "invalid value for name: %q", name)
	}
}

// underFunction sets an output to the ARN of the function that a property names, with an ending.
func underFunction(o *Op, path, output, end string) error {
	if f := o.target(path); f != nil && o.creating() {
		o.State[output] = f.Text("arn") + end
	}
	return nil
}
