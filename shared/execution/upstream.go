package execution

import "github.com/deployer-io/deployer/shared/plan"

// Upstream is what a component may know of another one that it needs. It is what the plan compares, no more and no less.
type Upstream = plan.Upstream
