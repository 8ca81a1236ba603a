package provision

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/appautoscaling"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/dynamodb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

// What AWS calls the choices of a table.
var (
	streamViews = map[resource.StreamView]string{resource.StreamKeysOnly: "KEYS_ONLY",
		resource.StreamNewImage: "NEW_IMAGE",
		resource.StreamOldImage: "OLD_IMAGE", resource.StreamBoth: "NEW_AND_OLD_IMAGES"}
	projections = map[resource.Projection]string{resource.ProjectAll: "ALL", resource.ProjectKeys: "KEYS_ONLY",
		resource.ProjectInclude: "INCLUDE"}
	tableClass  = map[string]string{"standard": "STANDARD", "infrequentAccess": "STANDARD_INFREQUENT_ACCESS"}
	billingMode = map[resource.Billing]string{resource.OnDemand: "PAY_PER_REQUEST", resource.Provisioned: "PROVISIONED"}
)

func table(p *program, spec *resource.DynamoDB) error {
	arguments := &dynamodb.TableArgs{
		Name: pulumi.String(p.name(maxLongName, "")), BillingMode: pulumi.String(billingMode[spec.Billing]),
		TableClass: pulumi.String(tableClass[spec.TableClass]),
		HashKey:    pulumi.String(spec.PartitionKey.Name), Attributes: attributes(spec),
		GlobalSecondaryIndexes:    globalIndexes(spec),
		LocalSecondaryIndexes:     localIndexes(spec),
		PointInTimeRecovery:       &dynamodb.TablePointInTimeRecoveryArgs{Enabled: pulumi.Bool(spec.PointInTimeRecovery)},
		DeletionProtectionEnabled: pulumi.Bool(spec.DeletionProtection && !p.dismantle),
		StreamEnabled:             pulumi.Bool(spec.Stream != ""),
	}
	if spec.SortKey != nil {
		arguments.RangeKey = pulumi.String(spec.SortKey.Name)
	}
	if spec.Stream != "" {
		arguments.StreamViewType = pulumi.String(streamViews[spec.Stream])
	}
	if spec.TTLAttribute != "" {
		arguments.Ttl = &dynamodb.TableTtlArgs{Enabled: pulumi.Bool(true),
			AttributeName: pulumi.String(spec.TTLAttribute)}
	}
	// A key belongs to one region: a table with replicas is encrypted with DynamoDB's own key, which there is in each of them.
	if key := p.key(spec.KMSKey); key != nil && len(spec.Replicas) == 0 {
		arguments.ServerSideEncryption = &dynamodb.TableServerSideEncryptionArgs{Enabled: pulumi.Bool(true),
			KmsKeyArn: key}
	}
	options := []pulumi.ResourceOption{p.guard(), p.patience()}
	if spec.Capacity != nil {
		arguments.ReadCapacity, arguments.WriteCapacity = pulumi.Int(spec.Capacity.Read.Min),
			pulumi.Int(spec.Capacity.Write.Min)
		if p.isProvisioned() {
			options = append(options, pulumi.IgnoreChanges(scaledFields(spec))) // autoscaling moves them
		}
	}
	for _, region := range spec.Replicas {
		arguments.Replicas = append(replicas(arguments.Replicas),
			&dynamodb.TableReplicaTypeArgs{RegionName: pulumi.String(region),
				PointInTimeRecovery: pulumi.Bool(spec.PointInTimeRecovery), PropagateTags: pulumi.Bool(true),
				DeletionProtectionEnabled: pulumi.Bool(spec.DeletionProtection && !p.dismantle)})
	}
	made, err := dynamodb.NewTable(p.Context, "table", arguments, options...)
	if err != nil {
		return err
	}
	if spec.ContributorInsights {
		if _, err := dynamodb.NewContributorInsights(p.Context, "insights",
			&dynamodb.ContributorInsightsArgs{TableName: made.Name}); err != nil {
			return err
		}
	}
	p.output("name", made.Name)
	p.output("arn", made.Arn)
	if spec.Stream != "" {
		p.output("streamArn", made.StreamArn)
	}
	return p.tableScaling(spec, made)
}

func replicas(given dynamodb.TableReplicaTypeArrayInput) dynamodb.TableReplicaTypeArray {
	array, _ := given.(dynamodb.TableReplicaTypeArray)
	return array
}

// attributes lists those of all keys, sorted by name; DynamoDB wants no others.
func attributes(spec *resource.DynamoDB) dynamodb.TableAttributeArray {
	types := map[string]resource.AttributeType{}
	add := func(keys ...*resource.KeyAttribute) {
		for _, key := range keys {
			if key != nil {
				types[key.Name] = key.Type
			}
		}
	}
	add(&spec.PartitionKey, spec.SortKey)
	for i := range spec.GlobalIndexes {
		add(&spec.GlobalIndexes[i].PartitionKey, spec.GlobalIndexes[i].SortKey)
	}
	for i := range spec.LocalIndexes {
		add(&spec.LocalIndexes[i].SortKey)
	}
	var array dynamodb.TableAttributeArray
	for _, name := range sortedKeys(types) {
		array = append(array, &dynamodb.TableAttributeArgs{Name: pulumi.String(name),
			Type: pulumi.String(string(types[name]))})
	}
	return array
}

func globalIndexes(spec *resource.DynamoDB) dynamodb.TableGlobalSecondaryIndexArray {
	var array dynamodb.TableGlobalSecondaryIndexArray
	for i := range spec.GlobalIndexes {
		index := &spec.GlobalIndexes[i]
		made := &dynamodb.TableGlobalSecondaryIndexArgs{Name: pulumi.String(index.Name),
			HashKey:        pulumi.String(index.PartitionKey.Name),
			ProjectionType: pulumi.String(projections[index.Projection])}
		if index.SortKey != nil {
			made.RangeKey = pulumi.String(index.SortKey.Name)
		}
		if len(index.Attributes) > 0 {
			made.NonKeyAttributes = texts(index.Attributes...)
		}
		if capacity := indexCapacity(spec, index); capacity != nil {
			made.ReadCapacity, made.WriteCapacity = pulumi.Int(capacity.Read.Min), pulumi.Int(capacity.Write.Min)
		}
		array = append(array, made)
	}
	return array
}

func localIndexes(spec *resource.DynamoDB) dynamodb.TableLocalSecondaryIndexArray {
	var array dynamodb.TableLocalSecondaryIndexArray
	for _, index := range spec.LocalIndexes {
		made := &dynamodb.TableLocalSecondaryIndexArgs{Name: pulumi.String(index.Name),
			RangeKey:       pulumi.String(index.SortKey.Name),
			ProjectionType: pulumi.String(projections[index.Projection])}
		if len(index.Attributes) > 0 {
			made.NonKeyAttributes = texts(index.Attributes...)
		}
		array = append(array, made)
	}
	return array
}

// indexCapacity is the index's own capacity or that of the table; nil with billing on demand.
func indexCapacity(spec *resource.DynamoDB, index *resource.GlobalIndex) *resource.TableCapacity {
	if index.Capacity != nil {
		return index.Capacity
	}
	return spec.Capacity
}

// isProvisioned reports whether the table is there and has a capacity already. One that is still billed on demand has none,
// and has to be given what autoscaling begins with.
func (p *program) isProvisioned() bool {
	found, err := dynamodb.LookupTable(p.Context, &dynamodb.LookupTableArgs{Name: p.name(maxLongName, ""),
		Region: &p.order.Region}, pulumi.Provider(p.provider))
	return err == nil && found.BillingMode == billingMode[resource.Provisioned]
}

func scaledFields(spec *resource.DynamoDB) []string {
	fields := []string{"readCapacity", "writeCapacity"}
	if len(spec.GlobalIndexes) > 0 {
		fields = append(fields, "globalSecondaryIndexes[*].readCapacity", "globalSecondaryIndexes[*].writeCapacity")
	}
	return fields
}

// tableScaling lets the capacity of the table and of its indexes follow the load.
func (p *program) tableScaling(spec *resource.DynamoDB, of *dynamodb.Table) error {
	if spec.Capacity == nil {
		return nil
	}
	if err := p.capacityScaling("table", pulumi.Sprintf("table/%s", of.Name), spec.Capacity); err != nil {
		return err
	}
	for i := range spec.GlobalIndexes {
		index := &spec.GlobalIndexes[i]
		if err := p.capacityScaling("index", pulumi.Sprintf("table/%s/index/%s", of.Name, index.Name),
			indexCapacity(spec, index), index.Name); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) capacityScaling(what string, id pulumi.StringInput, capacity *resource.TableCapacity,
	names ...string) error {
	sides := []struct {
		name, dimension, metric string
		of                      resource.CapacityRange
	}{
		{"read", "ReadCapacityUnits", "DynamoDBReadCapacityUtilization", capacity.Read},
		{"write", "WriteCapacityUnits", "DynamoDBWriteCapacityUtilization", capacity.Write},
	}
	for _, side := range sides {
		name := strings.Join(append([]string{what}, append(names, side.name)...), "-")
		target, err := appautoscaling.NewTarget(p.Context, name, &appautoscaling.TargetArgs{ResourceId: id,
			MinCapacity: pulumi.Int(side.of.Min),
			MaxCapacity: pulumi.Int(side.of.Max), ServiceNamespace: pulumi.String("dynamodb"),
			ScalableDimension: pulumi.String("dynamodb:" + what + ":" + side.dimension)})
		if err != nil {
			return err
		}
		configuration := predefined(side.metric, nil)
		configuration.TargetValue = pulumi.Float64(side.of.Target)
		if _, err := appautoscaling.NewPolicy(p.Context, name,
			&appautoscaling.PolicyArgs{Name: pulumi.String(p.name(maxLongName, name)),
				PolicyType: pulumi.String("TargetTrackingScaling"), ResourceId: target.ResourceId,
				ScalableDimension:                        target.ScalableDimension,
				ServiceNamespace:                         target.ServiceNamespace,
				TargetTrackingScalingPolicyConfiguration: configuration}); err != nil {
			return err
		}
	}
	return nil
}
