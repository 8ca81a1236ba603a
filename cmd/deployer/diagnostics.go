package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/term"

	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/document"
	"github.com/deployer-io/deployer/shared/pipeline"
	"github.com/deployer-io/deployer/shared/resource"
)

// The forms in which validate can show diagnostics. JSON is --output json.
const (
	formatText   = "text"
	formatSARIF  = "sarif"
	formatGitHub = "github"
)

// show tells an author what is to be said about a bundle. People read it, so it goes to standard error; the forms for
// programs are the command's result and go to standard output.
func (o *options) show(diagnostics diag.List, s *source) error {
	switch o.format {
	case formatSARIF:
		tool := diag.Tool{Name: "deployer", Version: version(), URI: "https://github.com/deployer-io/deployer"}
		return diag.SARIF(o.out, diagnostics, tool, s.locate)
	case formatGitHub:
		return diag.GitHub(o.out, diagnostics, s.locate)
	}
	width, screen := o.width()
	if !screen {
		return diag.Text(o.err, diagnostics)
	}
	snippets := diag.Snippets{Source: s.text, Conceal: holdsSecret, Colour: o.colours(), Width: width}
	return snippets.Write(o.steer(), diagnostics)
}

// refuse shows an author's mistakes and ends the command.
func (o *options) refuse(mistakes diag.List, s *source) error {
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
	} else if err := o.show(mistakes, s); err != nil {
		return err
	}
	return &exitError{code: code, err: fmt.Errorf("%s in %s; nothing was changed", countOf(count, "mistake"), s.title)}
}

// countOf is 1 mistake, 2 mistakes.
func countOf(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// screen reports whether what people read goes to a terminal, and how wide that is.
func (c console) width() (columns int, is bool) {
	file, ok := c.steer().(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return 0, false
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	return columns, err == nil
}

// colours reports whether a terminal may be shown colours; see https://no-color.org. A dumb one has none.
func (o *options) colours() bool {
	return !o.noColor && o.getenv("NO_COLOR") == "" && o.getenv("TERM") != "dumb"
}

// secretCodes are the rules whose mistakes stand on lines that must not be shown.
var secretCodes = []diag.Code{resource.CodeSecretLiteral, resource.CodeCredential}

// secretField finds a value written beside, or somewhere after, the name of a secret: where the YAML cannot be read, or a
// field's name is wrong, no rule has looked at it.
var secretField = regexp.MustCompile(`(?i)(password|passwd|passphrase|token|secret|credential|(api|access|private)[_-]?key).*[:=]\s*[^\s{$]`)

// secretAsText finds a secret where its name should stand.
var secretAsText = regexp.MustCompile(`secretRef["']?\s*:\s*[^\s{&*]`)

// codeUnknownField is the rule that a field is one that its kind has.
const codeUnknownField diag.Code = "unknown-field"

// misspelt are names of secrets that a field's name, which is wrong, may have been meant to be.
var misspelt = []string{"password", "passwd", "passphrase", "token", "secret", "credential", "apikey", "accesskey", "privatekey"}

var fieldAndValue = regexp.MustCompile(`([A-Za-z_][\w-]*)["']?\s*[:=]\s*["']?([^\s"'{\[$]\S*)`)

// mayBeSecret looks at the values on a line that has a field nobody knows: its name may be that of a secret misspelt, or its
// value be as long and mixed as secrets are.
func mayBeSecret(line string) bool {
	for _, pair := range fieldAndValue.FindAllStringSubmatch(line, -1) {
		mixed := strings.ContainsAny(pair[2], "0123456789") && strings.ContainsFunc(pair[2], unicode.IsLetter)
		if len(pair[2]) >= 8 && mixed || diag.Nearest(strings.ToLower(strings.Trim(pair[1], "_-")), misspelt) != "" {
			return true
		}
	}
	return false
}

func holdsSecret(line string, about diag.List) bool {
	if slices.ContainsFunc(about, func(d diag.Diagnostic) bool { return slices.Contains(secretCodes, d.Code) }) {
		return true
	}
	if _, found := document.LooksLikeCredential(line); found || secretAsText.MatchString(line) {
		return true
	}
	unknown := slices.ContainsFunc(about, func(d diag.Diagnostic) bool { return d.Code == codeUnknownField })
	if unknown && mayBeSecret(line) {
		return true
	}
	return secretField.MatchString(strings.ReplaceAll(line, "secretRef", ""))
}

// text returns the contents of a file of the bundle.
func (s *source) text(file string) ([]byte, bool) {
	if s.bundle == nil {
		return nil, false
	}
	found, ok := s.bundle.File(file)
	return found.Data, ok
}

// locate returns the path of a file of the bundle in its repository, for tools that show diagnostics beside the files.
// Where there is no repository, the path is relative to the working directory.
func (s *source) locate(file string) (string, bool) {
	if strings.HasPrefix(file, "--set") {
		return "", false
	}
	if info, err := os.Stat(s.path); err != nil || !info.IsDir() {
		return file, true // inside of a zip, whose entries a repository does not know
	}
	folder, err := filepath.Abs(s.path)
	if err != nil {
		return file, true
	}
	root, found := repositoryOf(folder)
	if !found {
		if root, err = os.Getwd(); err != nil {
			return file, true
		}
	}
	relative, err := filepath.Rel(root, filepath.Join(folder, filepath.FromSlash(file)))
	if err != nil || strings.HasPrefix(relative, "..") {
		return file, true
	}
	return filepath.ToSlash(relative), true
}

// repositoryOf returns the top of the git repository that a folder lies in.
func repositoryOf(folder string) (string, bool) {
	for at := folder; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, ".git")); err == nil {
			return at, true
		}
		if at == filepath.Dir(at) {
			return "", false
		}
	}
}

// version is that of the module this program was built from; empty where the build does not know.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "(devel)" {
		return ""
	}
	return info.Main.Version
}
