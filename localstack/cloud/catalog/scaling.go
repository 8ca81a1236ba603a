package catalog

import "strings"

const scalable = "{serviceNamespace}/{resourceId}/{scalableDimension}"

func scaling() []Type {
	const arn = "arn:{partition}:application-autoscaling:{region}:{account}:"
	const noTarget = "ObjectNotFoundException: No scalable target registered for service namespace: {serviceNamespace}, resource ID: {resourceId}, " +
		"scalable dimension: {scalableDimension}"
	needsTarget := func(o *Op) error {
		if len(o.Tx.Named("!"+token("appautoscaling.Target")+"|"+o.expand(scalable))) == 0 {
			return o.refuse(noTarget)
		}
		return nil
	}
	return []Type{
		{
			Is: "appautoscaling.Target", ID: "{resourceId}", Slot: scalable, Unique: scalable, Overwrites: true,
			Replace: "resourceId scalableDimension serviceNamespace",
			Enums: map[string]string{
				"serviceNamespace": "ecs dynamodb rds lambda elasticache ec2 kafka sagemaker comprehend " +
					"custom-resource elasticmapreduce appstream cassandra neptune workspaces",
			},
			Outputs: object{
				"arn":     arn + "scalable-target/{hex20}",
				"roleArn": "arn:{partition}:iam::{account}:role/aws-service-role/{serviceNamespace}.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_{serviceNamespace}",
			},
			Refs:   []string{"roleArn iam.Role ~"},
			Before: placeScalable,
			OnDelete: func(o *Op) error { // deregistering takes the policies and scheduled actions along
				for _, is := range []string{"appautoscaling.Policy", "appautoscaling.ScheduledAction"} {
					for _, r := range o.Tx.OfType(token(is)) {
						if r.Account == o.Account && r.Region == o.Region && reading(Find(r.Type), r).expand(scalable) == o.expand(scalable) {
							o.Tx.Delete(r.Key())
						}
					}
				}
				return nil
			},
		},
		{
			Is:         "appautoscaling.Policy",
			ID:         "{name}",
			Slot:       scalable + "/{name}",
			Unique:     scalable + "/{name}",
			Overwrites: true,
			Replace:    "name resourceId scalableDimension serviceNamespace",
			Defaults:   object{"policyType": "StepScaling"},
			Enums:      map[string]string{"policyType": "StepScaling TargetTrackingScaling PredictiveScaling"},
			Outputs: object{
				"arn":       arn + "scalingPolicy:{uuid}:resource/{serviceNamespace}/{resourceId}:policyName/{name}",
				"alarmArns": list{},
			},
			Before: needsTarget,
		},
		{
			Is:         "appautoscaling.ScheduledAction",
			ID:         "{name}-{serviceNamespace}-{resourceId}",
			Unique:     scalable + "/{name}",
			Overwrites: true,
			Replace:    "name serviceNamespace resourceId scalableDimension",
			Defaults:   object{"timezone": "UTC"},
			Outputs: object{
				"arn": arn + "scheduledAction:{uuid}:resource/{serviceNamespace}/{resourceId}:scheduledActionName/{name}",
			},
			Before: needsTarget,
		},
	}
}

// placeScalable refuses limits in the wrong order, and a target that does not exist.
func placeScalable(o *Op) error {
	if o.number("minCapacity") > o.number("maxCapacity") {
		return o.refuse("ValidationException: Minimum capacity cannot be greater than maximum capacity")
	}
	parts := strings.Split(o.text("resourceId"), "/")
	switch o.text("serviceNamespace") {
	case "ecs":
		if len(parts) != 3 || parts[0] != "service" {
			return o.refuse("ValidationException: Unsupported service namespace, resource type or scalable " +
				"dimension: {resourceId}")
		}
		if o.find("ecs.Service", o.expand(ecsARN+"service/")+parts[1]+"/"+parts[2]) == nil {
			return o.refuse("ValidationException: ECS service doesn't exist: {resourceId}")
		}
	case "dynamodb":
		if len(parts) < 2 || o.find("dynamodb.Table", parts[1]) == nil {
			return o.refuse("ValidationException: DynamoDB table does not exist: {resourceId}")
		}
	case "rds":
		cluster := strings.TrimPrefix(o.text("resourceId"), "cluster:")
		if o.find("rds.Cluster", cluster) == nil {
			return o.refuse("ValidationException: DB cluster does not exist: {resourceId}")
		}
	}
	return nil
}
