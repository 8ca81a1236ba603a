package provision

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/pulumi/pulumi-aws/sdk/v7/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// password is a secret that was made for the component and is kept in Secrets Manager.
type password struct {
	arn   pulumi.StringOutput
	value pulumi.StringOutput // secret: encrypted wherever Pulumi keeps it
}

// password makes a password once. The program makes up another one every time it runs, but only the first is ever taken:
// later ones are ignored as changes, and the value that counts is read back from the version. The secret is a JSON object:
// the password, and what stands beside it.
func (p *program) password(name string, beside map[string]string) (password, error) {
	secret, err := secretsmanager.NewSecret(p.Context, name, &secretsmanager.SecretArgs{
		Name:        pulumi.String(p.order.Address.String() + "/" + name),
		Description: pulumi.String("password of " + p.order.Address.Short()), KmsKeyId: p.key(""),
		// What it opens goes with it; and while a secret waits for its end, nobody can have another of its name.
		RecoveryWindowInDays: pulumi.Int(0)})
	if err != nil {
		return password{}, err
	}
	content := map[string]string{"password": p.random()}
	maps.Copy(content, beside)
	text, err := json.Marshal(content)
	if err != nil {
		return password{}, err
	}
	version, err := secretsmanager.NewSecretVersion(p.Context, name,
		&secretsmanager.SecretVersionArgs{SecretId: secret.ID(),
			SecretString: pulumi.ToSecret(pulumi.String(text)).(pulumi.StringOutput)},
		pulumi.IgnoreChanges([]string{"secretString"}))
	if err != nil {
		return password{}, err
	}
	value := version.SecretString.ApplyT(func(text *string) (string, error) {
		var kept struct {
			Password string `json:"password"`
		}
		if text == nil || json.Unmarshal([]byte(*text), &kept) != nil || kept.Password == "" {
			return "", fmt.Errorf("the secret %s does not hold {\"password\": ...} any more", name)
		}
		return kept.Password, nil
	}).(pulumi.StringOutput)
	return password{arn: secret.Arn, value: pulumi.ToSecret(value).(pulumi.StringOutput)}, nil
}

// passwordOutput offers a password by its place: the ARN of its secret and the field in it.
func (p *program) passwordOutput(arn pulumi.StringInput) {
	p.output("password", pulumi.StringMap{"secretRef": arn, "key": pulumi.String("password")})
}
