// Package account is an AWS account in memory, for tests: requests of the AWS SDK go in over HTTP, the answers of the few
// calls that Deployer makes come out. Its objects are real (conditions and versions hold), its lock table is empty and
// stays so, and what was published, posted and started is kept for the test to look at. Whatever it does not know it
// refuses by name. What depends on AWS's own behaviour is tested against emulators, not here.
package account

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deployer-io/deployer/shared/objects"
)

// The account's identity, and its one bucket and one table.
const (
	ID     = "111122223333"
	Region = "eu-west-1"
	Bucket = "example-deployer-state"
	Table  = "deployer-state-locks"
	Caller = "arn:aws:iam::" + ID + ":user/mona"
)

// Account is one account. URL answers for every service.
type Account struct {
	URL     string
	Objects *objects.Memory
	// Start is called for each execution that is started; nil: it runs until End.
	Start func(Execution)
	// Invoke is called for each function that is invoked; its error is one of Failed. Nil: there are no functions.
	Invoke func(function string, payload []byte) (answer []byte, err error)

	mu         sync.Mutex
	secrets    map[string]string
	refusals   map[string]string // operation: the error code that it answers
	executions map[string]*Execution
	functions  map[string]map[string]string // their environments
	published  []Message
	posts      []string
	answers    []string
	calls      []string
}

// Execution is one execution of a state machine.
type Execution struct {
	Machine string // ARN
	Name    string
	Input   string
	Status  string // as Step Functions names it
	Output  string
	Error   string
	Cause   string
}

// Message is what was published on a topic.
type Message struct {
	Topic      string
	Subject    string
	Text       string
	Attributes map[string]string
}

// New returns an empty account. It is gone when the test has ended.
func New(t testing.TB) *Account {
	a := &Account{Objects: objects.NewMemory(time.Now), secrets: map[string]string{}, refusals: map[string]string{},
		executions: map[string]*Execution{}, functions: map[string]map[string]string{}}
	server := httptest.NewServer(http.HandlerFunc(a.serve))
	t.Cleanup(server.Close)
	a.URL = server.URL
	return a
}

// Env is the environment of a process that works in the account: NAME=value.
func (a *Account) Env() []string {
	return []string{"AWS_ENDPOINT_URL=" + a.URL, "AWS_REGION=" + Region, "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=example",
		"AWS_EC2_METADATA_DISABLED=true", "DEPLOYER_STATE_BUCKET=" + Bucket, "DEPLOYER_LOCK_TABLE=" + Table}
}

// Hook is the URL of a webhook; what is posted to it is among Posts.
func (a *Account) Hook() string { return a.URL + "/hook" }

// Secret puts a secret where it is found by its name or ARN.
func (a *Account) Secret(id, value string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.secrets[id] = value
}

// Function makes a function known, with its environment.
func (a *Account) Function(name string, environment map[string]string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.functions[name] = environment
}

// Refuse makes an operation, as in "PutObject" or "Publish", answer an error code; "" lets it work again.
func (a *Account) Refuse(operation, code string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refusals[operation] = code
}

// Published is what was published so far; Posts what was posted to the webhook; Answers which task tokens were answered,
// as in "success TOKEN"; Calls which operations were called.
func (a *Account) Published() []Message { return kept(a, &a.published) }

// Posts is what was posted to the webhook so far.
func (a *Account) Posts() []string { return kept(a, &a.posts) }

// Answers are the task tokens that were answered so far, as in "success TOKEN" and "failure TOKEN ERROR".
func (a *Account) Answers() []string { return kept(a, &a.answers) }

// Calls are the operations that were called so far.
func (a *Account) Calls() []string { return kept(a, &a.calls) }

func kept[T any](a *Account, list *[]T) []T {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(*list)
}

// End ends an execution.
func (a *Account) End(ended Execution) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.executions[executionARN(ended.Machine, ended.Name)] = &ended
}

// Execution returns what is known of an execution.
func (a *Account) Execution(machine, name string) (Execution, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	found, there := a.executions[executionARN(machine, name)]
	if !there {
		return Execution{}, false
	}
	return *found, true
}

func executionARN(machine, name string) string {
	return strings.Replace(machine, ":stateMachine:", ":execution:", 1) + ":" + name
}

// serve tells services apart as the SDK's protocols do: JSON services name their operation in a header, query services in
// the form; the rest is S3.
func (a *Account) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	switch target := r.Header.Get("X-Amz-Target"); {
	case r.URL.Path == "/hook":
		a.hook(w, body)
	case strings.HasPrefix(r.URL.Path, functionsPath):
		a.lambda(w, strings.TrimPrefix(r.URL.Path, functionsPath), body)
	case target != "":
		service, operation, _ := strings.Cut(target, ".")
		a.json(w, service, operation, body)
	case strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		a.query(w, string(body))
	default:
		a.s3(w, r, body)
	}
}

// called keeps the call and says whether it is refused.
func (a *Account) called(operation string) (code string, refused bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, operation)
	code = a.refusals[operation]
	return code, code != ""
}

func (a *Account) hook(w http.ResponseWriter, body []byte) {
	if code, refused := a.called("Post"); refused {
		http.Error(w, code, http.StatusBadGateway)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.posts = append(a.posts, string(body))
	fmt.Fprint(w, "ok")
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	_ = json.NewEncoder(w).Encode(value)
}

func refuseJSON(w http.ResponseWriter, code, message string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": message})
}
