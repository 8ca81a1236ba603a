package events_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/deployer-io/deployer/events"
	"github.com/stretchr/testify/require"
)

var values = map[string]string{
	"StateBucket":     "example-deployer-state",
	"DeployMachine":   "arn:aws:states:eu-west-1:111122223333:stateMachine:deployer-staging-deploy",
	"RollbackMachine": "arn:aws:states:eu-west-1:111122223333:stateMachine:deployer-staging-rollback",
}

func decoded(t *testing.T, text []byte) any {
	var value any
	require.NoError(t, json.Unmarshal(text, &value))
	return value
}

func TestPatternsPickExactlyTheirSamples(t *testing.T) {
	picked := map[string][]string{
		"upload": {"upload"},
		"status": {"run-aborted", "run-failed", "run-timed-out"},
	}
	require.Len(t, picked, len(events.Patterns()), "a pattern without an expectation")
	for _, pattern := range events.Patterns() {
		var got []string
		for _, sample := range events.Samples() {
			if matches(t, decoded(t, events.Pattern(pattern, values)), decoded(t, events.Sample(sample))) {
				got = append(got, sample)
			}
		}
		require.Equal(t, picked[pattern], got, pattern)
	}
}

func TestPatternsPickOnlyBundlesOfAStackAndEnvironment(t *testing.T) {
	tests := map[string]struct {
		key  string
		want bool
	}{
		"a bundle":                    {"bundles/shop/staging/shop.zip", true},
		"a bundle in a folder deeper": {"bundles/shop/staging/2026/shop.zip", true},
		"no environment":              {"bundles/shop/shop.zip", false},
		"another kind of file":        {"bundles/shop/staging/shop.tar", false},
		"Deployer's own state":        {"stacks/shop/staging/state.json", false},
		"a zip elsewhere":             {"stacks/bundles/shop/staging/shop.zip", false},
	}
	for sentence, test := range tests {
		t.Run(sentence, func(t *testing.T) {
			sample := decoded(t, events.Sample("upload")).(map[string]any)
			sample["detail"].(map[string]any)["object"].(map[string]any)["key"] = test.key
			require.Equal(t, test.want, matches(t, decoded(t, events.Pattern("upload", values)), sample))
		})
	}
}

func TestAPatternLeavesNothingUnfilled(t *testing.T) {
	for _, pattern := range events.Patterns() {
		require.NotContains(t, string(events.Pattern(pattern, values)), "${", pattern)
	}
	require.Panics(t, func() { events.Sample("of-nothing") })
}

// matches is EventBridge's matching, as far as our patterns go: every field of the pattern holds alternatives, a text or a
// wildcard, in which * stands for any characters. Anything else fails the test.
func matches(t *testing.T, pattern, event any) bool {
	switch pattern := pattern.(type) {
	case map[string]any:
		fields, ok := event.(map[string]any)
		if !ok {
			return false
		}
		for name, inner := range pattern {
			if !matches(t, inner, fields[name]) {
				return false
			}
		}
		return true
	case []any:
		for _, alternative := range pattern {
			if fits(t, alternative, event) {
				return true
			}
		}
		return false
	}
	t.Fatalf("a pattern's field must be an object or a list: %v", pattern)
	return false
}

func fits(t *testing.T, alternative, value any) bool {
	switch alternative := alternative.(type) {
	case string:
		return alternative == value
	case map[string]any:
		wildcard, ok := alternative["wildcard"].(string)
		require.True(t, ok && len(alternative) == 1, "this test does not know %v", alternative)
		text, ok := value.(string)
		expression := strings.ReplaceAll(regexp.QuoteMeta(wildcard), `\*`, `.*`)
		return ok && regexp.MustCompile("^"+expression+"$").MatchString(text)
	}
	t.Fatalf("this test does not know %v", alternative)
	return false
}
