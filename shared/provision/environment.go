package provision

import (
	"cmp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

// variable is an environment variable as ECS has it: a value, or the place of a secret.
type variable struct {
	Name      string `json:"name"`
	Value     string `json:"value,omitempty"`
	ValueFrom string `json:"valueFrom,omitempty"`
	secretARN string // of the whole secret that ValueFrom is, or is a field of
}

// environment is what a container finds around it.
type environment struct {
	plain   []variable // sorted by name
	secrets []variable
	access  []statement // what the one who starts the container needs to read the secrets
}

// environment resolves the author's variables. Secrets are not read here: the container's start reads them from their
// store, and neither program nor state ever sees a value.
func (p *program) environment(written []resource.EnvVar) (environment, error) {
	var e environment
	for i := range written {
		resolved, err := written[i].Input().Resolve(p.upstream)
		if err != nil {
			return e, err
		}
		if resolved.Secret == nil {
			e.plain = append(e.plain, variable{Name: written[i].Name, Value: resolved.Text})
			continue
		}
		e.secrets = append(e.secrets, variable{Name: written[i].Name, ValueFrom: p.secretPlace(*resolved.Secret),
			secretARN: p.secretARN(*resolved.Secret)})
		e.access = append(e.access, p.readSecret(*resolved.Secret))
	}
	byName := func(a, b variable) int { return cmp.Compare(a.Name, b.Name) }
	slices.SortStableFunc(e.plain, byName)
	slices.SortStableFunc(e.secrets, byName)
	e.access = mergeSecrets(e.access)
	if key := p.security("kmsKeyArn"); key != "" && len(e.access) > 0 {
		e.access = append(e.access, statement{sid: "SecretsKey", actions: []string{"kms:Decrypt"},
			resources: on(pulumi.String(key))})
	}
	return e, nil
}

// add gives the container a variable unless the author did.
func (e *environment) add(name, value string) {
	written := func(v variable) bool { return v.Name == name }
	if !slices.ContainsFunc(e.plain, written) && !slices.ContainsFunc(e.secrets, written) {
		e.plain = append(e.plain, variable{Name: name, Value: value})
		slices.SortStableFunc(e.plain, func(a, b variable) int { return cmp.Compare(a.Name, b.Name) })
	}
}

// secretPlace says where ECS finds a secret: ARN, and for one field of a secret ARN:FIELD:: (Amazon ECS Developer Guide,
// "Pass Secrets Manager secrets through environment variables").
func (p *program) secretPlace(s resource.SecretRef) string {
	arn := p.secretARN(s)
	if s.Provider == resource.SecretsManager && s.Key != "" {
		arn += ":" + s.Key + "::"
	}
	return arn
}

func (p *program) secretARN(s resource.SecretRef) string {
	switch {
	case strings.HasPrefix(s.Name, "arn:"):
		return s.Name
	case s.Provider == resource.SSM:
		return p.arn("ssm", "parameter/"+strings.TrimPrefix(s.Name, "/"))
	}
	return p.arn("secretsmanager", "secret:"+s.Name)
}

// secretSuffix stands for the hyphen and six characters that Secrets Manager puts behind a name to make its ARN. They are not
// known where a secret is given by its name.
const secretSuffix = "-??????"

func (p *program) readSecret(s resource.SecretRef) statement {
	arn := p.secretARN(s)
	if s.Provider == resource.SSM {
		return statement{sid: "Parameters", actions: []string{"ssm:GetParameter", "ssm:GetParameters"},
			resources: on(pulumi.String(arn))}
	}
	if !strings.HasPrefix(s.Name, "arn:") {
		arn += secretSuffix
	}
	return statement{sid: "Secrets", actions: []string{"secretsmanager:GetSecretValue"},
		resources: on(pulumi.String(arn))}
}

// mergeSecrets makes one statement for each store, with each secret once.
func mergeSecrets(all []statement) []statement {
	byStore := map[string]*statement{}
	for _, s := range all {
		merged := byStore[s.sid]
		if merged == nil {
			merged = &statement{sid: s.sid, actions: s.actions}
			byStore[s.sid] = merged
		}
		for _, r := range s.resources {
			if !slices.Contains(merged.resources, r) {
				merged.resources = append(merged.resources, r)
			}
		}
	}
	var statements []statement
	for _, sid := range sortedKeys(byStore) {
		statements = append(statements, *byStore[sid])
	}
	return statements
}
