package execution

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/resource"
)

type safe map[string]string

func (s safe) Secret(_ context.Context, _ Place, name, _ string) (string, error) { return s[name], nil }

type server func(*http.Request) (*http.Response, error)

func (s server) Do(r *http.Request) (*http.Response, error) { return s(r) }

func TestASecretThatACallIsMadeWithComesBackToNobody(t *testing.T) {
	const canary = `canary/7f3a9 "quoted"+9c`
	secrets := safe{"token": "Bearer canary-7f3a9c-bearer", "address": "https://hooks.example.com/canary-7f3a9c-path", "odd": canary}
	ref := func(name string) resource.Input { return resource.Input{SecretRef: &resource.SecretRef{Name: name}} }
	fixed := resource.Input{Value: "https://hooks.example.com/"}
	says := func(text string) server {
		return func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 500, Status: "500 Internal Server Error", Body: io.NopCloser(strings.NewReader(text))}, nil
		}
	}
	echo := server(func(r *http.Request) (*http.Response, error) { return says(r.Header.Get("X-Key"))(r) })
	for name, test := range map[string]struct {
		url, header resource.Input
		server      server
	}{
		"the answer repeats a header":              {fixed, ref("token"), echo},
		"the answer repeats the half of a header":  {fixed, ref("token"), says("bad token canary-7f3a9c-bearer")},
		"the answer is JSON":                       {fixed, ref("odd"), says(`{"bad":"canary/7f3a9 \"quoted\"+9c"}`)},
		"the answer has it as a URL has it":        {fixed, ref("odd"), says("bad=" + url.QueryEscape(canary))},
		"the secret begins where the answer's cut": {fixed, ref("token"), says(strings.Repeat("x", 280) + "Bearer canary-7f3a9c-bearer")},
		"the URL is the secret":                    {ref("address"), resource.Input{Value: "x"}, says("no")},
		"the URL is the secret and nobody answers": {ref("address"), resource.Input{Value: "x"}, func(r *http.Request) (*http.Response, error) {
			return nil, &url.Error{Op: "Post", URL: r.URL.String(), Err: errors.New("no such host")}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			h := &hookRun{Executor: &Executor{HTTP: test.server}, reader: reader{secrets: secrets}}
			err := h.send(t.Context(), &resource.HTTPHook{URL: test.url, Method: http.MethodPost, Status: []int{200},
				Headers: []resource.Header{{Name: "X-Key", Value: test.header}}}, Told{})
			require.Error(t, err)
			require.NotContains(t, err.Error(), "7f3a9")
			require.NotContains(t, err.Error(), "canary-")
		})
	}
}
