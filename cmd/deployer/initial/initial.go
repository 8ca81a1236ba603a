// Package initial writes the first files of a stack: a Choice goes in, the Files of a small bundle come out, which is valid
// as it is and meant to be changed.
package initial

import (
	"bytes"
	"embed"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/resource"
)

// Choice is what somebody wants to begin with.
type Choice struct {
	Stack        string
	Owner        string // may be empty
	Service      string
	Environments []Environment // in the order in which a change goes through them
	Components   []Component
	// Schemas is where the JSON Schemas stand, for editors: a URL, or a path relative to the bundle; without a slash at its end.
	Schemas string
}

// Environment is a place to deploy to.
type Environment struct{ Name, Region string }

// Component is one component of the service.
type Component struct {
	Kind resource.Kind
	Name string
}

//go:embed templates
var files embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{"quote": strconv.Quote}).ParseFS(files, "templates/*.tmpl"))

// names are what components are called that nobody named.
var names = map[resource.Kind]string{
	"ALB": "public", "APIGateway": "gateway", "AWSMemoryDB": "memory", "CloudFront": "front", "CronJob": "nightly", "DocumentDB": "documents",
	"DynamoDB": "table", "EBS": "disk", "EC2Instance": "machine", "EFS": "shared", "ElastiCacheMemcached": "pages", "ElastiCacheRedis": "cache",
	"EventBridge": "bus", "Kafka": "stream", "Lambda": "function", "MSK": "brokers", "MicroService": "api", "NLB": "tcp", "RDS": "db",
	"S3": "files", "SNS": "news", "SQS": "jobs", "Worker": "worker",
}

// Kinds returns the kinds of components, sorted.
func Kinds() []string {
	var kinds []string
	for _, kind := range resource.Kinds() {
		if definition, _ := resource.Lookup(kind); definition.APIVersion == resource.ComponentsV1 {
			kinds = append(kinds, string(kind))
		}
	}
	return kinds
}

// ParseComponent reads KIND or KIND=NAME.
func ParseComponent(text string) (Component, error) {
	kind, name, named := strings.Cut(text, "=")
	if !slices.Contains(Kinds(), kind) {
		hint := "the kinds are " + strings.Join(Kinds(), ", ")
		if near := diag.Nearest(kind, Kinds()); near != "" {
			hint = "did you mean " + near + "?"
		}
		return Component{}, fmt.Errorf("there is no kind %q; %s", kind, hint)
	}
	if !named {
		name = names[resource.Kind(kind)]
	}
	return Component{Kind: resource.Kind(kind), Name: name}, address.CheckName(name)
}

var region = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)

// ParseEnvironment reads NAME or NAME=REGION.
func ParseEnvironment(text, otherwise string) (Environment, error) {
	e := Environment{Name: text, Region: otherwise}
	if name, at, given := strings.Cut(text, "="); given {
		e = Environment{Name: name, Region: at}
	}
	return e, CheckEnvironment(e)
}

// CheckEnvironment reports an environment that cannot be.
func CheckEnvironment(e Environment) error {
	if !region.MatchString(e.Region) {
		return fmt.Errorf("%q is no AWS region; write one as in eu-west-1", e.Region)
	}
	return address.CheckName(e.Name)
}

// CheckService reports a name that no service can have.
func CheckService(name string) error {
	if name == resource.PlatformService {
		return fmt.Errorf("the service %q is reserved for the network and what else all services share; choose another name", name)
	}
	return address.CheckName(name)
}

// Check reports the first thing that a choice lacks.
func (c Choice) Check() error {
	if err := address.CheckName(c.Stack); err != nil {
		return err
	}
	if err := CheckService(c.Service); err != nil {
		return err
	}
	if len(c.Environments) == 0 || len(c.Components) == 0 {
		return fmt.Errorf("a stack has at least one environment and one component")
	}
	seen := map[string]bool{}
	for _, e := range c.Environments {
		if err := CheckEnvironment(e); err != nil {
			return err
		}
		if seen[e.Name] {
			return fmt.Errorf("the environment %s stands twice", e.Name)
		}
		seen[e.Name] = true
	}
	clear(seen)
	for _, one := range c.Components {
		if seen[one.Name] {
			return fmt.Errorf("two components are named %s; name one with KIND=NAME", one.Name)
		}
		seen[one.Name] = true
	}
	return nil
}

// Files returns the bundle's files, sorted by path.
func (c Choice) Files() ([]bundle.File, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	b := builder{Choice: c}
	b.write("stack.yaml", "stack.tmpl", c)
	if c.Networked() {
		b.write("platform.yaml", "platform.tmpl", c)
	}
	b.write("services/"+c.Service+".yaml", "service.tmpl", c)
	for _, e := range c.Environments {
		if !c.Guarded(e) && (len(c.Small()) > 0 || c.Networked()) {
			b.write("environments/"+e.Name+"/size.yaml", "overlay.tmpl", overlay{c, e})
		}
	}
	slices.SortFunc(b.files, func(x, y bundle.File) int { return strings.Compare(x.Path, y.Path) })
	return b.files, b.err
}

type builder struct {
	Choice
	files []bundle.File
	err   error
}

func (b *builder) write(path, name string, data any) {
	var text bytes.Buffer
	if err := templates.ExecuteTemplate(&text, name, data); err != nil && b.err == nil {
		b.err = err
	}
	b.files = append(b.files, bundle.File{Path: path, Data: text.Bytes()})
}

// overlay is the data of an environment's overlay.
type overlay struct {
	Choice
	Here Environment
}
