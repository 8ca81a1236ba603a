package execution

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
)

// Preview is what a step would do to cloud resources: previews/{service}/{component}.json. Nothing was changed to find out.
type Preview struct {
	SchemaVersion int              `json:"schemaVersion"`
	Plan          string           `json:"plan"` // the plan's digest
	Address       address.Address  `json:"address"`
	Kind          resource.Kind    `json:"kind"`
	Action        plan.Action      `json:"action"`
	Changes       []ResourceChange `json:"changes"`
	// Unknown are outputs of others that the component sees and that are known only after apply, as
	// service/component.output. The preview stands on stand-ins for them, which no plan ever carries out.
	Unknown []string `json:"unknown,omitempty"`
	Error   string   `json:"error,omitempty"`   // the error's name, when the preview failed
	Message string   `json:"message,omitempty"` // why there is none
}

// Replaced reports whether a resource would be deleted and made anew, which a plan of an update does not tell.
func (p Preview) Replaced() bool {
	return slices.ContainsFunc(p.Changes, func(c ResourceChange) bool { return c.Operation == "replace" })
}

// PreviewArtifact is where a component's preview stands in the run's archive.
func PreviewArtifact(a address.Address) run.Artifact {
	return run.Artifact("previews/" + a.Short() + ".json")
}

// PreviewBatchArtifact names the orders of one batch of previews.
func PreviewBatchArtifact(number int) run.Artifact {
	return run.Artifact(fmt.Sprintf("previews/%d.json", number))
}

// Previews reads what is there of the previews of a plan, in the order of its steps.
func Previews(ctx context.Context, archive run.Archive, p *plan.Plan) ([]Preview, error) {
	read := make([]*Preview, len(p.Steps))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(readers)
	for i, step := range p.Steps {
		group.Go(func() error {
			var one Preview
			err := archive.Read(ctx, PreviewArtifact(step.Address), &one)
			if err == nil && one.Plan == p.Digest {
				read[i] = &one
			} else if errors.Is(err, objects.ErrNotFound) {
				return nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var seen []Preview
	for _, one := range read {
		if one != nil {
			seen = append(seen, *one)
		}
	}
	return seen, nil
}

// Previews returns the plan's steps in batches to be previewed, of at most size steps each, in the plan's order.
func (p *Preparation) Previews(size int) ([]Batch, error) {
	var batches []Batch
	for steps := range slices.Chunk(p.plan.Steps, max(size, 1)) {
		batch := Batch{SchemaVersion: SchemaVersion, Run: p.plan.Run, Scope: p.plan.Scope, Number: len(batches), Parallelism: p.parallelism,
			Preview: p.plan.Digest}
		for i := range steps {
			a, err := p.assignment(&steps[i])
			if err != nil {
				return nil, fmt.Errorf("prepare the preview of %s: %w", steps[i].Address, err)
			}
			p.standIn(&a)
			batch.Assignments = append(batch.Assignments, a)
		}
		batches = append(batches, batch)
	}
	return batches, nil
}

// standIn gives an assignment something to see of upstreams that are not there yet.
func (p *Preparation) standIn(a *Assignment) {
	for _, short := range slices.Sorted(maps.Keys(a.Order.Upstreams)) {
		upstream := a.Order.Upstreams[short]
		r, wanted := p.resources[short]
		if len(upstream.Outputs) > 0 || !wanted {
			continue
		}
		definition, _ := resource.Lookup(r.Kind)
		upstream.Outputs = map[string]json.RawMessage{}
		for _, output := range resource.Offers(definition, r.Spec) {
			upstream.Outputs[output.Name] = standIn(output, a.Order.Region)
			a.Unknown = append(a.Unknown, short+"."+output.Name)
		}
		a.Order.Upstreams[short] = upstream
	}
}

// knownAfter is what a text output is until it is known.
const knownAfter = "known-after-apply"

// standIn is a value of the output's type and, as far as its name tells, of its form: providers check forms.
func standIn(o resource.Output, region string) json.RawMessage {
	text := knownAfter
	switch name := strings.ToLower(o.Name); {
	case strings.Contains(name, "arn"):
		text = "arn:aws:unknown:" + region + ":000000000000:" + knownAfter
	case strings.Contains(name, "cidr"):
		text = "10.0.0.0/16"
	case strings.HasSuffix(name, "url"):
		text = "https://" + knownAfter + ".invalid"
	}
	var value any = text
	switch {
	case o.Secret:
		value = map[string]string{"secretRef": text}
	case o.Type == resource.Number:
		value = 1
	case o.Type == resource.TextList:
		value = []string{text + "-1", text + "-2"}
	case o.Type == resource.TextMap:
		value = map[string]string{}
	}
	data, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("execution: a stand-in does not encode: %v", err)) // texts and numbers do
	}
	return data
}

// Preview asks the Provisioner what each step of a batch would do, several at a time, and hands each answer to record. What
// cannot be previewed says why; only record's errors are returned.
func (e *Executor) Preview(ctx context.Context, batch Batch, record func(context.Context, Preview) error) error {
	limit := max(e.Parallelism, 1)
	if batch.Parallelism > 0 {
		limit = min(limit, batch.Parallelism)
	}
	slots := make(chan struct{}, limit)
	errs := make([]error, len(batch.Assignments))
	var group sync.WaitGroup
	for i, a := range batch.Assignments {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			errs[i] = record(ctx, e.preview(ctx, a, batch.Preview))
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *Executor) preview(ctx context.Context, a Assignment, digest string) Preview {
	seen := Preview{SchemaVersion: SchemaVersion, Plan: digest, Address: a.Order.Address, Kind: a.Order.Kind, Action: a.Action,
		Changes: []ResourceChange{}, Unknown: a.Unknown}
	if timeout := a.Order.base().Timeout.Std(); timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	result, err := e.Provisioner.Preview(ctx, a.Order, a.Action == plan.Delete)
	switch {
	case err == nil && result.Kept:
		seen.Message = "its resources are kept and no longer managed"
	case err == nil:
		seen.Changes = append(seen.Changes, result.Changes...)
	case len(a.Unknown) > 0 && ctx.Err() == nil:
		seen.Message = "its resources are known after apply: they depend on what " + strings.Join(UpstreamsOf(a.Unknown), ", ") + " will be"
	default:
		failure := run.FailureOf(err)
		seen.Error, seen.Message = failure.Error, failure.Cause
	}
	return seen
}

// UpstreamsOf names the components of a list of outputs, each once, as service/component.
func UpstreamsOf(outputs []string) []string {
	var shorts []string
	for _, output := range outputs {
		short, _, _ := strings.Cut(output, ".")
		if !slices.Contains(shorts, short) {
			shorts = append(shorts, short)
		}
	}
	return shorts
}
