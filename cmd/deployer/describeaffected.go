package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/document"
	"github.com/deployer-io/deployer/shared/graph"
	"github.com/deployer-io/deployer/shared/pipeline"
	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
)

// affectedOf is what describe affected tells.
type affectedOf struct {
	Base         string          `json:"base"` // digest
	Head         string          `json:"head"` // digest
	Environments []affectedOfOne `json:"environments"`
}

type affectedOfOne struct {
	Scope      address.Address     `json:"scope"`
	Components []affectedComponent `json:"components"`
	Settings   []plan.Change       `json:"settings"`
}

type affectedComponent struct {
	Address address.Address `json:"address"`
	Kind    resource.Kind   `json:"kind"`
	Action  plan.Action     `json:"action"`
	Direct  bool            `json:"direct"`
	Reasons []string        `json:"reasons"`
	Changes []placedChange  `json:"changes"`
	Through []graph.Edge    `json:"through"`
}

// placedChange is a change of a field with the places that say so: in the base, and in the bundle.
type placedChange struct {
	plan.Change
	WhereBefore string `json:"whereBefore,omitempty"` // file:line:column
	Where       string `json:"where,omitempty"`       // file:line:column
}

func newDescribeAffected(o *options) *cobra.Command {
	var base string
	cmd := &cobra.Command{
		Use:   "affected [BUNDLE]",
		Short: "Tell what a change of the bundle touches, and why",
		Long: "Tell what a change of the bundle touches, and why: components whose own fields differ from those of --base, and\n" +
			"components that see something of these through the graph. What is deployed does not matter here; see plan. Without\n" +
			"--environment it tells of every environment. To compare with another commit:\n\n" +
			"  git worktree add ../base main && deployer describe affected --base ../base",
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if base == "" {
				return &exitError{code: exitConfiguration, err: fmt.Errorf("compared with what? say --base FOLDER or --base ZIP")}
			}
			told, err := o.affected(base, pathOf(args))
			if err != nil {
				return err
			}
			if o.json() {
				return o.print(told)
			}
			return writeAffected(o.out, told)
		},
	}
	o.settable(cmd.Flags())
	cmd.Flags().StringVar(&base, "base", "", "the bundle to compare with, a folder or a zip")
	return cmd
}

func (o *options) affected(basePath, headPath string) (*affectedOf, error) {
	base, err := o.readAs(basePath, "the base "+basePath)
	if err != nil {
		return nil, err
	}
	base.compared = true
	head, err := o.read(headPath)
	if err != nil {
		return nil, err
	}
	base.commit = head.commit // a commit is no change of the bundle
	headScopes, err := o.scopes(head.bundle)
	if err != nil {
		return nil, o.noScope(head, err)
	}
	stacks, names := environmentsIn(base.bundle)
	before := stacks[headScopes[0].Stack]
	if len(before) == 0 {
		fmt.Fprintf(o.err, "The base has no stack %s (it has %s): all of it is new.\n", headScopes[0].Stack, listOf(names))
	}
	told := &affectedOf{Base: base.bundle.Digest(), Head: head.bundle.Digest(), Environments: []affectedOfOne{}}
	for _, scope := range o.union(headScopes, before) {
		one, err := o.affectedIn(scope, base, slices.Contains(before, scope.Environment), head, slices.Contains(headScopes, scope))
		if err != nil {
			return nil, err
		}
		told.Environments = append(told.Environments, *one)
	}
	return told, nil
}

// union returns the scopes that are and, unless one is asked for, those that were.
func (o *options) union(scopes []address.Address, before []string) []address.Address {
	all := slices.Clone(scopes)
	for _, environment := range before {
		if scope := address.Scope(scopes[0].Stack, environment); o.environment == "" && !slices.Contains(all, scope) {
			all = append(all, scope)
		}
	}
	return all
}

func (o *options) affectedIn(scope address.Address, base *source, was bool, head *source, is bool) (*affectedOfOne, error) {
	before, err := o.compiledIn(scope, base, was)
	if err != nil {
		return nil, err
	}
	after, err := o.compiledIn(scope, head, is)
	if err != nil {
		return nil, err
	}
	impact, err := plan.Affect(setOf(before), setOf(after))
	if err != nil {
		return nil, err
	}
	one := &affectedOfOne{Scope: scope, Components: []affectedComponent{}, Settings: impact.Settings}
	for _, a := range impact.Components {
		c := affectedComponent{Address: a.Address, Kind: a.Kind, Action: a.Action, Direct: a.Direct(), Reasons: append([]string{}, a.Reasons...),
			Changes: []placedChange{}, Through: append([]graph.Edge{}, a.Through...)}
		was, now := specOf(before, a.Address), specOf(after, a.Address)
		for _, change := range a.Changes {
			c.Changes = append(c.Changes, placedChange{change, placeOf(was, change.Path), placeOf(now, change.Path)})
		}
		one.Components = append(one.Components, c)
	}
	return one, nil
}

// compiledIn compiles a bundle for one environment; nil where it has none of that name. --set is about the bundle and not
// about what it is compared with.
func (o *options) compiledIn(scope address.Address, s *source, declared bool) (*pipeline.Compiled, error) {
	if !declared {
		return nil, nil
	}
	s.scope = scope
	sets := o.sets
	if s.compared {
		o.sets = nil
		defer func() { o.sets = sets }()
	}
	compiled, diagnostics := o.understand(s)
	if compiled == nil {
		return nil, o.refuse(diagnostics, s)
	}
	return compiled, nil
}

func setOf(c *pipeline.Compiled) *resource.Set {
	if c == nil {
		return nil
	}
	return c.Set
}

// specOf returns what a component's document says, merged; absent where there is none.
func specOf(c *pipeline.Compiled, at address.Address) document.Node {
	if c == nil {
		return document.Node{}
	}
	if r, found := c.Set.Find(at); found {
		if d, found := c.Document(r); found {
			return d.Spec
		}
	}
	return document.Node{}
}

// placeOf returns where a field is written; empty where it is not.
func placeOf(spec document.Node, path string) string {
	if found := spec.Find(path); !found.IsZero() {
		return found.Position().String()
	}
	return ""
}
