package catalog

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/deployer-io/deployer/localstack/cloud/property"
)

// policyDocument writes the policy that the statements describe, as the provider's function of that name does: single values
// stand alone, an absent effect is Allow, and statements with the same sid override those of the sources.
func policyDocument(q question) (map[string]any, error) {
	var statements []any
	for _, text := range append(property.Texts(q.args, "sourcePolicyDocuments"), property.Texts(q.args, "overridePolicyDocuments")...) {
		var source map[string]any
		if err := json.Unmarshal([]byte(text), &source); err != nil {
			return nil, fmt.Errorf("a source policy document is no JSON: %w", err)
		}
		more, isList := source["Statement"].([]any)
		if !isList {
			more = []any{source["Statement"]}
		}
		statements = append(statements, more...)
	}
	for _, s := range property.List(q.args, "statements") {
		statement, err := policyStatement(s)
		if err != nil {
			return nil, err
		}
		statements = append(statements, statement)
	}
	document := object{"Version": "2012-10-17", "Statement": statements}
	if version := q.text("version"); version != "" {
		document["Version"] = version
	}
	if id := q.text("policyId"); id != "" {
		document["Id"] = id
	}
	pretty, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		return nil, err
	}
	minified, err := json.Marshal(document)
	if err != nil {
		return nil, err
	}
	answer := object{"id": fmt.Sprint(len(minified)), "json": string(pretty), "minifiedJson": string(minified)}
	for k, v := range q.args {
		answer[k] = v
	}
	return answer, nil
}

func policyStatement(s any) (map[string]any, error) {
	statement := object{"Effect": "Allow"}
	if effect := property.Text(s, "effect"); effect != "" {
		statement["Effect"] = effect
	}
	if sid := property.Text(s, "sid"); sid != "" {
		statement["Sid"] = sid
	}
	for argument, element := range map[string]string{
		"actions": "Action", "notActions": "NotAction", "resources": "Resource", "notResources": "NotResource",
	} {
		if values := property.Texts(s, argument); len(values) > 0 {
			statement[element] = oneOrAll(values)
		}
	}
	if statement["Action"] == nil && statement["NotAction"] == nil {
		return nil, errors.New("a statement needs actions or not_actions")
	}
	for argument, element := range map[string]string{"principals": "Principal", "notPrincipals": "NotPrincipal"} {
		principals := object{}
		for _, p := range property.List(s, argument) {
			kind, values := property.Text(p, "type"), property.Texts(p, "identifiers")
			if kind == "*" {
				statement[element] = "*"
				continue
			}
			principals[kind] = oneOrAll(values)
		}
		if len(principals) > 0 {
			statement[element] = principals
		}
	}
	conditions := object{}
	for _, c := range property.List(s, "conditions") {
		test := property.Text(c, "test")
		if conditions[test] == nil {
			conditions[test] = object{}
		}
		conditions[test].(object)[property.Text(c, "variable")] = oneOrAll(property.Texts(c, "values"))
	}
	if len(conditions) > 0 {
		statement["Condition"] = conditions
	}
	return statement, nil
}

func oneOrAll(values []string) any {
	if len(values) == 1 {
		return values[0]
	}
	return texts(values...)
}
