package execution

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
)

func TestAPhaseAfterAWaveLooksOnceMoreAndThenCallsItsHooks(t *testing.T) {
	hook := func(name string) []resource.Hook {
		h := resource.Hook{Name: name, HTTP: &resource.HTTPHook{URL: resource.Input{ValueFrom: &resource.OutputRef{Component: "a/web", Output: "url"}}}}
		h.SetDefaults()
		h.HTTP.SetDefaults()
		return []resource.Hook{h}
	}
	check := resource.HTTPCheck{Name: "answers", URL: resource.Input{Value: "https://api.example.com"}, Path: "/healthz"}
	check.SetDefaults()
	check.Successes = 1
	fine := Outcome{Address: at("a/web"), Outcome: Done, Action: plan.Create, Outputs: map[string]json.RawMessage{"url": json.RawMessage(`"https://hooks.example.com/web"`)}}
	broken := Outcome{Address: at("a/web"), Outcome: Failed, Message: "no room"}
	for sentence, test := range map[string]struct {
		outcomes []Outcome
		failed   bool
		answers  []string
		error    string
		called   []string
		moment   string
	}{
		"all is well":                            {[]Outcome{fine}, false, []string{"200"}, "", []string{"/healthz", "/web"}, "post"},
		"an earlier component is no longer well": {[]Outcome{fine}, false, []string{"500"}, "VerificationFailed", nil, "onFailure"},
		"a component of the wave failed":         {[]Outcome{broken}, false, []string{"200"}, "", []string{"/before"}, "onFailure"},
		"a component of the wave was not begun":  {nil, false, []string{"200"}, "", []string{"/before"}, "onFailure"},
		"something failed in an earlier wave":    {[]Outcome{fine}, true, []string{"200"}, "", []string{"/web"}, "onFailure"},
		"a hook for failures fails":              {[]Outcome{broken}, false, []string{"500"}, "", []string{"/before"}, "onFailure"},
		"a hook that follows what is well fails": {[]Outcome{fine}, false, []string{"200", "500"}, "HookFailed", []string{"/healthz", "/web", "/web"}, "post"},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := &site{answers: test.answers}
			x, a := patient(&ward{services: []Service{steady("task:2")}, targets: well}, s, resource.Verify{HTTP: []resource.HTTPCheck{check}})
			a.Outputs = map[string]json.RawMessage{"taskDefinitionArn": json.RawMessage(`"task:2"`)}
			batch := Batch{Run: "run-1", Scope: scope, Wave: 2, Phase: &Phase{Moment: After, Failed: test.failed, Post: hook("tell"), OnFailure: hook("warn"), Steps: []string{"a/web"},
				Verify: []Assignment{a}, Upstreams: map[string]Upstream{"a/web": {Kind: "MicroService", Outputs: map[string]json.RawMessage{"url": json.RawMessage(`"https://hooks.example.com/before"`)}}}}}
			result := x.Phase(t.Context(), batch, test.outcomes)
			require.Equal(t, test.error, result.Error, result.Message)
			if test.error == "VerificationFailed" {
				require.Contains(t, result.Message, "a/api at the end, answers")
				require.Len(t, result.Hooks, 1)
				require.Equal(t, test.moment, result.Hooks[0].Moment)
				return
			}
			var called []string
			for _, r := range s.asked {
				called = append(called, r.URL.Path)
			}
			require.Equal(t, test.called, called)
			require.Equal(t, test.moment, result.Hooks[0].Moment)
			if test.error == "HookFailed" {
				require.Equal(t, "onFailure", result.Hooks[1].Moment)
			}
		})
	}
}
