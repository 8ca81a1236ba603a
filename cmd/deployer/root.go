package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/wiring/installation"
)

// console is where a command reads and writes. Results, and with --output json nothing but JSON, go to out; progress,
// diagnostics and questions go to err.
type console struct {
	in     io.Reader
	out    io.Writer
	err    io.Writer
	getenv func(string) string

	screen io.Writer // what err writes to: see steer
}

// steer is where the cursor is moved and colours are changed.
func (c console) steer() io.Writer {
	if c.screen == nil {
		return c.err
	}
	return c.screen
}

// guard lets through to out and err only what cannot steer a terminal. JSON for a program stays byte for byte.
func (o *options) guard() {
	o.screen = o.err
	results, isFile := o.out.(*os.File)
	seen := isFile && term.IsTerminal(int(results.Fd()))
	o.err = printable{to: o.err, verbatim: func() bool { return false }}
	o.out = printable{to: o.out, verbatim: func() bool { return (o.json() || o.exact) && !seen }}
}

// terminal reports whether both questions and live progress make sense.
func (c console) terminal() bool {
	in, inOK := c.in.(*os.File)
	out, outOK := c.steer().(*os.File)
	return inOK && outOK && term.IsTerminal(int(in.Fd())) && term.IsTerminal(int(out.Fd()))
}

// defaultDir is the folder of the embedded environment.
const defaultDir = ".deployer"

// options are the flags that many commands share.
type options struct {
	console
	stack, environment, backend, dir, output string
	format                                   string // of diagnostics, for validate
	sets                                     []string
	parallelism                              int
	lockTimeout                              time.Duration
	noColor, autoApprove, shallow            bool
	as, overrideFreeze                       string

	exact       bool                  // the result is given byte for byte
	changes     int                   // of the plan that was shown last
	names       installation.Names    // of the aws backend
	poll        time.Duration         // of the aws backend; 0: pollAWS
	provisioner execution.Provisioner // in tests: takes the place of Pulumi and the simulated cloud
}

func (o *options) json() bool { return o.output == "json" }

// execute carries out one command line and returns the exit code.
func execute(ctx context.Context, args []string, o *options) int {
	o.guard()
	root := newRoot(o)
	root.SetArgs(args)
	root.SetIn(o.in)
	root.SetOut(o.out)
	root.SetErr(o.err)
	err := o.explained(root.ExecuteContext(ctx))
	if err != nil && strings.HasPrefix(err.Error(), "unknown command ") { // cobra has no type for it
		err = mistyped("%w", err)
	}
	var coded *exitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &coded):
		if coded.err != nil {
			fmt.Fprintln(o.err, "Error:", coded.err)
		}
		return coded.code
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(o.err, "Cancelled.")
		return exitCancelled
	}
	fmt.Fprintln(o.err, "Error:", err)
	return codeOf(err)
}

func newRoot(o *options) *cobra.Command {
	root := &cobra.Command{
		Use:   "deployer",
		Short: "Deploys whole environments on AWS from a tree of YAML",
		Long: "Deployer deploys whole environments on AWS from a tree of YAML: a reviewed plan, resources created wave by wave,\n" +
			"a versioned state, a report. Without further configuration it works on the embedded environment: the folder\n" +
			".deployer and a simulated AWS in this process.\n\n" +
			"BUNDLE is a folder or a zip, by default the current folder; RUN is the id that a command shows and history lists.\n" +
			"Each flag has a variable: --lock-timeout is DEPLOYER_LOCK_TIMEOUT.",
		Example: "  deployer init && deployer validate\n" +
			"  deployer plan  -e staging\n" +
			"  deployer apply -e staging\n" +
			"  deployer status -e staging",
		SilenceUsage: true, SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := fromEnvironment(cmd, o.getenv); err != nil {
				return err
			}
			return o.checkNumbers()
		},
	}
	flags := root.PersistentFlags()
	flags.StringVarP(&o.stack, "stack", "s", "", "the stack (may be left out when the bundle has only one)")
	flags.StringVarP(&o.environment, "environment", "e", "", "the environment (may be left out when the stack has only one)")
	flags.StringVar(&o.backend, "backend", "embedded", "where runs happen: embedded or aws")
	o.onAWS(flags)
	flags.StringVar(&o.dir, "dir", defaultDir, "the folder of the embedded environment")
	flags.StringVarP(&o.output, "output", "o", "text", "text or json; with json, standard output holds nothing else")
	flags.BoolVar(&o.noColor, "no-color", false, "plain lines, no colours and no live progress")
	root.AddCommand(newValidate(o), newGraph(o), newPlan(o), newApply(o), newDestroy(o), newRollback(o), newStatus(o), newOutputs(o),
		newSchema(o), newDescribe(o), newInit(o), newCloud(o), newLock(o), newUnlock(o), newState(o),
		newApprove(o), newReject(o), newWatch(o), newHistory(o), newLogs(o), newHalt(o), newRetry(o),
		newExitCodes())
	exemplify(root)
	strict(root)
	return root
}

// checkNumbers refuses what a flag's type allows and its meaning does not.
func (o *options) checkNumbers() error {
	switch {
	case o.parallelism < 0:
		return mistyped("--parallelism %d: want a number of components, or 0 for as many as the machine carries", o.parallelism)
	case o.lockTimeout < 0:
		return mistyped("--lock-timeout %s: want a time to wait, or 0 not to wait", o.lockTimeout)
	}
	return nil
}

// changing adds the flags of the commands that may change something.
func (o *options) changing(flags *pflag.FlagSet) {
	flags.BoolVar(&o.autoApprove, "auto-approve", false, "carry the plan out without asking")
	flags.BoolVar(&o.shallow, "shallow", false, "plan without a look at what the changes mean for each cloud resource")
	flags.StringVar(&o.overrideFreeze, "override-freeze", "", "deploy in a freeze all the same, for this reason, which is recorded")
	o.person(flags)
	flags.IntVar(&o.parallelism, "parallelism", 0, "components at a time (default: as many as the machine carries)")
	flags.DurationVar(&o.lockTimeout, "lock-timeout", 0, "how long to wait for another run's lock")
}

// person adds --as.
func (o *options) person(flags *pflag.FlagSet) {
	flags.StringVar(&o.as, "as", "", "who you are (default: user@host; on AWS it is whoever AWS says that the caller is)")
}

// settable adds --set.
func (o *options) settable(flags *pflag.FlagSet) {
	flags.StringArrayVar(&o.sets, "set", nil, "override: SERVICE/COMPONENT.path=value or var.NAME=value; may be repeated")
}

// fromEnvironment gives every flag that was not on the command line the value of its variable: --lock-timeout is
// DEPLOYER_LOCK_TIMEOUT.
func fromEnvironment(cmd *cobra.Command, getenv func(string) string) error {
	var problem error
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		name := "DEPLOYER_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
		if value := getenv(name); value != "" && !flag.Changed && problem == nil {
			if err := cmd.Flags().Set(flag.Name, value); err != nil {
				problem = &exitError{code: exitConfiguration, err: fmt.Errorf("%s: %w", name, err)}
			}
		}
	})
	output := cmd.Flags().Lookup("output")
	if problem == nil && output != nil && output.Value.String() != "text" && output.Value.String() != "json" {
		return &exitError{code: exitConfiguration, err: fmt.Errorf("--output %q: want text or json", output.Value)}
	}
	return problem
}
