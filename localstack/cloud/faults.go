package cloud

import "github.com/deployer-io/deployer/localstack/cloud/fault"

// Fault is something that goes wrong on purpose; see package fault.
type Fault = fault.Fault

// Match says which calls a fault meets.
type Match = fault.Match

// FaultKind is what a fault does to a call.
type FaultKind = fault.Kind

// Inject adds a fault and returns its id. Other processes on the same folder meet it too.
func (c *Cloud) Inject(f Fault) (id string, err error) { return fault.Inject(c.world, f) }

// Faults returns the faults that await calls, the oldest first.
func (c *Cloud) Faults() ([]Fault, error) { return fault.List(c.world) }

// Heal takes the fault away; an empty id takes all away.
func (c *Cloud) Heal(id string) error { return fault.Remove(c.world, id) }
