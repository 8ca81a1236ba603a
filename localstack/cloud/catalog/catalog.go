// Package catalog is how every AWS resource type behaves: a Type takes the inputs of a Pulumi resource and says what is
// wrong with them, what they become when they are created, which changes replace the resource, and what AWS refuses.
//
// Which properties a type has, and which of them are required or filled in by AWS, is read from schema.txt, which a test
// compares with the pulumi-aws SDK. Which changes replace a resource follows the provider's documentation; how a service
// behaves follows its API reference.
package catalog

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// AWSVersion is the release of the pulumi-aws provider whose types are described here.
const AWSVersion = "7.11.1"

// Scope says within what a resource exists, and within what its name must be unique.
type Scope int

// The scopes.
const (
	Regional Scope = iota // in one region of one account
	Account               // in one account, as IAM, Route 53 and CloudFront
	World                 // as S3 buckets: in a region, but the name is taken everywhere
)

// Type is how one resource type behaves. The fields are written for reading: lists are texts separated by spaces.
//
// A template is text in which {x} stands for: account, region, partition, id, uuid, now, hexN (N random hexadecimal
// digits), or a property; {x>y} is property y of the resource that reference x names. An API error is written
// "Code: message", or "404 Code: message" where the status is not 400.
type Type struct {
	Is    string // module and name, as in sqs.Queue
	Scope Scope
	// NameIn is the property that holds the physical name and is filled in when it is absent; by default "name", where
	// the type has an input of that name. "-" means none. NameMax is its longest length (255), NameStart and NameEnd what
	// it begins and ends with.
	NameIn    string
	NameMax   int
	NameStart string
	NameEnd   func(inputs map[string]any) string
	// Replace names the properties whose change replaces the resource (the region always does), ReplaceToo tells of others
	// whose change does so for some resources only.
	Replace    string
	ReplaceToo func(property string, state, inputs map[string]any) bool
	// Unordered names the lists of objects in which the order means nothing.
	Unordered string
	Defaults  map[string]any
	Enums     map[string]string // property path -> allowed texts
	// ID is the template of the provider's id, Outputs those of the properties that AWS fills in; a property that the
	// inputs give keeps their value. An output drawn at random or at a time keeps its value in updates, another follows
	// its template, and those in Renewed are also drawn anew.
	ID string
	// Slot is a template that tells resources with the same id apart.
	Slot    string
	Outputs map[string]any
	Renewed string
	// Filled names what AWS fills in inside of an input, as in vpcConfig.vpcId.
	Filled string
	// Unique is the template of what may exist only once in the scope; by default the name, or an ID that is not random.
	Unique string
	// Overwrites: creating what exists already replaces it, as the put calls of S3 and IAM do.
	Overwrites bool
	// Exists, Missing and InUse are API errors: of a name taken, of a reference ({ref}) to what does not exist, and of
	// deleting what something refers to ({by}).
	Exists, Missing, InUse string
	// Refs are the references to other resources, each "path type|type mark". Without a mark the target must exist and
	// cannot be deleted while it is referred to; "?" the target must exist but may go; "+" this resource is a part of
	// the target and goes with it; "-" the target need not be here, but cannot be deleted; "~" nothing is checked.
	Refs []string
	// Also are templates of further names under which references find the resource, beside its id, ARN and name.
	Also []string
	// Check adds to the failures of the inputs.
	Check func(*Checking)
	// Before runs before the outputs of a create or update are worked out, After when they are, OnDelete before a deletion.
	Before, After, OnDelete func(*Op) error
	// Settles is how long the real service takes until the resource is available.
	Settles time.Duration

	// Token is the Pulumi type token; filled in by the catalog, as all that follows.
	Token     string
	schema    map[string]prop
	replace   map[string]bool
	unordered map[string]bool
	renewed   map[string]bool
	filled    map[string]bool
	refs      []ref
	tagged    bool
}

// services lists the types family by family; each file holds one or a few.
func services() []func() []Type {
	return []func() []Type{
		network, securityGroups, instances, identity, containers, balancers, scaling, monitoring, events, functions,
		databases, documents, tables, caches, memory, buckets, files, queues, topics, streams, distributions, httpAPIs, restAPIs,
		keys, secrets, zones, discovery, certificates, backups, firewalls, audit, kubernetesClusters,
		tracing, deliveries, upkeep,
	}
}

// described is filled at first use rather than by an initializer: the types' functions themselves look types up.
var (
	describing sync.Once
	described  map[string]*Type
)

func catalog() map[string]*Type {
	describing.Do(func() { described = describe() })
	return described
}

func describe() map[string]*Type {
	schemas := readSchemas()
	all := map[string]*Type{}
	for _, service := range services() {
		for _, t := range service() {
			t.complete(schemas)
			if all[t.Token] != nil {
				panic("catalog: " + t.Is + " is described twice")
			}
			all[t.Token] = &t
		}
	}
	for _, t := range all {
		for _, r := range t.refs {
			for _, target := range r.targets {
				if all[target] == nil {
					panic("catalog: " + t.Is + " refers to " + target + ", which is not described")
				}
			}
		}
	}
	return all
}

// Find returns the type with the token, or nil.
func Find(token string) *Type { return catalog()[token] }

// Tokens returns the tokens of all types, in order.
func Tokens() []string {
	var all []string
	for token := range catalog() {
		all = append(all, token)
	}
	slices.Sort(all)
	return all
}

// token turns sqs.Queue into aws:sqs/queue:Queue.
func token(is string) string {
	module, name, _ := strings.Cut(is, ".")
	return "aws:" + module + "/" + strings.ToLower(name[:1]) + name[1:] + ":" + name
}

func (t *Type) complete(schemas map[string]map[string]prop) {
	t.Token = token(t.Is)
	t.schema = schemas[t.Token]
	if t.schema == nil {
		panic("catalog: schema.txt does not describe " + t.Token)
	}
	if t.NameIn == "" && t.settable("name") {
		t.NameIn = "name"
	}
	t.NameIn = strings.TrimPrefix(t.NameIn, "-")
	if t.NameMax == 0 {
		t.NameMax = 255
	}
	if t.Unique == "" {
		switch {
		case t.NameIn != "":
			t.Unique = "{" + t.NameIn + "}"
		case !random(t.ID):
			t.Unique = t.ID
		}
	}
	for name := range t.Outputs { // lists and maps do not tell in the schema that AWS fills them in
		if p, known := t.schema[name]; known {
			p.computed = true
			t.schema[name] = p
		}
	}
	t.replace, t.unordered, t.renewed, t.filled = set(t.Replace), set(t.Unordered), set(t.Renewed), set(t.Filled)
	if t.settable("region") {
		t.replace["region"] = true
	}
	t.tagged = t.schema["tagsAll"].kind != 0
	for _, text := range t.Refs {
		t.refs = append(t.refs, parseRef(text))
	}
	t.mustKnow()
}

// mustKnow stops the program at its start when a table names a property that the type does not have.
func (t *Type) mustKnow() {
	known := func(where, path string) {
		head, _, _ := strings.Cut(path, ".")
		if _, ok := t.schema[head]; !ok {
			panic("catalog: " + t.Is + " " + where + ": there is no property " + path)
		}
	}
	for p := range t.replace {
		known("Replace", p)
	}
	for p := range t.unordered {
		known("Unordered", p)
	}
	for p := range t.filled {
		known("Filled", p)
	}
	for p := range t.Defaults {
		known("Defaults", p)
	}
	for p := range t.Outputs {
		known("Outputs", p)
	}
	for p := range t.Enums {
		known("Enums", p)
	}
	for _, r := range t.refs {
		known("Refs", r.path)
	}
}

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// Has reports whether the type has the property, as an input or an output.
func (t *Type) Has(property string) bool { return t.schema[property].kind != 0 }

// writeOnly reports whether AWS takes the property but nobody may keep it, as secretStringWo: its change is told by another,
// secretStringWoVersion.
func (t *Type) writeOnly(property string) bool {
	return strings.HasSuffix(property, "Wo") && t.settable(property) && t.Has(property+"Version")
}

func (t *Type) settable(property string) bool {
	p, ok := t.schema[property]
	return ok && !p.output
}
