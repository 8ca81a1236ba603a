package document_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/document"
)

// filler stands for the random part of a credential, so that none is written out here.
func filler(n int) string { return strings.Repeat("aB3dE5gH7j", n/10+1)[:n] }

func TestCredentialsAreRecognized(t *testing.T) {
	hex := strings.Repeat("0123456789abcdef", 8)
	random := "q7Zt0Xv4LmB2nR8sK1yW5cU9eH3jD6gA"
	for value, want := range map[string]string{
		"AKIA" + "ABCDEFGHIJKLMNOP":                       "an AWS access key id",
		"export KEY=ASIA" + "ABCDEFGHIJ234567":            "an AWS access key id",
		"ghp_" + filler(36):                               "a GitHub token",
		"Bearer gho_" + filler(36):                        "a GitHub token",
		"github_pat_" + filler(60):                        "a GitHub token",
		"glpat-" + filler(20):                             "a GitLab token",
		"xoxb-" + "123456789012-" + filler(24):            "a Slack token",
		"sk_live_" + filler(24):                           "a Stripe key",
		"sk-ant-" + filler(40):                            "an Anthropic key",
		"AIza" + filler(35):                               "a Google API key",
		"npm_" + filler(36):                               "an npm token",
		"SG." + filler(22) + "." + filler(43):             "a SendGrid key",
		"key-" + hex[:32]:                                 "a Mailgun key",
		"dop_v1_" + hex[:64]:                              "a DigitalOcean token",
		"hvs." + filler(90):                               "a Vault token",
		"eyJ" + filler(40) + "." + filler(40) + ".x":      "a JSON web token",
		"-----BEGIN RSA PRIVATE" + " KEY-----\nMIIE\n":    "a private key",
		"x\n-----BEGIN OPENSSH PRIVATE" + " KEY-----\nb3": "a private key",
		"https://hooks.slack.com/services/T00000000/B00000000/" + filler(24): "a Slack webhook",
		"postgres://admin:" + "hunter2hunter2@db:5432/app":                   "a URL with a password",
		"redis://:" + "p4ss@cache:6379":                                      "a URL with a password",
		"see amqp://u:" + "pw@host/ and more":                                "a URL with a password",
		"Server=db;User=sa;Password=" + "correct-horse;":                     "a password in a connection string",
		"--api-key=" + "correct-horse-battery":                               "a password in a connection string",
		random:                                                               "a random-looking text",
		"token " + random:                                                    "a random-looking text",
		random + "/+x9Qw==":                                                  "a random-looking text",
	} {
		what, found := document.LooksLikeCredential(value)
		require.True(t, found, value)
		require.Equal(t, want, what, value)
	}
}

func TestOrdinaryValuesAreLeftAlone(t *testing.T) {
	hex := strings.Repeat("0123456789abcdef", 8)
	for _, value := range []string{
		"", "info", "5432", "true", "db.internal.example.com", "https://api.example.com/v1/users?limit=10",
		"123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/user-service:v1.2.3",
		"registry.example.com/app@sha256:" + hex[:64], hex[:64], hex[:40], hex[:32], "sha512-" + hex[:128],
		"550e8400-e29b-41d4-a716-446655440000",
		"arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012",
		"arn:aws:iam::123456789012:role/application/DeployerTaskExecutionRole-ABCDEFGHIJKL",
		"arn:aws:secretsmanager:eu-central-1:123456789012:secret:production/user/database-AbCdEf",
		"vpc-0a1b2c3d4e5f67890", "subnet-0123456789abcdef0", "sg-0123456789abcdef0", "ami-0abcdef1234567890",
		"/usr/local/lib/Python3.11/site-packages/SomePackage/Deeply/Nested/ModuleName.py",
		"com.example.platform.UserServiceApplicationConfigurationFactoryBean2",
		"postgres://admin@db:5432/app", "postgres://admin:${var.password}@db:5432/app", "https://user:<password>@host/",
		"redis://cache:6379", "Server=db;User=sa;Password=${var.password};", "password=changeme", "token=arn:aws:secretsmanager:x",
		"The quick brown fox jumps over the lazy dog 17 times, and then it rests.",
		"SELECT id, name FROM users WHERE created > now() - interval '1 day' AND status = 'ACTIVE'",
		"--max-old-space-size=4096 --experimental-modules --trace-warnings", "max-age=63072000; includeSubDomains; preload",
		"my-very-long-component-name-with-many-parts-2024-01-02-eu-central-1", "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
		"AKIA", "ghp_short", "eyJhbGciOi", "key-value", "sk_live_", "xoxb-", "AKIAabcdefghijklmnop",
		"cron(0 12 * * ? *)", "rate(5 minutes)", "cdn.example.com/assets/Main2BundleProductionMinified99.js",
		strings.Repeat("a", 100_000), strings.Repeat("://", 20_000), strings.Repeat("=", 60_000),
	} {
		what, found := document.LooksLikeCredential(value)
		require.False(t, found, "%q taken for %s", value, what)
	}
}

// Looking must stay linear, whatever the author writes.
func TestLookingForCredentialsIsBounded(t *testing.T) {
	for _, pattern := range []string{"ghp_", "eyJ.", "a://b:", "password=", "-----BEGIN A", "hooks.slack.com/services/", "aB3", "eyJ"} {
		value := strings.Repeat(pattern, 10<<20/len(pattern))
		took := allocated(func() { document.LooksLikeCredential(value) })
		require.Less(t, took, uint64(8<<20), pattern)
	}
}

func BenchmarkLooksLikeCredential(b *testing.B) {
	values := []string{"info", "db.internal.example.com", "registry.example.com/team/user-service:v1.2.3", "550e8400-e29b-41d4-a716-446655440000"}
	for b.Loop() {
		for _, v := range values {
			document.LooksLikeCredential(v)
		}
	}
}
