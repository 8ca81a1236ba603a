package fault

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/cloud/world"
)

func newWorld(t *testing.T) *world.World {
	t.Helper()
	w, err := world.Open(world.Options{Now: time.Now, Index: func(r *world.Record) ([]string, []string) { return []string{r.ID}, nil }})
	require.NoError(t, err)
	return w
}

func TestWhichCallsAFaultMeets(t *testing.T) {
	call := Occasion{Type: "aws:sqs/queue:Queue", Operation: "create", Names: []string{"orders", "orders-1a2b3c4", ""}, Tags: map[string]string{"team": "a"}}
	for sentence, c := range map[string]struct {
		match Match
		want  bool
	}{
		"all that says nothing":        {Match{}, true},
		"of its type":                  {Match{Type: "aws:sqs/queue:Queue"}, true},
		"of its service":               {Match{Type: "aws:sqs/*"}, true},
		"of any provider's queue":      {Match{Type: "*:Queue"}, true},
		"of another type":              {Match{Type: "aws:sns/*"}, false},
		"of its name":                  {Match{Name: "orders"}, true},
		"of its physical name":         {Match{Name: "orders-*"}, true},
		"of another name":              {Match{Name: "order"}, false},
		"of its operation":             {Match{Operation: "create"}, true},
		"of another operation":         {Match{Operation: "delete"}, false},
		"of its tag":                   {Match{Tags: map[string]string{"team": "a"}}, true},
		"of another tag":               {Match{Tags: map[string]string{"team": "b"}}, false},
		"of its type and another name": {Match{Type: "aws:sqs/*", Name: "others"}, false},
	} {
		t.Run(sentence, func(t *testing.T) { require.Equal(t, c.want, c.match.meets(call)) })
	}
}

func TestAFaultMeetsAsManyCallsAsItSays(t *testing.T) {
	w := newWorld(t)
	_, err := Inject(w, Fault{Kind: Error, Times: 2})
	require.NoError(t, err)
	_, err = Inject(w, Fault{Kind: Delay, Delay: time.Millisecond})
	require.NoError(t, err)
	refused := 0
	for range 5 {
		met, err := Meet(context.Background(), w, Occasion{})
		require.NoError(t, err)
		if met.Refusal != nil {
			refused++
		}
	}
	require.Equal(t, 2, refused)
	left, err := List(w)
	require.NoError(t, err)
	require.Len(t, left, 1, "the delay stays until it is removed")
	require.NoError(t, Remove(w, left[0].ID))
	left, err = List(w)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestAHangEndsWithItsCall(t *testing.T) {
	w := newWorld(t)
	_, err := Inject(w, Fault{Kind: Hang})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, err = Meet(ctx, w, Occasion{})
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestFaultsThatMakeNoSenseAreRefused(t *testing.T) {
	w := newWorld(t)
	for _, f := range []Fault{{}, {Kind: "earthquake"}, {Kind: Delay}, {Kind: Error, Match: Match{Name: "["}}} {
		_, err := Inject(w, f)
		require.Error(t, err)
	}
}
