// Package health is how the resources of a simulated cloud fare: a world and the conditions that were set for it go in;
// services with their deployments, targets with their health, alarms with their state and metrics come out, in the shapes
// of AWS's describe calls.
package health

import (
	"fmt"
	"slices"

	"github.com/deployer-io/deployer/localstack/cloud/world"
)

// Condition is how a resource fares other than well.
type Condition string

// The conditions.
const (
	// Unhealthy: a service's tasks start and die, a target group's targets fail their checks, any other is not available.
	Unhealthy Condition = "unhealthy"
	// Pending: it never settles, as tasks that find no capacity.
	Pending Condition = "pending"
	// RolledBack: the deployment circuit breaker has taken a service back to the revision before.
	RolledBack Condition = "rolledBack"
	// Alarm and InsufficientData are the states of an alarm.
	Alarm            Condition = "alarm"
	InsufficientData Condition = "insufficientData"
)

var conditions = []Condition{Unhealthy, Pending, RolledBack, Alarm, InsufficientData}

const conditionType = "cloud:condition"

// SetCondition makes a resource fare so, until another condition is set; the empty one makes it fare well again.
func SetCondition(tx *world.Tx, r *world.Record, c Condition) error {
	key := world.Key{Type: conditionType, Account: r.Account, Region: r.Region, ID: r.Type + "::" + r.ID}
	if c == "" {
		tx.Delete(key)
		return nil
	}
	if !slices.Contains(conditions, c) {
		return fmt.Errorf("condition %q is unknown; the conditions are %v", c, conditions)
	}
	tx.Put(&world.Record{
		Type:    conditionType,
		Account: r.Account,
		Region:  r.Region,
		ID:      key.ID,
		State:   map[string]any{"condition": string(c)},
		Created: tx.Now(), Changed: tx.Now(),
	})
	return nil
}

// ConditionOf returns the condition of a resource, or "".
func ConditionOf(tx *world.Tx, r *world.Record) Condition {
	found := tx.Get(world.Key{Type: conditionType, Account: r.Account, Region: r.Region, ID: r.Type + "::" + r.ID})
	if found == nil {
		return ""
	}
	return Condition(found.Text("condition"))
}
