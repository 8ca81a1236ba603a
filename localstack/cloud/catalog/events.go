package catalog

import (
	"regexp"
	"strings"
)

var (
	scheduleText = regexp.MustCompile(`^(rate\(\d+ (minute|minutes|hour|hours|day|days)\)|cron\([^()]+\)|at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\))$`)
	busName      = regexp.MustCompile(`^[/.\-_A-Za-z0-9]{1,256}$`)
)

func checkSchedule(c *Checking) {
	if text := c.text("scheduleExpression"); text != "" && !scheduleText.MatchString(text) {
		c.Failf("scheduleExpression", "ValidationException: Parameter ScheduleExpression is not valid: %s", text)
	}
}

func events() []Type {
	const arn = "arn:{partition}:events:{region}:{account}:"
	const noRule = "ResourceNotFoundException: Rule {rule} does not exist on EventBus {eventBusName}."
	onBus := func(o *Op) error {
		bus := o.text("eventBusName")
		if bus != "default" && bus != "" && !o.foreign(bus) && o.find("cloudwatch.EventBus", bus) == nil {
			return o.refusef("ResourceNotFoundException: Event bus %s does not exist.", bus)
		}
		return nil
	}
	return []Type{
		{
			Is: "cloudwatch.EventBus", ID: "{name}", NameMax: 256, Replace: "name eventSourceName",
			Outputs: object{"arn": arn + "event-bus/{name}"},
			Exists:  "ResourceAlreadyExistsException: Event bus {name} already exists.",
			Missing: "ResourceNotFoundException: Event bus {ref} does not exist.",
			InUse:   "ValidationException: Event bus {name} has rules and cannot be deleted.",
			Check: func(c *Checking) {
				if name := c.text("name"); name != "" && (!busName.MatchString(name) || name == "default") {
					c.Failf("name", "%q is no name for an event bus: 1 to 256 of letters, digits and . - _ /, and not \"default\"", name)
				}
			},
		},
		{
			Is:         "cloudwatch.EventBusPolicy",
			ID:         "{eventBusName}",
			Replace:    "eventBusName",
			Overwrites: true,
			Defaults:   object{"eventBusName": "default"},
			Refs:       []string{"eventBusName cloudwatch.EventBus +"},
			Before:     onBus,
		},
		{
			Is:       "cloudwatch.EventRule",
			ID:       "",
			NameMax:  64,
			Unique:   "{eventBusName}/{name}",
			Replace:  "name namePrefix eventBusName",
			Slot:     "{eventBusName}/{name}",
			Defaults: object{"eventBusName": "default", "forceDestroy": false},
			Enums:    map[string]string{"state": "ENABLED DISABLED ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"},
			Outputs:  object{"arn": ""},
			Refs:     []string{"eventBusName cloudwatch.EventBus", "roleArn iam.Role ?"},
			Exists:   "ResourceAlreadyExistsException: Rule {name} already exists.",
			InUse:    "ValidationException: Rule can't be deleted since it has targets.",
			Check: func(c *Checking) {
				checkSchedule(c)
				if !c.given("scheduleExpression") && !c.given("eventPattern") {
					c.Failf("eventPattern", "one of `event_pattern,schedule_expression` must be specified")
				}
				c.atMostOne("isEnabled", "state")
			},
			Before: func(o *Op) error {
				path := o.name()
				if bus := o.text("eventBusName"); bus != "default" {
					path = bus[strings.LastIndex(bus, "/")+1:] + "/" + path
				}
				o.State["arn"], o.ID = o.expand(arn+"rule/")+path, path
				if err := o.validJSON("eventPattern", "InvalidEventPatternException: Event pattern is not valid. Reason: not a valid JSON object"); err != nil {
					return err
				}
				return onBus(o)
			},
		},
		{
			Is:      "cloudwatch.EventTarget",
			ID:      "{rule}-{targetId}",
			Slot:    "{eventBusName}/{rule}/{targetId}",
			Unique:  "{eventBusName}/{rule}/{targetId}",
			Replace: "rule targetId eventBusName", Overwrites: true,
			Defaults: object{"eventBusName": "default", "forceDestroy": false},
			Outputs:  object{"targetId": "terraform-{hex26}"},
			Refs: []string{
				"arn lambda.Function|sqs.Queue|sns.Topic|ecs.Cluster|cloudwatch.LogGroup|cloudwatch.EventBus ~", "roleArn iam.Role ?",
				"ecsTarget.taskDefinitionArn ecs.TaskDefinition ?", "deadLetterConfig.arn sqs.Queue ~",
			},
			Before: func(o *Op) error {
				for _, r := range o.Tx.Named("!" + token("cloudwatch.EventRule") + "|" + o.expand("{eventBusName}/{rule}")) {
					if o.Sees(r) {
						return nil
					}
				}
				return o.refuse(noRule)
			},
		},
		{
			Is:      "cloudwatch.EventPermission",
			ID:      "{statementId}",
			Slot:    "{eventBusName}/{statementId}",
			Unique:  "{eventBusName}/{statementId}",
			Replace: "statementId eventBusName", Overwrites: true,
			Defaults: object{"action": "events:PutEvents", "eventBusName": "default"},
			Refs:     []string{"eventBusName cloudwatch.EventBus +"},
			Before:   onBus,
		},
		{
			Is: "cloudwatch.EventArchive", ID: "{name}", NameMax: 48, Replace: "name eventSourceArn",
			Outputs: object{"arn": arn + "archive/{name}"},
			Refs:    []string{"eventSourceArn cloudwatch.EventBus"},
		},
		{
			Is: "scheduler.ScheduleGroup", ID: "{name}", NameMax: 64, Replace: "name namePrefix",
			Outputs: object{
				"arn": "arn:{partition}:scheduler:{region}:{account}:schedule-group/{name}", "creationDate": "{now}", "lastModificationDate": "{now}", "state": "ACTIVE",
			},
			Exists:  "409 ConflictException: Schedule group {name} already exists.",
			Missing: "404 ResourceNotFoundException: Schedule group {ref} does not exist.",
		},
		{
			Is:       "scheduler.Schedule",
			ID:       "{groupName}/{name}",
			NameMax:  64,
			Replace:  "name namePrefix groupName",
			Unique:   "{groupName}/{name}",
			Defaults: object{"scheduleExpressionTimezone": "UTC", "state": "ENABLED"},
			Enums: map[string]string{
				"state": "ENABLED DISABLED", "flexibleTimeWindow.mode": "OFF FLEXIBLE",
				"actionAfterCompletion": "NONE DELETE",
			},
			Outputs: object{
				"arn": "arn:{partition}:scheduler:{region}:{account}:schedule/{groupName}/{name}", "groupName": "default", "actionAfterCompletion": "NONE",
			},
			Refs: []string{
				"groupName scheduler.ScheduleGroup +", "target.roleArn iam.Role ?", "target.ecsParameters.taskDefinitionArn ecs.TaskDefinition ?",
				"target.deadLetterConfig.arn sqs.Queue ~", "target.arn lambda.Function|sqs.Queue|sns.Topic|ecs.Cluster ~",
			},
			Exists: "409 ConflictException: Schedule {name} already exists.",
			Check:  checkSchedule,
			Before: func(o *Op) error { o.fill("groupName", "default"); return nil },
		},
	}
}
