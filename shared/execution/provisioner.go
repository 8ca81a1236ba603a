package execution

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/resource"
)

// Provisioner makes real what a step says, for one component at a time. Every method is safe for concurrent use on
// different components. When ctx ends, work in flight is cancelled cleanly, what was done is recorded, and the Result
// says so beside the error. An error that has a method Retryable() bool and says true may pass by itself.
type Provisioner interface {
	// Apply creates or updates the component's resources so that they match the order. It is idempotent.
	Apply(ctx context.Context, order Order) (Result, error)
	// Destroy deletes all of the component's resources. A component that has none is no error.
	Destroy(ctx context.Context, order Order) (Result, error)
	// Preview tells what Apply (or, with destroy, Destroy) would do and changes nothing.
	Preview(ctx context.Context, order Order, destroy bool) (Result, error)
}

// Order is everything a Provisioner needs to know about one component.
type Order struct {
	Address   address.Address     `json:"address"`
	Kind      resource.Kind       `json:"kind"`
	Spec      resource.Spec       `json:"spec"`
	Upstreams map[string]Upstream `json:"upstreams,omitempty"` // by service/component: every need but those for the order alone
	Tags      map[string]string   `json:"tags,omitempty"`
	Run       string              `json:"run"`
	Account   string              `json:"account,omitempty"` // AWS account id; empty: that of the credentials
	Region    string              `json:"region"`
	// BaseEpoch is the epoch of the checkpoint to start from, empty for a component that has none; Epoch is the one to
	// write into. Where Epoch has a checkpoint already, an earlier attempt of the run wrote it, and it is the one to go on from.
	BaseEpoch string `json:"baseEpoch,omitempty"`
	Epoch     string `json:"epoch"`
	// Refresh reads the real resources before anything else, after an interrupted run.
	Refresh bool `json:"refresh,omitempty"`
	// Midway, when set, is called by Apply when a task of the new version can be run and no copy of it has been started:
	// with the kind's outputs taskDefinitionArn, clusterName and securityGroupId. It may take long. Its error ends the Apply
	// before the new version is started.
	Midway func(outputs map[string]json.RawMessage) error `json:"-"`
}

// Result is what a Provisioner did. It is filled as far as known also beside an error.
type Result struct {
	// Outputs are the kind's declared outputs. A secret output is {"secretRef": "<where it is kept>"}, never the value.
	Outputs map[string]json.RawMessage `json:"outputs,omitempty"`
	// Changes are the resources that were touched, in the order in which that began.
	Changes []ResourceChange `json:"changes,omitempty"`
	// Resources is how many resources the component has now.
	Resources int `json:"resources"`
	// Pending names resources whose creation, update or deletion began and is not known to have ended.
	Pending []string `json:"pending,omitempty"`
	// Kept says that Destroy let go of the resources and did not delete them, as the deletionPolicy asks; Pending then
	// names them.
	Kept bool `json:"kept,omitempty"`
	// Adopted says that Apply took over resources that an earlier Destroy had let go of.
	Adopted bool `json:"adopted,omitempty"`
	// Saved are the last snapshots that AWS was asked to take as data went: of what was deleted or replaced.
	Saved []Snapshot `json:"saved,omitempty"`
	// Checkpoint is the digest of the component's checkpoint after the work; empty when there is none.
	Checkpoint string        `json:"checkpoint,omitempty"`
	Duration   time.Duration `json:"duration"`
}

// ResourceChange is one change of one cloud resource.
type ResourceChange struct {
	Type      string   `json:"type"` // Pulumi type token, as in aws:sqs/queue:Queue
	Name      string   `json:"name"` // logical name
	ID        string   `json:"id,omitempty"`
	Operation string   `json:"operation"`        // create, update, replace, delete, read, same is not listed
	Fields    []string `json:"fields,omitempty"` // property paths that differ, for update and replace
	Failed    bool     `json:"failed,omitempty"`
	Message   string   `json:"message,omitempty"` // the provider's words, redacted
}

// UnmarshalJSON decodes Spec into the struct of its Kind.
func (o *Order) UnmarshalJSON(data []byte) error {
	type plain Order
	raw := struct {
		*plain
		Spec json.RawMessage `json:"spec"`
	}{plain: (*plain)(o)}
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	spec, err := resource.DecodeSpec(o.Kind, raw.Spec)
	if err != nil {
		return fmt.Errorf("%s: %w", o.Address, err)
	}
	o.Spec = spec
	return nil
}
