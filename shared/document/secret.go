package document

import (
	"math"
	"regexp"
	"strings"
)

// maxInspected bounds how much of a text is looked at for credentials, in bytes.
const maxInspected = 64 << 10

// credential is a form in which a credential is known to be written: a fixed beginning, and what follows it.
type credential struct {
	prefix string
	what   string
	length int               // the least number of letters that follow
	allow  func(c byte) bool // which letters may follow
}

// credentials are the forms that their issuers document, by their first letter, the longer prefix first.
var credentials = byFirst([]credential{
	{"AKIA", "an AWS access key id", 16, isUpperOrDigit},
	{"ASIA", "an AWS access key id", 16, isUpperOrDigit},
	{"ghp_", "a GitHub token", 30, isWord},
	{"gho_", "a GitHub token", 30, isWord},
	{"ghu_", "a GitHub token", 30, isWord},
	{"ghs_", "a GitHub token", 30, isWord},
	{"ghr_", "a GitHub token", 30, isWord},
	{"github_pat_", "a GitHub token", 22, isWord},
	{"glpat-", "a GitLab token", 20, isWord},
	{"glrt-", "a GitLab runner token", 20, isWord},
	{"xoxb-", "a Slack token", 20, isWord},
	{"xoxp-", "a Slack token", 20, isWord},
	{"xoxa-", "a Slack token", 20, isWord},
	{"xoxr-", "a Slack token", 20, isWord},
	{"xoxs-", "a Slack token", 20, isWord},
	{"xapp-", "a Slack token", 20, isWord},
	{"sk_live_", "a Stripe key", 16, isWord},
	{"rk_live_", "a Stripe key", 16, isWord},
	{"sk_test_", "a Stripe key", 16, isWord},
	{"whsec_", "a webhook signing secret", 24, isWord},
	{"sk-ant-", "an Anthropic key", 20, isWord},
	{"sk-proj-", "an OpenAI key", 20, isWord},
	{"hf_", "a Hugging Face token", 30, isWord},
	{"AIza", "a Google API key", 35, isWord},
	{"ya29.", "a Google OAuth token", 20, isWord},
	{"GOCSPX-", "a Google OAuth client secret", 20, isWord},
	{"npm_", "an npm token", 36, isWord},
	{"pypi-", "a PyPI token", 50, isWord},
	{"SG.", "a SendGrid key", 40, isWordOrDot},
	{"key-", "a Mailgun key", 32, isHex},
	{"dop_v1_", "a DigitalOcean token", 64, isHex},
	{"shpat_", "a Shopify token", 32, isHex},
	{"sq0atp-", "a Square token", 22, isWord},
	{"sq0csp-", "a Square secret", 43, isWord},
	{"dckr_pat_", "a Docker token", 20, isWord},
	{"hvs.", "a Vault token", 24, isWord},
	{"pul-", "a Pulumi token", 40, isHex},
	{"NRAK-", "a New Relic key", 27, isUpperOrDigit},
	{"ATATT3", "an Atlassian token", 60, isWord},
	{"eyJ", "a JSON web token", 40, isWordOrDot},
	{"AGE-SECRET-KEY-1", "an age private key", 50, isUpperOrDigit},
})

var (
	privateKey = regexp.MustCompile(`-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY( BLOCK)?-----`)
	slackHook  = regexp.MustCompile(`hooks\.slack\.com/(services|workflows)/[A-Za-z0-9]{6,}/[A-Za-z0-9]{6,}/[A-Za-z0-9]{10,}`)
	password   = regexp.MustCompile(`(?i)(?:password|passwd|pwd|secret|accountkey|sharedaccesskey|api[_-]?key|token)\s*=\s*([^\s;&'"]{6,})`)
)

// LooksLikeCredential reports whether a text is, or holds, what should stand in a secret store: a form that an issuer of
// credentials documents, a private key, a password in a URL or a connection string, or a long random-looking word. what
// names it for a message, "a GitHub token"; the text itself must never be shown.
//
// Left alone are hexadecimal digests and commits, UUIDs, ARNs and resource ids, image references, paths, and texts whose
// secret part is a variable. A random-looking word is at least 32 characters of letters and digits of all three sorts,
// with more than 4.2 bits of entropy per character.
func LooksLikeCredential(value string) (what string, found bool) {
	if len(value) > maxInspected {
		value = value[:maxInspected]
	}
	if what := knownForm(value); what != "" {
		return what, true
	}
	if len(value) >= 12 {
		if hasURLPassword(value) {
			return "a URL with a password", true
		}
		if strings.IndexByte(value, '=') > 0 && hasNamedPassword(value) {
			return "a password in a connection string", true
		}
	}
	if len(value) >= 27 && strings.Contains(value, "-----BEGIN ") && privateKey.MatchString(value) {
		return "a private key", true
	}
	if len(value) >= 40 && strings.Contains(value, "hooks.slack.com/") && slackHook.MatchString(value) {
		return "a Slack webhook", true
	}
	if len(value) >= minRandom && hasRandomWord(value) {
		return "a random-looking text", true
	}
	return "", false
}

func byFirst(all []credential) [256][]credential {
	var table [256][]credential
	for _, c := range all {
		table[c.prefix[0]] = append(table[c.prefix[0]], c)
	}
	return table
}

// knownForm looks at every place where a word begins for one of the documented forms.
func knownForm(value string) string {
	for i := 0; i < len(value); i++ {
		if i > 0 && isWord(value[i-1]) {
			continue
		}
		for _, c := range credentials[value[i]] {
			if strings.HasPrefix(value[i:], c.prefix) && run(value[i+len(c.prefix):], c.allow) >= c.length {
				if c.prefix == "eyJ" && strings.Count(value[i:], ".") < 2 {
					continue
				}
				return c.what
			}
		}
	}
	return ""
}

// run counts the leading letters that are allowed.
func run(text string, allow func(c byte) bool) int {
	n := 0
	for n < len(text) && allow(text[n]) {
		n++
	}
	return n
}

func isUpperOrDigit(c byte) bool { return c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' }

func isWord(c byte) bool { return isUpperOrDigit(c) || c >= 'a' && c <= 'z' || c == '_' || c == '-' }

func isWordOrDot(c byte) bool { return isWord(c) || c == '.' }

func isHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }

// hasURLPassword finds scheme://user:password@host where the password is written out.
func hasURLPassword(value string) bool {
	for rest := value; ; {
		_, after, found := strings.Cut(rest, "://")
		if !found {
			return false
		}
		rest = after
		authority := after
		if end := strings.IndexAny(after, "/?# \t\n\"'"); end >= 0 {
			authority = after[:end]
		}
		at := strings.LastIndexByte(authority, '@')
		if at < 0 {
			continue
		}
		if _, secret, found := strings.Cut(authority[:at], ":"); found && !isPlaceholder(secret) {
			return true
		}
	}
}

func hasNamedPassword(value string) bool {
	for _, m := range password.FindAllStringSubmatch(value, -1) {
		if !isPlaceholder(m[1]) {
			return true
		}
	}
	return false
}

// isPlaceholder is true for what stands where a password would, without being one.
func isPlaceholder(secret string) bool {
	if secret == "" || strings.ContainsAny(secret, "${}<>%") || strings.Trim(secret, "*xX.") == "" {
		return true
	}
	switch strings.ToLower(secret) {
	case "true", "false", "password", "secret", "changeme", "required", "disable", "enabled", "disabled":
		return true
	}
	return strings.HasPrefix(secret, "arn:") || strings.HasPrefix(secret, "secretRef")
}

const (
	minRandom   = 32  // characters of a random-looking word
	minEntropy  = 4.2 // bits per character
	mostInspect = 256 // a longer word is data, not a credential
)

// hasRandomWord finds a long word that no one would think of.
func hasRandomWord(value string) bool {
	for start := 0; start < len(value); {
		n := run(value[start:], isBase64)
		if n >= minRandom && n <= mostInspect && isRandom(value[start:start+n]) {
			return true
		}
		start += n + 1
	}
	return false
}

func isBase64(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/' || c == '=' || c == '_' || c == '-'
}

func isRandom(word string) bool {
	var counts [128]int
	var classes [other + 1]bool
	for i := range len(word) {
		counts[word[i]]++
		classes[class(word[i])] = true
	}
	if !classes[lowerCase] || !classes[upperCase] || !classes[digit] || looksComposed(word) {
		return false
	}
	entropy := 0.0
	for _, n := range counts {
		if n > 0 {
			p := float64(n) / float64(len(word))
			entropy -= p * math.Log2(p)
		}
	}
	return entropy > minEntropy
}

// looksComposed is true for what people compose of words and numbers: a path, a name with hyphens, CamelCase. Of random
// letters and digits, three in five differ in class from the one before; in composed names fewer than two in five do.
func looksComposed(word string) bool {
	pairs, changes := 0, 0
	for i := 1; i < len(word); i++ {
		if before, here := class(word[i-1]), class(word[i]); before != other && here != other {
			pairs++
			if before != here {
				changes++
			}
		}
	}
	return changes*5 < pairs*2
}

const (
	lowerCase = iota
	upperCase
	digit
	other
)

func class(c byte) int {
	switch {
	case c >= 'a' && c <= 'z':
		return lowerCase
	case c >= 'A' && c <= 'Z':
		return upperCase
	case c >= '0' && c <= '9':
		return digit
	}
	return other
}
