package cloud

import (
	"cmp"
	"context"
	"fmt"

	"github.com/deployer-io/deployer/localstack/cloud/fault"
)

// Call is a call of something that is deployed: it succeeds, unless a fault of its type, one of its names and the operation
// invoke meets it.
func (c *Cloud) Call(ctx context.Context, token string, names ...string) error {
	met, err := fault.Meet(ctx, c.world, fault.Occasion{Type: token, Operation: "invoke", Names: names})
	switch {
	case err != nil:
		return err
	case met.Refusal != nil:
		return fmt.Errorf("%s: %s", cmp.Or(met.Refusal.Code, "InternalServerError"), cmp.Or(met.Refusal.Message, "it failed as it was told to"))
	case met.After != nil:
		return fmt.Errorf("%s", met.After.Reason())
	}
	return nil
}
