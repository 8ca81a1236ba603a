package decide

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
)

// Request is an event of an HTTP API or a function URL, as far as it matters here (API Gateway's payload format 2.0).
type Request struct {
	RawPath string            `json:"rawPath"`
	Query   map[string]string `json:"queryStringParameters"`
	// PathParameters are an HTTP API's; a function URL has only the path.
	PathParameters map[string]string `json:"pathParameters"`
	// Headers have names in small letters, as both doors send them.
	Headers         map[string]string `json:"headers"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
	RequestContext  struct {
		HTTP struct {
			Method string `json:"method"`
		} `json:"http"`
	} `json:"requestContext"`
}

// Response is what an HTTP API or a function URL sends on.
type Response struct {
	StatusCode int               `json:"statusCode"`
	Headers    map[string]string `json:"headers,omitempty"`
	Body       string            `json:"body"`
}

func (r Request) run() string {
	if id := r.PathParameters["run"]; id != "" {
		return id
	}
	last := r.RawPath[strings.LastIndexByte(r.RawPath, '/')+1:]
	id, err := url.PathUnescape(last)
	if err != nil {
		return ""
	}
	return id
}

// maxBody is far more than a reason needs.
const maxBody = 64 << 10

var errBody = errors.New("the body is too large")

func (r Request) body() (string, error) {
	if len(r.Body) > maxBody {
		return "", errBody
	}
	if !r.IsBase64Encoded {
		return r.Body, nil
	}
	decoded, err := base64.StdEncoding.DecodeString(r.Body)
	return string(decoded), err
}

// Entrance is both doors of the function: the state machine's input, and the links' requests.
type Entrance struct{ Pages }

// Handle tells them apart by the requestContext, which a decision does not have.
func (e Entrance) Handle(ctx context.Context, event json.RawMessage) (any, error) {
	var door struct {
		RequestContext json.RawMessage `json:"requestContext"`
	}
	if err := json.Unmarshal(event, &door); err != nil {
		return nil, err
	}
	if len(door.RequestContext) > 0 {
		var r Request
		if err := json.Unmarshal(event, &r); err != nil {
			return nil, err
		}
		return e.Serve(ctx, r)
	}
	var in In
	if err := json.Unmarshal(event, &in); err != nil {
		return nil, err
	}
	return e.Pages.Handle(ctx, in)
}
