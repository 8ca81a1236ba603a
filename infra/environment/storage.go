package environment

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/constructs-go/constructs/v10"
)

// storage is what other stacks must be told of: the keys' ARNs, which AWS makes up.
type storage struct {
	dataKey    string // encrypts bundles, state, locks, topics and logs
	secretsKey string // Pulumi's secrets provider; only the executor may use it
	linkKey    string // signs approval links; "" without the endpoint
}

func addStorage(stack awscdk.Stack, n names) storage {
	keep := addKeys(stack, n)
	addLogBucket(stack, n)
	addStateBucket(stack, n, keep)
	addLockTable(stack, n, keep)
	return keep
}

func addKeys(scope constructs.Construct, n names) storage {
	data := n.addKey(scope, "DataKey", "data", "Encrypts Deployer's bundles, state, locks, topics and logs", n.dataKeyUsers())
	secrets := n.addKey(scope, "SecretsKey", "secrets", "Encrypts the secrets in Pulumi's checkpoints", nil)
	keep := storage{dataKey: *data.AttrArn(), secretsKey: *secrets.AttrArn()}
	if n.Approval.Endpoint {
		link := awskms.NewCfnKey(scope, str("LinkKey"), &awskms.CfnKeyProps{
			Description: str("Signs the links with which people approve"),
			KeySpec:     str("HMAC_256"), KeyUsage: str("GENERATE_VERIFY_MAC"),
			KeyPolicy: policy(n.keyOwner()),
		}) // not retained: without the installation nobody takes a link that it signed
		explain(link, n.keyOwner())
		forgive(link, excuse{"HMAC keys cannot be rotated by KMS.",
			[]string{"checkov:CKV_AWS_7"}})
		awskms.NewCfnAlias(scope, str("LinkKeyAlias"), &awskms.CfnAliasProps{
			AliasName: str(n.keyAlias("links")), TargetKeyId: link.Ref(),
		})
		keep.linkKey = *link.AttrArn()
	}
	return keep
}

func (n names) addKey(scope constructs.Construct, id, alias, says string, users []statement) awskms.CfnKey {
	statements := append(n.keyOwner(), users...)
	key := awskms.NewCfnKey(scope, str(id), &awskms.CfnKeyProps{
		Description: str(says), EnableKeyRotation: on, KeyPolicy: policy(statements), PendingWindowInDays: num(30),
	})
	retain(key)
	explain(key, statements)
	awskms.NewCfnAlias(scope, str(id+"Alias"), &awskms.CfnAliasProps{AliasName: str(n.keyAlias(alias)), TargetKeyId: key.Ref()})
	return key
}

const thisKey = "In a key's own policy every resource means this key."

// keyOwner leaves the decision about the key's use to the account's IAM policies, as AWS's
// default key policy does, except that grants, which no policy shows, are for AWS's services alone.
func (n names) keyOwner() []statement {
	return []statement{
		{sid: "TheAccountDecides", principal: map[string]any{"AWS": n.iam("root")},
			actions: []string{"kms:*"}, resources: []string{"*"}, because: thisKey},
		{sid: "GrantsForServicesOnly", deny: true, principal: map[string]any{"AWS": "*"},
			actions: []string{"kms:CreateGrant"}, resources: []string{"*"}, because: thisKey,
			when: conditions{"BoolIfExists": {"kms:GrantIsForAWSResource": "false", "aws:PrincipalIsAWSService": "false"}}},
		n.notForComponents(thisKey, []string{"kms:*"}, "*"),
	}
}

// dataKeyUsers are the services that encrypt and decrypt on their own behalf: logs, and those that publish to a topic.
func (n names) dataKeyUsers() []statement {
	use := []string{"kms:Decrypt", "kms:GenerateDataKey*"}
	mine := map[string]any{"aws:SourceAccount": n.Account}
	return []statement{
		{sid: "LogGroups", principal: map[string]any{"Service": "logs." + n.Region + ".amazonaws.com"},
			actions:   []string{"kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"},
			resources: []string{"*"}, because: thisKey,
			when: conditions{"ArnLike": {"kms:EncryptionContext:aws:logs:arn": n.arn("logs", "log-group:*")}}},
		{sid: "LogDelivery", principal: map[string]any{"Service": "delivery.logs.amazonaws.com"},
			actions: []string{"kms:Decrypt*"}, resources: []string{"*"}, because: thisKey,
			when: conditions{"StringEquals": mine, "ArnLike": {"aws:SourceArn": n.arn("logs", "*")}}},
		{sid: "Publishers", principal: map[string]any{"Service": []string{
			"budgets.amazonaws.com", "cloudwatch.amazonaws.com", "events.amazonaws.com"}},
			actions: use, resources: []string{"*"}, because: thisKey, when: conditions{"StringEquals": mine}},
	}
}

func addLockTable(scope constructs.Construct, n names, keep storage) {
	guards := n.auditGuards()
	table := awsdynamodb.NewCfnTable(scope, str("LockTable"), &awsdynamodb.CfnTableProps{
		TableName:                 str(n.LockTable),
		BillingMode:               str("PAY_PER_REQUEST"),
		AttributeDefinitions:      []any{attribute("lockKey")},
		KeySchema:                 []any{key("lockKey", "HASH")},
		TimeToLiveSpecification:   ttl(),
		ResourcePolicy:            &awsdynamodb.CfnTable_ResourcePolicyProperty{PolicyDocument: policy(guards)},
		DeletionProtectionEnabled: on,
		SseSpecification:          encrypted(keep.dataKey),
		PointInTimeRecoverySpecification: &awsdynamodb.CfnTable_PointInTimeRecoverySpecificationProperty{
			PointInTimeRecoveryEnabled: on,
		},
	})
	retain(table)
}

// auditGuards is the lock table's own policy: nobody in the account updates or deletes an audit row. IAM cannot tell a put that
// creates a row from one that replaces it, so whoever may hold locks could replace one: the table's continuous backups show what was
// there. DynamoDB's TTL, which asks no policy, removes rows when they expire.
func (n names) auditGuards() []statement {
	return []statement{{sid: "NobodyDeletesAuditRows", deny: true, principal: "*",
		actions:   []string{"dynamodb:DeleteItem", "dynamodb:UpdateItem", "dynamodb:PartiQLDelete", "dynamodb:PartiQLUpdate"},
		resources: []string{n.tableARN(n.LockTable)},
		when:      conditions{"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": "audit:*"}}},
		{sid: "NoWriteWithoutItsKey", deny: true, principal: "*",
			actions:   []string{"dynamodb:BatchWriteItem"},
			resources: []string{n.tableARN(n.LockTable)}},
		n.notForComponents("", tableItems, n.tableARN(n.LockTable)),
	}
}

func attribute(name string) *awsdynamodb.CfnTable_AttributeDefinitionProperty {
	return &awsdynamodb.CfnTable_AttributeDefinitionProperty{AttributeName: str(name), AttributeType: str("S")}
}

func key(name, kind string) *awsdynamodb.CfnTable_KeySchemaProperty {
	return &awsdynamodb.CfnTable_KeySchemaProperty{AttributeName: str(name), KeyType: str(kind)}
}

func ttl() *awsdynamodb.CfnTable_TimeToLiveSpecificationProperty {
	return &awsdynamodb.CfnTable_TimeToLiveSpecificationProperty{AttributeName: str("expiresAt"), Enabled: on}
}

func encrypted(key string) *awsdynamodb.CfnTable_SSESpecificationProperty {
	return &awsdynamodb.CfnTable_SSESpecificationProperty{SseEnabled: on, SseType: str("KMS"), KmsMasterKeyId: str(key)}
}
