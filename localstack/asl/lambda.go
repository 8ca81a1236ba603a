package asl

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// invocation makes the call of lambda:invoke: the Payload is the function's event, {} where it is null, and text that
// is sent as it stands where it is a string.
func (a *attempt) invocation(t Task) (Task, error) {
	parameters, _ := a.input.value.(*object)
	if parameters == nil {
		parameters = newObject(0)
	}
	name, _ := parameters.get("FunctionName")
	text, isText := name.(string)
	if !isText || text == "" {
		return t, &TaskError{errorRuntime, a.visit.runtime("The Parameters of lambda:invoke need a FunctionName.").cause}
	}
	t.Function = functionName(text)
	v, _ := parameters.get("Payload")
	switch p := v.(type) {
	case nil:
		t.Input = json.RawMessage("{}")
	case string:
		if _, err := parseJSON(p); err != nil {
			return t, &TaskError{"Lambda.InvalidRequestContentException",
				fmt.Sprintf("Could not parse request body into json: %v (Service: Lambda, Status Code: 400)", err)}
		}
		t.Input = json.RawMessage(p)
	default:
		t.Input = json.RawMessage(jsonText(p))
	}
	return t, nil
}

// invoked wraps a function's answer as the Invoke API of Lambda does.
func (a *attempt) invoked(answer payload) payload {
	o := a.visit.branch.execution.engine.options
	request := o.NewID()
	length := strconv.Itoa(len(answer.text))
	date := o.Clock.Now().UTC().Format(time.RFC1123)
	list := func(s string) []any { return []any{s} }
	headers := objectOf("Connection", "keep-alive", "Content-Length", length, "Content-Type", "application/json",
		"Date", date, "X-Amz-Executed-Version", "$LATEST", "x-amzn-Remapped-Content-Length", "0",
		"x-amzn-RequestId", request, "X-Amzn-Trace-Id", "root=1-"+request)
	all := newObject(len(headers.keys))
	for i, k := range headers.keys {
		all.set(k, list(headers.values[i].(string)))
	}
	return payloadOf(objectOf(
		"ExecutedVersion", "$LATEST",
		"Payload", answer.value,
		"SdkHttpMetadata", objectOf("AllHttpHeaders", all, "HttpHeaders", headers, "HttpStatusCode", number("200")),
		"SdkResponseMetadata", objectOf("RequestId", request),
		"StatusCode", number("200"),
	))
}
