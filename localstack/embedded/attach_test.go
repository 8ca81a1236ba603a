package embedded_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/embedded"
	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/lock"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/run"
)

// careful is a bundle of a queue, whose deployment two other people have to agree to within two hours.
func careful(t *testing.T) []byte {
	t.Helper()
	b, mistakes := bundle.FromFiles([]bundle.File{{Path: "stack.yaml", Data: []byte(`apiVersion: core.deployer.io/v1
kind: Stack
metadata: {name: shop}
spec:
  environments: [{name: staging, region: eu-west-1, approval: {mode: required, minApprovals: 2, timeout: 2h}}]
---
apiVersion: core.deployer.io/v1
kind: Service
metadata: {name: orders}
spec: {}
---
apiVersion: components.deployer.io/v1
kind: SQS
metadata: {name: queue, service: orders}
spec: {}
`)}}, bundle.DefaultLimits())
	require.Empty(t, mistakes)
	data, err := bundle.Pack(b)
	require.NoError(t, err)
	return data
}

// desk is a folder at which processes come and go.
type desk struct {
	t   *testing.T
	dir string
	now time.Time
}

func (d *desk) open() *embedded.Environment {
	d.t.Helper()
	e, err := embedded.Open(d.t.Context(), embedded.Options{Dir: d.dir, Provisioner: instant{}, Now: func() time.Time { return d.now }})
	require.NoError(d.t, err)
	return e
}

// ask is a process that starts a run which has to be approved, and ends. It returns the run and its question.
func (d *desk) ask(id string) (run.Ref, run.Approval) {
	d.t.Helper()
	e := d.open()
	defer e.Close()
	object, err := e.Objects.Put(d.t.Context(), "bundles/shop/staging/b.zip", careful(d.t), objects.Always())
	require.NoError(d.t, err)
	r, err := e.Start(d.t.Context(), id, run.Request{Bundle: run.BundleRef{Key: object.Key}, StartedBy: "ana"})
	require.NoError(d.t, err)
	var left error
	require.Eventually(d.t, func() bool { left = r.Detach(); return left == nil }, time.Minute, time.Millisecond, "%v", left)
	require.NoError(d.t, r.Wait())
	var asked run.Approval
	require.NoError(d.t, run.Archive{Store: e.Objects, Ref: r.Ref}.Read(d.t.Context(), run.ApprovalArtifact, &asked))
	return r.Ref, asked
}

func (d *desk) decide(e *embedded.Environment, ref run.Ref, by string, answer run.Answer) run.Approval {
	d.t.Helper()
	decided, err := e.Decide(d.t.Context(), ref, run.Decision{Decision: answer, By: by})
	require.NoError(d.t, err)
	return decided
}

func reportOf(t *testing.T, e *embedded.Environment, ref run.Ref) report.Report {
	t.Helper()
	var made report.Report
	require.NoError(t, run.Archive{Store: e.Objects, Ref: ref}.Read(t.Context(), run.ReportArtifact, &made))
	return made
}

func locks(t *testing.T, e *embedded.Environment) []lock.Holding {
	t.Helper()
	held, err := e.Locker.Held(t.Context(), staging)
	require.NoError(t, err)
	return held
}

func newDesk(t *testing.T) *desk { return &desk{t: t, dir: t.TempDir(), now: time.Now()} }

func TestARunIsApprovedByProcessesThatComeAfterTheOneThatStartedIt(t *testing.T) {
	d := newDesk(t)
	ref, asked := d.ask("r1")
	require.Equal(t, 2, asked.MinApprovals)

	second := d.open()
	require.Len(t, locks(t, second), 1, "it waits with its lock")
	running, err := second.Running(t.Context(), "r1")
	require.NoError(t, err)
	require.True(t, running)
	require.Equal(t, run.Pending, d.decide(second, ref, "bo", run.Approve).Verdict())
	require.NoError(t, second.Close())

	d.now = d.now.Add(90 * time.Minute) // its lease has run out, and nobody took the lock
	third := d.open()
	defer third.Close()
	require.Equal(t, run.Approved, d.decide(third, ref, "cy", run.Approve).Verdict())
	r, err := third.Resume(t.Context(), "r1")
	require.NoError(t, err)
	require.NoError(t, r.Wait())
	require.Equal(t, run.Succeeded, reportOf(t, third, ref).Ending)
	require.Empty(t, locks(t, third))
	require.FileExists(t, filepath.Join(d.dir, "executions", "r1", "ended"))
}

func TestARunIsNotGoneOnWithWhereNothingCanBeProvisioned(t *testing.T) {
	d := newDesk(t)
	ref, _ := d.ask("r1")
	bare, err := embedded.Open(t.Context(), embedded.Options{Dir: d.dir})
	require.NoError(t, err)
	defer bare.Close()
	d.decide(bare, ref, "bo", run.Approve)
	d.decide(bare, ref, "cy", run.Approve)
	_, err = bare.Resume(t.Context(), "r1")
	var missing *embedded.PulumiMissing
	require.ErrorAs(t, err, &missing)
	e := d.open()
	defer e.Close()
	d.decide(e, ref, "cy", run.Approve) // said again, it is fine
	r, err := e.Resume(t.Context(), "r1")
	require.NoError(t, err)
	require.NoError(t, r.Wait())
	require.Equal(t, run.Succeeded, reportOf(t, e, ref).Ending)
}

func TestARunThatWasLeftIsRejected(t *testing.T) {
	d := newDesk(t)
	ref, _ := d.ask("r1")
	e := d.open()
	defer e.Close()
	require.Equal(t, run.Refused, d.decide(e, ref, "bo", run.Reject).Verdict())
	r, err := e.Resume(t.Context(), "r1")
	require.NoError(t, err)
	require.NoError(t, r.Wait())
	require.Equal(t, run.Rejected, reportOf(t, e, ref).Ending)
	require.Empty(t, locks(t, e))
}

func TestTheNextCommandEndsARunThatNobodyDecidedOnInTime(t *testing.T) {
	d := newDesk(t)
	ref, _ := d.ask("r1")
	d.now = d.now.Add(2 * time.Hour)
	e := d.open()
	defer e.Close()
	made := reportOf(t, e, ref)
	require.Equal(t, run.Rejected, made.Ending)
	require.Equal(t, "ApprovalExpired", made.Failure.Error)
	require.Empty(t, locks(t, e))
}

func TestALockTakenFromARunThatWaitsEndsIt(t *testing.T) {
	d := newDesk(t)
	ref, _ := d.ask("r1")
	e := d.open()
	defer e.Close()
	held := locks(t, e)
	require.NoError(t, e.Locker.ForceUnlock(t.Context(), staging, held[0].LockID, "bob", "the plan is from last week"))
	made := reportOf(t, e, ref)
	require.Equal(t, run.Rejected, made.Ending)
	require.Contains(t, made.Failure.Cause, "its lock was taken away")
	r, err := e.Resume(t.Context(), "r1")
	require.NoError(t, err)
	require.NoError(t, r.Wait(), "there is nothing left of it to do")
	require.Empty(t, locks(t, e))
}

func TestADecisionReachesARunThatAnotherProcessKeeps(t *testing.T) {
	d := newDesk(t)
	first, second := d.open(), d.open()
	defer first.Close()
	defer second.Close()
	object, err := first.Objects.Put(t.Context(), "bundles/shop/staging/b.zip", careful(t), objects.Always())
	require.NoError(t, err)
	started, err := first.Start(t.Context(), "r1", run.Request{Bundle: run.BundleRef{Key: object.Key}})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		_, err := second.Decide(t.Context(), started.Ref, run.Decision{Decision: run.Approve, By: "bo"})
		return err == nil
	}, time.Minute, 5*time.Millisecond)
	d.decide(second, started.Ref, "cy", run.Approve)
	followed, err := second.Resume(t.Context(), "r1")
	require.NoError(t, err)
	require.NoError(t, followed.Detach(), "to stop following it is not to stop it")
	require.NoError(t, followed.Wait())
	require.Equal(t, run.Succeeded, reportOf(t, second, started.Ref).Ending)
	require.NoError(t, started.Wait())
}

func TestARunThatIsAtWorkIsNotLeft(t *testing.T) {
	h := stubborn{begun: make(chan struct{}), let: make(chan struct{})}
	e := open(t, t.TempDir(), h, "")
	defer e.Close()
	object, err := e.Objects.Put(t.Context(), "bundles/shop/staging/b.zip", queues(t, 1), objects.Always())
	require.NoError(t, err)
	r, err := e.Start(t.Context(), "r1", run.Request{Bundle: run.BundleRef{Key: object.Key}})
	require.NoError(t, err)
	<-h.begun
	var busy *embedded.NotWaiting
	require.ErrorAs(t, r.Detach(), &busy)
	close(h.let)
	require.NoError(t, r.Wait())
	var unknown *run.RunUnknown
	_, err = e.Attach(t.Context(), "r2")
	require.ErrorAs(t, err, &unknown)
}

// What a process that is killed writes last may be half a line.
func TestAHistoryThatEndsInHalfALineIsGoneOnWith(t *testing.T) {
	d := newDesk(t)
	ref, _ := d.ask("r1")
	file, err := os.OpenFile(filepath.Join(d.dir, "executions", "r1", "r1.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString(`{"id":99,"type":"TaskSucc`)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	e := d.open()
	defer e.Close()
	d.decide(e, ref, "bo", run.Reject)
	r, err := e.Resume(t.Context(), "r1")
	require.NoError(t, err)
	require.NoError(t, r.Wait())
	require.Equal(t, run.Rejected, reportOf(t, e, ref).Ending)
}
