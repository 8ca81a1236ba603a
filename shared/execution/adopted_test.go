package execution

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnOutcomeSaysThatWhatHadBeenKeptWasTakenOver(t *testing.T) {
	s := newSetting()
	s.maker.do = func(_ context.Context, order Order) (Result, error) {
		result := works(order)
		result.Adopted = order.Address.Short() == "a/kept"
		return result, nil
	}
	outcomes := s.run(t, t.Context(), assignment("a/kept"), assignment("a/new"))
	require.Equal(t, Done, outcomes["a/kept"].Outcome)
	require.Contains(t, outcomes["a/kept"].Message, "taken over")
	require.Empty(t, outcomes["a/new"].Message)
}
