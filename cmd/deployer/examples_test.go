package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

// leaves are the commands that do something.
func leaves(cmd *cobra.Command) []*cobra.Command {
	var all []*cobra.Command
	for _, sub := range cmd.Commands() {
		if sub.HasSubCommands() {
			all = append(all, leaves(sub)...)
		} else if sub.Runnable() {
			all = append(all, sub)
		}
	}
	return all
}

func TestEveryCommandShowsExamplesThatItUnderstands(t *testing.T) {
	paths := []string{}
	for _, cmd := range leaves(newRoot(&options{})) {
		path := strings.TrimPrefix(cmd.CommandPath(), "deployer ")
		paths = append(paths, path)
		require.NotEmpty(t, cmd.Example, "%s: add what to type to the examples", path)
		for line := range strings.Lines(cmd.Example) {
			command, _, _ := strings.Cut(strings.TrimSpace(line), ">")
			var args []string
			for _, word := range regexp.MustCompile(`"[^"]*"|'[^']*'|\S+`).FindAllString(command, -1)[1:] {
				args = append(args, strings.Trim(word, `"'`))
			}
			root := newRoot(&options{})
			found, rest, err := root.Find(args)
			require.NoError(t, err, line)
			require.Equal(t, "deployer "+path, found.CommandPath(), line)
			require.NoError(t, found.ParseFlags(rest), line)
			require.NoError(t, found.ValidateArgs(found.Flags().Args()), line)
		}
	}
	slices.Sort(paths)
	require.Equal(t, slices.Sorted(maps.Keys(examples)), paths, "an example of every command, and of none that is not there")
}

func TestTheHelpTellsEveryExitCode(t *testing.T) {
	text := newExitCodes().Long
	told := map[int]bool{}
	for _, found := range regexp.MustCompile(`(?m)^ +(\d+)  \S`).FindAllStringSubmatch(text, -1) {
		code, err := strconv.Atoi(found[1])
		require.NoError(t, err)
		told[code] = true
	}
	used := map[int]bool{exitOK: true, exitError1: true, exitFailed: true, exitRolledBack: true}
	for _, code := range codesByError {
		used[code] = true
	}
	require.Equal(t, slices.Sorted(maps.Keys(used)), slices.Sorted(maps.Keys(told)))
	a := newShell(t).run("help", "exit-codes")
	require.Equal(t, exitOK, a.code, a.err)
	require.Contains(t, a.out, "another run holds the lock")
}

func TestEveryFlagSaysWhatItIsFor(t *testing.T) {
	for _, cmd := range leaves(newRoot(&options{})) {
		require.NotEmpty(t, cmd.Short)
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			require.NotEmpty(t, f.Usage, fmt.Sprintf("%s --%s", cmd.CommandPath(), f.Name))
		})
	}
}
