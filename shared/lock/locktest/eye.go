package locktest

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/shared/lock"
)

// eye sees the table as it is after every write, and remembers what the promises speak of.
type eye struct {
	items   map[string]lock.Item
	highest int64             // fence granted so far
	owner   map[string]int    // client by lock id
	granted map[string]uint8  // nodes by lock id, ever
	dead    map[string]string // lock ids of acquisitions that failed, with what they answered
	ended   map[string]bool   // executions that are over
	// installed are the fences that holders know to stand in the state.
	installed [7]int64
	added     [7]int // increments that were acknowledged, and
	perhaps   [7]int // those whose outcome their client never learnt
}

// actor is whose write is being done, and what it was doing when it asked for it.
type actor struct {
	client *Client // nil: the table's TTL
	doing  doing
}

// doing is what a client is about.
type doing struct {
	kind  kind
	mask  uint8 // the nodes concerned
	fence int64
}

func newEye() eye {
	return eye{items: map[string]lock.Item{}, owner: map[string]int{}, granted: map[string]uint8{}, dead: map[string]string{},
		ended: map[string]bool{}}
}

// change is what a transaction did to one item.
type change struct {
	key           string
	before, after lock.Item // zero: none
}

// observe looks at what a transaction changed and checks the promises about the table.
func (w *World) observe(writes []lock.Write) {
	var changes []change
	for _, write := range writes {
		if write.Verb == lock.Check {
			continue
		}
		item, err := w.base.Get(background, write.Key)
		if err != nil {
			w.broken("world", "%v", err)
			return
		}
		c := change{key: write.Key, before: w.eye.items[write.Key]}
		if item == nil {
			delete(w.eye.items, write.Key)
		} else {
			c.after = *item
			w.eye.items[write.Key] = *item
		}
		if !reflect.DeepEqual(c.before, c.after) { // else the token was used before
			changes = append(changes, c)
		}
	}
	w.checkFences(changes)
	w.checkRemovals(changes)
	w.checkRenewals(changes)
	w.checkLevels()
}

// checkFences: fences strictly rise (I3), and nothing is granted to an acquisition that failed (I7).
func (w *World) checkFences(changes []change) {
	granted := int64(0)
	for _, c := range changes {
		id := c.after.LockID
		switch {
		case strings.HasSuffix(c.key, "#fence") && c.after.Fence <= c.before.Fence:
			w.broken("I3", "the fence counter went from %d to %d", c.before.Fence, c.after.Fence)
		case id == "" || id == c.before.LockID:
		case c.after.Metadata["quarantine"] != "" && c.before.LockID != "":
			w.eye.owner[id] = w.eye.owner[c.before.LockID]
			w.instant(input{kind: kindRename, id: w.idNumber(c.before.LockID), to: w.idNumber(id), mask: 1 << byKey[c.key]})
		default:
			w.report.Grants++
			granted = c.after.Fence
			w.eye.granted[id] |= 1 << byKey[c.key]
			w.eye.owner[id] = w.acting.client.number
			if granted <= w.eye.highest {
				w.broken("I3", "%s was granted with fence %d after fence %d", c.key, granted, w.eye.highest)
			}
			if why, dead := w.eye.dead[id]; dead {
				w.broken("I7", "%s was granted to %s, whose acquisition had failed: %s", c.key, id, why)
			}
		}
	}
	w.eye.highest = max(w.eye.highest, granted)
}

// checkRemovals: whoever takes a lock away from its holder leaves exactly one audit row (I9), and whoever says that its
// lease had ended is right (E1).
func (w *World) checkRemovals(changes []change) {
	for _, c := range changes {
		id := c.before.LockID
		if id == "" || c.after.LockID == id || c.after.Metadata["quarantine"] != "" {
			continue
		}
		rows, taken := 0, false
		for _, other := range changes {
			if strings.HasPrefix(other.key, "audit:"+c.key+":") && other.after.Previous == id {
				rows++
				taken = strings.HasPrefix(other.after.Reason, "its lease had ended")
			}
		}
		released := w.acting.client != nil && w.acting.client.number == w.eye.owner[id] && rows == 0
		if !released || w.acting.doing.kind != kindRelease {
			w.instant(input{kind: kindEvict, id: w.idNumber(id), mask: 1 << byKey[c.key]})
		}
		if released || w.acting.client == nil {
			continue
		}
		w.report.Takeovers++
		if rows != 1 {
			w.broken("I9", "%s took %s away from %s and left %d audit rows", w.acting.client.name, c.key, id, rows)
		}
		if taken && !w.skewed && c.before.ExpiresAt >= w.Now().Unix() {
			w.broken("E1", "%s took %s away from %s before its lease had ended", w.acting.client.name, c.key, id)
		}
	}
	for _, c := range changes {
		if strings.HasPrefix(c.key, "audit:") && (c.before.Key != "" || c.after.Key == "") {
			w.broken("I9", "the audit row %s was written over or removed", c.key)
		}
	}
}

// checkRenewals: while a grant stands, its end does not come nearer: a holder relies on what it knows.
func (w *World) checkRenewals(changes []change) {
	for _, c := range changes {
		if c.before.LockID != "" && c.after.LockID == c.before.LockID && c.after.ExpiresAt < c.before.ExpiresAt {
			w.broken("E1", "the end of %s on %s was moved from %d back to %d", c.after.LockID, c.key, c.before.ExpiresAt, c.after.ExpiresAt)
		}
	}
}

// checkLevels: no held node has a held ancestor or descendant (I1), and every ancestor's intents have it (I2).
func (w *World) checkLevels() {
	held := uint8(0)
	for i, node := range nodes {
		item := w.eye.items[node.LockKey()]
		if item.LockID == "" {
			continue
		}
		if len(item.IxChildren) > 0 {
			w.broken("I1", "%s is held and has intents below it", node)
		}
		if held&related[i] != 0 {
			w.broken("I1", "%s is held together with what is above or below it", node)
		}
		held |= 1 << i
		for _, ancestor := range node.Ancestors() {
			if !slices.Contains(w.eye.items[ancestor.LockKey()].IxChildren, node.LockKey()) {
				w.broken("I2", "%s is held and %s does not know", node, ancestor)
			}
		}
	}
}

// observeWrite checks a write to the state: none below a floor is accepted (I4).
func (w *World) observeWrite(request call, err error) {
	if err != nil || !request.write || !strings.HasSuffix(request.name, "/state.json") {
		return
	}
	d := w.acting.doing
	for node := range eachBit(d.mask) {
		concerned := path[node]
		if d.kind == kindInstall {
			concerned = related[node]
		}
		for other := range eachBit(concerned) {
			if w.eye.installed[other] > d.fence {
				w.broken("I4", "%s wrote to %s with fence %d after fence %d was installed on %s", w.acting.client.name, nodes[node], d.fence,
					w.eye.installed[other], nodes[other])
			}
		}
	}
}

// holds reports whether the table has every lock of the lease as the lease's.
func (w *World) holds(l lock.Lease) bool {
	for _, key := range l.Keys {
		if item := w.eye.items[key]; item.LockID != l.LockID || item.Fence != l.Fence {
			return false
		}
	}
	return true
}

// bury notes that an acquisition failed for good: its ids must not hold anything, now or later (I7).
func (w *World) bury(ids []string, except, why string) {
	for _, id := range ids {
		if id != except {
			w.eye.dead[id] = why
		}
	}
	for _, key := range slices.Sorted(maps.Keys(w.eye.items)) {
		if why, dead := w.eye.dead[w.eye.items[key].LockID]; dead {
			w.broken("I7", "%s is left behind on %s by an acquisition that failed: %s", w.eye.items[key].LockID, key, why)
		}
	}
}
