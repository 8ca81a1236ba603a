package execution

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	"github.com/deployer-io/deployer/shared/resource"
)

// concealed stands where a secret was.
const concealed = "(concealed)"

// secrecy knows the secrets that one call was made with, so that what comes back does not tell them: a server may well
// answer with the header that it did not like, and an error holds the URL.
type secrecy struct{ words []string }

// learn keeps what an input says, where that is a secret. It is known as it is, and as URLs and JSON write it.
func (s *secrecy) learn(in resource.Input, text string) {
	if in.SecretRef == nil || strings.TrimSpace(text) == "" {
		return
	}
	quoted, _ := json.Marshal(text) // never fails for a text
	for _, word := range []string{text, strings.TrimSpace(text), url.QueryEscape(text), url.PathEscape(text), string(quoted[1 : len(quoted)-1])} {
		s.words = append(s.words, word, concealed)
	}
	// An authorization header is two words, of which the second is the secret.
	if _, credential, two := strings.Cut(strings.TrimSpace(text), " "); two && len(credential) >= 8 {
		s.words = append(s.words, credential, concealed)
	}
}

// hide is a text without the secrets.
func (s *secrecy) hide(text string) string {
	if len(s.words) == 0 {
		return text
	}
	return strings.NewReplacer(s.words...).Replace(text)
}

func (s *secrecy) conceal(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if clean := s.hide(text); clean != text {
		return errors.New(clean)
	}
	return err
}
