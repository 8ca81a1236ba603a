package lock

import (
	"time"

	"github.com/deployer-io/deployer/shared/address"
)

// The writes that the protocol's transactions are made of.

func isMissing(a Attribute) Condition { return Condition{Attribute: a, Operator: Missing} }
func isText(a Attribute, t string) Condition {
	return Condition{Attribute: a, Operator: Equal, Text: t}
}
func isNumber(a Attribute, n int64) Condition {
	return Condition{Attribute: a, Operator: Equal, Number: n}
}
func isLess(a Attribute, n int64) Condition {
	return Condition{Attribute: a, Operator: Less, Number: n}
}
func contains(a Attribute, t string) Condition {
	return Condition{Attribute: a, Operator: Contains, Text: t}
}

// heldBy holds while the lock is that of one grant.
func heldBy(lockID string, fence int64) []Condition {
	return []Condition{isText(LockID, lockID), isNumber(FenceAttr, fence)}
}

// stillExpired holds while nobody has renewed the expired lock that was seen, or taken it.
func stillExpired(seen Holding, now time.Time) []Condition {
	return []Condition{isText(LockID, seen.LockID), isNumber(Version, seen.version), isNumber(ExpiresAt, seen.ExpiresAt.Unix()),
		isLess(ExpiresAt, cut(now))}
}

// drawFence hands out the number after last.
func drawFence(scope address.Address, last int64) Write {
	condition := isNumber(FenceAttr, last)
	if last == 0 {
		condition = isMissing(FenceAttr)
	}
	return Write{Verb: Update, Key: fenceKey(scope), Conditions: []Condition{condition},
		Changes: []Change{{Attribute: FenceAttr, Verb: Set, Number: last + 1}}}
}

// forget takes the targets out of their ancestors' intents.
func forget(targets []target) []Write {
	var writes []Write
	for _, ancestor := range ancestorsOf(targets) {
		w := Write{Verb: Update, Key: ancestor}
		for _, t := range targets {
			if below(t, ancestor) {
				w.Changes = append(w.Changes, Change{Attribute: IxChildren, Verb: Remove, Text: t.key})
			}
		}
		writes = append(writes, w)
	}
	return writes
}

func below(t target, ancestor string) bool {
	for _, key := range t.ancestors {
		if key == ancestor {
			return true
		}
	}
	return false
}

// take makes the node a new holder's. What a holder before it had set is set anew or cleared.
func take(t target, r Request, lease Lease, now time.Time, conditions []Condition) Write {
	changes := []Change{
		{Attribute: LockID, Verb: Set, Text: lease.LockID},
		{Attribute: FenceAttr, Verb: Set, Number: lease.Fence},
		{Attribute: Version, Verb: Set, Number: 1},
		{Attribute: LockedAt, Verb: Set, Number: now.Unix()},
		{Attribute: ExpiresAt, Verb: Set, Number: lease.ExpiresAt.Unix()},
		{Attribute: LockedBy, Verb: Set, Text: r.LockedBy},
		{Attribute: Metadata, Verb: Set, Map: r.metadata()},
	}
	if r.LockedBy == "" {
		changes[5] = Change{Attribute: LockedBy, Verb: Clear}
	}
	if changes[6].Map == nil {
		changes[6] = Change{Attribute: Metadata, Verb: Clear}
	}
	return Write{Verb: Update, Key: t.key, Changes: changes, Conditions: conditions}
}

// audit records that a lock is taken away. There is one row for a lock, however often this is tried.
func audit(h Holding, event, actor, reason string, now time.Time) Write {
	key := auditKey(h.Address.LockKey(), h.Fence)
	return Write{Verb: Put, Key: key, Conditions: []Condition{isMissing(KeyAttr)}, Item: &Item{Key: key, Fence: h.Fence,
		LockedAt: now.Unix(), ExpiresAt: now.Add(AuditKept).Unix(), LockedBy: h.LockedBy, Event: event, Actor: actor, Reason: reason,
		Previous: h.LockID, Metadata: Request{Run: h.Run, GitCommit: h.GitCommit, CIRun: h.CIRun}.metadata()}}
}
