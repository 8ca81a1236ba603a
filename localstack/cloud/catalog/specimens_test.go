package catalog

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/cloud/property"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

//go:embed testdata/specimens.txt
var specimensText string

type specimen struct {
	name   string
	typ    *Type
	inputs map[string]any // as checked
	made   *world.Record
}

// bench makes resources in a world of its own, in eu-west-1.
type bench struct {
	*testing.T
	world *world.World
	place Place
	now   time.Time
	made  map[string]*specimen
	order []*specimen
}

func newBench(t *testing.T) *bench {
	b := &bench{T: t, place: Place{Account: DefaultAccount, Region: "eu-west-1", DefaultTags: map[string]string{"owner": "bench"}}, made: map[string]*specimen{}}
	b.now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var err error
	b.world, err = world.Open(world.Options{Seed: "bench", Index: Index, Now: func() time.Time { return b.now }})
	require.NoError(t, err)
	return b
}

var reference = regexp.MustCompile(`@[A-Za-z0-9]+(\.[A-Za-z0-9]+)*`)

func (b *bench) resolve(text string) string {
	return reference.ReplaceAllStringFunc(text, func(ref string) string {
		name, path, hasPath := strings.Cut(ref[1:], ".")
		s := b.made[name]
		if s == nil {
			return ref // as in someone@example.com
		}
		if !hasPath {
			return s.made.ID
		}
		var v any = s.made.State
		for step := range strings.SplitSeq(path, ".") {
			if list, ok := v.([]any); ok {
				i, err := strconv.Atoi(step)
				require.NoError(b, err, ref)
				require.Less(b, i, len(list), ref)
				v = list[i]
				continue
			}
			v = v.(map[string]any)[step]
		}
		require.NotEmptyf(b, v, "%s has no value", ref)
		return property.Format(v)
	})
}

// check parses the inputs and checks them.
func (b *bench) check(name, is, text string) (*specimen, []Failure) {
	b.Helper()
	s := &specimen{name: name, typ: Find(token(is))}
	require.NotNilf(b, s.typ, "%s is not described", is)
	var inputs map[string]any
	require.NoErrorf(b, json.Unmarshal([]byte(text), &inputs), "%s: %s", name, text)
	for k, v := range inputs {
		inputs[k] = b.resolved(v)
	}
	var failures []Failure
	s.inputs, failures = s.typ.CheckInputs(b.place, nil, inputs, Naming{Resource: name, Seed: []byte("seed")})
	return s, failures
}

func (b *bench) resolved(v any) any {
	switch v := v.(type) {
	case string:
		return b.resolve(v)
	case []any:
		for i := range v {
			v[i] = b.resolved(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = b.resolved(v[k])
		}
	}
	return v
}

// try makes a resource and returns what AWS says.
func (b *bench) try(name, is, text string) error {
	b.Helper()
	s, failures := b.check(name, is, text)
	require.Emptyf(b, failures, "%s %s", name, is)
	err := b.world.Update(func(tx *world.Tx) (err error) {
		s.made, err = s.typ.Create(tx, b.place, Wanted{URN: "urn:" + name, Inputs: s.inputs})
		return err
	})
	if err == nil {
		b.made[name] = s
		b.order = append(b.order, s)
	}
	return err
}

func (b *bench) make(name, is, text string) *specimen {
	b.Helper()
	require.NoErrorf(b, b.try(name, is, text), "%s %s", name, is)
	return b.made[name]
}

func (b *bench) remove(name string) error {
	s := b.made[name]
	return b.world.Update(func(tx *world.Tx) error { return s.typ.Delete(tx, b.place, tx.Get(s.made.Key())) })
}

// update checks inputs and applies them to the resource.
func (b *bench) update(name, text string) error {
	s := b.made[name]
	wanted, failures := b.check(name, s.typ.Is, text)
	require.Empty(b, failures)
	return b.world.Update(func(tx *world.Tx) error {
		made, err := s.typ.Update(tx, b.place, tx.Get(s.made.Key()), Wanted{URN: s.made.URN, Inputs: wanted.inputs})
		if err == nil {
			s.made, s.inputs = made, wanted.inputs
		}
		return err
	})
}

// all makes every specimen.
func (b *bench) all() {
	for line := range strings.Lines(specimensText) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		words := strings.SplitN(line, " ", 3)
		b.make(words[0], words[1], words[2])
	}
}

func TestThereIsASpecimenOfEveryType(t *testing.T) {
	b := newBench(t)
	b.all()
	present := map[string]bool{}
	for _, s := range b.order {
		present[s.typ.Token] = true
	}
	for _, token := range Tokens() {
		require.Truef(t, present[token], "testdata/specimens.txt has no %s", token)
	}
}

func TestWhatWasMadeDoesNotDifferFromWhatWasAskedFor(t *testing.T) {
	b := newBench(t)
	b.all()
	for _, s := range b.order {
		state := b.state(s)
		diff := s.typ.Compare(b.place, state, s.inputs, nil)
		if len(diff.Differences) > 0 {
			t.Errorf("%s %s: %v", s.name, s.typ.Is, diff.Differences)
		}
		var r *world.Record
		require.NoError(t, b.world.View(func(tx *world.Tx) error { r = tx.Get(s.made.Key()); return nil }))
		require.Equalf(t, s.inputs, s.typ.InputsOf(r, s.inputs), "a refresh of %s %s changes its inputs", s.name, s.typ.Is)
	}
}

func (b *bench) state(s *specimen) (state map[string]any) {
	require.NoError(b, b.world.View(func(tx *world.Tx) error {
		r := tx.Get(s.made.Key())
		require.NotNilf(b, r, "%s is gone", s.name)
		state = r.State
		return nil
	}))
	return state
}

func TestAnUpdateWithTheSameInputsKeepsWhatOthersReferTo(t *testing.T) {
	b := newBench(t)
	b.all()
	b.now = b.now.Add(time.Hour)
	for _, s := range b.order {
		before := world.CloneMap(b.state(s))
		require.NoErrorf(t, b.world.Update(func(tx *world.Tx) (err error) {
			s.made, err = s.typ.Update(tx, b.place, tx.Get(s.made.Key()), Wanted{URN: s.made.URN, Inputs: s.inputs})
			return err
		}), "%s %s", s.name, s.typ.Is)
		for name, v := range b.state(s) {
			if !s.typ.renewed[name] && name != "version" && name != "latestRevision" && name != "latestVersion" {
				require.Equalf(t, before[name], v, "%s %s: %s", s.name, s.typ.Is, name)
			}
		}
	}
}

func TestEverythingCanBeTakenDownInTheOppositeOrder(t *testing.T) {
	b := newBench(t)
	b.all()
	for _, s := range slices.Backward(b.order) {
		require.NoErrorf(t, b.world.Update(func(tx *world.Tx) error {
			r := tx.Get(s.made.Key())
			require.NotNilf(t, r, "%s %s is gone before it was deleted", s.name, s.typ.Is)
			return s.typ.Delete(tx, b.place, r)
		}), "%s %s", s.name, s.typ.Is)
	}
	require.NoError(t, b.world.View(func(tx *world.Tx) error {
		for _, r := range tx.All() {
			require.Truef(t, strings.HasPrefix(r.Type, "cloud:"), "%s %s stays behind", r.Type, r.ID)
		}
		return nil
	}))
}

func TestEveryOutputHasAValue(t *testing.T) {
	b := newBench(t)
	b.all()
	for _, s := range b.order {
		state := b.state(s)
		for name, p := range s.typ.schema {
			if !p.output {
				continue
			}
			if _, has := state[name]; !has {
				t.Errorf("%s %s: %s is missing", s.name, s.typ.Is, name)
			}
		}
		require.NotContains(t, fmt.Sprint(state), "map[string]interface", s.name)
		text, err := json.Marshal(state)
		require.NoError(t, err)
		require.NotRegexpf(t, `[^$]\{(account|region|id|name|hex\d+|HEX\d+|now|uuid)\}`, string(text), "%s %s: a template is left", s.name, s.typ.Is)
	}
}
