// Package installation is a deployed Deployer as people reach it with credentials of their own: its name goes in, an
// Installation comes out that starts runs, answers waiting ones and frees locks through its state machines and functions.
package installation

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/deployer-io/deployer/shared/run"
	"github.com/deployer-io/deployer/shared/wiring"
)

// Names say where an installation is. Given a Name, the installation itself is asked for what is empty: one call of
// lambda:GetFunctionConfiguration. Without one, StateBucket and DeployMachine must be given.
type Names struct {
	Name          string // as in "staging"
	Region        string // empty: as the AWS SDK finds it
	StateBucket   string
	LockTable     string
	DeployMachine string // ARN
	Cluster       string // ARN; needed only to stop tasks
}

// DefaultLockTable is the lock table's name where nothing else is said, as in the CDK application.
const DefaultLockTable = "deployer-state-locks"

// Installation is an installation and the person who uses it.
type Installation struct {
	wiring.Ports
	Caller string // ARN of the person or role, as AWS knows it

	names         Names
	stepFunctions *sfn.Client
	functions     *lambda.Client
	sleep         func(ctx context.Context, d time.Duration) error
}

// Location is an object's address in S3.
func (i *Installation) Location(key string) string { return "s3://" + i.names.StateBucket + "/" + key }

// Open finds the installation and out who is asking. Errors: *NoCredentials, *NotAllowed, *NoInstallation, *NamesMissing.
func Open(ctx context.Context, names Names) (*Installation, error) {
	var options []func(*config.LoadOptions) error
	if names.Region != "" {
		options = append(options, config.WithRegion(names.Region))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, &NoCredentials{Err: err} // a profile that is not there, a file that cannot be read
	}
	if names.Region = loaded.Region; names.Region == "" {
		return nil, &NamesMissing{What: "the region", How: "--region or AWS_REGION"}
	}
	if _, err := loaded.Credentials.Retrieve(ctx); err != nil {
		return nil, &NoCredentials{Err: err}
	}
	i := &Installation{stepFunctions: sfn.NewFromConfig(loaded), functions: lambda.NewFromConfig(loaded), sleep: sleep}
	caller, err := sts.NewFromConfig(loaded).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, Explain(fmt.Errorf("ask AWS who you are: %w", err))
	}
	i.Caller = aws.ToString(caller.Arn)
	if i.names, err = i.complete(ctx, names); err != nil {
		return nil, err
	}
	i.Ports = wiring.New(loaded, i.names.StateBucket, i.names.LockTable, &wiring.Executions{StepFunctions: i.stepFunctions,
		Tasks: ecs.NewFromConfig(loaded), Guards: []string{i.names.DeployMachine}, Rollout: i.machine("rollout"), Wave: i.machine("wave"),
		Cluster: i.names.Cluster})
	return i, nil
}

// complete asks the installation for the names that were not given.
func (i *Installation) complete(ctx context.Context, names Names) (Names, error) {
	if names.Name != "" && (names.StateBucket == "" || names.LockTable == "" || names.DeployMachine == "" || names.Cluster == "") {
		found, err := i.functions.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: aws.String(function(names.Name, "discover"))})
		var unknown *lambdatypes.ResourceNotFoundException
		switch {
		case errors.As(err, &unknown):
			return names, &NoInstallation{Name: names.Name, Region: names.Region, Caller: i.Caller}
		case err != nil:
			return names, Explain(fmt.Errorf("look at the installation %s: %w", names.Name, err))
		case found.Environment != nil:
			names.fill(found.Environment.Variables)
		}
	}
	if names.LockTable == "" {
		names.LockTable = DefaultLockTable
	}
	switch {
	case names.StateBucket == "":
		return names, &NamesMissing{What: "the state bucket", How: "--installation NAME or --state-bucket"}
	case names.DeployMachine == "":
		return names, &NamesMissing{What: "the deploy machine", How: "--installation NAME or --deploy-machine ARN"}
	case !strings.HasSuffix(names.DeployMachine, deployMachine) || !strings.Contains(names.DeployMachine, ":stateMachine:"):
		return names, &NamesMissing{What: fmt.Sprintf("a deploy machine whose ARN ends in %q (not %s)", deployMachine, names.DeployMachine), How: "--deploy-machine ARN"}
	}
	return names, nil
}

// fill takes from a function's environment what is not known yet.
func (n *Names) fill(variables map[string]string) {
	for variable, name := range map[string]*string{wiring.StateBucketVariable: &n.StateBucket, wiring.LockTableVariable: &n.LockTable,
		wiring.DeployMachineVariable: &n.DeployMachine, wiring.ClusterVariable: &n.Cluster} {
		if *name == "" {
			*name = variables[variable]
		}
	}
}

const deployMachine = "-deploy"

// prefix is what the names of all that belongs to the installation begin with: deployer-staging.
func (i *Installation) prefix() string {
	return strings.TrimSuffix(i.names.DeployMachine[strings.LastIndexByte(i.names.DeployMachine, ':')+1:], deployMachine)
}

// machine is the ARN of one of the installation's machines.
func (i *Installation) machine(name string) string {
	return strings.TrimSuffix(i.names.DeployMachine, deployMachine) + "-" + name
}

func function(installation, name string) string { return "deployer-" + installation + "-" + name }

// Start starts a run: an execution of the deploy machine with the run's id. Starting it again with the same request is fine.
func (i *Installation) Start(ctx context.Context, id string, request run.Request) error {
	input, err := json.Marshal(request)
	if err != nil {
		return err
	}
	_, err = i.stepFunctions.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: aws.String(i.names.DeployMachine),
		Name: aws.String(id), Input: aws.String(string(input))})
	if err != nil {
		return Explain(fmt.Errorf("start run %s: %w", id, err))
	}
	return nil
}

// Decision is a person's answer to a waiting run.
type Decision struct {
	Run         string     `json:"run"`
	Decision    run.Answer `json:"decision"`
	Reason      string     `json:"reason,omitempty"`
	Stack       string     `json:"stack,omitempty"`
	Environment string     `json:"environment,omitempty"`
	By          string     `json:"by,omitempty"`   // empty: the caller
	Plan        string     `json:"plan,omitempty"` // digest of the plan that was seen
}

// Decide has the machine decide record an answer and waits until it has. The error is *Refused when it does not take it.
func (i *Installation) Decide(ctx context.Context, d Decision) error {
	if d.By == "" {
		d.By = i.Caller
	}
	input, err := json.Marshal(d)
	if err != nil {
		return err
	}
	var random [4]byte
	_, _ = rand.Read(random[:]) // never fails, says its documentation
	name := fmt.Sprintf("%.60s-%s-%s", d.Run, d.Decision, hex.EncodeToString(random[:]))
	started, err := i.stepFunctions.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: aws.String(i.machine("decide")),
		Name: aws.String(name), Input: aws.String(string(input))})
	if err != nil {
		return Explain(fmt.Errorf("answer run %s: %w", d.Run, err))
	}
	for {
		described, err := i.stepFunctions.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: started.ExecutionArn})
		switch {
		case err != nil:
			return Explain(fmt.Errorf("see whether the answer to run %s was taken: %w", d.Run, err))
		case described.Status == sfntypes.ExecutionStatusSucceeded:
			return nil
		case described.Status != sfntypes.ExecutionStatusRunning:
			return &Refused{Failure: run.Failure{Error: aws.ToString(described.Error), Cause: aws.ToString(described.Cause)}}
		}
		if err := i.sleep(ctx, lookEach); err != nil {
			return err
		}
	}
}

// lookEach is how often an answer is looked for; it takes a second or two.
const lookEach = 300 * time.Millisecond

// Call calls one of the installation's functions and decodes its answer into out. The error is *Refused, with the
// function's own name for it, when it fails.
func (i *Installation) Call(ctx context.Context, name string, in, out any) error {
	payload, err := json.Marshal(in)
	if err != nil {
		return err
	}
	answered, err := i.functions.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(i.prefix() + "-" + name), Payload: payload})
	if err != nil {
		return Explain(fmt.Errorf("call the function %s: %w", name, err))
	}
	if answered.FunctionError == nil {
		return json.Unmarshal(answered.Payload, out)
	}
	var said struct {
		ErrorType    string `json:"errorType"`
		ErrorMessage string `json:"errorMessage"`
	}
	if err := json.Unmarshal(answered.Payload, &said); err != nil {
		return fmt.Errorf("the function %s failed and said %q", name, answered.Payload)
	}
	return &Refused{Failure: run.Failure{Error: said.ErrorType, Cause: said.ErrorMessage}}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
