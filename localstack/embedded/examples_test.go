package embedded

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/cloud"
	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/state"
)

// atOnce makes a second of the time in which the shop is looked at, whether the new version works; a metric needs a minute.
const atOnce = `apiVersion: components.deployer.io/v1
kind: MicroService
metadata: {name: web, service: storefront}
spec: {verify: {bakeTime: 1s, metrics: null}}
`

// packed is an example as a zip, with an overlay for one environment if there is one.
func packed(t *testing.T, example, environment, overlay string) []byte {
	t.Helper()
	var files []bundle.File
	root := filepath.Join("../../examples", example)
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		files = append(files, bundle.File{Path: filepath.ToSlash(name), Data: data})
		return err
	})
	require.NoError(t, err)
	if overlay != "" {
		files = append(files, bundle.File{Path: "environments/" + environment + "/overlay-of-the-test.yaml", Data: []byte(overlay)})
	}
	b, mistakes := bundle.FromFiles(files, bundle.DefaultLimits())
	require.Empty(t, mistakes)
	data, err := bundle.Pack(b)
	require.NoError(t, err)
	return data
}

func carryOut(t *testing.T, e *Environment, id string, request run.Request) (run.Archive, report.Report) {
	t.Helper()
	request.AutoApprove = true
	r, err := e.Start(t.Context(), id, request)
	require.NoError(t, err)
	require.NoError(t, r.Wait())
	archive := run.Archive{Store: e.Objects, Ref: r.Ref}
	var made report.Report
	require.NoError(t, archive.Read(t.Context(), run.ReportArtifact, &made))
	return archive, made
}

// causes is why components of a run failed.
func causes(made report.Report) (text string) {
	for _, row := range made.Rows {
		if row.Cause != "" {
			text += row.Component + ": " + row.Cause + "\n"
		}
	}
	return text
}

// previewed asks the real engine what it would do with every component of a run that has just been carried out.
func previewed(t *testing.T, e *Environment, archive run.Archive) (previews int) {
	t.Helper()
	var p plan.Plan
	var set resource.Set
	require.NoError(t, archive.Read(t.Context(), run.PlanArtifact, &p))
	require.NoError(t, archive.Read(t.Context(), run.ResourcesArtifact, &set))
	snapshot, _, err := state.NewStore(e.Objects, archive.Ref.Scope()).Read(t.Context())
	require.NoError(t, err)
	batches, err := execution.Prepare(&p, &set, &snapshot, 1_000_000, 0).Previews(len(p.Steps))
	require.NoError(t, err)
	provisioner, err := e.provision()
	require.NoError(t, err)
	executor := execution.Executor{Provisioner: provisioner, Parallelism: 4, Now: time.Now}
	for _, batch := range batches {
		for _, a := range batch.Assignments {
			require.Empty(t, a.Unknown, a.Order.Address)
		}
		seen := make(chan execution.Preview, len(batch.Assignments))
		require.NoError(t, executor.Preview(t.Context(), batch, func(_ context.Context, p execution.Preview) error {
			seen <- p
			return nil
		}))
		close(seen)
		for p := range seen {
			previews++
			require.Empty(t, p.Message, p.Address)
			require.Empty(t, p.Changes, "%s would be changed although nothing has changed", p.Address)
		}
	}
	return previews
}

// migrated looks whether the shop's database was migrated by the version that was then started.
func migrated(t *testing.T, archive run.Archive) {
	t.Helper()
	var outcome execution.Outcome
	require.NoError(t, archive.Read(t.Context(), run.OutcomeArtifact(archive.Ref.Scope().In("orders", "api")), &outcome))
	require.Len(t, outcome.Hooks, 1)
	require.Equal(t, "migrate", outcome.Hooks[0].Name)
	require.Empty(t, outcome.Hooks[0].Error)
	require.True(t, outcome.Hooks[0].StartedAt.After(outcome.StartedAt))
	require.True(t, outcome.Hooks[0].EndedAt.Before(outcome.EndedAt))
}

// onlyWhatIsKept looks whether a destruction left what it says and no more.
func onlyWhatIsKept(t *testing.T, e *Environment, archive run.Archive, made report.Report) {
	t.Helper()
	kept := map[string]bool{}
	for _, row := range made.Rows {
		kept[row.Component] = row.Result == report.Kept
	}
	var p plan.Plan
	require.NoError(t, archive.Read(t.Context(), run.PlanArtifact, &p))
	for _, k := range p.Kept {
		kept[k.Component] = true
	}
	c, err := e.Cloud()
	require.NoError(t, err)
	left, err := c.Resources(cloud.Filter{Tags: map[string]string{"deployer:stack": archive.Ref.Stack}})
	require.NoError(t, err)
	require.NotEmpty(t, left)
	for _, r := range left {
		of := r.Tags["deployer:service"] + "/" + r.Tags["deployer:component"]
		// A key stays, because what is kept is encrypted with it; and last snapshots do.
		require.True(t, kept[of] || r.Type == "aws:kms/key:Key" || strings.Contains(r.Type, "napshot"), "%s %s of %s is left", r.Type, r.ID, of)
	}
}

func TestTheShopsAreStableOnceTheyAreDeployed(t *testing.T) {
	if os.Getenv("DEPLOYER_E2E") == "" && os.Getenv("DEPLOYER_SIM") != "full" {
		t.Skip("runs the Pulumi CLI some two hundred times; DEPLOYER_E2E=1")
	}
	pulumi, err := filepath.Abs("../../.bin/pulumi")
	require.NoError(t, err)
	if _, err := os.Stat(pulumi); err != nil {
		if pulumi, err = exec.LookPath("pulumi"); err != nil {
			t.Skip("there is no Pulumi CLI: make pulumi builds it")
		}
	}
	for name, test := range map[string]struct{ stack, environment, overlay, change string }{
		"shop": {"shop", "development", atOnce, `apiVersion: components.deployer.io/v1
kind: SQS
metadata: {name: fulfilment, service: orders}
spec: {retention: 3d}
`},
		"shop-eks": {"shop-eks", "staging", "", `apiVersion: components.deployer.io/v1
kind: Worker
metadata: {name: mailer, service: shop}
spec: {image: "ghcr.io/shop/mailer:9.9.9"}
`},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := Open(t.Context(), Options{Dir: t.TempDir(), Pulumi: pulumi})
			require.NoError(t, err)
			defer func() { require.NoError(t, e.Close()) }()
			deploy := func(id string, zip []byte) (run.Archive, report.Report) {
				object, err := e.Objects.Put(t.Context(), fmt.Sprintf("bundles/%s/%s/%s.zip", test.stack, test.environment, id), zip, objects.Always())
				require.NoError(t, err)
				return carryOut(t, e, id, run.Request{Bundle: run.BundleRef{Key: object.Key}, Operation: run.Deploy})
			}
			first := packed(t, name, test.environment, test.overlay)
			archive, made := deploy("r1", first)
			require.Equal(t, run.Succeeded, made.Ending, causes(made))
			require.Equal(t, len(made.Rows), previewed(t, e, archive))
			if name == "shop" {
				migrated(t, archive)
			}

			_, made = deploy("r2", first)
			require.Equal(t, run.NoChanges, made.Ending)
			changed, made := deploy("r3", packed(t, name, test.environment, strings.TrimPrefix(test.overlay+"---\n"+test.change, "---\n")))
			require.Equal(t, run.Succeeded, made.Ending, causes(made))
			require.Positive(t, previewed(t, e, changed))

			archive, made = carryOut(t, e, "r4", run.Request{Stack: test.stack, Environment: test.environment, Operation: run.Destroy})
			require.Equal(t, run.Succeeded, made.Ending, causes(made))
			onlyWhatIsKept(t, e, archive, made)

			archive, made = deploy("r5", first)
			require.Equal(t, run.Succeeded, made.Ending, causes(made))
			require.True(t, slices.ContainsFunc(made.Rows, func(r report.Row) bool { return strings.Contains(r.Reason, "were taken over with their data") }))
			require.Equal(t, len(made.Rows), previewed(t, e, archive))
		})
	}
}
