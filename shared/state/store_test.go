package state_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/state"
)

var (
	scope = address.Scope("shop", "production")
	web   = address.Address{Stack: "shop", Environment: "production", Service: "web"}
	front = scope.In("web", "front")
	back  = scope.In("web", "back")
	db    = scope.In("data", "db")

	errNoAnswer = errors.New("no answer")
)

// desk is a state on a memory store whose writes can be made to fail.
type desk struct {
	t       *testing.T
	now     time.Time
	objects *objects.Memory
	put     func(key string, apply func() error) error // nil: nothing fails
	ids     int
	*state.Store
}

func newDesk(t *testing.T, options ...state.Option) *desk {
	d := &desk{t: t, now: time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return d.now }
	d.objects = objects.NewMemory(clock)
	newID := func() string { d.ids++; return fmt.Sprintf("id-%d", d.ids) }
	options = append([]state.Option{state.WithClock(clock), state.WithIDs(newID)}, options...)
	d.Store = state.NewStore(deskObjects{d.objects, d}, front, options...)
	return d
}

type deskObjects struct {
	objects.Store
	desk *desk
}

func (o deskObjects) Put(ctx context.Context, key string, data []byte, condition objects.Condition) (put objects.Object, err error) {
	apply := func() error {
		put, err = o.Store.Put(ctx, key, data, condition)
		return err
	}
	if o.desk.put != nil {
		return put, o.desk.put(key, apply)
	}
	return put, apply()
}

func fence(number int64, on ...address.Address) state.Fence {
	f := state.Fence{Number: number}
	for _, a := range on {
		f.Keys = append(f.Keys, a.LockKey())
	}
	return f
}

// install must succeed.
func (d *desk) install(f state.Fence) state.Fence {
	d.t.Helper()
	require.NoError(d.t, d.Install(d.t.Context(), f))
	return f
}

// deploy is a change that makes components deployed by a run.
func deploy(run string, components ...address.Address) func(*state.Snapshot) error {
	return func(s *state.Snapshot) error {
		s.Run = run
		for _, a := range components {
			s.Components[a.Short()] = state.Record{Address: a, Kind: "MicroService", Status: state.Deployed, Run: run,
				Spec: json.RawMessage(`{"image":"front:` + run + `"}`)}
		}
		return nil
	}
}

// commit must succeed.
func (d *desk) commit(f state.Fence, run string, components ...address.Address) state.Snapshot {
	d.t.Helper()
	s, err := d.Commit(d.t.Context(), f, components, deploy(run, components...))
	require.NoError(d.t, err)
	return s
}

// read must succeed.
func (d *desk) read() state.Snapshot {
	d.t.Helper()
	s, _, err := d.Read(d.t.Context())
	require.NoError(d.t, err)
	return s
}

// keys are those of the store below a prefix of the scope.
func (d *desk) keys(prefix string) []string {
	d.t.Helper()
	listed, err := d.objects.List(d.t.Context(), scope.Prefix()+prefix, "", 0)
	require.NoError(d.t, err)
	var keys []string
	for _, object := range listed {
		keys = append(keys, strings.TrimPrefix(object.Key, scope.Prefix()))
	}
	return keys
}

// spoil replaces an object.
func (d *desk) spoil(key, data string) {
	d.t.Helper()
	_, err := d.objects.Put(d.t.Context(), key, []byte(data), objects.Always())
	require.NoError(d.t, err)
}

func TestWhereThereIsNoStateItIsEmpty(t *testing.T) {
	d := newDesk(t)
	s, etag, err := d.Read(t.Context())
	require.NoError(t, err)
	require.Empty(t, etag)
	require.Equal(t, state.Snapshot{SchemaVersion: 1, Scope: scope, Floors: map[string]int64{}, Components: map[string]state.Record{}}, s)
	require.Equal(t, "stacks/shop/production/state.json", d.Key())
}

// lateObjects lets something happen after a Get that found nothing.
type lateObjects struct {
	objects.Store
	meanwhile func()
}

func (l lateObjects) Get(ctx context.Context, key string) (objects.Object, error) {
	object, err := l.Store.Get(ctx, key)
	if errors.Is(err, objects.ErrNotFound) {
		l.meanwhile()
	}
	return object, err
}
