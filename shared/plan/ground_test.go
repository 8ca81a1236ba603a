package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
)

func TestTheNetworkStaysUnderDataThatIsKept(t *testing.T) {
	for name, test := range map[string]struct {
		policy resource.DeletionPolicy
		data   resource.Kind
		needs  []string
		stays  bool
	}{
		"a file system in it is kept":     {resource.Retain, "EFS", []string{"platform:platform/networking"}, true},
		"a file system in it is deleted":  {resource.Delete, "EFS", []string{"platform:platform/networking"}, false},
		"a bucket is kept, outside of it": {resource.Retain, "S3", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.want("platform/networking", resource.KindNetworking)
			w.want("platform/security", "Security")
			w.want("a/data", test.data, test.needs...).Base().DeletionPolicy = test.policy
			w.want("a/work", "Worker", "platform:platform/networking", "a/data")
			w.deploy()
			p, err := plan.Destroy(scope, w.snapshot, plan.Options{})
			require.NoError(t, err)
			if !test.stays {
				require.Equal(t, 4, p.Counts.Delete)
				require.Empty(t, p.Kept)
				return
			}
			require.Equal(t, 3, p.Counts.Delete)
			require.Equal(t, []plan.Kept{{Component: "platform/networking", Kind: resource.KindNetworking,
				Reason: "a/data, which is kept, is in it; destroy again once that is gone"}}, p.Kept)
			for _, step := range p.Steps {
				require.NotEqual(t, "platform/networking", step.Address.Short())
			}
		})
	}
}
