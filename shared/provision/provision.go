// Package provision makes components real: an order for one component goes in, its kind's translation becomes a Pulumi
// program that the engine runs, and what was changed and the component's outputs come out.
//
// There is one file for each family of kinds. A translation is a function from a typed spec to resources of the Pulumi SDKs;
// what all of them need (names, tags, the provider, roles, security groups, access along the graph's edges, guards) stands
// once, beside them.
package provision

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/provision/engine"
	"github.com/deployer-io/deployer/shared/provision/engine/plugin"
	"github.com/deployer-io/deployer/shared/resource"
)

// Options say where the engine's parts are; see engine.Options.
type Options struct {
	Pulumi          string        // path of the Pulumi CLI
	Objects         objects.Store // holds the checkpoints, under the prefixes of the orders' addresses and epochs
	BackendURL      string        // the same store as Pulumi names it: file:///folder, s3://bucket?region=eu-west-1&awssdk=v2
	SecretsProvider string        // awskms://alias/NAME?region=eu-west-1
	Env             []string      // the CLI's environment: credentials, PATH, HOME, attached providers
	WorkDir         string        // scratch space; empty: the system's
	Parallelism     int           // components at a time; 0: two per core
	// ClusterToken is the command that prints a token for an EKS cluster as clients of Kubernetes want it; it is given
	// --cluster-name, --region and --output json. Empty: aws eks get-token.
	ClusterToken []string
	// PermissionsBoundary is the ARN of the policy that limits every role that is made; a Security document that names
	// another fails. Empty: what that document says, or no limit.
	PermissionsBoundary string
	// RolePath is the IAM path of every role and instance profile that is made, such as /deployer/staging/. Empty: /.
	RolePath string
	// Plugins are the provider plugins that are started once and shared; see engine.Options.
	Plugins []plugin.Pin
	Grace   time.Duration // how long an interrupted operation may take to end; 0: engine.DefaultGrace
	Log     *slog.Logger
}

// Engine carries out orders. It is an execution.Provisioner.
type Engine struct {
	engine       *engine.Engine
	clusterToken []string
	limit        string // the permissions boundary of roles
	rolePath     string
	log          *slog.Logger
}

var _ execution.Provisioner = (*Engine)(nil)

// New starts what all components share. Close it after the last order.
func New(options Options) (*Engine, error) {
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	driver, err := engine.New(engine.Options{Pulumi: options.Pulumi, Objects: options.Objects,
		BackendURL:      options.BackendURL,
		SecretsProvider: options.SecretsProvider, Env: options.Env, WorkDir: options.WorkDir,
		Parallelism: options.Parallelism, Plugins: options.Plugins,
		Grace: options.Grace, Log: options.Log})
	if err != nil {
		return nil, err
	}
	return &Engine{engine: driver, clusterToken: options.ClusterToken, limit: options.PermissionsBoundary, rolePath: options.RolePath,
		log: options.Log}, nil
}

// Close ends what New began.
func (e *Engine) Close() error { return e.engine.Close() }

// Apply creates or updates the component's resources. A change that would replace data goes through only with allowReplace,
// and after a last snapshot of the old data.
func (e *Engine) Apply(ctx context.Context, order execution.Order) (execution.Result, error) {
	call, err := e.call(engine.Up, order, false)
	if err != nil {
		return execution.Result{}, err
	}
	report, err := e.engine.Run(ctx, call)
	var saved map[string]execution.Snapshot
	var failure *engine.Failure
	if errors.As(err, &failure) && failure.Class == engine.Protected && mayReplace(order) {
		e.log.Info("replacing guarded resources", "component", order.Address)
		adopted := report.Adopted
		if saved, err = e.dismantle(ctx, order); err == nil {
			report, err = e.engine.Run(ctx, call)
			report.Adopted = report.Adopted || adopted
		}
	}
	result, err := e.conclude(order, report, err)
	result.Saved = gone(saved, report)
	return result, err
}

// mayReplace reports whether guards may be lifted for a replacement: of what holds data only where the author allowed it.
func mayReplace(order execution.Order) bool {
	definition, _ := resource.Lookup(order.Kind)
	common := order.Spec.Base()
	return !common.Protect && (common.AllowReplace || !definition.Stateful)
}

// Destroy deletes the component's resources, or lets go of them, as its deletionPolicy says.
func (e *Engine) Destroy(ctx context.Context, order execution.Order) (execution.Result, error) {
	if order.Spec.Base().Protect {
		return execution.Result{}, &ComponentProtected{Component: order.Address.String()}
	}
	call, err := e.call(engine.Destroy, order, true)
	if err != nil {
		return execution.Result{}, err
	}
	definition, _ := resource.Lookup(order.Kind)
	if definition.Stateful && order.Spec.Base().DeletionPolicy == resource.Retain {
		return kept(e.engine.Keep(ctx, call))
	}
	saved, err := e.dismantle(ctx, order)
	if err != nil {
		return e.conclude(order, engine.Report{}, err)
	}
	call.Unprotect = true
	report, err := e.engine.Run(ctx, call)
	result, err := e.conclude(order, report, err)
	result.Saved = gone(saved, report)
	return result, err
}

// Preview tells what Apply or Destroy would do.
func (e *Engine) Preview(ctx context.Context, order execution.Order, destroy bool) (execution.Result, error) {
	operation := engine.Preview
	if destroy {
		operation = engine.PreviewDestroy
	}
	call, err := e.call(operation, order, false)
	if err != nil {
		return execution.Result{}, err
	}
	definition, _ := resource.Lookup(order.Kind)
	if destroy && definition.Stateful && order.Spec.Base().DeletionPolicy == resource.Retain {
		return kept(e.engine.Inspect(ctx, call))
	}
	call.Unprotect = destroy || mayReplace(order)
	report, err := e.engine.Run(ctx, call)
	return e.conclude(order, report, err)
}

// kept is the result of letting go of a component: nothing was touched, and its resources are named.
func kept(report engine.Report, err error) (execution.Result, error) {
	if err != nil {
		return execution.Result{}, err
	}
	result := execution.Result{Resources: len(report.Resources), Checkpoint: report.Checkpoint,
		Kept: len(report.Resources) > 0}
	for _, r := range report.Resources {
		result.Pending = append(result.Pending, r.Type+" "+r.ID)
	}
	return result, nil
}

// keptPrefix is where the checkpoint stands of what was let go of at an order's address. What another kind, account or
// region has left there is nothing that a component could take over.
func keptPrefix(order execution.Order) string {
	return order.Address.PulumiPrefix("kept") + strings.Join([]string{string(order.Kind),
		cmp.Or(order.Account, "own"), order.Region}, "/") + "/"
}

// call makes the engine's call for an order.
func (e *Engine) call(operation engine.Operation, order execution.Order, dismantle bool) (engine.Call, error) {
	translate, err := translationOf(order)
	if err != nil {
		return engine.Call{}, err
	}
	of := order.Address
	call := engine.Call{Operation: operation, Project: of.PulumiProject(), Stack: of.PulumiStack(),
		Prefix: of.PulumiPrefix(order.Epoch), Kept: keptPrefix(order),
		Refresh: order.Refresh, Program: func(ctx *pulumi.Context) error {
			p, err := newProgram(ctx, order, dismantle)
			if err != nil {
				return err
			}
			p.clusterToken, p.limit, p.rolePath = e.clusterToken, e.limit, e.rolePath
			if operation == engine.Up && !dismantle {
				p.midway = order.Midway
			}
			return translate(p, order.Spec)
		}}
	if order.BaseEpoch != "" {
		call.Base = of.PulumiPrefix(order.BaseEpoch)
	}
	call.Resolve = func(pending []engine.PendingOperation) ([]engine.Resolution, error) {
		return resolve(order, pending)
	}
	return call, nil
}

// conclude makes the result of a report, and the error that people read.
func (e *Engine) conclude(order execution.Order, report engine.Report, err error) (execution.Result, error) {
	result := execution.Result{Resources: len(report.Resources), Checkpoint: report.Checkpoint,
		Duration: report.Duration, Adopted: report.Adopted}
	for _, c := range report.Changes {
		result.Changes = append(result.Changes, execution.ResourceChange{Type: c.Type, Name: c.Name, ID: c.ID,
			Operation: c.Operation,
			Fields:    c.Fields, Failed: c.Failed, Message: shown(c.Message)})
	}
	for _, p := range report.Pending {
		result.Pending = append(result.Pending, p.Operation+" "+p.Type+" "+p.Name)
	}
	outputs, outputErr := e.outputs(order, report)
	result.Outputs = outputs
	if err != nil {
		return result, failed(order, err)
	}
	return result, outputErr
}

// outputs takes over what the kind's definition declares. A secret one must be the place of a secret, and no other may be
// one: a program that exports a secret's value is wrong, and the value goes no further.
func (e *Engine) outputs(order execution.Order, report engine.Report) (map[string]json.RawMessage, error) {
	definition, _ := resource.Lookup(order.Kind)
	outputs := map[string]json.RawMessage{}
	for name, value := range report.Outputs {
		output, declared := definition.Output(name)
		if !declared {
			return outputs, fmt.Errorf("provision: kind %s exports %s, which its definition does not declare",
				order.Kind, name)
		}
		if output.Secret && !strings.Contains(string(value), `"secretRef"`) {
			return outputs, fmt.Errorf("provision: kind %s exports the secret output %s in clear", order.Kind, name)
		}
		outputs[name] = value
	}
	if len(report.Secrets) > 0 {
		return outputs, fmt.Errorf("provision: kind %s exports secret values: %s", order.Kind,
			strings.Join(report.Secrets, ", "))
	}
	return outputs, nil
}

// shown is a provider's message as it may be shown: its first part, without what looks like a credential.
func shown(message string) string {
	if message == "" {
		return ""
	}
	return engine.Essence(message)
}
