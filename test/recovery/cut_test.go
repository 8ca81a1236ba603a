package recovery_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
)

// way is how a call is cut off.
type way string

const (
	lost      way = "lost"            // the request never arrives
	replyLost way = "reply lost"      // it is carried out, and the caller is not told
	delayed   way = "delayed"         // the caller gives up; the request is carried out later, a read answers late
	dies      way = "process dies"    // it is carried out, and the process that asked is no more
	allDie    way = "everything dies" // it is carried out, and every process is no more; nobody goes on with the run
)

// delay is how late a delayed request is: longer than a run's own retries take.
const delay = 65 * time.Second

var (
	errCut  = errors.New("connection reset by peer")
	errDead = errors.New("this process is dead")
)

// point is one call: who asks what of whom, for the how manieth time.
type point struct {
	actor, port, verb, key string
	nth                    int
}

func (p point) String() string {
	return fmt.Sprintf("%s: %s.%s %s #%d", p.actor, p.port, p.verb, p.key, p.nth)
}

// reads reports whether the call changes nothing, so that a lost request and a lost reply are the same.
func (p point) reads() bool {
	return slices.Contains([]string{"Get", "List", "Describe", "Preview"}, p.verb)
}

// ways are those in which a call can be cut off.
func (p point) ways() []way {
	if p.reads() {
		return []way{lost, delayed, dies, allDie}
	}
	return []way{lost, replyLost, delayed, dies, allDie}
}

// process is one invocation of a function or one task of the executor.
type process struct {
	actor string
	dead  bool
}

type processKey struct{}

// scissors cut off one call.
type scissors struct {
	mu      sync.Mutex
	seen    map[point]int // by a point without its nth
	met     []point       // all, in the order in which they came
	at      point
	how     way
	cut     bool
	living  map[*process]bool
	allDead bool // until somebody makes a new beginning
}

func newScissors() *scissors { return &scissors{seen: map[point]int{}, living: map[*process]bool{}} }

// aim makes the scissors cut at a point, counting from now.
func (s *scissors) aim(at point, how way) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen, s.met, s.at, s.how, s.cut = map[point]int{}, nil, at, how, false
}

// begin is the birth of a process; it is nil where all have died and none is to be born.
func (s *scissors) begin(ctx context.Context, actor string) (context.Context, *process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.allDead {
		return ctx, nil
	}
	p := &process{actor: actor}
	s.living[p] = true
	return context.WithValue(ctx, processKey{}, p), p
}

// end returns whether it died before.
func (s *scissors) end(p *process) (died bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.living, p)
	return p.dead
}

// revive is a new beginning after all have died.
func (s *scissors) revive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.allDead = false
}

// down reports whether all have died.
func (s *scissors) down() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.allDead
}

// meet tells a call what happens to it: "" is nothing. A dead process's call is an error.
func (s *scissors) meet(ctx context.Context, port, verb, key string) (way, error) {
	p, _ := ctx.Value(processKey{}).(*process)
	s.mu.Lock()
	defer s.mu.Unlock()
	if p == nil { // the test itself
		return "", nil
	}
	if p.dead {
		return "", errDead
	}
	at := point{actor: p.actor, port: port, verb: verb, key: key}
	s.seen[at]++
	at.nth = s.seen[at]
	s.met = append(s.met, at)
	if s.cut || at != s.at {
		return "", nil
	}
	s.cut = true
	return s.how, nil
}

// kill ends whatever died by the cut.
func (s *scissors) kill(ctx context.Context, how way) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := ctx.Value(processKey{}).(*process); ok {
		p.dead = true
	}
	if how == allDie {
		s.allDead = true
		for p := range s.living {
			p.dead = true
		}
	}
}

// call makes a call that may be cut off. Do carries it out.
func call[T any](ctx context.Context, w *world, port, verb, key string, do func(context.Context) (T, error)) (T, error) {
	var none T
	how, err := w.scissors.meet(ctx, port, verb, key)
	if err != nil {
		return none, err
	}
	switch how {
	case lost:
		return none, errCut
	case replyLost:
		_, _ = do(ctx)
		return none, errCut
	case delayed:
		if (point{verb: verb}).reads() {
			if err := w.clock.Sleep(ctx, delay); err != nil {
				return none, err
			}
			return do(ctx)
		}
		w.clock.AfterFunc(delay, func() { _, _ = do(context.Background()) })
		return none, errCut
	case dies, allDie:
		_, _ = do(ctx)
		w.scissors.kill(ctx, how)
		return none, errDead
	}
	return do(ctx)
}

// store is an objects.Store whose calls can be cut off.
type store struct {
	*world
	inner *objects.Memory
	order *order
}

// order is S3's: of several writes of one object the one that was asked for last stands, whichever arrives last (Amazon S3
// User Guide, data consistency model: the request with the latest timestamp wins).
type order struct {
	mu    sync.Mutex
	asked int
	last  map[string]int // by key, the one that stands
}

func (o *order) ask() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked++
	return o.asked
}

// put carries out the write that was asked for as number asked.
func (s store) put(ctx context.Context, asked int, key string, data []byte, condition objects.Condition) (objects.Object, error) {
	s.order.mu.Lock()
	defer s.order.mu.Unlock()
	if condition == objects.Always() && asked < s.order.last[key] {
		return objects.Object{Key: key}, nil
	}
	object, err := s.inner.Put(ctx, key, data, condition)
	if err == nil {
		s.order.last[key] = max(asked, s.order.last[key])
	}
	return object, err
}

func (s store) Get(ctx context.Context, key string) (objects.Object, error) {
	return call(ctx, s.world, "objects", "Get", key, func(ctx context.Context) (objects.Object, error) { return s.inner.Get(ctx, key) })
}

func (s store) GetVersion(ctx context.Context, key, version string) (objects.Object, error) {
	return call(ctx, s.world, "objects", "Get", key, func(ctx context.Context) (objects.Object, error) { return s.inner.GetVersion(ctx, key, version) })
}

func (s store) Put(ctx context.Context, key string, data []byte, condition objects.Condition) (objects.Object, error) {
	asked := s.order.ask()
	return call(ctx, s.world, "objects", "Put", key, func(ctx context.Context) (objects.Object, error) { return s.put(ctx, asked, key, data, condition) })
}

func (s store) List(ctx context.Context, prefix, after string, limit int) ([]objects.Object, error) {
	return call(ctx, s.world, "objects", "List", prefix, func(ctx context.Context) ([]objects.Object, error) { return s.inner.List(ctx, prefix, after, limit) })
}

func (s store) Delete(ctx context.Context, key string) error {
	_, err := call(ctx, s.world, "objects", "Delete", key, func(ctx context.Context) (struct{}, error) { return struct{}{}, s.inner.Delete(ctx, key) })
	return err
}

// table is a lock.Table whose calls can be cut off.
type table struct {
	*world
	inner *lock.MemoryTable
}

func (t table) Get(ctx context.Context, key string) (*lock.Item, error) {
	return call(ctx, t.world, "locks", "Get", key, func(ctx context.Context) (*lock.Item, error) { return t.inner.Get(ctx, key) })
}

func (t table) List(ctx context.Context, prefix string) ([]lock.Item, error) {
	return call(ctx, t.world, "locks", "List", prefix, func(ctx context.Context) ([]lock.Item, error) { return t.inner.List(ctx, prefix) })
}

func (t table) Transact(ctx context.Context, token string, writes []lock.Write) error {
	key := string(writes[0].Verb) + " " + writes[0].Key
	_, err := call(ctx, t.world, "locks", "Transact", key, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, t.inner.Transact(ctx, token, writes)
	})
	return err
}
