package decide

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/deployer-io/deployer/shared/run"
)

// Signer signs links and checks their signatures.
type Signer interface {
	Sign(ctx context.Context, message []byte) (mac []byte, err error)
	// Check reports whether mac is the message's. An error means that this cannot be told.
	Check(ctx context.Context, message, mac []byte) (bool, error)
}

// Key is a Signer with a key of its own: HMAC-SHA-256.
type Key []byte

// Sign returns the message's MAC.
func (k Key) Sign(_ context.Context, message []byte) ([]byte, error) {
	h := hmac.New(sha256.New, k)
	h.Write(message)
	return h.Sum(nil), nil
}

// Check compares in constant time.
func (k Key) Check(ctx context.Context, message, mac []byte) (bool, error) {
	want, err := k.Sign(ctx, message)
	return hmac.Equal(want, mac), err
}

// Link is the right to one decision about one plan, once and until it expires. Whoever has it may use it: it counts as By.
type Link struct {
	Run         string
	Stack       string
	Environment string
	Plan        string // digest
	By          string
	Decision    run.Answer
	Expires     time.Time
}

// message is what the signature is over: every field, each on a line of its own.
func (l Link) message() []byte {
	return []byte(strings.Join([]string{"deployer approval link 1", l.Run, l.Stack, l.Environment, l.Plan, l.By, string(l.Decision),
		strconv.FormatInt(l.Expires.Unix(), 10)}, "\n"))
}

// LinkInvalid is the error of a link that was not signed here, or was altered. It does not say which part is wrong.
type LinkInvalid struct{}

func (*LinkInvalid) Error() string {
	return "this link is not valid; ask for a new one, or decide with 'deployer approve'"
}

// LinkExpired is the error of a link whose time is over.
type LinkExpired struct{ At time.Time }

func (e *LinkExpired) Error() string {
	return fmt.Sprintf("this link was good until %s", e.At.UTC().Format(time.RFC3339))
}

// URL is the link below base, as in https://example.com: /approvals/{run}?...&mac=...
func (l Link) URL(ctx context.Context, base string, signer Signer) (string, error) {
	for _, field := range []string{l.Run, l.Stack, l.Environment, l.Plan, l.By} {
		if field == "" || strings.ContainsFunc(field, func(r rune) bool { return r < ' ' }) {
			return "", fmt.Errorf("approval link: %q cannot stand in one", field)
		}
	}
	mac, err := signer.Sign(ctx, l.message())
	if err != nil {
		return "", fmt.Errorf("sign the approval link of run %s: %w", l.Run, err)
	}
	query := url.Values{"stack": {l.Stack}, "environment": {l.Environment}, "plan": {l.Plan}, "by": {l.By}, "decision": {string(l.Decision)},
		"expires": {strconv.FormatInt(l.Expires.Unix(), 10)}, "mac": {base64.RawURLEncoding.EncodeToString(mac)}}
	return strings.TrimSuffix(base, "/") + "/approvals/" + url.PathEscape(l.Run) + "?" + query.Encode(), nil
}

// ReadLink takes a link apart and checks it. Errors: *LinkInvalid, *LinkExpired.
func ReadLink(ctx context.Context, signer Signer, id string, query map[string]string, now time.Time) (Link, error) {
	expires, err := strconv.ParseInt(query["expires"], 10, 64)
	mac, macErr := base64.RawURLEncoding.Strict().DecodeString(query["mac"])
	if err != nil || macErr != nil || len(mac) != sha256.Size || signer == nil {
		return Link{}, &LinkInvalid{}
	}
	l := Link{Run: id, Stack: query["stack"], Environment: query["environment"], Plan: query["plan"], By: query["by"],
		Decision: run.Answer(query["decision"]), Expires: time.Unix(expires, 0).UTC()}
	for _, field := range []string{l.Run, l.Stack, l.Environment, l.Plan, l.By, string(l.Decision)} {
		if strings.ContainsRune(field, '\n') {
			return Link{}, &LinkInvalid{}
		}
	}
	genuine, err := signer.Check(ctx, l.message(), mac)
	switch {
	case err != nil:
		return Link{}, fmt.Errorf("check an approval link: %w", err)
	case !genuine:
		return Link{}, &LinkInvalid{}
	case !now.Before(l.Expires):
		return Link{}, &LinkExpired{At: l.Expires}
	}
	return l, nil
}

// id identifies the link among the run's decisions, without giving it away.
func (l Link) id() string {
	sum := sha256.Sum256(l.message())
	return hex.EncodeToString(sum[:8])
}
