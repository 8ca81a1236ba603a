package environment

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/deployer-io/deployer/infra/settings"
	"github.com/deployer-io/deployer/statemachines"
	"github.com/stretchr/testify/require"
)

func one(t *testing.T, stack, kind, id string) map[string]any {
	found, ok := templates(t)["deployer-"+stack].Resources[id]
	require.True(t, ok, "%s has no %s", stack, id)
	require.Equal(t, kind, found.Type)
	return found.Properties
}

func TestWhatIsStoredIsEncryptedKeptAndPrivate(t *testing.T) {
	kept := map[string]bool{"AWS::S3::Bucket": true, "AWS::S3::BucketPolicy": true, "AWS::DynamoDB::Table": true}
	for name, template := range templates(t) {
		for id, of := range template.Resources {
			if kept[of.Type] || of.Type == "AWS::KMS::Key" && id != "LinkKey" {
				require.Equal(t, "Retain", of.DeletionPolicy, "%s/%s", name, id)
			}
		}
		for _, id := range template.of("AWS::S3::Bucket") {
			of := template.Resources[id].Properties
			require.Equal(t, map[string]any{"Status": "Enabled"}, of["VersioningConfiguration"], id)
			for _, closed := range of["PublicAccessBlockConfiguration"].(map[string]any) {
				require.Equal(t, true, closed, id)
			}
			if id != "AccessLogBucket" {
				require.Contains(t, mustJSON(of["BucketEncryption"]), "aws:kms", id)
			}
		}
		for _, id := range template.of("AWS::DynamoDB::Table") {
			of := template.Resources[id].Properties
			require.Equal(t, "KMS", of["SSESpecification"].(map[string]any)["SSEType"], id)
			require.Equal(t, true, of["DeletionProtectionEnabled"], id)
			require.Equal(t, true, of["PointInTimeRecoverySpecification"].(map[string]any)["PointInTimeRecoveryEnabled"], id)
			require.Equal(t, map[string]any{"AttributeName": "expiresAt", "Enabled": true}, of["TimeToLiveSpecification"], id)
		}
		for _, id := range template.of("AWS::Logs::LogGroup") {
			of := template.Resources[id].Properties
			require.NotEmpty(t, of["KmsKeyId"], "%s/%s", name, id)
			require.EqualValues(t, 90, of["RetentionInDays"], "%s/%s", name, id)
		}
	}
	bucket := one(t, "staging-storage", "AWS::S3::Bucket", "StateBucket")
	require.Equal(t, "example-deployer-state", bucket["BucketName"])
	require.Contains(t, mustJSON(bucket["NotificationConfiguration"]), `"EventBridgeEnabled":true`)
	require.Contains(t, mustJSON(bucket["ObjectLockConfiguration"]), "GOVERNANCE")
	require.Contains(t, mustJSON(bucket["LifecycleConfiguration"]), `"NoncurrentDays":90`)
	require.Contains(t, mustJSON(bucket["ReplicationConfiguration"]), "arn:aws:s3:::example-deployer-state-replica")
	require.NotContains(t, one(t, "small-storage", "AWS::S3::Bucket", "StateBucket"), "ReplicationConfiguration")
}

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

// tasks are the Tasks of all machines that call a function: its name, and after how many seconds the Task gives up (0:
// a path says).
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

func TestNewsReachPeopleWithAndWithoutAChannel(t *testing.T) {
	for _, stack := range []string{"staging-functions", "small-functions"} {
		template := templates(t)["deployer-"+stack]
		require.Len(t, template.of("AWS::SNS::Subscription"), len(topics), stack)
		for _, id := range template.of("AWS::SNS::Subscription") {
			require.Equal(t, "lambda", template.Resources[id].Properties["Protocol"])
			require.Contains(t, template.Resources[id].Properties["Endpoint"], "-notify")
		}
		notify := mustJSON(template.Resources["NotifyRole"].Properties["Policies"])
		require.Contains(t, notify, `"secretsmanager:ResourceTag/deployer:webhook":"true"`, "only secrets whose owner says so")
		require.Contains(t, notify, `"ssm:resourceTag/deployer:webhook":"true"`)
	}
	variables := mustJSON(one(t, "staging-functions", "AWS::Lambda::Function", "Notify")["Environment"])
	for _, name := range []string{"DEPLOYER_INSTALLATION", "DEPLOYER_TOPIC_DEPLOYMENTS", "DEPLOYER_TOPIC_OPERATIONS", "DEPLOYER_SLACK_SECRET",
		"DEPLOYER_APPROVAL_URL", "DEPLOYER_APPROVAL_KEY"} {
		require.Contains(t, variables, `"`+name+`"`)
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

func TestMachinesAreTheFilesAndLogNoData(t *testing.T) {
	template := templates(t)["deployer-staging-machines"]
	require.Len(t, template.of("AWS::StepFunctions::StateMachine"), len(statemachines.Names())+1)
	for _, name := range statemachines.Names() {
		of := one(t, "staging-machines", "AWS::StepFunctions::StateMachine", title(name))
		source, err := statemachines.Source(name)
		require.NoError(t, err)
		require.Equal(t, string(source), of["DefinitionString"])
		require.Equal(t, false, of["LoggingConfiguration"].(map[string]any)["IncludeExecutionData"])
		require.Equal(t, "ALL", of["LoggingConfiguration"].(map[string]any)["Level"])
		require.Equal(t, map[string]any{"Enabled": true}, of["TracingConfiguration"])
		require.Equal(t, "CUSTOMER_MANAGED_KMS_KEY", of["EncryptionConfiguration"].(map[string]any)["Type"])
		for _, match := range placeholder.FindAllStringSubmatch(string(source), -1) {
			require.Contains(t, of["DefinitionSubstitutions"], match[1], name)
		}
	}
}

func TestAMachineMayOnlyWhatItsTasksCall(t *testing.T) {
	allowed := func(name string) string {
		return mustJSON(templates(t)["deployer-staging-machines"].Resources[title(name)+"Role"].Properties["Policies"])
	}
	require.Contains(t, allowed("deploy"), "function:deployer-staging-makeplan")
	require.NotContains(t, allowed("deploy"), "deployer-staging-settlewave")
	require.Contains(t, allowed("deploy"), "ecs:RunTask") // of the preview
	require.NotContains(t, allowed("rollout"), "ecs:RunTask")
	require.Contains(t, allowed("deploy"), "stateMachine:deployer-staging-rollout")
	require.Contains(t, allowed("deploy"), "StepFunctionsGetEventsForStepFunctionsExecutionRule")
	require.Contains(t, allowed("rollout"), "stateMachine:deployer-staging-wave")
	require.Contains(t, allowed("rollout"), "deployer-staging-planrollback")
	require.NotContains(t, allowed("rollout"), "deployer-staging-savestate")
	require.Contains(t, allowed("wave"), "ecs:RunTask")
	require.Contains(t, allowed("wave"), "role/TaskRole-staging")
	require.Contains(t, allowed("upload"), "stateMachine:deployer-staging-deploy")
}

func TestATaskThatNobodyThoughtOfIsRefused(t *testing.T) {
	tests := map[string]struct{ source, want string }{
		"another service": {`{"States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage"}}}`,
			"not written down"},
		"a function by its name": {`{"States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
			"Parameters": {"FunctionName": "somebody-elses"}}}}`, "write ${Name}"},
		"deep inside": {`{"States": {"M": {"Type": "Map", "ItemProcessor": {"States": {"P": {"Type": "Parallel", "Branches": [
			{"States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke"}}}]}}}}}}`, "state A"},
		"no JSON": {`{`, "unexpected end"},
	}
	for sentence, test := range tests {
		t.Run(sentence, func(t *testing.T) {
			_, err := callsOf(test.source)
			require.ErrorContains(t, err, test.want)
		})
	}
	_, err := names{}.substitutions(`{"x": "${Preview} ${DriftMachine}"}`, tasks{}, Sources{})
	require.ErrorContains(t, err, "${Preview}, ${DriftMachine}")
}

func TestTheExecutorIsConfined(t *testing.T) {
	for _, stack := range []string{"staging-executor", "small-executor"} {
		of := one(t, stack, "AWS::ECS::TaskDefinition", "TaskDefinition")
		container := of["ContainerDefinitions"].([]any)[0].(map[string]any)
		require.Equal(t, "executor", container["Name"])
		require.Equal(t, true, container["ReadonlyRootFilesystem"])
		require.EqualValues(t, 120, container["StopTimeout"])
		require.Equal(t, map[string]any{"Drop": []any{"ALL"}}, container["LinuxParameters"].(map[string]any)["Capabilities"])
		require.NotContains(t, container, "Secrets")
		group := one(t, stack, "AWS::EC2::SecurityGroup", "TaskSecurityGroup")
		require.NotContains(t, group, "SecurityGroupIngress")
	}
	text := mustJSON(one(t, "staging-executor", "AWS::ECS::TaskDefinition", "TaskDefinition"))
	require.Contains(t, text, "awskms://alias/deployer-staging-secrets?region=eu-west-1")
	require.Len(t, templates(t)["deployer-staging-executor"].of("AWS::EC2::Subnet"), 6)
	require.Len(t, templates(t)["deployer-staging-executor"].of("AWS::EC2::VPCEndpoint"), 6)
	require.Empty(t, templates(t)["deployer-small-executor"].of("AWS::EC2::VPC"))
	require.Contains(t, mustJSON(one(t, "small-machines", "AWS::StepFunctions::StateMachine", "Wave")["DefinitionSubstitutions"]),
		"subnet-0123456789abcdef0,subnet-0123456789abcdef1")
}

func TestOnlyTheExecutorDecryptsPulumisSecrets(t *testing.T) {
	var using []string
	for name, template := range templates(t) {
		for id, of := range template.Resources {
			if strings.HasPrefix(name, "deployer-staging") && of.Type == "AWS::IAM::Role" && strings.Contains(mustJSON(of.Properties), "SecretsKey") {
				using = append(using, name+"/"+id)
			}
		}
	}
	require.Equal(t, []string{"deployer-staging-executor/TaskRole"}, using)
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

func TestALockedBucketIsReplicatedIntoALockedOneAndFailuresAreSeen(t *testing.T) {
	replica := one(t, "staging-replica", "AWS::S3::Bucket", "ReplicaBucket")
	require.Equal(t, true, replica["ObjectLockEnabled"])
	require.NotContains(t, replica, "ObjectLockConfiguration", "each version comes with its own retention")
	require.Contains(t, mustJSON(one(t, "staging-storage", "AWS::S3::Bucket", "StateBucket")["ReplicationConfiguration"]), `"Metrics":{"Status":"Enabled"}`)
	alarm := one(t, "staging-observability", "AWS::CloudWatch::Alarm", "AlarmReplicationFailing")
	require.ElementsMatch(t, []any{map[string]any{"Name": "SourceBucket", "Value": "example-deployer-state"},
		map[string]any{"Name": "DestinationBucket", "Value": "example-deployer-state-replica"},
		map[string]any{"Name": "RuleId", "Value": replicationRule}}, alarm["Dimensions"])
	require.NotContains(t, templates(t)["deployer-small-observability"].Resources, "AlarmReplicationFailing")

	chosen := full(t)
	chosen.Environments = chosen.Environments[:1]
	chosen.Environments[0].ObjectLock = nil
	unlocked := synthesize(t, t.TempDir(), chosen, everything(t))
	require.NotContains(t, unlocked["deployer-staging-replica"].Resources["ReplicaBucket"].Properties, "ObjectLockEnabled")
}

func TestAnImageIsNeeded(t *testing.T) {
	chosen := full(t)
	chosen.Environments = chosen.Environments[1:]
	chosen.Environments[0].Executor.Image = ""
	sources := everything(t)
	sources.Image = false
	err := Add(awscdk.NewApp(&awscdk.AppProps{Outdir: str(t.TempDir())}), chosen, sources)
	require.ErrorContains(t, err, "environment small: executor: there is no image: set executor.image")
}

func TestTheFunctionsMustBeBuilt(t *testing.T) {
	_, err := Look(t.TempDir())
	require.ErrorContains(t, err, "build them with: GOOS=linux GOARCH=arm64")
}

func TestWhatStartsByItself(t *testing.T) {
	rule := one(t, "staging-schedules", "AWS::Events::Rule", "UploadRule")
	require.Contains(t, mustJSON(rule["EventPattern"]), "example-deployer-state")
	target := rule["Targets"].([]any)[0].(map[string]any)
	require.Equal(t, "arn:aws:states:eu-west-1:111122223333:stateMachine:deployer-staging-upload", target["Arn"])
	require.Equal(t, `{"bucket": <bucket>, "key": <key>, "versionId": <version>, "time": <time>}`,
		target["InputTransformer"].(map[string]any)["InputTemplate"])
	keeper := one(t, "staging-schedules", "AWS::Scheduler::Schedule", "KeeplocksSchedule")
	require.Equal(t, "rate(1 minute)", keeper["ScheduleExpression"])
	prune := one(t, "staging-schedules", "AWS::Scheduler::Schedule", "PruneSchedule")
	require.Equal(t, `{"prune": true}`, prune["Target"].(map[string]any)["Input"])
	require.Len(t, templates(t)["deployer-staging-schedules"].of("AWS::Scheduler::Schedule"), 2)
	for _, template := range templates(t) {
		for _, id := range append(template.of("AWS::Events::Rule"), template.of("AWS::Scheduler::Schedule")...) {
			require.Contains(t, mustJSON(template.Resources[id].Properties), "-undelivered", "%s has no dead-letter queue", id)
		}
	}
}

func TestAlarmsReachATopicAndSayWhatToDo(t *testing.T) {
	template := templates(t)["deployer-staging-observability"]
	require.Greater(t, len(template.of("AWS::CloudWatch::Alarm")), 10)
	for _, id := range template.of("AWS::CloudWatch::Alarm") {
		of := template.Resources[id].Properties
		require.NotEmpty(t, of["AlarmActions"], id)
		require.Contains(t, of["AlarmDescription"], " ", id)
	}
	var body any
	require.NoError(t, json.Unmarshal([]byte(one(t, "staging-observability", "AWS::CloudWatch::Dashboard", "Dashboard")["DashboardBody"].(string)), &body))
	require.Contains(t, mustJSON(one(t, "staging-observability", "AWS::Budgets::Budget", "Budget")), "user:deployer:installation$staging")
	require.Empty(t, templates(t)["deployer-small-observability"].of("AWS::Budgets::Budget"))
}

func TestNoSecretStandsInATemplate(t *testing.T) {
	for name, template := range templates(t) {
		require.NotRegexp(t, `hooks\.slack\.com|AKIA[A-Z0-9]{16}|-----BEGIN`, string(template.text), name)
	}
}

func TestNamesFollowThePartition(t *testing.T) {
	n := names{settings.Environment{Name: "cn", Account: "111122223333", Region: "cn-north-1"}}
	require.Equal(t, "arn:aws-cn:lambda:cn-north-1:111122223333:function:deployer-cn-discover", n.functionARN("Discover"))
	for _, name := range append(statemachines.Names(), upload) {
		definition, err := definitionOf(name)
		require.NoError(t, err)
		require.NotContains(t, n.withPartition(definition), "arn:aws:", name)
	}
}
