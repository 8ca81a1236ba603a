package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/deployer-io/deployer/localstack/cloud"
	"github.com/deployer-io/deployer/localstack/embedded"
)

// newCloud is the window to the simulated AWS: to see what exists, to make drift, and to make things go wrong.
func newCloud(o *options) *cobra.Command {
	root := &cobra.Command{Use: "cloud", Short: "Look at the simulated AWS, change it behind deployer's back, make it fail",
		Long: "Look at the simulated AWS of the embedded environment, change it behind deployer's back (drift), and make calls to it\n" +
			"fail or wait (faults). On AWS there is nothing like it."}
	root.AddCommand(newCloudList(o), newCloudShow(o), newCloudEdit(o), newCloudRemove(o), newCloudFault(o), newCloudHeal(o))
	return root
}

// inCloud runs a command on the simulated cloud.
func (o *options) inCloud(run func(c *cloud.Cloud, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		e, err := embedded.Open(cmd.Context(), embedded.Options{Dir: o.dir})
		if err != nil {
			return err
		}
		defer e.Close()
		c, err := e.Cloud()
		if err != nil {
			return err
		}
		return run(c, args)
	}
}

func newCloudList(o *options) *cobra.Command {
	var filter cloud.Filter
	cmd := &cobra.Command{Use: "list", Short: "List what exists", Args: cobra.NoArgs,
		RunE: o.inCloud(func(c *cloud.Cloud, _ []string) error {
			resources, err := c.Resources(filter)
			if err != nil {
				return err
			}
			if o.json() {
				return o.print(append([]cloud.Resource{}, resources...))
			}
			table := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "TYPE\tID\tREGION\tSTATUS")
			for _, r := range resources {
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", r.Type, r.ID, r.Region, r.Status)
			}
			return table.Flush()
		})}
	cmd.Flags().StringVar(&filter.Type, "type", "", "only this type: a token, or its last part as in Queue")
	return cmd
}

func newCloudShow(o *options) *cobra.Command {
	return &cobra.Command{Use: "show ID", Short: "Show one resource as JSON", Args: cobra.ExactArgs(1),
		RunE: o.inCloud(func(c *cloud.Cloud, args []string) error {
			r, err := c.Get(args[0])
			if err != nil {
				return err
			}
			return o.print(r)
		})}
}

func newCloudEdit(o *options) *cobra.Command {
	return &cobra.Command{Use: "edit ID PATH VALUE", Short: "Change a property behind deployer's back; VALUE is JSON, or else a text",
		Args: cobra.ExactArgs(3),
		RunE: o.inCloud(func(c *cloud.Cloud, args []string) error {
			var value any
			if json.Unmarshal([]byte(args[2]), &value) != nil {
				value = args[2]
			}
			return c.Edit(args[0], args[1], value)
		})}
}

func newCloudRemove(o *options) *cobra.Command {
	return &cobra.Command{Use: "remove ID", Short: "Delete a resource behind deployer's back", Args: cobra.ExactArgs(1),
		RunE: o.inCloud(func(c *cloud.Cloud, args []string) error { return c.Remove(args[0]) })}
}

func newCloudFault(o *options) *cobra.Command {
	var fault cloud.Fault
	var kind string
	var delay time.Duration
	cmd := &cobra.Command{Use: "fault", Short: "Make calls fail or wait; without --kind, list the faults", Args: cobra.NoArgs,
		RunE: o.inCloud(func(c *cloud.Cloud, _ []string) error {
			if kind == "" {
				faults, err := c.Faults()
				if err != nil {
					return err
				}
				return o.print(faults)
			}
			fault.Kind, fault.Delay = cloud.FaultKind(kind), delay
			id, err := c.Inject(fault)
			if err != nil {
				return &exitError{code: exitConfiguration, err: err}
			}
			fmt.Fprintf(o.out, "Fault %s is in place; 'deployer cloud heal %s' takes it away.\n", id, id)
			return nil
		})}
	flags := cmd.Flags()
	flags.StringVar(&kind, "kind", "", "error, throttle, hang, delay, partial (done, but the answer is lost) or unready")
	flags.StringVar(&fault.Match.Type, "type", "", "the type it meets, a pattern as in 'aws:rds/*'")
	flags.StringVar(&fault.Match.Name, "name", "", "the name or id it meets, a pattern")
	flags.StringVar(&fault.Match.Operation, "operation", "", "create, read, update, delete or invoke")
	flags.IntVar(&fault.Times, "times", 0, "how many calls it meets; 0: all until it is healed")
	flags.StringVar(&fault.Code, "code", "", "the API error's code")
	flags.StringVar(&fault.Message, "message", "", "the API error's message")
	flags.DurationVar(&delay, "delay", 0, "how long a call waits")
	return cmd
}

func newCloudHeal(o *options) *cobra.Command {
	return &cobra.Command{Use: "heal FAULT", Short: "Take a fault away", Args: cobra.ExactArgs(1),
		RunE: o.inCloud(func(c *cloud.Cloud, args []string) error { return c.Heal(args[0]) })}
}
