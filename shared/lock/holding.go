package lock

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/deployer-io/deployer/shared/address"
)

// The keys of an item's metadata.
const (
	metaRun        = "deployment_id"
	metaCommit     = "git_commit"
	metaCI         = "ci_run_id"
	metaQuarantine = "quarantine" // why only an operator may free the lock
)

// Holding is one held lock, as the table shows it.
type Holding struct {
	Address    address.Address `json:"address"`
	LockID     string          `json:"lockId"`
	Fence      int64           `json:"fence"`
	LockedBy   string          `json:"lockedBy,omitempty"`
	Run        string          `json:"run,omitempty"`
	GitCommit  string          `json:"gitCommit,omitempty"`
	CIRun      string          `json:"ciRun,omitempty"`
	Since      time.Time       `json:"since"`
	ExpiresAt  time.Time       `json:"expiresAt"`
	Quarantine string          `json:"quarantine,omitempty"` // the reason, when only an operator may free it

	version int64
}

// holding reads a held item; false when the item is no held lock.
func holding(item *Item) (Holding, bool) {
	if item == nil || item.LockID == "" {
		return Holding{}, false
	}
	a, err := address.ParseLockKey(item.Key)
	return Holding{Address: a, LockID: item.LockID, Fence: item.Fence, LockedBy: item.LockedBy, Run: item.Metadata[metaRun],
		GitCommit: item.Metadata[metaCommit], CIRun: item.Metadata[metaCI], Since: instant(item.LockedAt),
		ExpiresAt: instant(item.ExpiresAt), Quarantine: item.Metadata[metaQuarantine], version: item.Version}, err == nil
}

func instant(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }

// Lease returns what a keeper needs to renew or release this lock in its holder's place. Of a lease over several keys it
// is the one key's part.
func (h Holding) Lease() Lease {
	return Lease{Scope: h.Address.Scope(), Keys: []string{h.Address.LockKey()}, LockID: h.LockID, Fence: h.Fence, Run: h.Run,
		ExpiresAt: h.ExpiresAt}
}

// Expired reports whether at the instant now the lock may be taken over.
func (h Holding) Expired(now time.Time) bool { return h.ExpiresAt.Unix() < cut(now) }

// cut is the instant before which a lease must have ended to be taken over.
func cut(now time.Time) int64 { return now.Unix() - int64(Margin/time.Second) }

// metadata returns the request's facts as the table keeps them; nil when there are none.
func (r Request) metadata() map[string]string {
	m := map[string]string{metaRun: r.Run, metaCommit: r.GitCommit, metaCI: r.CIRun}
	maps.DeleteFunc(m, func(_, value string) bool { return value == "" })
	if len(m) == 0 {
		return nil
	}
	return m
}

// Held returns the locks that are held in a scope, ordered by key; the zero address means all scopes.
func (l *Locker) Held(ctx context.Context, scope address.Address) ([]Holding, error) {
	prefix := "stack:"
	if scope != (address.Address{}) {
		prefix = scope.Scope().LockKey()
	}
	items, err := l.list(ctx, prefix)
	if err != nil {
		return nil, err
	}
	var held []Holding
	for i := range items {
		h, ok := holding(&items[i])
		if ok && (scope == (address.Address{}) || h.Address.Scope() == scope.Scope()) {
			held = append(held, h)
		}
	}
	return held, nil
}

// AuditRow tells that a lock was taken away from its holder.
type AuditRow struct {
	Address  address.Address `json:"address"`
	Fence    int64           `json:"fence"` // of the lock that was taken away
	At       time.Time       `json:"at"`
	Event    string          `json:"event"` // takeover, reap or force-unlock
	Actor    string          `json:"actor"` // who took it away
	Reason   string          `json:"reason"`
	Previous string          `json:"previous"`
	LockedBy string          `json:"lockedBy,omitempty"` // who had it
	Run      string          `json:"run,omitempty"`      // the run that had it
}

// The events of audit rows.
const (
	eventTakeover    = "takeover"
	eventReap        = "reap"
	eventForceUnlock = "force-unlock"
)

// Audit returns the audit rows of a scope that are still kept, the oldest first.
func (l *Locker) Audit(ctx context.Context, scope address.Address) ([]AuditRow, error) {
	items, err := l.list(ctx, auditPrefix+scope.Scope().LockKey())
	if err != nil {
		return nil, err
	}
	var rows []AuditRow
	for _, item := range items {
		key := strings.TrimPrefix(item.Key, auditPrefix)
		a, err := address.ParseLockKey(key[:max(strings.LastIndex(key, ":"), 0)])
		if err != nil || a.Scope() != scope.Scope() {
			continue
		}
		rows = append(rows, AuditRow{Address: a, Fence: item.Fence, At: instant(item.LockedAt), Event: item.Event, Actor: item.Actor,
			Reason: item.Reason, Previous: item.Previous, LockedBy: item.LockedBy, Run: item.Metadata[metaRun]})
	}
	slices.SortStableFunc(rows, func(a, b AuditRow) int { return a.At.Compare(b.At) })
	return rows, nil
}
