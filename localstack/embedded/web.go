package embedded

import (
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud"
	"github.com/deployer-io/deployer/shared/execution"
)

// web is the internet as verification and hooks see it: what the simulated cloud has names for answers as it would there, and
// everything else is asked for real.
type web struct {
	cloud *cloud.Cloud
	real  execution.HTTP
}

// Do implements execution.HTTP.
func (w web) Do(request *http.Request) (*http.Response, error) {
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	to := cloud.Request{Host: request.URL.Hostname(), Port: 80, Path: request.URL.Path}
	if request.URL.Scheme == "https" {
		to.Port = 443
	}
	if port, err := strconv.Atoi(request.URL.Port()); err == nil {
		to.Port = port
	}
	if to.Path == "" {
		to.Path = "/"
	}
	reply, known, err := w.cloud.Answer(to)
	switch {
	case err != nil:
		return nil, err
	case !known:
		return w.real.Do(request)
	}
	return &http.Response{Status: strconv.Itoa(reply.Status) + " " + http.StatusText(reply.Status), StatusCode: reply.Status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(reply.Body)),
		ContentLength: int64(len(reply.Body)), Request: request}, nil
}
