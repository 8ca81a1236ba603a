package asl

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// recordedCase is one execution that was recorded on AWS; the folder named by ASL_CONFORMANCE describes the format.
type recordedCase struct {
	Name          string
	Type          string
	QueryLanguage string
	Definition    json.RawMessage
	Input         json.RawMessage
	Lambdas       map[string]recordedFunction
	Context       struct{ Region, AccountID, StateMachineName, ExecutionName, RoleARN string }
	Expected      struct {
		Status string
		Output json.RawMessage
		Error  *string
		Cause  any
	}
	Compare struct {
		Wildcard           string
		IgnoreKeysAnyDepth []string
	}
	RecordedEventTypes []string
}

type recordedFunction struct {
	Type                          string
	Value                         json.RawMessage
	ErrorType, ErrorMessage, Char string
	Count                         int
	Seconds                       float64
}

func TestRecordedOnAWS(t *testing.T) {
	folder := os.Getenv("ASL_CONFORMANCE")
	if folder == "" {
		t.Skip("ASL_CONFORMANCE names no folder with recorded cases")
	}
	file, err := os.Open(filepath.Join(folder, "cases.jsonl"))
	require.NoError(t, err)
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var c recordedCase
		require.NoError(t, json.Unmarshal(lines.Bytes(), &c))
		t.Run(c.Name, func(t *testing.T) { c.run(t) })
	}
	require.NoError(t, lines.Err())
}

func (c *recordedCase) run(t *testing.T) {
	if c.QueryLanguage == "JSONata" {
		t.Skip("JSONata is not supported")
	}
	m, err := Parse(c.Definition)
	require.NoError(t, err)
	clock := NewVirtualClock(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	e := NewEngine(Options{Clock: clock, Region: c.Context.Region, AccountID: c.Context.AccountID, RoleARN: c.Context.RoleARN,
		Rand: rand.New(rand.NewPCG(1, 2)), Handler: HandlerFunc(func(ctx context.Context, task Task) (json.RawMessage, error) {
			return c.invoke(ctx, clock, task)
		})})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	x, err := e.Start(ctx, StartInput{StateMachine: c.Context.StateMachineName, Machine: m, Name: c.Context.ExecutionName,
		Input: c.Input, Express: c.Type == "EXPRESS"})
	require.NoError(t, err)
	r, err := x.Wait(ctx)
	require.NoError(t, err)
	require.Equal(t, c.Expected.Status, string(r.Status), "%s: %s", r.Error, r.Cause)
	if c.Expected.Output != nil {
		var want, got any
		require.NoError(t, json.Unmarshal(c.Expected.Output, &want))
		require.NoError(t, json.Unmarshal(r.Output, &got))
		require.Empty(t, c.difference("output", want, got), "got %s", r.Output)
	}
	if c.Expected.Error != nil {
		require.Equal(t, *c.Expected.Error, r.Error, "cause %s", r.Cause)
	}
	if c.Expected.Cause != nil {
		require.Empty(t, c.difference("cause", c.Expected.Cause, r.Cause))
	}
	if c.RecordedEventTypes != nil {
		var types []string
		for _, ev := range x.History() {
			types = append(types, ev.Type)
		}
		require.Equal(t, c.RecordedEventTypes, types)
	}
	c.replay(t, m, x.History(), r)
}

// replay cuts the history at every event and goes on from there: the end must be the same.
func (c *recordedCase) replay(t *testing.T, m *Machine, history []Event, want Result) {
	cuts := []int{len(history) / 2}
	if os.Getenv("ASL_SWEEP") != "" {
		cuts = nil
		for i := 1; i <= len(history); i++ {
			cuts = append(cuts, i)
		}
	}
	for _, n := range cuts {
		if n == 0 {
			continue
		}
		clock := NewVirtualClock(history[n-1].Timestamp)
		e := NewEngine(Options{Clock: clock, Region: c.Context.Region, AccountID: c.Context.AccountID,
			RoleARN: c.Context.RoleARN,
			Handler: HandlerFunc(func(ctx context.Context, task Task) (json.RawMessage, error) { return c.invoke(ctx, clock, task) })})
		x, err := e.Resume(t.Context(), m, history[:n])
		require.NoError(t, err, "cut after event %d", n)
		got, err := x.Wait(t.Context())
		require.NoError(t, err)
		require.Equal(t, want.Status, got.Status, "cut after event %d", n)
		require.Equal(t, want.Error, got.Error)
		var types, wantTypes []string
		for i, ev := range x.History() {
			types = append(types, ev.Type)
			wantTypes = append(wantTypes, history[min(i, len(history)-1)].Type)
		}
		require.Equal(t, wantTypes, types, "cut after event %d", n)
	}
}

func (c *recordedCase) invoke(ctx context.Context, clock Clock, task Task) (json.RawMessage, error) {
	f, ok := c.Lambdas[task.Function]
	if !ok {
		return nil, &TaskError{"Lambda.ResourceNotFoundException", fmt.Sprintf(
			"Function not found: arn:aws:lambda:%s:%s:function:%s:$LATEST (Service: AWSLambda; Status Code: 404; "+
				"Error Code: ResourceNotFoundException; Request ID: %s; Proxy: null)",
			c.Context.Region, c.Context.AccountID, task.Function, task.Token)}
	}
	switch f.Type {
	case "echo":
		return task.Input, nil
	case "return":
		return f.Value, nil
	case "raise":
		cause, err := json.Marshal(map[string]string{"errorMessage": f.ErrorMessage, "errorType": f.ErrorType})
		if err != nil {
			return nil, err
		}
		return nil, &TaskError{f.ErrorType, string(cause)}
	case "sleepEcho":
		if err := clock.Sleep(ctx, time.Duration(f.Seconds*float64(time.Second))); err != nil {
			return nil, err
		}
		return task.Input, nil
	case "returnRepeated":
		return json.RawMessage(jsonText(strings.Repeat(f.Char, f.Count))), nil
	case "pythonFormat":
		v, err := parseJSON(string(task.Input))
		return json.RawMessage(jsonText("input-event-" + pythonText(v))), err
	}
	return nil, fmt.Errorf("a function of an unknown type %q", f.Type)
}

// pythonText is Python's repr of a JSON value.
func pythonText(v any) string {
	switch x := v.(type) {
	case nil:
		return "None"
	case bool:
		return map[bool]string{true: "True", false: "False"}[x]
	case string:
		return "'" + x + "'"
	case []any:
		parts := make([]string, len(x))
		for i, e := range x {
			parts[i] = pythonText(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case *object:
		parts := make([]string, len(x.keys))
		for i, k := range x.keys {
			parts[i] = pythonText(k) + ": " + pythonText(x.values[i])
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return jsonText(v)
}

// difference says where got is not what was recorded; empty if it is.
func (c *recordedCase) difference(at string, want, got any) string {
	switch w := want.(type) {
	case string:
		return c.textDifference(at, w, got)
	case map[string]any:
		if subset, ok := w["$jsonTextSubset"]; ok {
			return c.inText(at, subset, got, true)
		}
		if text, ok := w["$jsonText"]; ok {
			return c.inText(at, text, got, false)
		}
		g, ok := got.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s: want an object, got %v", at, got)
		}
		for k := range g {
			if _, ok := w[k]; !ok && !c.ignored(k) {
				return fmt.Sprintf("%s: unexpected member %q", at, k)
			}
		}
		for k, wv := range w {
			gv, ok := g[k]
			if !ok && !c.ignored(k) {
				return fmt.Sprintf("%s: member %q is missing", at, k)
			}
			if !c.ignored(k) {
				if d := c.difference(at+"."+k, wv, gv); d != "" {
					return d
				}
			}
		}
		return ""
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return fmt.Sprintf("%s: want %v, got %v", at, want, got)
		}
		for i := range w {
			if d := c.difference(at+"["+strconv.Itoa(i)+"]", w[i], g[i]); d != "" {
				return d
			}
		}
		return ""
	case float64:
		if g, ok := got.(float64); ok && math.Abs(g-w) < 1e-9 {
			return ""
		}
	default:
		if want == got {
			return ""
		}
	}
	return fmt.Sprintf("%s: want %v, got %v", at, want, got)
}

func (c *recordedCase) ignored(key string) bool {
	for _, k := range c.Compare.IgnoreKeysAnyDepth {
		if k == key {
			return true
		}
	}
	return false
}

// textDifference lets the wildcard stand for any value, and for any part of a string.
func (c *recordedCase) textDifference(at, want string, got any) string {
	if want == c.Compare.Wildcard {
		return ""
	}
	g, ok := got.(string)
	if !ok {
		return fmt.Sprintf("%s: want %q, got %v", at, want, got)
	}
	parts := strings.Split(want, c.Compare.Wildcard)
	rest := g
	for i, p := range parts {
		j := strings.Index(rest, p)
		if j < 0 || i == 0 && j != 0 || i == len(parts)-1 && !strings.HasSuffix(rest, p) {
			return fmt.Sprintf("%s: want %q, got %q", at, want, g)
		}
		rest = rest[j+len(p):]
	}
	if len(parts) == 1 && rest != "" {
		return fmt.Sprintf("%s: want %q, got %q", at, want, g)
	}
	return ""
}

func (c *recordedCase) inText(at string, want, got any, subset bool) string {
	text, _ := got.(string)
	var parsed any
	if err := json.Unmarshal([]byte(text), &parsed); err != nil {
		return fmt.Sprintf("%s: want JSON text, got %v", at, got)
	}
	w, isObject := want.(map[string]any)
	g, gotObject := parsed.(map[string]any)
	if subset && isObject && gotObject {
		kept := map[string]any{}
		for k := range w {
			if v, ok := g[k]; ok {
				kept[k] = v
			}
		}
		parsed = kept
	}
	return c.difference(at, want, parsed)
}
