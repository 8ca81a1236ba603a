package document_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/document"
)

func TestVariablesAreReplaced(t *testing.T) {
	for sentence, c := range map[string]struct {
		spec, want string
		sets       []string
	}{
		"in a text":                               {spec: `{a: "x-${var.size}-y"}`, want: `{"a":"x-small-y"}`},
		"several in a text":                       {spec: `{a: "${stack}/${environment}/${var.size}"}`, want: `{"a":"shop/staging/small"}`},
		"a text that is one keeps the type":       {spec: `{a: "${var.count}", b: "n${var.count}"}`, want: `{"a":2,"b":"n2"}`},
		"a list stands for itself":                {spec: `{a: "${var.zones}"}`, want: `{"a":["a","b"]}`},
		"variables in variables":                  {spec: `{a: "${var.host}"}`, want: `{"a":"api.eu-staging.example.com"}`},
		"the commit":                              {spec: `{a: "${git.commit}"}`, want: `{"a":"12345678"}`},
		"$${ is the text ${":                      {spec: `{a: "echo $${HOME} ${var.size}"}`, want: `{"a":"echo ${HOME} small"}`},
		"a dollar alone is a dollar":              {spec: `{a: "$5 $ $$ $x {}"}`, want: `{"a":"$5 $ $$ $x {}"}`},
		"in lists and mappings at any depth":      {spec: `{a: [{b: ["${var.size}"]}], c: 1}`, want: `{"a":[{"b":["small"]}],"c":1}`},
		"in block texts":                          {spec: "\n  a: |\n    size=${var.size}\n", want: `{"a":"size=small\n"}`},
		"--set wins":                              {spec: `{a: "${var.size}", b: "${var.count}"}`, want: `{"a":"1.10","b":7}`, sets: []string{"var.size=1.10", "var.count=7"}},
		"--set gives a value where there is none": {spec: `{a: "${var.secret}"}`, want: `{"a":"x"}`, sets: []string{"var.secret=x"}},
		"--set may name variables":                {spec: `{a: 1}`, want: `{"a":"z-small"}`, sets: []string{"user/api.a=z-${var.size}"}},
		"a value is not looked at again":          {spec: `{a: "${git.branch}"}`, want: `{"a":"${var.size}"}`},
	} {
		t.Run(sentence, func(t *testing.T) {
			docs, ds := merge(t, document.Options{Sets: sets(t, c.sets...), Values: map[string]string{"git.commit": "12345678", "git.branch": "${var.size}"}},
				"stack.yaml", stack, "api.yaml", api(c.spec))
			require.Empty(t, ds.String())
			require.JSONEq(t, c.want, specJSON(t, find(t, docs, "MicroService", "api")))
		})
	}
}

func TestReplacedValuesStandWhereTheyAreUsed(t *testing.T) {
	docs, ds := merge(t, document.Options{}, "stack.yaml", stack, "api.yaml", api(`{a: "${var.zones}", b: "x${var.size}"}`))
	require.Empty(t, ds.String())
	spec := find(t, docs, "MicroService", "api").Spec
	require.Equal(t, "api.yaml:4:11", spec.Get("a").Position().String())
	require.Equal(t, "stack.yaml:11:23", spec.Get("a").Items()[0].Position().String())
	require.Equal(t, "api.yaml:4:30", spec.Get("b").Position().String())
}

func TestStacksKeepTheirDeclarations(t *testing.T) {
	docs, ds := merge(t, document.Options{}, "stack.yaml", `apiVersion: core.deployer.io/v1
kind: Stack
metadata: {name: shop}
spec:
  description: "the ${environment} of ${var.a}"
  variables: {a: {default: "x-${environment}"}}
  environments: [{name: staging, region: "${var.a}", variables: {a: "y-${environment}"}}]
`)
	require.Empty(t, ds.String())
	require.JSONEq(t, `{"description":"the staging of y-staging","variables":{"a":{"default":"x-${environment}"}},
		"environments":[{"name":"staging","region":"y-staging","variables":{"a":"y-${environment}"}}]}`, specJSON(t, docs[0]))
}

func TestVariableMistakesAreReported(t *testing.T) {
	declare := func(variables string) string {
		return "apiVersion: core.deployer.io/v1\nkind: Stack\nmetadata: {name: shop}\nspec:\n  environments: [{name: staging}]\n  variables:\n" + variables
	}
	for sentence, c := range map[string]struct {
		stack, spec string
		sets        []string
		want        string
	}{
		"an undefined variable": {stack, `{a: "${var.siez}"}`, nil,
			"api.yaml:4:11: error: spec.a: there is no variable ${var.siez} (did you mean \"var.size\"?)\n"},
		"a shell's variable": {stack, `{a: "echo ${HOME}"}`, nil,
			"api.yaml:4:11: error: spec.a: there is no variable ${HOME} (declare it under spec.variables of the Stack, or write $${ for the text ${)\n"},
		"a variable without a value": {stack, `{a: "${var.secret}"}`, nil,
			"api.yaml:4:11: error: spec.a: the variable ${var.secret} has no value in this environment (give it a default, a value for the environment, or --set var.secret=...)\n"},
		"a commit that is not known": {stack, `{a: "${git.commit}"}`, nil,
			"api.yaml:4:11: error: spec.a: the commit is not known here, so ${git.commit} has no value (run in a Git checkout, or say which commit it is)\n"},
		"a variable that does not end": {stack, `{a: "${var.size"}`, nil,
			"api.yaml:4:11: error: spec.a: \"${var.size\" begins a variable that does not end, or has no proper name (write ${name}, or $${ for the text ${)\n"},
		"an expression": {stack, `{a: "${var.size + 1}"}`, nil,
			"api.yaml:4:11: error: spec.a: \"${var.size + 1}\" begins a variable that does not end, or has no proper name (write ${name}, or $${ for the text ${)\n"},
		"a list within a text": {stack, `{a: "x${var.zones}"}`, nil,
			"api.yaml:4:11: error: spec.a: ${var.zones} is a list, which cannot be part of a text (let it stand alone, or name a variable that is a text)\n"},
		"variables that lead in a circle": {declare("    a: {default: \"${var.b}\"}\n    b: {default: \"${var.c}\"}\n    c: {default: \"x${var.b}\"}\n"), `{a: "${var.a}"}`, nil,
			"s.yaml:8:18: error: spec.variables.b.default: the variables lead back to themselves: b -> c -> b (give one of them a value of its own)\n"},
		"a variable of itself": {declare("    a: {default: \"${var.a}\"}\n"), `{}`, nil,
			"s.yaml:7:18: error: spec.variables.a.default: the variables lead back to themselves: a -> a (give one of them a value of its own)\n"},
		"an undefined variable in a variable": {declare("    a: {default: \"${var.x}\"}\n"), `{a: "${var.a}"}`, nil,
			"s.yaml:7:18: error: spec.variables.a.default: there is no variable ${var.x} (did you mean \"var.a\"?)\n"},
		"a default of another type": {declare("    a: {default: 5, type: string}\n    b: {default: x, type: integer}\n"), `{}`, nil,
			"s.yaml:7:18: error: spec.variables.a.default: the variable a is of the type string, not an integer (quote the value to make it a text)\n" +
				"s.yaml:8:18: error: spec.variables.b.default: the variable b is of the type integer, not a text (write a value of the type integer)\n"},
		"an unknown type": {declare("    a: {type: sting}\n"), `{}`, nil,
			"s.yaml:7:15: error: spec.variables.a.type: \"sting\" is no type of a variable (did you mean \"string\"?)\n"},
		"an environment's value that is not declared": {"apiVersion: core.deployer.io/v1\nkind: Stack\nmetadata: {name: shop}\nspec:\n" +
			"  environments: [{name: staging}, {name: production, variables: {sizee: x}}]\n  variables: {size: {}}\n", `{}`, nil,
			"s.yaml:5:66: error: spec.environments[1].variables.sizee: the stack shop declares no variable \"sizee\" (did you mean \"size\"?)\n"},
		"--set of a variable that is not declared": {stack, `{}`, []string{"var.syze=1"},
			"--set var.syze: error: the stack shop declares no variable \"syze\" (did you mean \"size\"?)\n"},
		"--set of another type": {stack, `{}`, []string{"var.count=many"},
			"--set var.count: error: the variable count is of the type integer, not a text (write a value of the type integer)\n"},
		"one mistake in a default for many": {stack, "{}\n---\n" + strings.Replace(api("{}"), "name: api", "name: web", 1) + "---\n" + infra, nil,
			"api.yaml:14:34: error: spec.a: there is no variable ${nope} (declare it under spec.variables of the Stack, or write $${ for the text ${)\n"},
	} {
		t.Run(sentence, func(t *testing.T) {
			_, ds := merge(t, document.Options{Sets: sets(t, c.sets...)}, "s.yaml", c.stack, "api.yaml", api(c.spec))
			require.Equal(t, c.want, ds.String())
		})
	}
}

const infra = "apiVersion: infra.deployer.io/v1\nkind: InfraDefaults\nmetadata: {name: d}\nspec: {kinds: {MicroService: {a: \"${nope}\"}}}\n"

func TestSets(t *testing.T) {
	for text, want := range map[string]string{
		"user/api.a=1":                      `{"a":1,"env":[{"name":"A","value":"x"}],"tags":{"a.b":"c"}}`,
		"user/api.spec.a=x":                 `{"a":"x","env":[{"name":"A","value":"x"}],"tags":{"a.b":"c"}}`,
		"user/api.env[A].value=y=z":         `{"a":0,"env":[{"name":"A","value":"y=z"}],"tags":{"a.b":"c"}}`,
		"user/api.env[B].value=5":           `{"a":0,"env":[{"name":"A","value":"x"},{"name":"B","value":5}],"tags":{"a.b":"c"}}`,
		`user/api.tags["a.b"]=d`:            `{"a":0,"env":[{"name":"A","value":"x"}],"tags":{"a.b":"d"}}`,
		`user/api.tags["x=y"].z=d`:          `{"a":0,"env":[{"name":"A","value":"x"}],"tags":{"a.b":"c","x=y":{"z":"d"}}}`,
		"user/api.env=null":                 `{"a":0,"tags":{"a.b":"c"}}`,
		"user/api.env=[1, {b: c}]":          `{"a":0,"env":[1,{"b":"c"}],"tags":{"a.b":"c"}}`,
		"user/api.a=":                       `{"a":"","env":[{"name":"A","value":"x"}],"tags":{"a.b":"c"}}`,
		`user/api.a="1"`:                    `{"a":"1","env":[{"name":"A","value":"x"}],"tags":{"a.b":"c"}}`,
		"user/api.env[A]={$patch: delete}":  `{"a":0,"env":[],"tags":{"a.b":"c"}}`,
		"user/api.deep.er.and={er: [true]}": `{"a":0,"env":[{"name":"A","value":"x"}],"tags":{"a.b":"c"},"deep":{"er":{"and":{"er":[true]}}}}`,
	} {
		t.Run(text, func(t *testing.T) {
			docs, ds := merge(t, document.Options{Sets: sets(t, text)}, "stack.yaml", stack,
				"api.yaml", api(`{a: 0, env: [{name: A, value: x}], tags: {a.b: c}}`))
			require.Empty(t, ds.String())
			require.JSONEq(t, want, specJSON(t, find(t, docs, "MicroService", "api")))
		})
	}
	for _, text := range []string{"", "a", "a=b", "user/api=1", "user.api=1", "user/.a=1", "/api.a=1", "user/api.=1", "user/api.a..b=1", "user/api.a[=1",
		"user/api.a[0]=1", "user/api.[a]=1", "user/api.a]=1", "user/api.a.=1", "user/api.a=[", "user/api.a={b: !x y}", "var.=1", "user/api.a b=1"} {
		t.Run("refused: "+text, func(t *testing.T) {
			parsed, ds := document.ParseSets([]string{text})
			require.Empty(t, parsed)
			require.True(t, ds.HasErrors())
			require.NotEmpty(t, ds[0].Hint)
		})
	}
}
