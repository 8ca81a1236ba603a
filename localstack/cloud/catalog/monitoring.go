package catalog

import (
	"slices"

	"github.com/deployer-io/deployer/localstack/cloud/property"
)

// retentions are the days for which CloudWatch Logs can keep events; 0 is for ever.
var retentions = []float64{0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

func monitoring() []Type {
	const logs = "arn:{partition}:logs:{region}:{account}:"
	const alarms = "arn:{partition}:cloudwatch:{region}:{account}:"
	return []Type{
		{
			Is: "cloudwatch.LogGroup", ID: "{name}", NameMax: 512, Replace: "name namePrefix logGroupClass",
			Defaults: object{"retentionInDays": 0, "skipDestroy": false},
			Enums:    map[string]string{"logGroupClass": "STANDARD INFREQUENT_ACCESS DELIVERY"},
			Outputs:  object{"arn": logs + "log-group:{name}", "logGroupClass": "STANDARD"},
			Refs:     []string{"kmsKeyId kms.Key ~"},
			Also:     []string{"{arn}:*"},
			Exists:   "ResourceAlreadyExistsException: The specified log group already exists",
			Missing:  "ResourceNotFoundException: The specified log group does not exist.",
			InUse: "OperationAbortedException: A conflicting operation is currently in progress against this " +
				"resource.",
			Check: func(c *Checking) {
				if days := property.Number(c.In, "retentionInDays"); !c.unknown("retentionInDays") && !slices.Contains(retentions, days) {
					c.Failf("retentionInDays", "expected retention_in_days to be one of %v, got %g", retentions, days)
				}
			},
		},
		{
			Is:      "cloudwatch.LogStream",
			ID:      "{name}",
			Slot:    "{logGroupName}:{name}",
			Unique:  "{logGroupName}:{name}",
			Replace: "name logGroupName",
			Outputs: object{"arn": logs + "log-group:{logGroupName}:log-stream:{name}"},
			Refs:    []string{"logGroupName cloudwatch.LogGroup +"},
			Exists:  "ResourceAlreadyExistsException: The specified log stream already exists",
		},
		{
			Is:         "cloudwatch.LogMetricFilter",
			ID:         "{name}",
			Slot:       "{logGroupName}:{name}",
			Unique:     "{logGroupName}:{name}",
			Replace:    "name logGroupName",
			Overwrites: true,
			Refs:       []string{"logGroupName cloudwatch.LogGroup +"},
		},
		{
			Is:         "cloudwatch.LogSubscriptionFilter",
			ID:         "cwlsf-{hex10}",
			Unique:     "{logGroup}:{name}",
			Replace:    "name destinationArn logGroup",
			Overwrites: true,
			Defaults:   object{"distribution": "ByLogStream"},
			Refs:       []string{"logGroup cloudwatch.LogGroup +"},
		},
		{
			Is: "cloudwatch.LogResourcePolicy", ID: "{policyName}", Replace: "policyName", Overwrites: true,
			Check: func(c *Checking) { checkPolicy(c, "policyDocument", true) },
		},
		{
			Is: "cloudwatch.MetricAlarm", ID: "{name}", Replace: "name", Overwrites: true, Unordered: "metricQueries",
			Defaults: object{"actionsEnabled": true, "treatMissingData": "missing"},
			Enums: map[string]string{
				"comparisonOperator": "GreaterThanOrEqualToThreshold GreaterThanThreshold LessThanThreshold LessThanOrEqualToThreshold " +
					"LessThanLowerOrGreaterThanUpperThreshold LessThanLowerThreshold GreaterThanUpperThreshold",
				"statistic":        "SampleCount Average Sum Minimum Maximum",
				"treatMissingData": "breaching notBreaching ignore missing",
			},
			Outputs: object{"arn": alarms + "alarm:{name}"},
			Refs:    []string{"alarmActions sns.Topic ~", "okActions sns.Topic ~"},
			Check: func(c *Checking) {
				c.exactlyOne("metricName", "metricQueries")
				if c.given("metricName") {
					c.exactlyOne("statistic", "extendedStatistic")
					for _, name := range []string{"namespace", "period"} {
						if !c.given(name) {
							c.Failf(name, "%s must be set when metric_name is", snake(name))
						}
					}
				}
				if c.given("thresholdMetricId") == c.given("threshold") {
					c.Failf("threshold", "one of `threshold,threshold_metric_id` must be specified")
				}
				c.between("evaluationPeriods", 1, 8640)
			},
		},
		{
			Is: "cloudwatch.CompositeAlarm", ID: "{alarmName}", Replace: "alarmName actionsEnabled", Overwrites: true,
			Defaults: object{"actionsEnabled": true},
			Outputs:  object{"arn": alarms + "alarm:{alarmName}"},
		},
		{
			Is:         "cloudwatch.Dashboard",
			ID:         "{dashboardName}",
			Replace:    "dashboardName",
			Scope:      Account,
			Overwrites: true,
			Outputs:    object{"dashboardArn": "arn:{partition}:cloudwatch::{account}:dashboard/{dashboardName}"},
			Before: func(o *Op) error {
				return o.validJSON("dashboardBody", "InvalidParameterInput: The dashboard body is invalid, there are syntax errors")
			},
		},
	}
}
