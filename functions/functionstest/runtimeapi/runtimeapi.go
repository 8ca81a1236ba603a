// Package runtimeapi is Lambda's Runtime API on this machine: a compiled bootstrap and a payload go in, what the function
// answers comes out. It is the part of the API that a runtime needs: next, response, error, and the error of a start that
// failed. Source: "Using the Lambda runtime API for custom runtimes" in AWS's documentation.
package runtimeapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Function is a process that serves one function.
type Function struct {
	command *exec.Cmd
	server  *http.Server
	output  *bytes.Buffer // read it only after ended

	waiting chan struct{}   // the process asks for work
	work    chan invocation // it is given some
	answers chan Answer
	ended   chan struct{}
	count   int
}

// Options say how the process is started.
type Options struct {
	Bootstrap string   // path of the executable
	Handler   string   // _HANDLER
	Env       []string // NAME=value; nothing of this process's own is handed on
	// Patience is how long an answer, and the end of the process, are waited for; 0: a minute.
	Patience time.Duration
}

// Answer is what a function said to one payload: Payload, or Error with its type.
type Answer struct {
	Payload   json.RawMessage
	Failed    bool
	ErrorType string // of the body; the header must say the same
	Message   string
}

type invocation struct {
	id      string
	payload []byte
	until   time.Time
}

// Start starts the process and returns when it asks for its first work: what happens until then is its init. The error of
// a process that ends before holds what it wrote.
func Start(ctx context.Context, options Options) (*Function, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &Function{output: &bytes.Buffer{}, waiting: make(chan struct{}), work: make(chan invocation), answers: make(chan Answer, 1),
		ended: make(chan struct{})}
	f.server = &http.Server{Handler: f.routes(), ReadHeaderTimeout: time.Minute}
	go func() { _ = f.server.Serve(listener) }() // ends with Stop

	f.command = exec.CommandContext(ctx, options.Bootstrap)
	f.command.Env = append([]string{"_HANDLER=" + options.Handler, "AWS_LAMBDA_RUNTIME_API=" + listener.Addr().String()}, options.Env...)
	f.command.Stdout, f.command.Stderr = f.output, f.output
	if err := f.command.Start(); err != nil {
		return nil, errors.Join(err, f.server.Close())
	}
	go func() {
		_ = f.command.Wait() // how it ended is in the process's state
		close(f.ended)
	}()
	patience := options.Patience
	if patience == 0 {
		patience = time.Minute
	}
	if err := f.expect(patience); err != nil {
		_, stopErr := f.Stop()
		return nil, errors.Join(err, stopErr)
	}
	return f, nil
}

// expect waits until the process asks for work.
func (f *Function) expect(patience time.Duration) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-f.waiting:
		return nil
	case <-f.ended:
		return f.gone("ended before it asked for work")
	case <-timer.C:
		return fmt.Errorf("the bootstrap has not asked for work within %s", patience)
	}
}

// gone is the error of a process that has ended.
func (f *Function) gone(what string) error {
	return fmt.Errorf("the bootstrap %s: %s: %s", what, f.command.ProcessState, strings.TrimSpace(f.output.String()))
}

// Process is the process's id: it waits for work and does nothing else.
func (f *Function) Process() int { return f.command.Process.Pid }

// Invoke hands a payload to the function and returns its answer. Like Lambda, it hands out one at a time.
func (f *Function) Invoke(ctx context.Context, payload []byte, within time.Duration) (Answer, error) {
	f.count++
	next := invocation{id: "8476a536-e9f4-11e8-9739-" + fmt.Sprintf("%012d", f.count), payload: payload, until: time.Now().Add(within)}
	select {
	case f.work <- next:
	case <-f.ended:
		return Answer{}, f.gone("has ended")
	case <-ctx.Done():
		return Answer{}, ctx.Err()
	}
	select {
	case answer := <-f.answers:
		return answer, f.expect(within)
	case <-f.ended:
		return Answer{}, f.gone("ended instead of answering")
	case <-ctx.Done():
		return Answer{}, ctx.Err()
	}
}

// Stop ends the process, as Lambda does: without asking. It returns what the process wrote, and its use of the machine is
// in the process's state.
func (f *Function) Stop() (output string, err error) {
	if kill := f.command.Process.Kill(); kill != nil && !errors.Is(kill, errors.ErrUnsupported) {
		select {
		case <-f.ended: // it had ended by itself
		default:
			return "", kill
		}
	}
	<-f.ended
	return f.output.String(), f.server.Close()
}

// CPU is the processor time that the process took, user and system; only after Stop.
func (f *Function) CPU() time.Duration {
	return f.command.ProcessState.UserTime() + f.command.ProcessState.SystemTime()
}

const base = "/2018-06-01/runtime/"

func (f *Function) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base+"invocation/next", f.next)
	mux.HandleFunc("POST "+base+"invocation/{id}/response", f.response)
	mux.HandleFunc("POST "+base+"invocation/{id}/error", f.failure)
	mux.HandleFunc("POST "+base+"init/error", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusAccepted) })
	return mux
}

func (f *Function) next(w http.ResponseWriter, r *http.Request) {
	select {
	case f.waiting <- struct{}{}:
	case <-r.Context().Done():
		return
	}
	select {
	case given := <-f.work:
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", given.id)
		w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(given.until.UnixMilli(), 10))
		w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:111122223333:function:deployer")
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(given.payload)
	case <-r.Context().Done():
	}
}

func (f *Function) response(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.answer(w, Answer{Payload: body})
}

func (f *Function) failure(w http.ResponseWriter, r *http.Request) {
	var said struct {
		ErrorMessage string `json:"errorMessage"`
		ErrorType    string `json:"errorType"`
	}
	if err := json.NewDecoder(r.Body).Decode(&said); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.answer(w, Answer{Failed: true, ErrorType: said.ErrorType, Message: said.ErrorMessage})
}

func (f *Function) answer(w http.ResponseWriter, answer Answer) {
	w.WriteHeader(http.StatusAccepted)
	f.answers <- answer
}
