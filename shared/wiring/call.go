package wiring

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"
)

// caller asks services of AWS that speak its JSON protocol. The few calls of KMS and SSM that are needed do not make up for
// a client of each in every function.
type caller struct {
	config aws.Config
	http   *http.Client
}

// service is where a caller asks, and in which words.
type service struct {
	name     string // of the endpoint and in the signature, as in kms
	id       string // of the endpoint's variable, as in KMS
	protocol string // its JSON version
	target   string // what operations begin with
}

var (
	kms = service{"kms", "KMS", "1.1", "TrentService"}
	ssm = service{"ssm", "SSM", "1.1", "AmazonSSM"}
)

const (
	callTries   = 3
	callTimeout = 10 * time.Second
	maxAnswer   = 1 << 20 // bytes
)

// call asks for an operation, again when the service is busy. Errors that the service names are smithy.APIError.
func (c caller) call(ctx context.Context, s service, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	for try := 1; ; try++ {
		again, err := c.once(ctx, s, operation, body, out)
		if err == nil || !again || try == callTries {
			return err
		}
		select {
		case <-time.After(time.Duration(try) * 200 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// once asks once; again says whether it may help to ask again.
func (c caller) once(ctx context.Context, s service, operation string, body []byte, out any) (again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint(s), bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	request.Header.Set("Content-Type", "application/x-amz-json-"+s.protocol)
	request.Header.Set("X-Amz-Target", s.target+"."+operation)
	credentials, err := c.config.Credentials.Retrieve(ctx)
	if err != nil {
		return false, err
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(sum[:]), s.name, c.config.Region, time.Now()); err != nil {
		return false, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return true, fmt.Errorf("%s %s: %w", s.id, operation, err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return true, fmt.Errorf("%s %s: %w", s.id, operation, err)
	}
	if response.StatusCode == http.StatusOK {
		return false, json.Unmarshal(answer, out)
	}
	failure := failureOf(response, answer)
	busy := response.StatusCode >= http.StatusInternalServerError || strings.Contains(failure.Code, "Throttl")
	return busy, fmt.Errorf("%s %s: %w", s.id, operation, failure)
}

// failureOf reads the error of an answer: its code is in a header or in the body, with or without a namespace before it and
// a URL behind.
func failureOf(response *http.Response, answer []byte) *smithy.GenericAPIError {
	var said struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
		Capital string `json:"Message"`
	}
	_ = json.Unmarshal(answer, &said) // whatever it is, the status is told
	code := response.Header.Get("X-Amzn-ErrorType")
	if code == "" {
		code = said.Type
	}
	code = code[strings.LastIndexByte(code, '#')+1:]
	code, _, _ = strings.Cut(code, ":")
	if code == "" {
		code = response.Status
	}
	if said.Message == "" {
		said.Message = said.Capital
	}
	return &smithy.GenericAPIError{Code: code, Message: said.Message}
}

// endpoint is the service's own, unless the environment names another, as the SDK's clients take it.
func (c caller) endpoint(s service) string {
	for _, variable := range []string{"AWS_ENDPOINT_URL_" + s.id, "AWS_ENDPOINT_URL"} {
		if url := os.Getenv(variable); url != "" {
			return strings.TrimSuffix(url, "/") + "/"
		}
	}
	suffix := "amazonaws.com"
	if strings.HasPrefix(c.config.Region, "cn-") {
		suffix += ".cn"
	}
	return "https://" + s.name + "." + c.config.Region + "." + suffix + "/"
}
