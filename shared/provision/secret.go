package provision

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/secretsmanager"
	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

// wholeSecretARN finds the ARN of a secret that its author may have named without it: Secrets Manager ends ARNs with six
// characters that nobody knows beforehand.
func (p *program) wholeSecretARN(secret resource.Input) (string, error) {
	resolved, err := secret.Resolve(p.upstream)
	if err != nil {
		return "", err
	}
	name := resolved.Text
	if resolved.Secret != nil {
		name = resolved.Secret.Name
	}
	if strings.HasPrefix(name, "arn:") {
		return name, nil
	}
	found, err := secretsmanager.LookupSecret(p.Context, &secretsmanager.LookupSecretArgs{Name: &name,
		Region: &p.order.Region}, pulumi.Provider(p.provider))
	if err != nil {
		return "", fmt.Errorf("the secret %s is not found: %w", name, err)
	}
	return found.Arn, nil
}

// value is what an input comes to, for the few arguments that AWS wants in clear although they may be secret. A secret is
// read from its store while the program runs, and is encrypted wherever Pulumi keeps it.
func (p *program) value(input resource.Input) (pulumi.StringInput, error) {
	resolved, err := input.Resolve(p.upstream)
	if err != nil {
		return nil, err
	}
	if resolved.Secret == nil {
		return pulumi.String(resolved.Text), nil
	}
	secret := *resolved.Secret
	var text pulumi.StringOutput
	if secret.Provider == resource.SSM {
		text = ssm.LookupParameterOutput(p.Context, ssm.LookupParameterOutputArgs{Name: pulumi.String(secret.Name),
			WithDecryption: pulumi.Bool(true),
			Region:         pulumi.String(p.order.Region)}, pulumi.Provider(p.provider)).Value()
	} else {
		arn, err := p.wholeSecretARN(input)
		if err != nil {
			return nil, err
		}
		whole := secretsmanager.LookupSecretVersionOutput(p.Context,
			secretsmanager.LookupSecretVersionOutputArgs{SecretId: pulumi.String(arn),
				Region: pulumi.String(p.order.Region)}, pulumi.Provider(p.provider)).SecretString()
		text = whole.ApplyT(func(text string) (string, error) { return field(text, secret) }).(pulumi.StringOutput)
	}
	return pulumi.ToSecret(text).(pulumi.StringOutput), nil
}

// field takes a field out of a secret that is a JSON object; the whole where none is named.
func field(text string, of resource.SecretRef) (string, error) {
	if of.Key == "" {
		return text, nil
	}
	var fields map[string]any
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		return "", fmt.Errorf("the secret %s is no JSON object, so it has no field %s", of.Name, of.Key)
	}
	value, found := fields[of.Key]
	if !found {
		return "", fmt.Errorf("the secret %s has no field %s", of.Name, of.Key)
	}
	return fmt.Sprint(value), nil
}
