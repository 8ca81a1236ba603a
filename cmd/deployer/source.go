package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/document"
	"github.com/deployer-io/deployer/shared/pipeline"
)

// source is a bundle on this machine, and what is to be deployed of it.
type source struct {
	bundle *bundle.Bundle // nil when it was refused
	scope  address.Address
	commit string
	path   string // the folder or zip
	title  string // what messages call it

	compared bool // it is what another bundle is compared with
}

// load reads the bundle that the argument names, a folder or a zip, and finds out the stack and the environment.
func (o *options) load(args []string) (*source, error) {
	s, err := o.read(pathOf(args))
	if err != nil {
		return nil, err
	}
	if s.scope, err = o.scope(s.bundle); err != nil {
		return nil, o.noScope(s, err)
	}
	return s, nil
}

// noScope ends the command where it cannot be told what is meant. When that is because the Stack document cannot be read
// or is not there, its author is told so instead.
func (o *options) noScope(s *source, err error) error {
	documents, mistakes := document.Parse(s.bundle)
	if _, names := environmentsIn(s.bundle); len(names) == 0 {
		_, more := document.Merge(documents, document.Options{Stack: o.stack, Environment: o.environment})
		mistakes.Append(more)
	}
	if mistakes.HasErrors() {
		return o.refuse(mistakes, s)
	}
	return &exitError{code: exitConfiguration, err: err}
}

// pathOf is the bundle that a command is about: its argument, or the current folder.
func pathOf(args []string) string {
	if len(args) > 0 {
		return args[0]
	}
	return "."
}

// read reads a bundle, a folder or a zip; which stack and environment of it is meant is left open.
func (o *options) read(path string) (*source, error) { return o.readAs(path, "the bundle") }

func (o *options) readAs(path, title string) (*source, error) {
	s := &source{path: path, title: title, commit: commitOf(path)}
	b, mistakes, err := read(path)
	if err != nil {
		return nil, &exitError{code: exitConfiguration, err: err}
	}
	if mistakes.HasErrors() {
		return nil, o.refuse(mistakes, s)
	}
	s.bundle = b
	return s, nil
}

func read(path string) (*bundle.Bundle, diag.List, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	limits := bundle.DefaultLimits()
	if info.IsDir() {
		return bundle.FromFolder(path, limits)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	b, mistakes := bundle.FromZip(data, limits)
	return b, mistakes, nil
}

// scope takes --stack and --environment, or the only ones there are.
func (o *options) scope(b *bundle.Bundle) (address.Address, error) {
	scopes, err := o.scopes(b)
	if err != nil {
		return address.Address{}, err
	}
	if len(scopes) != 1 {
		var names []string
		for _, scope := range scopes {
			names = append(names, scope.Environment)
		}
		return address.Address{}, fmt.Errorf("which environment? the stack %s has %s; say --environment NAME", scopes[0].Stack, listOf(names))
	}
	return scopes[0], nil
}

// scopes takes --stack, or the only one there is, and --environment, or all that the stack has, in the order of its
// document.
func (o *options) scopes(b *bundle.Bundle) ([]address.Address, error) {
	stacks, names := environmentsIn(b)
	stack := o.stack
	if stack == "" {
		if len(names) != 1 {
			return nil, fmt.Errorf("which stack? the bundle has %s; say --stack NAME", listOf(names))
		}
		stack = names[0]
	}
	environments := stacks[stack]
	if !slices.Contains(names, stack) && len(names) > 0 {
		return nil, fmt.Errorf("the bundle has no stack %q; it has %s", stack, listOf(names))
	}
	if o.environment != "" {
		if !slices.Contains(environments, o.environment) && len(environments) > 0 {
			return nil, fmt.Errorf("the stack %s has no environment %q; it has %s", stack, o.environment, listOf(environments))
		}
		environments = []string{o.environment}
	}
	if len(environments) == 0 {
		return nil, fmt.Errorf("which environment? the stack %s has none; say --environment NAME", stack)
	}
	var scopes []address.Address
	for _, environment := range environments {
		scope, err := address.Parse(stack + "/" + environment)
		if err != nil {
			return nil, err
		}
		scopes = append(scopes, scope)
	}
	return scopes, nil
}

// environmentsIn returns the environments of each stack in a bundle, and the stacks' names, in the documents' order. What
// is wrong with the documents is reported when the bundle is compiled.
func environmentsIn(b *bundle.Bundle) (stacks map[string][]string, names []string) {
	documents, _ := document.Parse(b)
	stacks = map[string][]string{}
	for _, d := range documents {
		if d.Kind != document.KindStack || d.Environment != "" {
			continue
		}
		if _, twice := stacks[d.Metadata.Name]; !twice {
			names = append(names, d.Metadata.Name)
		}
		stacks[d.Metadata.Name] = append(stacks[d.Metadata.Name], namesIn(d.Spec.Get("environments"))...)
	}
	return stacks, names
}

func namesIn(list document.Node) []string {
	names := []string{}
	for _, item := range list.Items() {
		if name, ok := item.Get("name").Text(); ok && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func listOf(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// compile puts the bundle through the pipeline and shows what it has to say.
func (o *options) compile(s *source) (*pipeline.Compiled, error) {
	compiled, diagnostics := o.understand(s)
	if compiled == nil {
		return nil, o.refuse(diagnostics, s)
	}
	return compiled, o.show(diagnostics, s)
}

func (o *options) understand(s *source) (*pipeline.Compiled, diag.List) {
	return pipeline.Compile(s.bundle, pipeline.Options{Scope: s.scope, Sets: o.sets, GitCommit: s.commit, Now: time.Now()})
}
