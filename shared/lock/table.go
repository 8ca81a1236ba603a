package lock

import (
	"context"
	"errors"
	"time"
)

// Table is the port that the protocol is written on: items under a string key, changed only by transactions of typed
// conditional writes. The memory and file tables evaluate them; dynamotable renders them as DynamoDB expressions.
// tabletest is the suite that all of them pass.
type Table interface {
	// Get returns the item under key by a strongly consistent read; nil when there is none.
	Get(ctx context.Context, key string) (*Item, error)
	// List returns the items whose key starts with prefix, ordered by key. It is no snapshot: items may be of different
	// moments, as in a DynamoDB scan.
	List(ctx context.Context, prefix string) ([]Item, error)
	// Transact applies all writes or none; readers may see some of them before the others, a transaction never does.
	// When a condition fails it returns a *ConditionError and nothing was changed. ErrTransactConflict and ErrThrottled:
	// nothing was changed, try again. ErrInvalidWrite (see Validate): nothing was changed, and trying again is no use.
	// Any other error: the outcome is unknown; the same writes with the same token may be sent again for TokenLife and are
	// applied once at the most (DynamoDB's ClientRequestToken); once applied, other writes with that token are
	// ErrInvalidWrite. A transaction that failed leaves its token free.
	Transact(ctx context.Context, token string, writes []Write) error
}

// The limits of DynamoDB: actions in one transaction, bytes in a key and in a token, and how long a token is remembered.
const (
	MaxWrites = 100
	MaxKey    = 2048
	MaxToken  = 36
	TokenLife = 10 * time.Minute
)

// The failures of Transact that leave everything as it was.
var (
	ErrTransactConflict = errors.New("lock table: another transaction on the same items was under way")
	ErrThrottled        = errors.New("lock table: throttled")
	ErrInvalidWrite     = errors.New("lock table: invalid write")
)

// ConditionError says which writes' conditions failed, all of them in the order of the writes, and what stood there
// (ReturnValuesOnConditionCheckFailure ALL_OLD).
type ConditionError struct {
	Failed []FailedCondition
}

// FailedCondition is one write whose condition failed.
type FailedCondition struct {
	Index int   // of the write in the transaction
	Item  *Item // the item as it was; nil when there was none
}

func (e *ConditionError) Error() string { return "lock table: a condition failed" }

// Item is one row of the lock table. A zero field is an absent attribute. All instants are unix seconds; no number is
// negative. An Update that takes away the last attribute leaves the item there with its key alone.
type Item struct {
	Key        string            `json:"lockKey"`
	LockID     string            `json:"lockId,omitempty"` // the holder
	LockedAt   int64             `json:"lockedAt,omitempty"`
	LockedBy   string            `json:"lockedBy,omitempty"`
	ExpiresAt  int64             `json:"expiresAt,omitempty"`  // the table's TTL attribute
	Metadata   map[string]string `json:"metadata,omitempty"`   // deployment_id, git_commit, ci_run_id; never empty when present
	Fence      int64             `json:"fence,omitempty"`      // the holder's, or the last one handed out
	Version    int64             `json:"rvn,omitempty"`        // the record version number
	IxChildren []string          `json:"ixChildren,omitempty"` // a string set, sorted; never empty when present
	Actor      string            `json:"actor,omitempty"`      // of an audit row, as all below
	Reason     string            `json:"reason,omitempty"`
	Event      string            `json:"event,omitempty"`    // takeover, reap or force-unlock
	Previous   string            `json:"previous,omitempty"` // the lockId whose lock was taken away
}

// Verb is what a Write does.
type Verb string

// The verbs.
const (
	Put    Verb = "put"    // replaces the whole item by Item
	Update Verb = "update" // applies Changes, creating the item when there is none, even if all they do is take away
	Delete Verb = "delete" // removes the item
	Check  Verb = "check"  // changes nothing; its conditions must hold
)

// Write is one action of a transaction. All Conditions must hold on the item as it was before the transaction.
type Write struct {
	Verb       Verb
	Key        string
	Item       *Item    // Put only; Item.Key equals Key
	Changes    []Change // Update only
	Conditions []Condition
}

// Attribute names an attribute of an Item as it is called in the table.
type Attribute string

// The attributes that conditions and changes speak of.
const (
	LockID     Attribute = "lockId"
	LockedAt   Attribute = "lockedAt"
	LockedBy   Attribute = "lockedBy"
	ExpiresAt  Attribute = "expiresAt"
	Metadata   Attribute = "metadata"
	FenceAttr  Attribute = "fence"
	Version    Attribute = "rvn"
	IxChildren Attribute = "ixChildren"
	KeyAttr    Attribute = "lockKey"
)

// Operator is how a Condition compares.
type Operator string

// The operators. Missing and Exists look at the attribute's presence; Contains asks whether a string set holds the text.
// Equal and Less are false on an absent attribute, as in DynamoDB.
const (
	Missing  Operator = "missing"
	Exists   Operator = "exists"
	Equal    Operator = "equal"
	Less     Operator = "less" // attribute < number
	Contains Operator = "contains"
)

// Condition is one comparison; of Text and Number the one that fits the attribute is used.
type Condition struct {
	Attribute Attribute
	Operator  Operator
	Text      string
	Number    int64
}

// ChangeVerb is what a Change does to an attribute.
type ChangeVerb string

// Set assigns; Add increments a number (absent counts as 0); Insert and Remove change the string set, one member by each
// Change (several of the same verb may stand in one Update); removing the last member removes the attribute; Clear removes
// the attribute. Since a zero field means absent, Set takes no zero value and Add only positive numbers.
const (
	Set    ChangeVerb = "set"
	Add    ChangeVerb = "add"
	Insert ChangeVerb = "insert"
	Remove ChangeVerb = "remove"
	Clear  ChangeVerb = "clear"
)

// Change is one change of one attribute: Text, Number or Map, the one that fits the attribute. lockId, lockedBy are text;
// lockedAt, expiresAt, fence, rvn numbers; metadata a map of text; ixChildren a set of text (Insert, Remove take Text).
type Change struct {
	Attribute Attribute
	Verb      ChangeVerb
	Text      string
	Number    int64
	Map       map[string]string
}
