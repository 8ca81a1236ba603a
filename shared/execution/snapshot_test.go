package execution

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
)

func TestDataCountsAsSavedOnceItsSnapshotIsThere(t *testing.T) {
	database := Snapshot{Service: RDSSnapshot, Name: "shop-final", Of: "shop"}
	volume := Snapshot{Service: EBSSnapshot, Of: "vol-1"}
	there, making := SnapshotState{Name: "shop-final", Status: "available"}, SnapshotState{Name: "shop-final", Status: "creating"}
	for sentence, test := range map[string]struct {
		saved  []Snapshot
		states []SnapshotState
		err    error // of looking
		breaks error // of the work
		blind  bool  // nobody can look
		want   Verdict
		error  string
		says   string
		names  []string
	}{
		"at once":                             {saved: []Snapshot{database}, states: []SnapshotState{there}, want: Done, says: "the data that it had is saved: shop-final", names: []string{"shop-final"}},
		"after a while":                       {saved: []Snapshot{database}, states: []SnapshotState{making, making, there}, want: Done, says: "is saved: shop-final", names: []string{"shop-final"}},
		"under the name AWS gave it":          {saved: []Snapshot{volume}, states: []SnapshotState{{Name: "snap-1", Status: "completed"}}, want: Done, says: "is saved: snap-1", names: []string{"snap-1"}},
		"never when there is none":            {saved: []Snapshot{database}, states: []SnapshotState{{}}, want: Failed, error: "SnapshotUnverified", says: "the rds snapshot shop-final, and there is none", names: []string{"rds snapshot shop-final"}},
		"never when it failed":                {saved: []Snapshot{database}, states: []SnapshotState{making, {Name: "shop-final", Status: "failed"}}, want: Failed, error: "SnapshotUnverified", says: "it is failed", names: []string{"rds snapshot shop-final"}},
		"never when it hangs":                 {saved: []Snapshot{volume}, states: []SnapshotState{{Name: "snap-1", Status: "pending"}}, want: Failed, error: "SnapshotUnverified", says: "it is pending for too long", names: []string{"ebs snapshot of vol-1"}},
		"never unseen":                        {saved: []Snapshot{database}, states: []SnapshotState{{}}, err: errors.New("AccessDenied"), want: Failed, error: "SnapshotUnverified", says: "it cannot be looked at: AccessDenied", names: []string{"rds snapshot shop-final"}},
		"nobody says so who is blind":         {saved: []Snapshot{database}, blind: true, want: Done, says: "nobody has looked", names: []string{"rds snapshot shop-final"}},
		"what fails tells what was asked for": {saved: []Snapshot{database}, breaks: errors.New("in use"), states: []SnapshotState{there}, want: Failed, error: "Unexpected", says: "in use", names: []string{"rds snapshot shop-final"}},
		"without data nothing is said":        {want: Done},
	} {
		for _, action := range []plan.Action{plan.Delete, plan.Replace} {
			t.Run(sentence+", "+string(action), func(t *testing.T) {
				w := &blinded{ward{services: []Service{steady("task:2")}, targets: well, saved: test.states}, test.err}
				x, a := patient(&w.ward, &site{}, resource.Verify{})
				x.Health = w
				if test.blind {
					x.Health = nil
				}
				a.Action = action
				x.maker.do = func(context.Context, Order) (Result, error) {
					return Result{Saved: test.saved, Changes: []ResourceChange{{Type: "aws:rds/instance:Instance", Operation: "delete"}}}, test.breaks
				}
				began := x.Now()
				o := x.run(t, t.Context(), a)["a/api"]
				require.Equal(t, test.want, o.Outcome, o.Message)
				require.Equal(t, test.want == Failed, o.Dirty)
				require.Contains(t, o.Message, test.says)
				require.Equal(t, test.names, o.Snapshots)
				if test.error == "SnapshotUnverified" {
					require.Equal(t, test.error, o.Error)
				}
				require.LessOrEqual(t, x.Now().Sub(began), settling+time.Minute)
			})
		}
	}
}

// blinded cannot look at snapshots.
type blinded struct {
	ward
	err error
}

func (b *blinded) Snapshot(ctx context.Context, at Place, s Snapshot) (SnapshotState, error) {
	if b.err != nil {
		return SnapshotState{}, b.err
	}
	return b.ward.Snapshot(ctx, at, s)
}
