package catalog

import (
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The pulumi-aws SDK is the authority on which properties a type has: this file reads it, with the Go parser, from the
// module cache, and compares schema.txt and the replacement lists with it.

// sdkType is what the SDK's source says about one resource type.
type sdkType struct {
	props     map[string]string // name -> kind and flag, as in schema.txt
	replacing map[string]string // name -> the sentence of its documentation that speaks of replacement
}

func (t sdkType) line(tok string) string {
	words := make([]string, 0, len(t.props))
	for name, kind := range t.props {
		words = append(words, name+":"+kind)
	}
	slices.Sort(words)
	return tok + " " + strings.Join(words, " ")
}

func sdkFolder(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOMODCACHE").Output()
	require.NoError(t, err)
	folder := filepath.Join(strings.TrimSpace(string(out)), "github.com", "pulumi", "pulumi-aws", "sdk", "v7@v"+AWSVersion, "go", "aws")
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("the pulumi-aws SDK %s is not in the module cache", AWSVersion)
	}
	return folder
}

// readSDK finds the type in the file that the SDK's layout gives it.
func readSDK(t *testing.T, folder, tok string) sdkType {
	t.Helper()
	parts := strings.Split(tok, ":") // aws, ec2/vpc, Vpc
	require.Len(t, parts, 3, tok)
	module, file, _ := strings.Cut(parts[1], "/")
	name := parts[2]
	path := filepath.Join(folder, module, file+".go")
	parsed, err := parser.ParseFile(gotoken.NewFileSet(), path, nil, parser.ParseComments)
	require.NoErrorf(t, err, "%s is not where the SDK keeps its types", tok)
	s := sdkType{props: map[string]string{}, replacing: map[string]string{}}
	required, secret := constructor(parsed, "New"+name)
	inputs := fields(parsed, lowerFirst(name)+"Args")
	outputs := fields(parsed, name)
	require.NotEmptyf(t, outputs, "%s has no outputs", tok)
	for prop, field := range outputs {
		kind, computed := outputKind(field.goType)
		input, settable := inputs[prop]
		flag := "="
		switch {
		case !settable:
		case required[input.goName]:
			flag = "!"
		case computed:
			flag = "*"
		default:
			flag = "?"
		}
		if secret[prop] {
			flag += "#"
		}
		s.props[prop] = kind + flag
		if said := replacement.FindString(field.doc + " " + input.doc); settable && said != "" {
			s.replacing[prop] = said
		}
	}
	return s
}

var replacement = regexp.MustCompile(`(?i)[^.]*(forces? (the )?(new|a new|re-?creation|replacement|creation|recreate)|forcing (a )?new|changing (this|it|the)[^.]*(creates?|recreates?|replaces?|destroys?|forces?)|(cannot|can't) be (changed|modified|updated))[^.]*`)

type field struct{ goName, goType, doc string }

func fields(file *ast.File, name string) map[string]field {
	found := map[string]field{}
	for _, decl := range file.Decls {
		general, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range general.Specs {
			typeSpec, ok := spec.(*ast.TypeSpec)
			if !ok || typeSpec.Name.Name != name {
				continue
			}
			structure, ok := typeSpec.Type.(*ast.StructType)
			if !ok {
				continue
			}
			for _, f := range structure.Fields.List {
				if f.Tag == nil || len(f.Names) == 0 {
					continue
				}
				tag, _ := strconv.Unquote(f.Tag.Value)
				prop := strings.TrimSuffix(strings.TrimPrefix(tag, `pulumi:"`), `"`)
				prop, _, _ = strings.Cut(prop, ",")
				found[prop] = field{goName: f.Names[0].Name, goType: typeText(f.Type), doc: strings.Join(strings.Fields(f.Doc.Text()), " ")}
			}
		}
	}
	return found
}

func typeText(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return fmt.Sprintf("%T", e)
}

// outputKind tells the kind of a property from its Output type, and whether it always has a value: a scalar that the
// provider fills in is no pointer. Lists and maps do not tell.
func outputKind(goType string) (kind string, computed bool) {
	base := strings.TrimSuffix(goType, "Output")
	pointer := strings.HasSuffix(base, "Ptr")
	base = strings.TrimSuffix(base, "Ptr")
	switch {
	case base == "String":
		return "s", !pointer
	case base == "Bool":
		return "b", !pointer
	case base == "Int" || base == "Float64":
		return "n", !pointer
	case base == "Archive" || base == "AssetOrArchive":
		return "a", false
	case strings.HasSuffix(base, "Array"):
		return "l", false
	case strings.HasSuffix(base, "Map"):
		return "m", false
	case base == "":
		return "s", !pointer
	}
	return "o", !pointer
}

func constructor(file *ast.File, name string) (required, secret map[string]bool) {
	required, secret = map[string]bool{}, map[string]bool{}
	for _, decl := range file.Decls {
		function, ok := decl.(*ast.FuncDecl)
		if !ok || function.Name.Name != name {
			continue
		}
		ast.Inspect(function.Body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.IfStmt:
				if check, ok := n.Cond.(*ast.BinaryExpr); ok && check.Op == gotoken.EQL {
					if selector, ok := check.X.(*ast.SelectorExpr); ok && strings.Contains(blockText(n.Body), "required argument") {
						required[selector.Sel.Name] = true
					}
				}
			case *ast.CallExpr:
				if selector, ok := n.Fun.(*ast.SelectorExpr); ok && selector.Sel.Name == "AdditionalSecretOutputs" {
					ast.Inspect(n, func(m ast.Node) bool {
						if literal, ok := m.(*ast.BasicLit); ok {
							prop, _ := strconv.Unquote(literal.Value)
							secret[prop] = true
						}
						return true
					})
				}
			}
			return true
		})
	}
	return required, secret
}

func blockText(block *ast.BlockStmt) string {
	var b strings.Builder
	ast.Inspect(block, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok {
			b.WriteString(literal.Value)
		}
		return true
	})
	return b.String()
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// TestSchemaTextIsWhatTheSDKSays compares schema.txt with the SDK; CLOUD_SCHEMA_WRITE=1 writes it instead, for the tokens
// that stand in it.
func TestSchemaTextIsWhatTheSDKSays(t *testing.T) {
	folder := sdkFolder(t)
	var wanted strings.Builder
	for line := range strings.Lines(schemaText) {
		if fields := strings.Fields(line); len(fields) > 0 {
			wanted.WriteString(readSDK(t, folder, fields[0]).line(fields[0]) + "\n")
		}
	}
	if os.Getenv("CLOUD_SCHEMA_WRITE") != "" {
		require.NoError(t, os.WriteFile("schema.txt", []byte(wanted.String()), 0o600))
		return
	}
	require.Equal(t, wanted.String(), schemaText)
}
