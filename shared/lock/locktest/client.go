package locktest

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/deployer-io/deployer/shared/lock"
)

var background = context.Background()

// Client is one program in a history: it runs, crashes, and may come back.
type Client struct {
	world  *World
	name   string
	number int
	script func(*Client)
	skew   time.Duration // its clock minus the true time
	table  lock.Table
	locker *lock.Locker
	ledger Ledger

	life    int // counts its lives
	alive   bool
	resume  func() (struct{}, bool)
	kill    func()
	yield   func(struct{}) bool
	pending call
	answer  error

	direct  bool // no coroutine, no faults: the observer after the end
	runs    int
	run     string // the execution that it is; "": the next life is a new one
	over    bool   // it has begun to give its locks back: it will not ask for them again
	want    uint8  // the nodes that the execution locks
	lease   *lock.Lease
	ids     []string // made since its acquisition began
	doing   doing
	current *operation // of the client's history, not yet ended
}

// call is one thing that a client's code asks of the world.
type call struct {
	name    string
	sleep   time.Duration // > 0: it asks for time only
	write   bool
	refuse  []error // answers that a store may give to say that it did nothing
	perform func() error
}

type crashed struct{}

func (w *World) addClient(name string, script func(*Client)) {
	c := &Client{world: w, name: name, number: len(w.clients), script: script}
	c.skew = w.between(-25*time.Second, 25*time.Second)
	if w.skewed {
		c.skew = w.between(-5*time.Minute, 5*time.Minute)
	}
	c.table = faultyTable{client: c}
	if w.config.Mutate != nil {
		c.table = w.config.Mutate(c.table)
	}
	c.locker = &lock.Locker{Table: c.table, Now: c.Now, NewID: c.newID, Random: w.random.Float64,
		Sleep: func(ctx context.Context, d time.Duration) error {
			_ = c.ask(call{name: "sleep", sleep: max(d, time.Millisecond)})
			return ctx.Err()
		}}
	if w.random.IntN(4) == 0 {
		c.locker.Skew = func() time.Duration { return c.skew }
	}
	w.clients = append(w.clients, c)
	w.after(w.between(0, w.lease/4), c.live)
}

// Now is the client's own clock.
func (c *Client) Now() time.Time { return c.world.Now().Add(c.skew) }

// NewID returns an id that nobody else has.
func (c *Client) NewID() string { return c.newID() }

func (c *Client) newID() string {
	id := c.world.newID()
	c.ids = append(c.ids, id)
	return id
}

// live begins a life of the client: its script as a coroutine, which stands still at each Call until the world goes on
// with it.
func (c *Client) live() {
	w := c.world
	if w.closing || c.alive {
		return
	}
	c.life++
	c.alive, c.lease, c.doing = true, nil, doing{}
	if c.run == "" {
		c.begin()
	}
	if w.config.Ledger != nil {
		c.ledger = w.config.Ledger(c)
	}
	w.note(c.name, "lives as "+c.run, nil)
	seq := iter.Seq[struct{}](func(yield func(struct{}) bool) {
		defer func() {
			if r := recover(); r != nil {
				if _, ok := r.(crashed); !ok {
					panic(r)
				}
			}
		}()
		c.yield = yield
		c.script(c)
	})
	c.resume, c.kill = iter.Pull(seq)
	c.go1()
}

// begin makes the client a new execution.
func (c *Client) begin() {
	c.runs++
	c.over = false
	c.run, c.want = fmt.Sprintf("run-%d-%d", c.number, c.runs), c.world.wish()
}

// end ends the client's execution for good.
func (c *Client) end() {
	c.world.eye.ended[c.run] = true
	c.run = ""
}

// go1 lets the client run until its next call.
func (c *Client) go1() {
	if _, more := c.resume(); more {
		c.world.dispatch(c, c.pending)
		return
	}
	c.alive = false // its script has ended
	if !c.world.closing {
		c.world.after(c.world.between(0, c.world.lease/2), c.live)
	}
}

// ask asks the world for something: it is done now, later, or never, and the client may not learn which.
func (c *Client) ask(request call) error {
	if c.direct {
		c.world.acting = actor{c, c.doing}
		err := request.perform()
		c.world.observeWrite(request, err)
		return err
	}
	c.pending = request
	if !c.yield(struct{}{}) {
		panic(crashed{})
	}
	return c.answer
}

// Write asks for a write. It is for decorators of other stores: the answers in refuse may turn it away.
func (c *Client) Write(name string, refuse []error, perform func() error) error {
	return c.ask(call{name: name, write: true, refuse: refuse, perform: perform})
}

// Read asks for a read. It is for decorators of other stores.
func (c *Client) Read(name string, perform func() error) error {
	return c.ask(call{name: name, perform: perform})
}

// die ends the client's life in the middle of what it does.
func (c *Client) die(why string) {
	if !c.alive {
		return
	}
	c.world.note(c.name, why, nil)
	c.alive = false
	c.life++ // what is still to come for this life does not reach the next
	c.kill()
	c.world.abandon(c)
	c.lease, c.doing = nil, doing{}
}

// crash ends a life; a new one begins later, sometimes as the same execution, as when a function is retried.
func (c *Client) crash() {
	w := c.world
	c.die("crashes")
	if c.number >= holders || c.over || w.random.IntN(3) > 0 {
		c.end()
	}
	if !w.closing {
		w.after(w.between(0, w.lease), c.live)
	}
}

// sleep lets time pass.
func (c *Client) sleep(d time.Duration) {
	_ = c.ask(call{name: "sleep", sleep: max(d, time.Millisecond)})
}
