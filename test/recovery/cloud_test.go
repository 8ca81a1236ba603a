package recovery_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/objects"
)

// cloud is what really exists. Names are drawn anew for each creation, so that nothing keeps a caller from creating a
// second one beside the first but what it knows; a token makes a request that is repeated one request.
type cloud struct {
	mu     sync.Mutex
	things map[string]thing  // by id
	tokens map[string]string // ids
	drawn  int
	twice  []string // components of which there were two at a time
}

type thing struct{ component, digest string }

func newCloud() *cloud { return &cloud{things: map[string]thing{}, tokens: map[string]string{}} }

func (c *cloud) create(token string, made thing) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if id, before := c.tokens[token]; before {
		return id
	}
	for _, there := range c.things {
		if there.component == made.component {
			c.twice = append(c.twice, made.component)
		}
	}
	c.drawn++
	id := fmt.Sprintf("%s-%d", made.component, c.drawn)
	c.things[id], c.tokens[token] = made, id
	return id
}

// errRefused is what the cloud answers for a component that is to fail.
var errRefused = errors.New("the quota is exceeded")

var errGone = errors.New("there is no such thing")

func (c *cloud) update(id, digest string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	there, ok := c.things[id]
	if !ok {
		return errGone
	}
	there.digest = digest
	c.things[id] = there
	return nil
}

func (c *cloud) remove(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.things, id)
}

func (c *cloud) exists(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.things[id]
	return ok
}

// truth is the digest of each component that exists, by component.
func (c *cloud) truth() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	truth := map[string]string{}
	for there := range maps.Values(c.things) {
		truth[there.component] = there.digest
	}
	return truth
}

// checkpoint is what the provisioner remembers of a component, as Pulumi does: what exists, and a creation that began and
// is not known to have ended.
type checkpoint struct {
	ID      string `json:"id,omitempty"`
	Pending string `json:"pending,omitempty"` // its token
}

// provisioner makes one thing of each component. It works as the real one: what it is about to create stands in the
// checkpoint before it asks for it, and a call without a clear answer is repeated.
type provisioner struct{ *world }

func (p provisioner) Apply(ctx context.Context, order execution.Order) (execution.Result, error) {
	return p.do(ctx, "Apply", order, p.apply)
}

func (p provisioner) Destroy(ctx context.Context, order execution.Order) (execution.Result, error) {
	return p.do(ctx, "Destroy", order, p.destroy)
}

func (p provisioner) Preview(ctx context.Context, order execution.Order, _ bool) (execution.Result, error) {
	return p.do(ctx, "Preview", order, func(context.Context, execution.Order, *execution.Result) error { return nil })
}

// do lets the work itself be cut off: a reply that is lost is an error beside what was done.
func (p provisioner) do(ctx context.Context, verb string, order execution.Order,
	work func(context.Context, execution.Order, *execution.Result) error) (execution.Result, error) {
	var result execution.Result
	how, err := p.scissors.meet(ctx, "provisioner", verb, order.Address.Short())
	switch {
	case err != nil:
		return result, err
	case how == lost:
		return result, errCut
	case how == delayed:
		if err := p.clock.Sleep(ctx, delay); err != nil {
			return result, err
		}
	}
	err = work(ctx, order, &result)
	switch how {
	case replyLost:
		return result, errCut
	case dies, allDie:
		p.scissors.kill(ctx, how)
		return execution.Result{}, errDead
	}
	return result, err
}

func (p provisioner) apply(ctx context.Context, order execution.Order, result *execution.Result) error {
	known, err := p.load(ctx, order)
	if err != nil {
		return err
	}
	short, digest, id := order.Address.Short(), digestOf(order.Spec), known.ID
	if short == p.failing {
		return errRefused
	}
	if known.ID != "" && order.Refresh {
		there, err := again(ctx, func() (bool, error) {
			return call(ctx, p.world, "cloud", "Describe", short, func(context.Context) (bool, error) { return p.cloud.exists(id), nil })
		})
		if err != nil {
			return err
		}
		if !there {
			known.ID = ""
		}
	}
	operation := "update"
	if known.ID == "" {
		operation = "create"
		err = p.create(ctx, order, &known, digest)
	} else {
		_, err = again(ctx, func() (struct{}, error) {
			return call(ctx, p.world, "cloud", "Update", short, func(context.Context) (struct{}, error) {
				return struct{}{}, p.cloud.update(id, digest)
			})
		})
	}
	if known.Pending != "" {
		result.Pending = []string{short}
	}
	result.Changes = []execution.ResourceChange{{Type: "aws:test:Thing", Name: short, ID: known.ID, Operation: operation, Failed: err != nil}}
	if err != nil {
		return err
	}
	result.Resources, result.Outputs = 1, map[string]json.RawMessage{}
	for _, name := range []string{"arn", "url", "name"} {
		result.Outputs[name] = json.RawMessage(fmt.Sprintf("%q", known.ID))
	}
	return nil
}

// create goes on with a creation that is pending, under its token.
func (p provisioner) create(ctx context.Context, order execution.Order, known *checkpoint, digest string) error {
	short := order.Address.Short()
	if known.Pending == "" {
		known.Pending = fmt.Sprintf("%s-%s-%d", short, order.Run, p.drawToken())
		if err := p.save(ctx, order, p.remembered(*known)); err != nil {
			return err
		}
	}
	token := known.Pending
	id, err := again(ctx, func() (string, error) {
		return call(ctx, p.world, "cloud", "Create", short, func(context.Context) (string, error) {
			return p.cloud.create(token, thing{short, digest}), nil
		})
	})
	if err != nil {
		return err
	}
	*known = checkpoint{ID: id}
	if err := p.save(ctx, order, *known); err != nil {
		return err
	}
	// What was created under an earlier attempt's token is of that attempt's spec.
	return p.cloud.update(id, digest)
}

// remembered is what a provisioner writes down before it asks for a creation.
func (p provisioner) remembered(known checkpoint) checkpoint {
	if p.forgetful {
		return checkpoint{}
	}
	return known
}

func (p provisioner) destroy(ctx context.Context, order execution.Order, result *execution.Result) error {
	known, err := p.load(ctx, order)
	if err != nil {
		return err
	}
	short := order.Address.Short()
	if known.Pending != "" {
		if err := p.create(ctx, order, &known, ""); err != nil { // to learn its id
			result.Pending = []string{short}
			return err
		}
	}
	if known.ID == "" {
		return nil
	}
	_, err = again(ctx, func() (struct{}, error) {
		return call(ctx, p.world, "cloud", "Delete", short, func(context.Context) (struct{}, error) {
			p.cloud.remove(known.ID)
			return struct{}{}, nil
		})
	})
	result.Changes = []execution.ResourceChange{{Type: "aws:test:Thing", Name: short, ID: known.ID, Operation: "delete", Failed: err != nil}}
	if err == nil {
		err = p.save(ctx, order, checkpoint{})
	}
	if err != nil {
		result.Resources, result.Pending = 1, []string{short}
	}
	return err
}

func key(order execution.Order, epoch string) string {
	return order.Address.PulumiPrefix(epoch) + "checkpoint.json"
}

// load reads the order's checkpoint; where there is none yet it begins with a copy of the one that it is based on.
func (p provisioner) load(ctx context.Context, order execution.Order) (checkpoint, error) {
	var known checkpoint
	for _, epoch := range []string{order.Epoch, order.BaseEpoch} {
		if epoch == "" {
			continue
		}
		object, err := again(ctx, func() (objects.Object, error) { return p.objects.Get(ctx, key(order, epoch)) })
		if errors.Is(err, objects.ErrNotFound) {
			continue
		}
		if err == nil {
			err = json.Unmarshal(object.Data, &known)
		}
		if err != nil || epoch == order.Epoch {
			return known, err
		}
		break
	}
	return known, p.save(ctx, order, known)
}

func (p provisioner) save(ctx context.Context, order execution.Order, known checkpoint) error {
	data, err := json.Marshal(known)
	if err != nil {
		return err
	}
	_, err = again(ctx, func() (objects.Object, error) {
		return p.objects.Put(ctx, key(order, order.Epoch), data, objects.Always())
	})
	return err
}

// again repeats a call that was given no clear answer, as the SDKs do.
func again[T any](ctx context.Context, do func() (T, error)) (answer T, err error) {
	for range 3 {
		if answer, err = do(); !errors.Is(err, errCut) || ctx.Err() != nil {
			return answer, err
		}
	}
	return answer, err
}

func digestOf(spec any) string {
	data, err := json.Marshal(spec)
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}
