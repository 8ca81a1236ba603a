package account

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// Failed is how a function says that it failed.
type Failed struct{ Type, Message string }

func (f *Failed) Error() string { return f.Type + ": " + f.Message }

const functionsPath = "/2015-03-31/functions/"

// lambda answers {name}/configuration and {name}/invocations.
func (a *Account) lambda(w http.ResponseWriter, path string, body []byte) {
	name, what, _ := strings.Cut(path, "/")
	operation := map[string]string{"configuration": "GetFunctionConfiguration", "invocations": "Invoke"}[what]
	if code, refused := a.called(operation); refused {
		refuseREST(w, http.StatusForbidden, code)
		return
	}
	a.mu.Lock()
	environment, known := a.functions[name]
	a.mu.Unlock()
	switch {
	case !known || operation == "" || operation == "Invoke" && a.Invoke == nil:
		refuseREST(w, http.StatusNotFound, "ResourceNotFoundException")
	case operation == "Invoke":
		a.invoke(w, name, body)
	default:
		answer(w, map[string]any{"FunctionName": name, "Environment": map[string]any{"Variables": environment}})
	}
}

func (a *Account) invoke(w http.ResponseWriter, name string, payload []byte) {
	out, err := a.Invoke(name, payload)
	var failed *Failed
	switch {
	case errors.As(err, &failed):
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		_ = json.NewEncoder(w).Encode(map[string]string{"errorType": failed.Type, "errorMessage": failed.Message})
	case err != nil:
		refuseREST(w, http.StatusInternalServerError, "ServiceException")
	default:
		_, _ = w.Write(out)
	}
}

func refuseREST(w http.ResponseWriter, status int, code string) {
	w.Header().Set("X-Amzn-ErrorType", code)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"Message": "refused: " + code})
}
