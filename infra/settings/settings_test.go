package settings_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deployer-io/deployer/infra/settings"
	"github.com/stretchr/testify/require"
)

const least = `
company: acme
environments:
  - {name: staging, account: "012345678901", region: eu-west-1}
`

func TestDefaultsAreFilledIn(t *testing.T) {
	got, err := settings.Parse("x", []byte(least))
	require.NoError(t, err)
	e := got.Environments[0]
	require.Equal(t, "acme-deployer-state", e.StateBucket)
	require.Equal(t, "deployer-state-locks", e.LockTable)
	require.Equal(t, []string{"eu-west-1a", "eu-west-1b", "eu-west-1c"}, e.Network.Zones)
	require.Equal(t, 1, *e.Network.NATGateways)
	require.Equal(t, 90, e.RetentionDays)
	require.True(t, e.Reserves())
}

func TestMistakesSayWhereAndWhatToWrite(t *testing.T) {
	one := func(fields string) string {
		return "company: acme\nenvironments:\n  - {name: staging, account: \"012345678901\", region: eu-west-1, " + fields + "}\n"
	}
	tests := map[string]struct{ text, want string }{
		"no environment":                     {"company: acme", "environments: there is none"},
		"a company with capitals":            {"company: Acme\nenvironments: []", `company: "Acme"`},
		"an unknown field":                   {one("retension: 3"), "field retension not found"},
		"an account whose zero was lost":     {"company: acme\nenvironments: [{name: staging, account: 12345678901, region: eu-west-1}]", "twelve digits in quotes"},
		"no such region":                     {"company: acme\nenvironments: [{name: staging, account: '012345678901', region: europe}]", `environments[0].region: "europe"`},
		"a region of no known partition":     {"company: acme\nenvironments: [{name: staging, account: '012345678901', region: us-iso-east-1}]", `environments[0].region: "us-iso-east-1"`},
		"no room for the access logs' name":  {one("stateBucket: " + strings.Repeat("b", 59)), "with -logs behind it"},
		"drift, which is not looked for yet": {one("drift: {minutes: 5}"), "field drift not found"},
		"a retention that logs lack":         {one("logRetentionDays: 42"), "environments[0].logRetentionDays: 42"},
		"a boundary of another account":      {one("boundary: 'arn:aws:iam::999999999999:policy/b'"), "environments[0].boundary"},
		"a VPC without subnets":              {one("network: {vpc: {id: vpc-0123456789abcdef0}}"), "environments[0].network.vpc.subnets"},
		"not a VPC":                          {one("network: {vpc: {id: mine, subnets: [subnet-0123456789abcdef0]}}"), "environments[0].network.vpc.id"},
		"endpoints in a given VPC":           {one("network: {interfaceEndpoints: [logs], vpc: {id: vpc-0123456789abcdef0, subnets: [subnet-0123456789abcdef0]}}"), "its owner's"},
		"a block that is too big":            {one("network: {cidr: 10.0.0.0/8}"), "between /16 and /24"},
		"a zone of another region":           {one("network: {zones: [us-east-1a]}"), "is not a zone of eu-west-1"},
		"more gateways than zones":           {one("network: {natGateways: 4}"), "the number of zones"},
		"no way out":                         {one("network: {natGateways: 0}"), "network.natGateways"},
		"memory that Fargate lacks":          {one("executor: {cpu: 1024, memory: 1024}"), "2048 to 8192"},
		"a CPU size that Fargate lacks":      {one("executor: {cpu: 1000}"), "executor.cpu: 1000"},
		"a webhook instead of a secret":      {one("notifications: {slackSecret: 'https://hooks.slack.com/x'}"), "the URL itself never stands here"},
		"an e-mail that is none":             {one("notifications: {emails: [ops]}"), "notifications.emails[0]"},
		"a lock mode that is none":           {one("objectLock: {mode: STRICT, days: 3}"), "objectLock.mode"},
		"a lock past the retention":          {one("objectLock: {mode: GOVERNANCE, days: 300}"), "objectLock.days"},
		"a replica in the same region":       {one("replica: {region: eu-west-1}"), "another region"},
		"a budget of nothing":                {one("budget: {monthlyUsd: 0}"), "budget.monthlyUsd"},
		"two environments, one bucket": {least + "  - {name: production, account: '999999999999', region: eu-west-1}\n",
			"environments[1].stateBucket"},
		"two environments, one lock table": {least + "  - {name: dev, account: '012345678901', region: eu-west-1, stateBucket: b-other}\n",
			"environments[1].lockTable"},
		"the same name twice": {least + "  - {name: staging, account: '999999999999', region: eu-west-1, stateBucket: b-other}\n",
			"environments[1].name"},
	}
	for sentence, test := range tests {
		t.Run(sentence, func(t *testing.T) {
			_, err := settings.Parse("deployer.config.yaml", []byte(test.text))
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, "deployer.config.yaml")
		})
	}
}

func TestAllMistakesAreToldAtOnce(t *testing.T) {
	_, err := settings.Parse("x", []byte("company: A\nenvironments: [{name: S, account: '1', region: r}]"))
	var mistakes *settings.Mistakes
	require.ErrorAs(t, err, &mistakes)
	require.GreaterOrEqual(t, len(mistakes.List), 4)
}

func TestTheFileWinsOverTheContextAndTheContextOverCdkJSON(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o600))
	}
	company := func(context string) string {
		got, err := settings.Read(root, "", context)
		require.NoError(t, err)
		return got.Company
	}
	inContext := func(company string) string {
		return `{"deployer": {"company": "` + company + `", "environments": [{"name": "staging", "account": "012345678901", "region": "eu-west-1"}]}}`
	}
	_, err := settings.Read(root, "", "")
	require.ErrorContains(t, err, "write deployer.config.yaml")
	write("cdk.json", `{"context": `+inContext("from-cdk-json")+`}`)
	require.Equal(t, "from-cdk-json", company(""))
	require.Equal(t, "from-the-cli", company(inContext("from-the-cli")))
	_, err = settings.Read(root, "", `{"other": 1}`)
	require.ErrorContains(t, err, `the key "deployer"`)
	write(settings.File, "company: from-the-file\nenvironments: [{name: staging, account: '012345678901', region: eu-west-1}]")
	require.Equal(t, "from-the-file", company(inContext("from-the-cli")))
	write("other.yaml", "company: from-another-file\nenvironments: [{name: staging, account: '012345678901', region: eu-west-1}]")
	got, err := settings.Read(root, "other.yaml", "")
	require.NoError(t, err)
	require.Equal(t, "from-another-file", got.Company)
	_, err = settings.Read(root, "missing.yaml", inContext("from-the-cli"))
	require.ErrorContains(t, err, "missing.yaml")
}
