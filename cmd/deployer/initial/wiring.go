package initial

import (
	"regexp"
	"strings"

	"github.com/deployer-io/deployer/shared/resource"
)

// Guarded reports whether another person has to agree to a deployment, and whether sizes are those of production: in
// production, and in what comes after it, which stands in for it.
func (c Choice) Guarded(e Environment) bool {
	for _, one := range c.Environments {
		if strings.HasPrefix(one.Name, "prod") {
			return true
		}
		if one == e {
			break
		}
	}
	return false
}

// taggable is what AWS takes as the value of a tag.
var taggable = regexp.MustCompile(`^[\p{L}\p{N} +=._:/@-]{1,256}$`)

// TagOfOwner is the owner as a tag's value; empty where it cannot be one.
func (c Choice) TagOfOwner() string {
	if !taggable.MatchString(c.Owner) {
		return ""
	}
	return c.Owner
}

// Schema is the place of a schema as seen from a file so many folders below the bundle.
func (c Choice) Schema(name string, depth int) string {
	path := c.Schemas + "/" + name + ".json"
	if strings.Contains(c.Schemas, "://") || strings.HasPrefix(c.Schemas, "/") {
		return path
	}
	return strings.Repeat("../", depth) + path
}

// Networked reports whether a component lives in the environment's network, which has to be described then.
func (c Choice) Networked() bool {
	for _, one := range c.Components {
		if definition, _ := resource.Lookup(one.Kind); resource.LivesInNetwork(definition, definition.New()) {
			return true
		}
	}
	return false
}

// smaller are the kinds of which less is enough outside of production.
var smaller = map[resource.Kind]bool{"MicroService": true, "RDS": true}

// Small returns the components that the overlays make smaller.
func (c Choice) Small() []Component {
	var small []Component
	for _, one := range c.Components {
		if smaller[one.Kind] {
			small = append(small, one)
		}
	}
	return small
}

// First returns the name of the first component of a kind; empty when there is none.
func (c Choice) First(kind resource.Kind) string {
	for _, one := range c.Components {
		if one.Kind == kind {
			return one.Name
		}
	}
	return ""
}

// Each pairs the components with the choice, for the templates of kinds.
func (c Choice) Each() []placed {
	all := make([]placed, len(c.Components))
	for i, one := range c.Components {
		all[i] = placed{c, one}
	}
	return all
}

// placed is a component and all that stands beside it.
type placed struct {
	Choice
	Component
}

// IsFirst reports whether the component is the first of its kind.
func (p placed) IsFirst() bool { return p.First(p.Kind) == p.Name }

// Variable is an environment variable that reads an output of another component.
type Variable struct{ Name, Component, Output string }

// offers are the outputs that programs usually want to know, by the kind that has them.
var offers = []struct {
	kind     resource.Kind
	variable string
	output   string
	inside   bool // it can be reached from inside the network only
}{
	{"RDS", "DB_HOST", "endpoint", true},
	{"RDS", "DB_PASSWORD", "password", true},
	{"DocumentDB", "DOCUMENTS_HOST", "endpoint", true},
	{"ElastiCacheRedis", "CACHE_HOST", "endpoint", true},
	{"ElastiCacheMemcached", "PAGES_HOST", "endpoint", true},
	{"AWSMemoryDB", "MEMORY_HOST", "endpoint", true},
	{"DynamoDB", "TABLE", "name", false},
	{"S3", "BUCKET", "name", false},
	{"SNS", "TOPIC_ARN", "arn", false},
	{"SQS", "QUEUE_URL", "url", false},
	{"EventBridge", "BUS_NAME", "name", false},
}

// Variables returns what a program is told of the components beside it. A function stands outside of the network.
func (p placed) Variables() []Variable {
	var variables []Variable
	for _, offer := range offers {
		if name := p.First(offer.kind); name != "" && (!offer.inside || p.Kind != "Lambda") {
			variables = append(variables, Variable{offer.variable, name, offer.output})
		}
	}
	return variables
}
