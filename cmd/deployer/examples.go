package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// examples are what to type, by command. They stand together so that they tell one story: a stack is checked, deployed,
// looked at, changed, taken back and deleted.
var examples = map[string][]string{
	"init":               {"deployer init", "deployer init shop --environment staging,production=eu-central-1 --kind MicroService --kind RDS=orders"},
	"validate":           {"deployer validate", "deployer validate examples/shop -e staging", "deployer validate --format sarif > deployer.sarif"},
	"graph":              {"deployer graph -e staging", "deployer graph examples/shop -e staging --format mermaid"},
	"describe component": {"deployer describe component orders/db -e production", "deployer describe component orders/db -e production --provenance"},
	"describe affected":  {"deployer describe affected --base ../base", "deployer describe affected examples/shop --base ../base -o json"},
	"plan": {"deployer plan -e staging", "deployer plan examples/shop -e staging --set orders/api.replicas=5",
		"deployer plan -e staging --detailed-exitcode --shallow", "deployer plan -e staging --destroy"},
	"apply": {"deployer apply -e staging", "deployer apply examples/shop -e staging --auto-approve --lock-timeout 10m",
		`deployer apply -e production --override-freeze "incident 4711"`},
	"destroy":  {"deployer destroy shop/staging", "deployer destroy -s shop -e staging --auto-approve"},
	"rollback": {"deployer rollback shop/staging --plan", "deployer rollback shop/staging --to 12"},
	"approve":  {`deployer approve RUN -m "looked at the database's change"`},
	"reject":   {`deployer reject RUN -m "not before the weekend"`},
	"watch":    {"deployer watch RUN", "deployer watch shop/staging", "deployer watch shop/staging --once"},
	"halt":     {"deployer halt RUN"},
	"retry":    {"deployer retry RUN", "deployer retry RUN --auto-approve"},
	"status":   {"deployer status -e staging", "deployer status shop/staging -o json", "deployer status RUN"},
	"history":  {"deployer history", "deployer history shop/staging -n 50 --plans"},
	"logs":     {"deployer logs RUN", "deployer logs shop/staging --component orders/db"},
	"outputs":  {"deployer outputs shop/staging", "deployer outputs -e staging --component orders/db -o json"},
	"schema":   {"deployer schema", "deployer schema RDS"},

	"lock list":         {"deployer lock list", "deployer lock list shop/staging -o json"},
	"lock show":         {"deployer lock show shop/staging"},
	"lock force-unlock": {`deployer lock force-unlock shop/staging --lock-id ID --reason "its machine is gone"`},
	"unlock":            {"deployer unlock", "deployer unlock shop/staging --run RUN"},

	"state list":    {"deployer state list", "deployer state list shop/staging"},
	"state show":    {"deployer state show shop/staging"},
	"state history": {"deployer state history shop/staging"},
	"state verify":  {"deployer state verify shop/staging"},
	"state export":  {"deployer state export shop/staging --file state.json"},
	"state import":  {"deployer state import shop/staging --file state.json"},
	"state recover": {"deployer state recover --run RUN"},
	"state restore": {"deployer state restore shop/staging --serial 12"},

	"cloud list":   {"deployer cloud list", "deployer cloud list --type Queue"},
	"cloud show":   {"deployer cloud show ID"},
	"cloud edit":   {"deployer cloud edit ID desiredCount 1"},
	"cloud remove": {"deployer cloud remove ID"},
	"cloud fault":  {"deployer cloud fault", "deployer cloud fault --kind error --type 'aws:rds/*' --operation create --times 1 --code InsufficientDBInstanceCapacity"},
	"cloud heal":   {"deployer cloud heal FAULT"},
}

// exemplify gives every command its examples.
func exemplify(root *cobra.Command) {
	for path, lines := range examples {
		if cmd, _, err := root.Find(strings.Fields(path)); err == nil && cmd.Example == "" {
			cmd.Example = "  " + strings.Join(lines, "\n  ")
		}
	}
}

// newExitCodes is a page of the help.
func newExitCodes() *cobra.Command {
	return &cobra.Command{Use: "exit-codes", Short: "What the exit codes mean", Long: "What the exit codes mean:\n\n" +
		"   0  done, or nothing to do; of a plan: it was made\n" +
		"   1  something else went wrong: the message says what\n" +
		"   2  the bundle or the command line has mistakes, nothing was begun; with plan --detailed-exitcode: there\n" +
		"      are changes (and mistakes are 1)\n" +
		"   3  no credentials, or they do not allow it\n" +
		"   4  the deployment failed; each component is as it was or as planned\n" +
		"   5  a policy, a freeze or a guard of data forbids it\n" +
		"   6  there is no such run, component, serial or lock\n" +
		"   8  cancelled, halted or rejected\n" +
		"   9  it took too long, or nobody approved in time\n" +
		"  10  another run holds the lock\n" +
		"  11  the deployment failed and something is left half-done: look at it now\n" +
		"  12  the deployment failed and was rolled back\n" +
		"  20  it waits for people: for approval, or because the very same was rolled back before"}
}
