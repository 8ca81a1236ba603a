package lock_test

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/shared/lock"
)

// The mutants stand between the protocol and its table, and break one clause of what passes by. The protocol itself has
// no switch to be left on.

// rewrittenTable changes the writes on their way.
type rewrittenTable struct {
	lock.Table
	rewrite func(all []lock.Write, w lock.Write) lock.Write
}

func rewriting(rewrite func(all []lock.Write, w lock.Write) lock.Write) func(lock.Table) lock.Table {
	return func(t lock.Table) lock.Table { return rewrittenTable{t, rewrite} }
}

func (r rewrittenTable) Transact(ctx context.Context, token string, writes []lock.Write) error {
	changed := slices.Clone(writes)
	for i, w := range writes {
		changed[i] = r.rewrite(writes, w)
	}
	return r.Table.Transact(ctx, token, changed)
}

// without drops the conditions that drop is true of.
func without(w lock.Write, drop func(lock.Condition) bool) lock.Write {
	w.Conditions = slices.DeleteFunc(slices.Clone(w.Conditions), drop)
	return w
}

func changes(w lock.Write, a lock.Attribute, verb lock.ChangeVerb) bool {
	return slices.ContainsFunc(w.Changes, func(c lock.Change) bool { return c.Attribute == a && c.Verb == verb })
}

func isAudited(writes []lock.Write) bool {
	return slices.ContainsFunc(writes, func(w lock.Write) bool { return strings.HasPrefix(w.Key, "audit:") })
}

func ignoreBelow(_ []lock.Write, w lock.Write) lock.Write {
	return without(w, func(c lock.Condition) bool { return c.Attribute == lock.IxChildren && c.Operator == lock.Missing })
}

func ignoreAbove(_ []lock.Write, w lock.Write) lock.Write {
	if !changes(w, lock.IxChildren, lock.Insert) {
		return w
	}
	return without(w, func(c lock.Condition) bool { return c.Attribute == lock.LockID })
}

func releaseAnything(all []lock.Write, w lock.Write) lock.Write {
	if w.Verb == lock.Delete && !isAudited(all) {
		w.Conditions = nil
	}
	return w
}

func ignoreRenewal(all []lock.Write, w lock.Write) lock.Write {
	if !isAudited(all) {
		return w
	}
	return without(w, func(c lock.Condition) bool { return c.Attribute == lock.Version || c.Attribute == lock.ExpiresAt })
}

func renewBack(_ []lock.Write, w lock.Write) lock.Write {
	return without(w, func(c lock.Condition) bool {
		return c.Attribute == lock.ExpiresAt && c.Operator == lock.Less && w.Verb == lock.Update &&
			changes(w, lock.Version, lock.Add)
	})
}

// mortalFence lets the fence counter expire together with the locks.
type mortalFence struct {
	lock.Table
	until int64
}

func (m *mortalFence) Transact(ctx context.Context, token string, writes []lock.Write) error {
	for _, w := range writes {
		for _, c := range w.Changes {
			if c.Attribute == lock.ExpiresAt {
				m.until = max(m.until, c.Number)
			}
		}
	}
	until := m.until
	return rewrittenTable{m.Table, func(_ []lock.Write, w lock.Write) lock.Write {
		if strings.HasSuffix(w.Key, "#fence") && until > 0 {
			w.Changes = append(slices.Clone(w.Changes), lock.Change{Attribute: lock.ExpiresAt, Verb: lock.Set, Number: until})
		}
		return w
	}}.Transact(ctx, token, writes)
}

// trusting takes every answer that is not understood for "nothing was changed".
type trusting struct{ lock.Table }

func (t trusting) Transact(ctx context.Context, token string, writes []lock.Write) error {
	err := t.Table.Transact(ctx, token, writes)
	var failed *lock.ConditionError
	if err == nil || errors.As(err, &failed) || errors.Is(err, lock.ErrInvalidWrite) || errors.Is(err, lock.ErrTransactConflict) {
		return err
	}
	return lock.ErrThrottled
}

// notBurning pretends to have drawn a fence that was drawn for no lock.
type notBurning struct {
	lock.Table
	pretended int64
}

func (n *notBurning) Transact(ctx context.Context, token string, writes []lock.Write) error {
	n.pretended = 0
	if len(writes) == 1 && strings.HasSuffix(writes[0].Key, "#fence") {
		n.pretended = writes[0].Changes[0].Number
		return nil
	}
	return n.Table.Transact(ctx, token, writes)
}

func (n *notBurning) Get(ctx context.Context, key string) (*lock.Item, error) {
	item, err := n.Table.Get(ctx, key)
	if err == nil && n.pretended > 0 && strings.HasSuffix(key, "#fence") {
		item, n.pretended = &lock.Item{Key: key, Fence: n.pretended}, 0
	}
	return item, err
}
