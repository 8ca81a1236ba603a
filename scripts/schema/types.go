package main

import (
	"reflect"

	"github.com/invopop/jsonschema"

	"github.com/deployer-io/deployer/shared/document"
	"github.com/deployer-io/deployer/shared/resource"
)

// kind is a kind of documents: that of a component, or one that gives components their surroundings.
type kind struct {
	name, apiVersion, summary string
	spec                      any // a pointer to the spec with its defaults
	definition                *resource.Definition
	service                   bool // metadata has to name the service
	layered                   bool // other documents may give required fields
}

// kinds are all kinds, in the order of the reference.
func kinds() []kind {
	stack, service := &resource.StackSpec{}, &resource.ServiceSpec{}
	stack.SetDefaults()
	all := []kind{
		{name: document.KindStack, apiVersion: resource.CoreV1, spec: stack,
			summary: "What is deployed together, and the environments that it can be deployed to."},
		{name: document.KindService, apiVersion: resource.CoreV1, spec: service, summary: "Components that belong together, and who answers for them."},
		{name: document.KindInfraDefaults, apiVersion: resource.InfraV1, spec: &resource.InfraDefaultsSpec{},
			summary: "What the components of a stack have that say nothing else, by their kinds."},
		{name: document.KindServiceInfraDefaults, apiVersion: resource.InfraV1, spec: &resource.ServiceInfraDefaultsSpec{}, service: true,
			summary: "What the components of one service have that say nothing else, by their kinds."},
		{name: document.KindComponentInfra, apiVersion: resource.InfraV1, spec: &resource.ComponentInfraSpec{}, service: true,
			summary: "What one component has from those who run it, below what its own document says."},
		{name: resource.KindCompliance, apiVersion: resource.InfraV1, spec: &resource.ComplianceSpec{},
			summary: "The policies that components and plans have to keep, and the exceptions from them."},
	}
	for _, name := range resource.Kinds() {
		d, _ := resource.Lookup(name)
		all = append(all, kind{name: string(name), apiVersion: d.APIVersion, summary: d.Summary, spec: d.New(), definition: &d,
			service: d.APIVersion == resource.ComponentsV1, layered: true})
	}
	return all
}

// The patterns of texts that have a form of their own. The types themselves know more.
const (
	durationPattern = `^([0-9]+d)?([0-9]+(\.[0-9]+)?(ms|s|m|h))*$`
	cidrPattern     = `^[0-9a-fA-F.:]+/[0-9]{1,3}$`
	arnPattern      = `^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]*:.+$`
	dayPattern      = `^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$`
	weekPattern     = `^(mon|tue|wed|thu|fri|sat|sun):[0-9]{2}:[0-9]{2}-(mon|tue|wed|thu|fri|sat|sun):[0-9]{2}:[0-9]{2}$`
	datePattern     = `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`
)

// texts are the types that read a text of their own form, as editors see them.
var texts = map[reflect.Type]*jsonschema.Schema{
	reflect.TypeFor[resource.Duration](): {AnyOf: []*jsonschema.Schema{
		{Type: "string", Pattern: durationPattern, Examples: []any{"30s", "5m", "1h30m", "7d"}}, {Const: 0}}},
	reflect.TypeFor[resource.CIDR]():         {Type: "string", Pattern: cidrPattern, Examples: []any{"10.0.0.0/16"}},
	reflect.TypeFor[resource.ARN]():          {Type: "string", Pattern: arnPattern},
	reflect.TypeFor[resource.Schedule]():     {Type: "string", Examples: []any{"rate(5 minutes)", "0 3 * * 1-5", "cron(0 3 ? * MON-FRI *)"}},
	reflect.TypeFor[resource.DayWindow]():    {Type: "string", Pattern: dayPattern},
	reflect.TypeFor[resource.WeekWindow]():   {Type: "string", Pattern: weekPattern},
	reflect.TypeFor[resource.Date]():         {Type: "string", Pattern: datePattern},
	reflect.TypeFor[resource.ComponentRef](): {Type: "string", Pattern: `^[a-z][a-z0-9-]*(/[a-z][a-z0-9-]*)?$`},
	reflect.TypeFor[resource.Input]():        {Ref: "#/$defs/Input"},
	reflect.TypeFor[resource.Secret]():       {Ref: "#/$defs/Secret"},
}

// names are what the reference calls those types.
var names = map[reflect.Type]string{
	reflect.TypeFor[resource.Duration]():     "duration",
	reflect.TypeFor[resource.CIDR]():         "range of addresses",
	reflect.TypeFor[resource.ARN]():          "ARN",
	reflect.TypeFor[resource.Schedule]():     "schedule",
	reflect.TypeFor[resource.DayWindow]():    "time of the day",
	reflect.TypeFor[resource.WeekWindow]():   "time of the week",
	reflect.TypeFor[resource.Date]():         "day",
	reflect.TypeFor[resource.ComponentRef](): "component",
	reflect.TypeFor[resource.Input]():        "text, valueFrom or secretRef",
	reflect.TypeFor[resource.Secret]():       "secretRef",
	reflect.TypeFor[resource.OutputRef]():    "valueFrom",
	reflect.TypeFor[resource.SecretRef]():    "secretRef",
}
