package main

import (
	"fmt"
	"os"
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
	bundle *bundle.Bundle
	scope  address.Address
	commit string
}

// load reads the bundle that the argument names, a folder or a zip, and finds out the stack and the environment.
func (o *options) load(args []string) (*source, error) {
	path := "."
	if len(args) > 0 {
		path = args[0]
	}
	b, mistakes, err := read(path)
	if err != nil {
		return nil, &exitError{code: exitConfiguration, err: err}
	}
	if mistakes.HasErrors() {
		return nil, o.refuse(mistakes)
	}
	scope, err := o.scope(b)
	if err != nil {
		return nil, &exitError{code: exitConfiguration, err: err}
	}
	return &source{bundle: b, scope: scope, commit: commitOf(path)}, nil
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
	stack, environment := o.stack, o.environment
	documents, _ := document.Parse(b) // mistakes are reported when the bundle is compiled
	stacks := map[string][]string{}
	var names []string
	for _, d := range documents {
		if d.Kind != document.KindStack {
			continue
		}
		if _, twice := stacks[d.Metadata.Name]; !twice {
			names = append(names, d.Metadata.Name)
		}
		for _, item := range d.Spec.Get("environments").Items() {
			if name, ok := item.Get("name").Text(); ok {
				stacks[d.Metadata.Name] = append(stacks[d.Metadata.Name], name)
			}
		}
	}
	if stack == "" {
		if len(names) != 1 {
			return address.Address{}, fmt.Errorf("which stack? the bundle has %s; say --stack NAME", listOf(names))
		}
		stack = names[0]
	}
	if environment == "" {
		if environments := stacks[stack]; len(environments) != 1 {
			return address.Address{}, fmt.Errorf("which environment? the stack %s has %s; say --environment NAME", stack, listOf(environments))
		}
		environment = stacks[stack][0]
	}
	return address.Parse(stack + "/" + environment)
}

func listOf(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// compile puts the bundle through the pipeline and shows what it has to say.
func (o *options) compile(s *source) (*pipeline.Compiled, error) {
	compiled, diagnostics := pipeline.Compile(s.bundle, pipeline.Options{Scope: s.scope, Sets: o.sets, GitCommit: s.commit, Now: time.Now()})
	if compiled == nil {
		return nil, o.refuse(diagnostics)
	}
	fmt.Fprint(o.err, diagnostics.String())
	return compiled, nil
}

// refuse shows an author's mistakes and ends the command.
func (o *options) refuse(mistakes diag.List) error {
	code, count := exitPolicy, 0
	for _, d := range mistakes {
		if d.Severity != diag.Error {
			continue
		}
		count++
		if d.Code != pipeline.CodePolicy {
			code = exitConfiguration
		}
	}
	if o.json() {
		if err := o.print(map[string]any{"diagnostics": mistakes.Sorted()}); err != nil {
			return err
		}
	} else {
		fmt.Fprint(o.err, mistakes.String())
	}
	return &exitError{code: code, err: fmt.Errorf("%s in the bundle; nothing was changed", countOf(count, "mistake"))}
}

// countOf is 1 mistake, 2 mistakes.
func countOf(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
