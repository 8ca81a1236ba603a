package wiring

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/deployer-io/deployer/shared/resource"
)

// Outlets reach people outside of an installation: they read the secrets in which webhooks are kept, and post to those.
type Outlets struct {
	secrets func() *secretsmanager.Client
	caller  caller
	http    *http.Client
}

// Secret reads a secret's text, or, with a key, that field of the JSON object that it is.
func (o *Outlets) Secret(ctx context.Context, ref resource.SecretRef) (string, error) {
	text, err := o.read(ctx, ref)
	if err != nil {
		return "", fmt.Errorf("read the secret %s: %w", ref.Name, err)
	}
	if ref.Key == "" {
		return strings.TrimSpace(text), nil
	}
	var fields map[string]json.RawMessage
	var value string
	if json.Unmarshal([]byte(text), &fields) != nil || json.Unmarshal(fields[ref.Key], &value) != nil || value == "" {
		return "", fmt.Errorf("the secret %s is no JSON object with a text %q", ref.Name, ref.Key)
	}
	return value, nil
}

func (o *Outlets) read(ctx context.Context, ref resource.SecretRef) (string, error) {
	if ref.Provider == resource.SSM {
		var out struct{ Parameter struct{ Value string } }
		err := o.caller.call(ctx, ssm, "GetParameter", map[string]any{"Name": ref.Name, "WithDecryption": true}, &out)
		return out.Parameter.Value, err
	}
	out, err := o.secrets().GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(ref.Name)})
	if err != nil {
		return "", err
	}
	if out.SecretString == nil {
		return "", errors.New("it holds bytes, not a text")
	}
	return *out.SecretString, nil
}

const (
	postTimeout = 10 * time.Second
	postTries   = 3
)

// Post sends JSON to a webhook, again when it is busy. No error holds the URL: who knows that may post.
func (o *Outlets) Post(ctx context.Context, webhook string, body []byte) error {
	parsed, err := url.Parse(webhook)
	if err != nil || parsed.Host == "" || parsed.Scheme != "https" && !local(parsed) {
		return errors.New("the webhook is no https URL")
	}
	for try := 1; ; try++ {
		again, err := o.postOnce(ctx, webhook, body)
		if err == nil || !again || try == postTries {
			return err
		}
		select {
		case <-time.After(time.Duration(try) * 500 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// local lets an emulator on this machine stand in for a webhook.
func local(u *url.URL) bool { return u.Scheme == "http" && u.Hostname() == "127.0.0.1" }

func (o *Outlets) postOnce(ctx context.Context, webhook string, body []byte) (again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, postTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, webhook, bytes.NewReader(body))
	if err != nil {
		return false, errors.New("the webhook is no URL")
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := o.http.Do(request)
	var wrapped *url.Error // holds the URL
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if err != nil {
		return true, fmt.Errorf("the webhook did not answer: %w", err)
	}
	defer response.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(response.Body, 200)) // a word such as no_service
	if response.StatusCode/100 == 2 {
		return false, nil
	}
	busy := response.StatusCode == http.StatusTooManyRequests || response.StatusCode >= http.StatusInternalServerError
	return busy, fmt.Errorf("the webhook answered %s: %s", response.Status, strings.TrimSpace(string(said)))
}
