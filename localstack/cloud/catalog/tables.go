package catalog

import (
	"slices"

	"github.com/deployer-io/deployer/localstack/cloud/property"
)

func tables() []Type {
	const arn = "arn:{partition}:dynamodb:{region}:{account}:table/{name}"
	return []Type{{
		Is: "dynamodb.Table", ID: "{name}", Settles: 15e9,
		Replace: "name hashKey rangeKey localSecondaryIndexes importTable restoreDateTime restoreSourceName " +
			"restoreSourceTableArn restoreToLatestTime",
		Unordered: "attributes globalSecondaryIndexes localSecondaryIndexes replicas",
		Defaults:  object{"billingMode": "PROVISIONED"},
		Enums: map[string]string{
			"billingMode": "PROVISIONED PAY_PER_REQUEST", "attributes.type": "S N B", "tableClass": "STANDARD STANDARD_INFREQUENT_ACCESS",
			"streamViewType": "NEW_IMAGE OLD_IMAGE NEW_AND_OLD_IMAGES KEYS_ONLY", "globalSecondaryIndexes.projectionType": "ALL INCLUDE KEYS_ONLY",
			"localSecondaryIndexes.projectionType": "ALL INCLUDE KEYS_ONLY",
		},
		Outputs: object{
			"arn": arn, "streamArn": "", "streamLabel": "", "pointInTimeRecovery": object{"enabled": false},
			"ttl": object{"enabled": false, "attributeName": ""},
		},
		Refs:    []string{"serverSideEncryption.kmsKeyArn kms.Key ~", "replicas.kmsKeyArn kms.Key ~"},
		Also:    []string{"{streamArn}"},
		Exists:  "ResourceInUseException: Table already exists: {name}",
		Missing: "ResourceNotFoundException: Requested resource not found: Table: {ref} not found",
		InUse:   "ResourceInUseException: Table {name} is in use by {by}",
		Check:   checkTable,
		Before:  capacityAndStream,
		OnDelete: func(o *Op) error {
			if o.yes("deletionProtectionEnabled") {
				return o.refuse("ValidationException: Resource cannot be deleted as it is currently protected " +
					"against deletion. Disable deletion protection first.")
			}
			return nil
		},
	}, {
		Is:         "dynamodb.ContributorInsights",
		ID:         "name:{tableName}/index:{indexName}/{account}",
		Replace:    "tableName indexName mode",
		Overwrites: true,
		Enums:      map[string]string{"mode": "ACCESSED_AND_THROTTLED_KEYS THROTTLED_KEYS"},
		Outputs:    object{"mode": "ACCESSED_AND_THROTTLED_KEYS"},
		Refs:       []string{"tableName dynamodb.Table +"},
	}}
}

func checkTable(c *Checking) {
	if !c.given("hashKey") && !c.given("restoreSourceName") && !c.given("restoreSourceTableArn") && !c.given("importTable") {
		c.Failf("hashKey", "all of `hash_key` must be specified for a new table")
	}
	if c.text("streamEnabled") == "true" && !c.given("streamViewType") {
		c.Failf("streamViewType", "stream_view_type is required when stream_enabled = true")
	}
	if c.unknown("attributes") || c.unknown("globalSecondaryIndexes") || c.unknown("localSecondaryIndexes") {
		return
	}
	used := slices.Concat(property.Texts(c.In, "hashKey"), property.Texts(c.In, "rangeKey"), property.Texts(c.In, "globalSecondaryIndexes.hashKey"),
		property.Texts(c.In, "globalSecondaryIndexes.rangeKey"), property.Texts(c.In, "localSecondaryIndexes.rangeKey"))
	defined := property.Texts(c.In, "attributes.name")
	for _, name := range defined {
		if !slices.Contains(used, name) {
			c.Failf("attributes", "all attributes must be indexed. Unused attributes: [%q]", name)
		}
	}
	for _, name := range used {
		if !slices.Contains(defined, name) {
			c.Failf("attributes", "all indexes must match a defined attribute. Unmatched indexes: [%q]", name)
		}
	}
	if c.text("billingMode") == "PROVISIONED" {
		for _, name := range []string{"readCapacity", "writeCapacity"} {
			if property.Number(c.In, name) < 1 && !c.unknown(name) {
				c.Failf(name, "%s must be at least 1 when billing_mode is %q", snake(name), "PROVISIONED")
			}
		}
	}
}

func capacityAndStream(o *Op) error {
	if o.text("billingMode") == "PAY_PER_REQUEST" {
		o.State["readCapacity"], o.State["writeCapacity"] = 0.0, 0.0
	}
	on := o.yes("streamEnabled")
	if on && o.text("streamArn") == "" {
		label := o.Tx.Now().Format("2006-01-02T15:04:05.000")
		o.State["streamLabel"] = label
		o.State["streamArn"] = o.expand("arn:{partition}:dynamodb:{region}:{account}:table/{name}/stream/") + label
	}
	if !on {
		o.State["streamArn"], o.State["streamLabel"] = "", ""
	}
	return nil
}
