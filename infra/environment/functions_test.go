package environment

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/deployer-io/deployer/statemachines"
	"github.com/stretchr/testify/require"
)

func TestEveryFunctionHasARoleALogAndTracesOfItsOwn(t *testing.T) {
	template := templates(t)["deployer-staging-functions"]
	require.Len(t, template.of("AWS::Lambda::Function"), len(rows))
	for _, r := range rows {
		of := one(t, "staging-functions", "AWS::Lambda::Function", r.task)
		require.Equal(t, "deployer-staging-"+strings.ToLower(r.task), of["FunctionName"])
		require.Equal(t, strings.ToLower(r.task), of["Handler"])
		require.Equal(t, "provided.al2023", of["Runtime"])
		require.Equal(t, []any{"arm64"}, of["Architectures"])
		require.Equal(t, map[string]any{"Mode": "Active"}, of["TracingConfig"])
		require.Contains(t, mustJSON(of["Role"]), r.task+"Role")
		require.Equal(t, map[string]any{"Ref": r.task + "Log"}, of["LoggingConfig"].(map[string]any)["LogGroup"])
		variables := of["Environment"].(map[string]any)["Variables"].(map[string]any)
		require.Equal(t, "example-deployer-state", variables["DEPLOYER_STATE_BUCKET"])
		require.Equal(t, "deployer-state-locks", variables["DEPLOYER_LOCK_TABLE"])
		require.Equal(t, "arn:aws:states:eu-west-1:111122223333:stateMachine:deployer-staging-rollout", variables["DEPLOYER_ROLLOUT_MACHINE"])
	}
	require.EqualValues(t, 1, one(t, "staging-functions", "AWS::Lambda::Function", "KeepLocks")["ReservedConcurrentExecutions"])
	require.NotContains(t, one(t, "small-functions", "AWS::Lambda::Function", "KeepLocks"), "ReservedConcurrentExecutions")
}

func TestTheTableIsKnownWordByWord(t *testing.T) {
	for _, r := range rows {
		if r.locks != "" {
			require.Contains(t, locks, r.locks, r.task)
		}
		for _, word := range r.also {
			require.Contains(t, reaches, word, r.task)
		}
	}
}

func TestOnlyTheTableGivesAFunctionItsReach(t *testing.T) {
	template := templates(t)["deployer-staging-functions"]
	allowed := func(task string) string { return mustJSON(template.Resources[task+"Role"].Properties["Policies"]) }
	require.NotContains(t, allowed("Discover"), "dynamodb:")
	require.NotContains(t, allowed("MakePlan"), "dynamodb:PutItem")
	require.NotContains(t, allowed("Discover"), "state.json")
	require.NotContains(t, allowed("ReleaseLock"), "s3:")
	require.NotContains(t, allowed("Notify"), "s3:PutObject")
	require.Contains(t, allowed("Notify"), "deployer/slack-AbCdEf")
	require.Contains(t, allowed("KeepLocks"), "dynamodb:Scan")
	for _, r := range rows {
		require.Equal(t, slices.Contains(r.also, "answer approvals"), strings.Contains(allowed(r.task), "states:SendTaskSuccess"), r.task)
		require.Equal(t, slices.Contains(r.also, "stop runs"), strings.Contains(allowed(r.task), "states:StopExecution"), r.task)
		require.Equal(t, len(r.deletes) > 0, strings.Contains(allowed(r.task), "s3:DeleteObject"), r.task)
	}
}

func lambdaTasks(t *testing.T) map[string]int {
	found := map[string]int{}
	var walk func(value any)
	walk = func(value any) {
		switch value := value.(type) {
		case map[string]any:
			if value["Type"] == "Task" && strings.Contains(mustJSON(value["Resource"]), ":lambda:invoke") {
				name := placeholder.FindStringSubmatch(mustJSON(value["Parameters"]))[1]
				seconds, _ := value["TimeoutSeconds"].(float64)
				found[name] = int(seconds)
			}
			for _, inner := range value {
				walk(inner)
			}
		case []any:
			for _, inner := range value {
				walk(inner)
			}
		}
	}
	for _, name := range statemachines.Names() {
		source, err := statemachines.Source(name)
		require.NoError(t, err)
		var whole any
		require.NoError(t, json.Unmarshal(source, &whole))
		walk(whole)
	}
	require.NotEmpty(t, found)
	return found
}

func TestEveryTaskHasItsRowAndOutlastsItsFunction(t *testing.T) {
	for task, seconds := range lambdaTasks(t) {
		index := slices.IndexFunc(rows, func(r row) bool { return r.task == task })
		require.GreaterOrEqual(t, index, 0, "the Task %s has no row in functions.go", task)
		if seconds > 0 {
			require.Less(t, rows[index].seconds, seconds, "%s: Lambda must end it before the Task gives up", task)
		}
	}
}

var handler = regexp.MustCompile(`(?m)^func \(.*\) Handle\(ctx context\.Context, `)

func TestEveryHandlerHasItsRow(t *testing.T) {
	files, err := filepath.Glob("../../functions/*/*.go")
	require.NoError(t, err)
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		name := filepath.Base(filepath.Dir(file))
		if handler.Match(source) && !strings.HasSuffix(file, "_test.go") {
			require.True(t, slices.ContainsFunc(rows, func(r row) bool { return strings.ToLower(r.task) == name }),
				"functions/%s has no row in infra/environment/functions.go: what may it do?", name)
		}
	}
}

func TestNoFunctionReadsWhatPulumiKeeps(t *testing.T) {
	template := templates(t)["deployer-staging-functions"]
	for _, r := range rows {
		for _, document := range policiesOf(template.Resources[r.task+"Role"].Properties) {
			for _, statement := range statementsOf(document) {
				require.NotContains(t, mustJSON(statement["Resource"]), "/pulumi/", "%s: it may see that a checkpoint is there, not what is in it", r.task)
			}
		}
	}
}

func TestOnlyFunctionsThatExistAreCreated(t *testing.T) {
	created := present(Sources{Functions: map[string]bool{"keeplocks": true}})
	require.Len(t, created, len(atLeast)+1)
	sources := everything(t)
	for _, later := range []string{"keeplocks", "cleanup"} {
		delete(sources.Functions, later)
	}
	chosen := full(t)
	chosen.Environments = chosen.Environments[:1]
	all := synthesize(t, t.TempDir(), chosen, sources)
	require.Len(t, all["deployer-staging-functions"].of("AWS::Lambda::Function"), len(atLeast))
	require.Empty(t, all["deployer-staging-schedules"].of("AWS::Scheduler::Schedule"))
	require.Equal(t, []string{"UploadRule"}, all["deployer-staging-schedules"].of("AWS::Events::Rule"))
}

func TestOnlyWhatTheCatalogServesIsLookedAt(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Join(root, filepath.Dir(name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o600))
	}
	write("dist/functions/bootstrap", "")
	write("functions/cleanup/cleanup.go", "package cleanup")
	write("functions/notify/notify.go", "package notify")
	sources, err := Look(root)
	require.NoError(t, err)
	require.Equal(t, map[string]bool{"cleanup": true, "notify": true}, sources.Functions, "without a catalog the folders count")
	write("functions/catalog/catalog.go", `package catalog
		func New() map[string]int { return map[string]int{"Notify": 1} }`)
	sources, err = Look(root)
	require.NoError(t, err)
	require.Equal(t, map[string]bool{"notify": true}, sources.Functions)
}

func TestTheCatalogServesEveryRow(t *testing.T) {
	served, err := functionsOf(filepath.Join("..", "..", "functions"))
	require.NoError(t, err)
	for _, r := range rows {
		require.True(t, served[strings.ToLower(r.task)], "functions/ has no %s: the reviewed templates show what nobody gets", r.task)
	}
}

func TestWhatNobodyWaitsForIsSetAsideWhenItFails(t *testing.T) {
	called := map[string]bool{} // by those who wait for no answer
	for _, name := range []string{"staging-functions", "staging-schedules"} {
		for _, of := range templates(t)["deployer-"+name].Resources {
			for _, r := range rows {
				if text := mustJSON(of.Properties); strings.Contains(text, ":function:deployer-staging-"+strings.ToLower(r.task)+`"`) &&
					(of.Type == "AWS::SNS::Subscription" || of.Type == "AWS::Events::Rule" || of.Type == "AWS::Scheduler::Schedule") {
					called[r.task] = true
				}
			}
		}
	}
	require.Equal(t, map[string]bool{"Notify": true, "Cleanup": true, "KeepLocks": true}, called)
	alarms := mustJSON(templates(t)["deployer-staging-observability"].Resources)
	for task := range called {
		require.Contains(t, alarms, `"deployer-staging-`+strings.ToLower(task)+`"`)
		if task == "KeepLocks" {
			continue // the next minute does it again
		}
		failures := one(t, "staging-functions", "AWS::Lambda::EventInvokeConfig", task+"Failures")
		require.Contains(t, mustJSON(failures["DestinationConfig"]), `"OnFailure":{"Destination":"arn:aws:sqs:eu-west-1:111122223333:deployer-staging-undelivered"}`)
		require.Contains(t, mustJSON(one(t, "staging-functions", "AWS::IAM::Role", task+"Role")["Policies"]), "sqs:SendMessage", "else Lambda takes no such destination")
	}
	for name, id := range map[string]string{"Notify": "AlarmNotifyFailing", "Cleanup": "AlarmCleanupFailing"} {
		alarm := mustJSON(one(t, "staging-observability", "AWS::CloudWatch::Alarm", id))
		require.Contains(t, alarm, `"Errors"`)
		require.Contains(t, alarm, "deployer-staging-"+strings.ToLower(name))
	}
}

func TestTheFunctionsMustBeBuilt(t *testing.T) {
	_, err := Look(t.TempDir())
	require.ErrorContains(t, err, "build them with: GOOS=linux GOARCH=arm64")
}
