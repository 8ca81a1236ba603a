package policy

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"

	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/resource"
)

// unknownField is an expression that looks for a field which nothing that it is about has.
type unknownField struct {
	message, hint string
}

func (e *unknownField) Error() string { return e.message }

// checkCondition looks for fields that do not exist, and for a value that is no condition: CEL itself would find out only
// when the rule is applied. It returns the first field of the spec that is named, as in spec.backup.retentionDays.
func checkCondition(p *program, on resource.PolicySubject, kinds []string) (string, error) {
	w := walker{}
	of := w.check(p.tree, on, kinds)
	if w.err == nil && len(of) > 0 && !slices.ContainsFunc(of, func(t reflect.Type) bool { return deref(t).Kind() == reflect.Bool }) {
		return w.path, &expressionError{message: fmt.Sprintf("comes to %s, and true or false is wanted", called(of[0]))}
	}
	return w.path, w.err
}

// check goes through an expression and returns the types that its value may have; none where that is open.
func (w *walker) check(tree ast.Expr, on resource.PolicySubject, kinds []string) []reflect.Type {
	w.specs = nil
	for _, kind := range resource.Kinds() {
		if d, _ := resource.Lookup(kind); fits(kinds, string(kind)) {
			w.specs = append(w.specs, reflect.TypeOf(d.New()))
		}
	}
	known := map[string][]reflect.Type{"environment": {reflect.TypeFor[resource.Environment]()}, "platform": {reflect.TypeFor[platform]()}}
	if on == resource.OnPlan {
		known["plan"] = []reflect.Type{reflect.TypeFor[planView]()}
	} else {
		known["resource"] = []reflect.Type{reflect.TypeFor[subject]()}
	}
	return w.typesOf(tree, known)
}

func (m message) check(on resource.PolicySubject, kinds []string) error {
	w := walker{}
	for _, p := range m {
		if p.expression != nil {
			w.check(p.expression.tree, on, kinds)
		}
	}
	return w.err
}

// walker goes through an expression, knowing of each part which Go types its value may have; none where that is open.
type walker struct {
	specs []reflect.Type
	path  string
	err   error
}

func (w *walker) typesOf(e ast.Expr, known map[string][]reflect.Type) []reflect.Type {
	switch e.Kind() {
	case ast.IdentKind:
		return known[e.AsIdent()]
	case ast.SelectKind:
		w.remember(e)
		s := e.AsSelect()
		of := w.field(w.typesOf(s.Operand(), known), s.FieldName(), chain(s.Operand()))
		if s.IsTestOnly() { // has()
			return []reflect.Type{reflect.TypeFor[bool]()}
		}
		return of
	case ast.CallKind:
		return w.call(e.AsCall(), known)
	case ast.ListKind:
		for _, item := range e.AsList().Elements() {
			w.typesOf(item, known)
		}
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			w.typesOf(entry.AsMapEntry().Key(), known)
			w.typesOf(entry.AsMapEntry().Value(), known)
		}
	case ast.ComprehensionKind:
		w.comprehension(e.AsComprehension(), known)
	}
	return nil
}

func (w *walker) call(c ast.CallExpr, known map[string][]reflect.Type) []reflect.Type {
	if c.IsMemberFunction() {
		w.typesOf(c.Target(), known)
	}
	var args [][]reflect.Type
	for _, arg := range c.Args() {
		args = append(args, w.typesOf(arg, known))
	}
	if c.FunctionName() == operators.Index && len(args) == 2 {
		return elements(args[0])
	}
	return nil
}

func (w *walker) comprehension(c ast.ComprehensionExpr, known map[string][]reflect.Type) {
	over := w.typesOf(c.IterRange(), known)
	inside := maps.Clone(known)
	delete(inside, c.AccuVar())
	inside[c.IterVar()] = nil
	if c.HasIterVar2() {
		inside[c.IterVar2()] = elements(over)
	} else if len(over) > 0 && deref(over[0]).Kind() == reflect.Slice {
		inside[c.IterVar()] = elements(over)
	}
	for _, part := range []ast.Expr{c.AccuInit(), c.LoopCondition(), c.LoopStep(), c.Result()} {
		w.typesOf(part, inside)
	}
}

// called is what messages call a type.
func called(t reflect.Type) string {
	switch t = deref(t); {
	case t == reflect.TypeFor[resource.Duration]():
		return "a duration"
	case t.Kind() == reflect.String || special[t]:
		return "a text"
	case t.Kind() == reflect.Slice:
		return "a list"
	case t.Kind() == reflect.Map || t.Kind() == reflect.Struct:
		return "a mapping"
	}
	return "a number"
}

// elements are the types of a list's items, or of a mapping's values.
func elements(of []reflect.Type) []reflect.Type {
	var items []reflect.Type
	for _, t := range of {
		if t = deref(t); t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
			items = append(items, t.Elem())
		}
	}
	return items
}

func deref(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

var specType = reflect.TypeFor[resource.Spec]()

// field returns the types of a field of values of some types. It is an error when none of them has such a field.
func (w *walker) field(of []reflect.Type, name, owner string) []reflect.Type {
	var found []reflect.Type
	var names []string
	for _, t := range of {
		t = deref(t)
		switch {
		case t.Kind() == reflect.Map:
			found = append(found, t.Elem())
		case t.Kind() == reflect.Interface || t == reflect.TypeFor[resource.Input]():
			return nil
		case t.Kind() == reflect.Struct && !special[t]:
			s := shapeOf(t)
			if f, has := s.fields[name]; has {
				found = append(found, f.of)
			}
			names = append(names, s.names()...)
		}
	}
	if len(of) > 0 && len(found) == 0 && w.err == nil {
		w.err = noField(owner, name, names)
	}
	if len(found) == 1 && found[0] == specType {
		return w.specs
	}
	return slices.DeleteFunc(found, func(t reflect.Type) bool { return deref(t).Kind() == reflect.Interface })
}

func noField(owner, name string, names []string) error {
	if owner == "" {
		owner = "what stands before it"
	}
	slices.Sort(names)
	names = slices.Compact(names)
	hint := "it is no object"
	if nearest := diag.Nearest(name, names); nearest != "" {
		hint = fmt.Sprintf("did you mean %q?", nearest)
	} else if len(names) > 0 && len(names) <= 20 {
		hint = "it has " + strings.Join(names, ", ")
	} else if len(names) > 0 {
		hint = "'deployer schema' lists the fields; match.kinds says whose"
	}
	return &unknownField{message: fmt.Sprintf("%s has no field %q", owner, name), hint: hint}
}

// remember keeps the first field of the resource's spec, or its tags.
func (w *walker) remember(e ast.Expr) {
	if w.path != "" {
		return
	}
	path := chain(e)
	if inside, found := strings.CutPrefix(path, "resource.spec."); found {
		w.path = "spec." + inside
	} else if strings.HasPrefix(path, "resource.tags") {
		w.path = "spec.tags"
	}
}

// chain writes fields of fields and items out: resource.spec.ports[0].name; empty for anything else.
func chain(e ast.Expr) string {
	switch e.Kind() {
	case ast.IdentKind:
		return e.AsIdent()
	case ast.SelectKind:
		if before := chain(e.AsSelect().Operand()); before != "" {
			return before + "." + e.AsSelect().FieldName()
		}
	case ast.CallKind:
		c := e.AsCall()
		if c.FunctionName() != operators.Index || len(c.Args()) != 2 || c.Args()[1].Kind() != ast.LiteralKind {
			return ""
		}
		if before := chain(c.Args()[0]); before != "" {
			return fmt.Sprintf("%s[%v]", before, c.Args()[1].AsLiteral().Value())
		}
	}
	return ""
}
