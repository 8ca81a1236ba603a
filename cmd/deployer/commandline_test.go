package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/run"
)

func TestMistakesOfTheCommandLineExitWithTwo(t *testing.T) {
	s := newShell(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"aply"}, "apply"},
		{[]string{"state", "verfy"}, "did you mean verify?"},
		{[]string{"lock", "nope"}, "deployer lock has no command"},
		{[]string{"cloud", "nope"}, "deployer cloud has no command"},
		{[]string{"validate", "--envronment", "x"}, "did you mean --environment?"},
		{[]string{"validate", "a", "b"}, "validate [BUNDLE]"},
		{[]string{"approve"}, "approve RUN"},
		{[]string{"apply", "--lock-timeout", "abc"}, "abc"},
		{[]string{"apply", "--parallelism=-3"}, "--parallelism"},
		{[]string{"apply", "--lock-timeout=-5s"}, "--lock-timeout"},
		{[]string{"plan", "--detailed-exitcode=maybe"}, "maybe"},
		{[]string{"history", "-n", "0"}, "--limit"},
		{[]string{"validate", example, "-e", "nope"}, `the stack user-platform has no environment "nope"; it has development, staging, production`},
	} {
		a := s.run(c.args...)
		require.Equal(t, exitConfiguration, a.code, "%v: %s", c.args, a.err)
		require.Contains(t, a.err, c.want, "%v", c.args)
		require.NotContains(t, a.err, "mistakes in the bundle", "%v", c.args)
	}
	require.NoDirExists(t, s.dir)
	require.Equal(t, exitOK, s.run("state").code)
}

func TestADetailedExitCodeOfTwoMeansChangesAlone(t *testing.T) {
	s := newShell(t)
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "stack.yaml"), []byte(mistakes), 0o600))
	require.Equal(t, exitError1, s.run("plan", folder, "--detailed-exitcode").code)
	require.Equal(t, exitConfiguration, s.run("plan", folder).code)
	require.Equal(t, exitError1, s.run("plan", "nowhere", "--detailed-exitcode").code)
	for code, want := range map[int]int{exitConfiguration: exitError1, exitCredentials: exitCredentials, exitPolicy: exitPolicy,
		exitLockHeld: exitLockHeld, exitOK: exitOK} {
		var ended *exitError
		require.ErrorAs(t, (&options{}).detail(&exitError{code: code}), &ended)
		require.Equal(t, want, ended.code)
	}
	var ended *exitError
	require.ErrorAs(t, (&options{changes: 1}).detail(&exitError{code: exitOK}), &ended)
	require.Equal(t, exitChanges, ended.code)
}

func TestErrorsOfThisPackageHaveTheirCodesWhateverItIsCalled(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{{&NotFound{}, exitNotFound}, {&LeftRunning{}, exitCancelled}} {
		var own codedError
		require.True(t, errors.As(c.err, &own))
		require.Equal(t, c.want, own.exitCode())
		require.Equal(t, c.want, codeOf(c.err))
	}
	require.NotContains(t, codesByError, "NotFound", "the built program's type of that name is in the package main")
	require.NotContains(t, codesByError, "LeftRunning")
}

// nextOf is what is proposed after a run.
func nextOf(made report.Report) string {
	var text bytes.Buffer
	o := &options{console: console{err: &text}}
	o.next(made)
	return text.String()
}

func TestNothingToRetryIsNotProposed(t *testing.T) {
	row := report.Row{Component: "app/api", Action: plan.Create, Result: report.Skipped}
	for _, operation := range []run.Operation{run.Plan, run.Deploy} {
		text := nextOf(report.Report{Operation: operation, Ending: run.FailedClean, Rows: []report.Row{row}})
		require.Contains(t, text, "deployer logs")
		require.NotContains(t, text, "deployer retry")
	}
	begun, at := row, time.Unix(0, 0)
	begun.StartedAt = &at
	require.Contains(t, nextOf(report.Report{Operation: run.Deploy, Ending: run.FailedClean, Rows: []report.Row{row, begun}}), "deployer retry")
}

func TestTheCommitOfAWorktreeIsFound(t *testing.T) {
	const commit = "9444f17aa0c3f8b7e1d2c3b4a5968778695a4b3c"
	top := t.TempDir()
	write := func(path, text string) {
		path = filepath.Join(top, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	write("main/.git/HEAD", "ref: refs/heads/main\n")
	write("main/.git/packed-refs", "# pack-refs\n"+commit+" refs/heads/feature\n")
	write("main/.git/worktrees/tree/HEAD", "ref: refs/heads/feature\n")
	write("main/.git/worktrees/tree/commondir", "../..\n")
	write("tree/.git", "gitdir: "+filepath.Join(top, "main/.git/worktrees/tree")+"\n")
	write("main/.git/modules/sub/HEAD", commit+"\n")
	write("main/sub/.git", "gitdir: ../.git/modules/sub\n")
	write("tree/deploy/stack.yaml", "")
	require.Equal(t, commit, commitOf(filepath.Join(top, "tree/deploy")))
	require.Equal(t, commit, commitOf(filepath.Join(top, "main/sub")))
	require.Empty(t, commitOf(filepath.Join(top, "main")), "a branch without a commit")
}

func TestADumbTerminalGetsNoColours(t *testing.T) {
	for _, term := range []string{"dumb", "xterm"} {
		o := &options{console: console{getenv: func(name string) string { return map[string]string{"TERM": term}[name] }}}
		require.Equal(t, term == "xterm", o.colours())
	}
}
