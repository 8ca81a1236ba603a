package catalog

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// APIError is an answer of AWS that refuses a call. Its text has the form in which the provider shows it.
type APIError struct {
	Doing     string // creating, updating, reading, deleting
	Label     string // what, as in SQS Queue
	Name      string // which one
	Service   string // as in SQS
	Operation string // as in CreateQueue
	Status    int
	RequestID string
	Code      string
	Message   string
}

func (e *APIError) Error() string {
	what := e.Label
	if e.Name != "" {
		what += " (" + e.Name + ")"
	}
	return fmt.Sprintf("%s %s: operation error %s: %s, https response error StatusCode: %d, RequestID: %s, api error %s: %s",
		e.Doing, what, e.Service, e.Operation, e.Status, e.RequestID, e.Code, e.Message)
}

// refuse returns the API error that text describes: "Code: message", with the status before it when it is not 400.
func (o *Op) refuse(text string) error {
	status := 400
	if first, rest, ok := strings.Cut(text, " "); ok {
		if n, err := strconv.Atoi(first); err == nil {
			status, text = n, rest
		}
	}
	code, message, _ := strings.Cut(text, ": ")
	name := o.name()
	if name == "" && o.Old != nil {
		name = o.ID
	}
	e := o.Type.apiError(o.doing, name, status, code, o.expand(message))
	e.RequestID = o.uuid()
	return e
}

func (o *Op) refusef(format string, args ...any) error { return o.refuse(fmt.Sprintf(format, args...)) }

var serviceNames = map[string]string{
	"ec2": "EC2", "vpc": "EC2", "ebs": "EC2", "autoscaling": "Auto Scaling", "iam": "IAM", "ecs": "ECS", "ecr": "ECR",
	"lb": "Elastic Load Balancing v2", "appautoscaling": "Application Auto Scaling", "cloudwatch": "CloudWatch",
	"scheduler": "Scheduler", "lambda": "Lambda", "rds": "RDS", "dynamodb": "DynamoDB", "docdb": "DocDB",
	"elasticache": "ElastiCache", "memorydb": "MemoryDB", "s3": "S3", "efs": "EFS", "sqs": "SQS", "sns": "SNS", "msk": "Kafka",
	"cloudfront": "CloudFront", "apigatewayv2": "ApiGatewayV2", "apigateway": "API Gateway", "kms": "KMS",
	"secretsmanager": "Secrets Manager", "ssm": "SSM", "servicediscovery": "ServiceDiscovery", "route53": "Route 53",
	"acm": "ACM", "backup": "Backup", "wafv2": "WAFV2", "guardduty": "GuardDuty", "cloudtrail": "CloudTrail",
	"securityhub": "SecurityHub", "accessanalyzer": "AccessAnalyzer", "eks": "EKS",
	"xray": "XRay", "dlm": "DLM", "schemas": "Schemas", "cfg": "Config Service", "inspector2": "Inspector2", "macie2": "Macie2",
}

// apiError fills in what every error of the type has in common.
func (t *Type) apiError(doing, name string, status int, code, message string) *APIError {
	module, kind, _ := strings.Cut(t.Is, ".")
	service := serviceNames[module]
	if module == "cloudwatch" && strings.HasPrefix(kind, "Event") {
		service = "EventBridge"
	}
	if module == "cloudwatch" && strings.HasPrefix(kind, "Log") {
		service = "CloudWatch Logs"
	}
	verb := map[string]string{"creating": "Create", "updating": "Modify", "reading": "Describe", "deleting": "Delete"}[doing]
	return &APIError{
		Doing: doing, Label: service + " " + spaced(kind), Name: name, Service: service, Operation: verb + kind,
		Status: status, Code: code, Message: message,
	}
}

// Fails returns the API error of a call that was refused for a reason that lies outside of the type.
func (t *Type) Fails(doing, name string, status int, code, message string) error {
	e := t.apiError(doing, name, status, code, message)
	e.RequestID = uuid.NewString()
	return e
}

// spaced turns TargetGroup into Target Group.
func spaced(kind string) string {
	var b strings.Builder
	for i, r := range kind {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}
