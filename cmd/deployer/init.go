package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deployer-io/deployer/cmd/deployer/initial"
	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/pipeline"
)

// beginning is what the flags of init say, as texts; see question.
type beginning struct {
	name, owner, service, region, schemas string
	environments, kinds                   []string
}

// publishedSchemas is where the JSON Schemas of the newest release stand.
const publishedSchemas = "https://raw.githubusercontent.com/deployer-io/deployer/main/docs/schema"

func newInit(o *options) *cobra.Command {
	var b beginning
	cmd := &cobra.Command{
		Use:   "init [FOLDER]",
		Short: "Write the first files of a stack",
		Long: "Write the first files of a stack into a folder, by default the current one: small, valid, and meant to be changed.\n" +
			"What the flags do not say is asked on a terminal, and is as shown below elsewhere. Nothing is overwritten.",
		Example: "  deployer init\n" +
			"  deployer init shop --environment staging,production=eu-central-1 --kind MicroService --kind RDS=orders",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			folder := pathOf(args)
			if b.name == "" {
				b.name = nameFor(folder)
			}
			if o.terminal() {
				if err := o.askFor(&b, cmd.Flags().Changed); err != nil {
					return err
				}
			}
			return o.begin(folder, b)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&b.name, "name", "", "the stack's name (default: the folder's)")
	flags.StringSliceVarP(&b.environments, "environment", "e", []string{"staging", "production"}, "an environment, NAME or NAME=REGION; may be repeated")
	flags.StringVar(&b.region, "region", "eu-west-1", "the AWS region of environments that name none")
	flags.StringVar(&b.owner, "owner", "", "who answers for it: a team or a person")
	flags.StringVar(&b.service, "service", "app", "the name of the first service")
	flags.StringSliceVar(&b.kinds, "kind", []string{"MicroService", "RDS"}, "a component of it, KIND or KIND=NAME; may be repeated")
	flags.StringVar(&b.schemas, "schemas", "", "where editors find the JSON Schemas, a folder or a URL (default: docs/schema of this repository, or the published ones)")
	return cmd
}

// nameFor is the name of the folder, made fit for a stack.
func nameFor(folder string) string {
	path, err := filepath.Abs(folder)
	if err != nil {
		return "my-stack"
	}
	name := strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '-'
	}, filepath.Base(path)), "-")
	if address.CheckName(name) != nil {
		return "my-stack"
	}
	return name
}

// choice reads the texts.
func (b beginning) choice(folder string) (initial.Choice, error) {
	c := initial.Choice{Stack: b.name, Owner: b.owner, Service: b.service, Schemas: strings.TrimSuffix(b.schemas, "/")}
	if c.Schemas == "" {
		c.Schemas = schemasFor(folder)
	}
	for _, text := range b.environments {
		e, err := initial.ParseEnvironment(text, b.region)
		if err != nil {
			return c, err
		}
		c.Environments = append(c.Environments, e)
	}
	for _, text := range b.kinds {
		one, err := initial.ParseComponent(text)
		if err != nil {
			return c, err
		}
		c.Components = append(c.Components, one)
	}
	return c, c.Check()
}

// schemasFor finds the JSON Schemas in a folder above, or names the published ones.
func schemasFor(folder string) string {
	path, err := filepath.Abs(folder)
	if err != nil {
		return publishedSchemas
	}
	for at := path; ; at = filepath.Dir(at) {
		schemas := filepath.Join(at, "docs", "schema")
		if _, err := os.Stat(filepath.Join(schemas, "deployer.json")); err == nil {
			if relative, err := filepath.Rel(path, schemas); err == nil {
				return filepath.ToSlash(relative)
			}
		}
		if at == filepath.Dir(at) {
			return publishedSchemas
		}
	}
}

// begin writes the files, unless one of them is there or the folder holds a stack already.
func (o *options) begin(folder string, b beginning) error {
	choice, err := b.choice(folder)
	if err != nil {
		return &exitError{code: exitConfiguration, err: err}
	}
	files, err := choice.Files()
	if err != nil {
		return err
	}
	if err := checkBeginning(choice, files); err != nil {
		return err
	}
	if err := refuseToOverwrite(folder, files); err != nil {
		return &exitError{code: exitConfiguration, err: err}
	}
	for _, f := range files {
		if err := writeNew(filepath.Join(folder, filepath.FromSlash(f.Path)), f.Data); err != nil {
			return err
		}
	}
	ignored, err := ignoreRuns(folder)
	if err != nil {
		return err
	}
	return o.tellBeginning(folder, choice, append(files, ignored...))
}

// ignoreRuns keeps what the embedded environment writes out of Git, unless the folder says already what Git passes over.
func ignoreRuns(folder string) ([]bundle.File, error) {
	path := filepath.Join(folder, ".gitignore")
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	file := bundle.File{Path: ".gitignore", Data: []byte("# The runs and states of the embedded environment.\n" + defaultDir + "/\n")}
	return []bundle.File{file}, writeNew(path, file.Data)
}

// typedWord is a path as a shell takes it.
func typedWord(path string) string {
	if plainWord.MatchString(path) {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./@%+=:,-]+$`)

// checkBeginning sees to it that nothing is written that is not valid.
func checkBeginning(choice initial.Choice, files []bundle.File) error {
	made, mistakes := bundle.FromFiles(files, bundle.DefaultLimits())
	for _, e := range choice.Environments {
		if made == nil || mistakes.HasErrors() {
			break
		}
		_, mistakes = pipeline.Compile(made, pipeline.Options{Scope: address.Scope(choice.Stack, e.Name), Now: time.Now()})
	}
	if mistakes.HasErrors() {
		return &exitError{code: exitConfiguration, err: fmt.Errorf("with these flags the stack would not be valid; nothing was written:\n%s",
			strings.TrimSpace(mistakes.String()))}
	}
	return nil
}

// codeEmptyBundle is how a folder is refused that holds no documents: codes stay as they are.
const codeEmptyBundle diag.Code = "bundle-empty"

func refuseToOverwrite(folder string, files []bundle.File) error {
	var there []string
	for _, f := range files {
		if _, err := os.Lstat(filepath.Join(folder, filepath.FromSlash(f.Path))); !errors.Is(err, fs.ErrNotExist) {
			there = append(there, f.Path)
		}
	}
	if len(there) > 0 {
		return fmt.Errorf("%s already has %s; nothing was written: choose another folder, or move them away", folder, listOf(there))
	}
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	held, mistakes, err := bundle.FromFolder(folder, bundle.DefaultLimits())
	if err != nil {
		return err
	}
	if len(mistakes) == 1 && mistakes[0].Code == codeEmptyBundle {
		return nil
	}
	if mistakes.HasErrors() {
		return fmt.Errorf("%s cannot be read as a bundle; nothing was written: choose another folder\n%s", folder, strings.TrimSpace(mistakes.String()))
	}
	if _, names := environmentsIn(held); len(names) > 0 {
		return fmt.Errorf("%s already holds the stack %s; nothing was written: choose another folder", folder, listOf(names))
	}
	return nil
}

// writeNew writes a file that must not be there. A bundle is no secret: others may read it.
func writeNew(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Close())
}

func (o *options) tellBeginning(folder string, choice initial.Choice, files []bundle.File) error {
	paths := make([]string, len(files))
	for i, f := range files {
		paths[i] = f.Path
	}
	slices.Sort(paths)
	if o.json() {
		return o.print(map[string]any{"stack": choice.Stack, "folder": folder, "files": paths})
	}
	in := ""
	if folder != "." {
		in = " " + typedWord(folder)
	}
	fmt.Fprintf(o.out, "Wrote the stack %s into %s:\n", choice.Stack, folder)
	for _, path := range paths {
		fmt.Fprintf(o.out, "  %s\n", path)
	}
	fmt.Fprintf(o.out, "Now change it to what you want, then:\n  deployer validate%s\n  deployer plan%s -e %s\n", in, in, choice.Environments[0].Name)
	return nil
}
