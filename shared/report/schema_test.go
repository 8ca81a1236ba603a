package report

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"github.com/invopop/jsonschema"
	"github.com/stretchr/testify/require"

	validator "github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/run"
)

// schemaOf is made from the types, so that it cannot say anything else than they do.
func schemaOf(t *testing.T) []byte {
	t.Helper()
	closed := map[reflect.Type][]any{
		reflect.TypeFor[run.Ending]():    {run.Succeeded, run.NoChanges, run.Planned, run.Rejected, run.FailedClean, run.FailedDirty},
		reflect.TypeFor[run.Operation](): {run.Deploy, run.Destroy, run.Plan, run.PlanDestroy, run.Rollback, run.PlanRollback},
		reflect.TypeFor[Result]():        {Succeeded, Unchanged, Kept, Failed, Skipped, Planned},
		reflect.TypeFor[plan.Action]():   {plan.Create, plan.Update, plan.Replace, plan.Delete},
	}
	reflector := &jsonschema.Reflector{DoNotReference: true, Anonymous: true, Mapper: func(of reflect.Type) *jsonschema.Schema {
		if of == reflect.TypeFor[address.Address]() {
			return &jsonschema.Schema{Type: "string", Description: "stack/environment"}
		}
		if values, known := closed[of]; known {
			return &jsonschema.Schema{Type: "string", Enum: values}
		}
		return nil
	}}
	made := reflector.Reflect(Report{})
	made.Title, made.Description = "report.json", "What became of a run, version 1."
	data, err := json.MarshalIndent(made, "", "  ")
	require.NoError(t, err)
	return append(data, '\n')
}

func TestTheSchemaIsThatOfTheTypes(t *testing.T) {
	made := schemaOf(t)
	if *update {
		require.NoError(t, os.WriteFile("schema.json", made, 0o644))
	}
	there, err := os.ReadFile("schema.json")
	require.NoError(t, err)
	require.Equal(t, string(there), string(made), "write it with go test ./shared/report -update")
}

func TestEveryReportFollowsTheSchema(t *testing.T) {
	document, err := validator.UnmarshalJSON(bytes.NewReader(Schema()))
	require.NoError(t, err)
	compiler := validator.NewCompiler()
	require.NoError(t, compiler.AddResource("report.json", document))
	compiled, err := compiler.Compile("report.json")
	require.NoError(t, err)
	check := func(made Report) error {
		data, err := run.Encode(made)
		require.NoError(t, err)
		value, err := validator.UnmarshalJSON(bytes.NewReader(data))
		require.NoError(t, err)
		return compiled.Validate(value)
	}
	for name, made := range endings() {
		require.NoError(t, check(made), name)
	}
	wrong := endings()["succeeded"]
	wrong.Ending = "Exploded"
	require.Error(t, check(wrong))
}
