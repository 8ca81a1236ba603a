package provision

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/resource"
)

// program is the Pulumi program of one component while it is being put together.
type program struct {
	*pulumi.Context
	order     execution.Order
	common    *resource.Common
	provider  *aws.Provider
	account   string
	partition string // aws, aws-cn, aws-us-gov
	// dismantle makes the resources ready to be deleted: service-side deletion protection off, final snapshots set.
	dismantle bool
	random    func() string // a new password each time
	// clusterToken is the command that prints a token for an EKS cluster.
	clusterToken []string
	limit        string // the permissions boundary of roles; "": what the environment's Security document says
	rolePath     string // where roles and instance profiles are made; "": /
	outputs      pulumi.Map
	granted      []pulumi.Resource // policies of roles that were made
	made         []pulumi.Resource // all resources of AWS so far
	// midway is the order's, where the program is carried out and nothing is being dismantled.
	midway func(outputs map[string]json.RawMessage) error
}

// runTag is the tag that says which run created a resource. It is never changed afterwards: if it were, every run would
// touch every resource.
const runTag = "deployer:run"

// newProgram prepares the provider and sees to it that every resource is made by it, in the order's region, with the
// component's tags.
func newProgram(ctx *pulumi.Context, order execution.Order, dismantle bool) (*program, error) {
	p := &program{Context: ctx, order: order, common: order.Spec.Base(), dismantle: dismantle, random: rand.Text,
		outputs: pulumi.Map{}}
	arguments := &aws.ProviderArgs{Region: pulumi.String(order.Region)}
	if order.Account != "" {
		// Credentials of another account must fail before they create anything.
		arguments.AllowedAccountIds = texts(order.Account)
	}
	provider, err := aws.NewProvider(ctx, "aws", arguments)
	if err != nil {
		return nil, err
	}
	p.provider, p.account = provider, order.Account
	if p.account == "" {
		caller, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{}, pulumi.Provider(provider))
		if err != nil {
			return nil, fmt.Errorf("the AWS account is not known: %w", err)
		}
		p.account = caller.AccountId
	}
	p.partition = partitionOf(order.Region)
	return p, ctx.RegisterStackTransformation(p.complete)
}

func partitionOf(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// complete gives a resource's arguments what all have in common: the provider, the region (a simulated cloud serves
// several providers at once and looks at nothing else) and the tags, under those that the translation gave.
func (p *program) complete(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
	if !strings.HasPrefix(args.Type, "aws:") {
		return nil
	}
	p.made = append(p.made, args.Resource)
	options := append(args.Opts, pulumi.Provider(p.provider))
	if p.dismantle {
		options = append(options, freeze(args))
	}
	value := reflect.ValueOf(args.Props)
	if value.Kind() != reflect.Pointer || value.IsNil() || value.Elem().Kind() != reflect.Struct {
		return &pulumi.ResourceTransformationResult{Props: args.Props, Opts: options}
	}
	fields := value.Elem()
	if region := fields.FieldByName("Region"); region.IsValid() && region.IsNil() {
		region.Set(reflect.ValueOf(pulumi.String(p.order.Region)))
	}
	if tags := fields.FieldByName("Tags"); tags.IsValid() && tags.Type() == stringMapInput {
		merged := p.tags()
		if given, ok := tags.Interface().(pulumi.StringMap); ok {
			maps.Copy(merged, given)
		}
		tags.Set(reflect.ValueOf(merged))
		options = append(options, pulumi.IgnoreChanges([]string{`tags["` + runTag + `"]`, `tagsAll["` + runTag + `"]`}))
	}
	return &pulumi.ResourceTransformationResult{Props: args.Props, Opts: options}
}

var stringMapInput = reflect.TypeFor[pulumi.StringMapInput]()

// tags are the component's: the author's first, then those by which deployer knows its resources.
func (p *program) tags() pulumi.StringMap {
	tags := pulumi.StringMap{}
	for key, value := range p.order.Tags {
		tags[key] = pulumi.String(value)
	}
	of := p.order.Address
	tags["deployer:stack"], tags["deployer:environment"] = pulumi.String(of.Stack), pulumi.String(of.Environment)
	tags["deployer:service"], tags["deployer:component"] = pulumi.String(of.Service), pulumi.String(of.Component)
	tags[runTag] = pulumi.String(p.order.Run)
	return tags
}

// name is the component's physical name within a limit.
func (p *program) name(limit int, suffix string, salt ...string) string {
	return physicalName(p.order.Address, limit, suffix, salt...)
}

// arn makes the ARN of something in the program's account and region whose name is known beforehand.
func (p *program) arn(service, resource string) string {
	return "arn:" + p.partition + ":" + service + ":" + p.order.Region + ":" + p.account + ":" + resource
}

// output offers a value under a name of the kind's definition. The value of a secret output is the ARN of its secret.
func (p *program) output(name string, value pulumi.Input) {
	p.outputs[name] = value
	p.Export(name, value)
}

// guard protects the resources that hold the component's data, and those that AWS itself may protect against deletion: Pulumi
// refuses to delete or replace them until their guards are lifted. Without it a replacement would find out that the old one
// refuses to go only after the new one was made, when nothing in the program can reach the old one any more.
func (p *program) guard() pulumi.ResourceOption { return pulumi.Protect(!p.dismantle) }

// replacedBy makes changes of some fields replace a resource, where AWS takes them in steps or not at all. Its name is the same
// before and after, so the old one has to go first.
func replacedBy(fields ...string) pulumi.ResourceOption {
	return pulumi.Composite(pulumi.ReplaceOnChanges(fields), pulumi.DeleteBeforeReplace(true))
}

// first takes a text out of the first of several things that AWS returns. There is always one; should there be none all the
// same, a program must fail and not panic, because it shares its process with others.
func first[T any](all []T, what string, take func(T) *string) (string, error) {
	if len(all) > 0 {
		if text := take(all[0]); text != nil {
			return *text, nil
		}
	}
	return "", fmt.Errorf("AWS has named no %s", what)
}

// upstream finds an output of a component that this one needs.
func (p *program) upstream(component, output string) (json.RawMessage, bool) {
	value, found := p.order.Upstreams[component].Outputs[output]
	return value, found
}

// read returns a text output of an upstream.
func (p *program) read(component, output string) (string, error) {
	resolved, err := (&resource.OutputRef{Component: component, Output: output}).Resolve(p.upstream)
	return resolved.Text, err
}
