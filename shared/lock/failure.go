package lock

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/deployer-io/deployer/shared/address"
)

// LockHeld is the error of a request that another lock stands in the way of. It tells who holds that one.
type LockHeld struct {
	Holding
	Wanted  address.Address `json:"wanted"`
	CanWait bool            `json:"canWait"` // it ends by itself: when its run ends, or when its lease does
}

func (e *LockHeld) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s is locked", e.Wanted)
	if e.Wanted != e.Address {
		fmt.Fprintf(&b, " through %s", e.Address)
	}
	fmt.Fprintf(&b, " by %s since %s", e.Who(), e.Since.Format(time.RFC3339))
	if e.Quarantine != "" {
		fmt.Fprintf(&b, " and quarantined (%s): look at what the run left, then free it with"+
			" 'deployer lock force-unlock %s --lock-id %s --reason ...'", e.Quarantine, e.Address, e.LockID)
		return b.String()
	}
	fmt.Fprintf(&b, " until %s or longer: wait for it to end (--lock-timeout), or look at it with 'deployer lock show %s'",
		e.ExpiresAt.Format(time.RFC3339), e.Address)
	return b.String()
}

// Who names a holder for a person.
func (h Holding) Who() string {
	who := h.LockedBy
	if who == "" {
		who = "somebody"
	}
	if h.Run != "" {
		who += " (run " + h.Run
		if h.GitCommit != "" {
			who += ", commit " + h.GitCommit
		}
		who += ")"
	}
	return who
}

// LockLost is the error of a lease that is no longer the holder's: nothing may be done in its name any more.
type LockLost struct {
	Address address.Address `json:"address"`
	LockID  string          `json:"lockId"`
	Fence   int64           `json:"fence"`
	Reason  string          `json:"reason"`
}

func (e *LockLost) Error() string {
	return fmt.Sprintf("the lock on %s (fence %d) is lost: %s; this run must stop, start a new one", e.Address, e.Fence, e.Reason)
}

// LockMismatch is the error of freeing by force a lock that has another id, or none, by now.
type LockMismatch struct {
	Address address.Address `json:"address"`
	LockID  string          `json:"lockId"`          // that was asked for
	Found   string          `json:"found,omitempty"` // that stands there
}

func (e *LockMismatch) Error() string {
	if e.Found == "" {
		return fmt.Sprintf("%s is not locked; there is nothing to free", e.Address)
	}
	return fmt.Sprintf("%s is locked with id %s, not %s: look again with 'deployer lock show %s'", e.Address, e.Found, e.LockID, e.Address)
}

// ClockSkewed is the error of a takeover by a program whose own clock is too far off to tell that a lease has ended.
type ClockSkewed struct {
	Address address.Address `json:"address"`
	Skew    time.Duration   `json:"skew"` // nanoseconds that the own clock is ahead
}

func (e *ClockSkewed) Error() string {
	return fmt.Sprintf("the lease on %s seems to have ended, but the clock here is off by %s (at most %s is allowed): correct the clock, then try again",
		e.Address, e.Skew, MaxSkew)
}

// TableUnavailable is the error of a lock table that gave no clear answer. What was asked may have happened; asking again
// is safe: a run that asks again gets the lease that it has, and releasing and renewing may be repeated.
type TableUnavailable struct {
	Doing string `json:"doing"`
	// Unsettled says of a failed acquisition that it may have been granted, or may yet be. Otherwise it left nothing behind.
	Unsettled bool `json:"unsettled,omitempty"`
	cause     error
}

func (e *TableUnavailable) Error() string {
	if errors.Is(e.cause, ErrInvalidWrite) {
		return fmt.Sprintf("%s: the lock table refuses the request, which is a mistake of deployer itself; report it: %v", e.Doing, e.cause)
	}
	return fmt.Sprintf("%s: the lock table gave no clear answer, try again: %v", e.Doing, e.cause)
}

// Unwrap returns the last answer of the table.
func (e *TableUnavailable) Unwrap() error { return e.cause }
