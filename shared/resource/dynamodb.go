package resource

import (
	"strconv"

	"github.com/deployer-io/deployer/shared/diag"
)

// CodeTable is the code of rules about DynamoDB tables.
const CodeTable diag.Code = "table"

// DynamoDB is a table of items found by a key.
type DynamoDB struct {
	Common
	// the attribute that decides where an item is kept
	PartitionKey KeyAttribute `json:"partitionKey" jsonschema:"required"`
	// the attribute that orders the items of one partition
	SortKey *KeyAttribute `json:"sortKey,omitempty"`
	// onDemand pays for each request, provisioned for a capacity
	Billing Billing `json:"billing" jsonschema:"enum=onDemand,enum=provisioned"`
	// the capacity, with provisioned billing
	Capacity *TableCapacity `json:"capacity,omitempty"`
	// indexes with keys of their own
	GlobalIndexes []GlobalIndex `json:"globalIndexes,omitempty" jsonschema:"maxItems=20"`
	// indexes with the table's partition key and another sort key; they can only be given when the table is created
	LocalIndexes []LocalIndex `json:"localIndexes,omitempty" jsonschema:"maxItems=5"`
	// the attribute that holds when an item may be deleted, in seconds since 1970
	TTLAttribute string `json:"ttlAttribute,omitempty" jsonschema:"maxLength=255"`
	// offers the changes of items, with what is chosen here
	Stream StreamView `json:"stream,omitempty" jsonschema:"enum=keysOnly,enum=newImage,enum=oldImage,enum=newAndOldImages"`
	// lets the table be put back to any second of the last 35 days
	PointInTimeRecovery bool `json:"pointInTimeRecovery"`
	// refuses to be deleted, on AWS's side
	DeletionProtection bool `json:"deletionProtection"`
	// the KMS key; without it the environment's own, or AWS's
	KMSKey ARN `json:"kmsKey,omitempty"`
	// standard, or infrequentAccess for cheaper storage and dearer requests
	TableClass string `json:"tableClass" jsonschema:"enum=standard,enum=infrequentAccess"`
	// other regions that hold a copy which may be written too
	Replicas []string `json:"replicas,omitempty" jsonschema:"pattern=^[a-z]{2}(-[a-z]+)+-[0-9]$,uniqueItems=true"`
	// shows which keys are asked for most
	ContributorInsights bool `json:"contributorInsights,omitempty"`
}

// KeyAttribute is an attribute of a key.
type KeyAttribute struct {
	// the attribute's name
	Name string `json:"name" jsonschema:"required,minLength=1,maxLength=255"`
	// the attribute's type: string, number or binary
	Type AttributeType `json:"type" jsonschema:"enum=S,enum=N,enum=B"`
}

// SetDefaults makes it a string.
func (a *KeyAttribute) SetDefaults() { a.Type = AttributeString }

// AttributeType is the type of a key's attribute.
type AttributeType string

// The attribute types.
const (
	AttributeString AttributeType = "S"
	AttributeNumber AttributeType = "N"
	AttributeBinary AttributeType = "B"
)

// Billing is how a table's requests are paid for.
type Billing string

// The ways of billing.
const (
	OnDemand    Billing = "onDemand"
	Provisioned Billing = "provisioned"
)

// TableCapacity is the capacity of a table or index, in units per second.
type TableCapacity struct {
	// for reading
	Read CapacityRange `json:"read" jsonschema:"required"`
	// for writing
	Write CapacityRange `json:"write" jsonschema:"required"`
}

// CapacityRange is a capacity that follows the load.
type CapacityRange struct {
	// the least
	Min int `json:"min" jsonschema:"required,minimum=1,maximum=40000"`
	// the greatest
	Max int `json:"max" jsonschema:"required,minimum=1,maximum=40000"`
	// the use to aim for, in percent
	Target int `json:"target" jsonschema:"minimum=20,maximum=90"`
}

// SetDefaults aims for 70 percent.
func (c *TableCapacity) SetDefaults() { c.Read.Target, c.Write.Target = 70, 70 }

// GlobalIndex finds items by another key.
type GlobalIndex struct {
	// the index's name
	Name string `json:"name" jsonschema:"required,pattern=^[A-Za-z0-9_.-]{3\\,255}$"`
	// its partition key
	PartitionKey KeyAttribute `json:"partitionKey" jsonschema:"required"`
	// its sort key
	SortKey *KeyAttribute `json:"sortKey,omitempty"`
	// which attributes it holds
	Projection Projection `json:"projection" jsonschema:"enum=all,enum=keysOnly,enum=include"`
	// the attributes, with projection: include
	Attributes []string `json:"attributes,omitempty" jsonschema:"maxItems=100,uniqueItems=true"`
	// its capacity, with provisioned billing; without it that of the table
	Capacity *TableCapacity `json:"capacity,omitempty"`
}

// SetDefaults lets it hold all attributes.
func (g *GlobalIndex) SetDefaults() {
	g.Projection = ProjectAll
	g.PartitionKey.SetDefaults()
}

// LocalIndex orders a partition's items by another attribute.
type LocalIndex struct {
	// the index's name
	Name string `json:"name" jsonschema:"required,pattern=^[A-Za-z0-9_.-]{3\\,255}$"`
	// its sort key
	SortKey KeyAttribute `json:"sortKey" jsonschema:"required"`
	// which attributes it holds
	Projection Projection `json:"projection" jsonschema:"enum=all,enum=keysOnly,enum=include"`
	// the attributes, with projection: include
	Attributes []string `json:"attributes,omitempty" jsonschema:"maxItems=100,uniqueItems=true"`
}

// SetDefaults lets it hold all attributes.
func (l *LocalIndex) SetDefaults() {
	l.Projection = ProjectAll
	l.SortKey.SetDefaults()
}

// Projection is which attributes an index holds.
type Projection string

// The projections.
const (
	ProjectAll     Projection = "all"
	ProjectKeys    Projection = "keysOnly"
	ProjectInclude Projection = "include"
)

// StreamView is what a table's stream says of a change; empty for no stream.
type StreamView string

// The stream views.
const (
	StreamKeysOnly StreamView = "keysOnly"
	StreamNewImage StreamView = "newImage"
	StreamOldImage StreamView = "oldImage"
	StreamBoth     StreamView = "newAndOldImages"
)

// KindDynamoDB is a table of items found by a key.
var KindDynamoDB = register(Definition{
	Kind: "DynamoDB", APIVersion: ComponentsV1, Family: Data, Revision: 1, Stateful: true,
	Summary: "A DynamoDB table with its indexes, its stream and its backups.",
	New: func() Spec {
		return &DynamoDB{Common: defaultCommon(Snapshot, 30*Minute), PartitionKey: KeyAttribute{Type: AttributeString}, Billing: OnDemand,
			PointInTimeRecovery: true, DeletionProtection: true, TableClass: "standard"}
	},
	Outputs: []Output{
		{Name: "name", Type: Text, Doc: "the table's name"},
		{Name: "arn", Type: Text, Doc: "the table's ARN"},
		{Name: "streamArn", Type: Text, Doc: "the stream's ARN; only with stream"},
	},
	ReplaceOn: []string{"partitionKey", "sortKey", "localIndexes"},
})

// Lacks says why the spec does not have one of its kind's outputs; empty when it has.
func (d *DynamoDB) Lacks(output string) string {
	if output == "streamArn" && d.Stream == "" {
		return "it has no stream"
	}
	return ""
}

// Check keeps the rules over several fields.
func (d *DynamoDB) Check(k *Checker) {
	d.Common.check(k)
	k.need("capacity", d.Capacity != nil, d.Billing == Provisioned, "provisioned billing needs it")
	k.only("capacity", d.Capacity != nil, d.Billing == Provisioned, "billing is provisioned")
	d.Capacity.check(k, "capacity")
	if d.SortKey != nil && d.SortKey.Name == d.PartitionKey.Name {
		k.Errorf(CodeTable, "sortKey.name", "the sort key is the partition key %q", d.SortKey.Name).WithHint("use another attribute")
	}
	k.need("sortKey", d.SortKey != nil, len(d.LocalIndexes) > 0, "a table with localIndexes has a sort key")
	d.checkIndexes(k)
	d.checkAttributeTypes(k)
	if len(d.Replicas) > 0 {
		d.checkReplicas(k)
	}
	k.only("kmsKey", d.KMSKey != "", len(d.Replicas) == 0, "the table has no replicas: a key belongs to one region")
	k.checkKey("kmsKey", d.KMSKey)
}

func (d *DynamoDB) checkReplicas(k *Checker) {
	if d.Stream != StreamBoth {
		k.Errorf(CodeTable, "stream", "replicas need the stream newAndOldImages").WithHint("add stream: newAndOldImages")
	}
	if environment := k.Environment(); environment != nil {
		for i, region := range d.Replicas {
			if region == environment.Region {
				k.Errorf(CodeTable, indexed("replicas", i), "%s is the table's own region", region).WithHint("take it out")
			}
		}
	}
}

func (d *DynamoDB) checkIndexes(k *Checker) {
	names := make([]string, 0, len(d.GlobalIndexes)+len(d.LocalIndexes))
	for i := range d.GlobalIndexes {
		index, at := &d.GlobalIndexes[i], indexed("globalIndexes", i)
		names = append(names, index.Name)
		checkProjection(k, at, index.Projection, index.Attributes)
		k.only(at+".capacity", index.Capacity != nil, d.Billing == Provisioned, "billing is provisioned")
		index.Capacity.check(k, at+".capacity")
	}
	k.unique("globalIndexes", ".name", names)
	local := make([]string, 0, len(d.LocalIndexes))
	for i := range d.LocalIndexes {
		index, at := &d.LocalIndexes[i], indexed("localIndexes", i)
		local = append(local, index.Name)
		checkProjection(k, at, index.Projection, index.Attributes)
	}
	k.unique("localIndexes", ".name", local)
}

func checkProjection(k *Checker, path string, projection Projection, attributes []string) {
	k.need(path+".attributes", len(attributes) > 0, projection == ProjectInclude, "projection include names the attributes")
	k.only(path+".attributes", len(attributes) > 0, projection == ProjectInclude, "projection is include")
}

// checkAttributeTypes refuses an attribute that is a string in one key and a number in another.
func (d *DynamoDB) checkAttributeTypes(k *Checker) {
	types := map[string]AttributeType{}
	look := func(path string, a *KeyAttribute) {
		if a == nil || a.Name == "" {
			return
		}
		if known, ok := types[a.Name]; ok && known != a.Type {
			k.Errorf(CodeTable, path+".type", "the attribute %q is %s here and %s in another key", a.Name, a.Type, known).
				WithHint("an attribute has one type")
			return
		}
		types[a.Name] = a.Type
	}
	look("partitionKey", &d.PartitionKey)
	look("sortKey", d.SortKey)
	for i := range d.GlobalIndexes {
		look(indexed("globalIndexes", i)+".partitionKey", &d.GlobalIndexes[i].PartitionKey)
		look(indexed("globalIndexes", i)+".sortKey", d.GlobalIndexes[i].SortKey)
	}
	for i := range d.LocalIndexes {
		look(indexed("localIndexes", i)+".sortKey", &d.LocalIndexes[i].SortKey)
	}
}

func (c *TableCapacity) check(k *Checker, path string) {
	if c == nil {
		return
	}
	for name, r := range map[string]CapacityRange{".read": c.Read, ".write": c.Write} {
		if r.Min > r.Max {
			k.Errorf(CodeTable, path+name+".min", "min (%d) is greater than max (%d)", r.Min, r.Max).WithHint("exchange them")
		}
	}
}

// indexed is the path of a list's item.
func indexed(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
