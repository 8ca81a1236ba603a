package state

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Prune removes what was written to the history before an instant, except the present state's entry and the last good
// one. It returns how many objects it removed.
func (s *Store) Prune(ctx context.Context, before time.Time) (removed int, err error) {
	current, _, err := s.Read(ctx)
	if err != nil {
		return 0, err
	}
	entries, err := s.entries(ctx)
	if err != nil {
		return 0, err
	}
	for _, entry := range entries {
		if !entry.At.Before(before) || entry.Name == current.Entry || entry.Serial == current.LastGood {
			continue
		}
		if err := s.objects.Delete(ctx, entry.Key); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, nil
}

// Problem is something wrong with a state or its history.
type Problem struct {
	Key    string `json:"key"`
	Serial int64  `json:"serial"`
	Refusal
}

// Verify reads the state and its whole history and returns all that is wrong with them: objects that are refused, entries
// of another lineage, and a present state whose entry is gone.
func (s *Store) Verify(ctx context.Context) ([]Problem, error) {
	var problems []Problem
	current, _, err := s.read(ctx)
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal):
		problems = append(problems, Problem{Key: s.Key(), Refusal: *refusal})
	case err != nil:
		return nil, err
	}
	history, err := s.History(ctx)
	if err != nil {
		return nil, err
	}
	lineage, found := current.Lineage, current.Entry == ""
	for _, entry := range history {
		found = found || entry.Name == current.Entry
		snapshot, err := s.open(ctx, entry)
		switch {
		case errors.As(err, &refusal):
			problems = append(problems, Problem{Key: entry.Key, Serial: entry.Serial, Refusal: *refusal})
			continue
		case err != nil:
			return nil, err
		case lineage == "":
			lineage = snapshot.Lineage
		case snapshot.Lineage != lineage:
			problems = append(problems, Problem{Key: entry.Key, Serial: entry.Serial, Refusal: Refusal{Reason: OtherLineage,
				Detail: fmt.Sprintf("its lineage is %s, the state's is %s", snapshot.Lineage, lineage)}})
		}
	}
	if !found {
		problems = append(problems, Problem{Key: s.historyKey(current.Entry), Serial: current.Serial,
			Refusal: Refusal{Reason: Missing, Detail: "the present state is not in its history"}})
	}
	return problems, nil
}
