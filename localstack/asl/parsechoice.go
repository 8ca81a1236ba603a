package asl

import "strings"

// choice reads the rules of a Choice state.
func (f *fieldSet) choice(s *state, outerNames map[string]bool) {
	s.defaultNext = f.text("Default")
	f.assignInto(&s.defaultAssign, outerNames)
	for _, r := range f.list("Choices") {
		s.rules = append(s.rules, r.rule(outerNames))
	}
	if len(s.rules) == 0 {
		f.mistake(f.pointer, "Choices must hold at least one rule")
	}
}

func (f *fieldSet) rule(outerNames map[string]bool) rule {
	r := rule{next: f.requiredText("Next")}
	f.assignInto(&r.assign, outerNames)
	r.test = f.test()
	f.done("choice rule")
	return r
}

func (f *fieldSet) nestedTest() test {
	t := f.test()
	f.done("nested choice rule")
	return t
}

func (f *fieldSet) test() test {
	f.text("Comment")
	switch {
	case f.has("And"):
		return andTest(f.tests("And"))
	case f.has("Or"):
		return orTest(f.tests("Or"))
	case f.has("Not"):
		v, _ := f.take("Not")
		o, ok := v.(*object)
		if !ok {
			f.mistake(f.at("Not"), "Not holds one rule")
			return andTest{}
		}
		return notTest{f.fieldsOf(f.at("Not"), o).nestedTest()}
	default:
		return f.comparison()
	}
}

func (f *fieldSet) tests(name string) []test {
	var list []test
	for _, r := range f.list(name) {
		list = append(list, r.nestedTest())
	}
	if len(list) == 0 {
		f.mistake(f.at(name), "%s must hold at least one rule", name)
	}
	return list
}

func (f *fieldSet) comparison() test {
	t := &varTest{}
	f.also = known(operators)
	if f.has("Variable") {
		t.variable = f.path("Variable")
	} else if !f.has("Condition") {
		f.mistake(f.pointer, "a rule needs Variable and a comparison, or And, Or or Not")
	}
	f.taken["Variable"] = true
	for _, key := range f.object.keys {
		op, direct := operators[key]
		base, isPath := strings.CutSuffix(key, "Path")
		if !direct {
			var exists bool
			if op, exists = operators[base]; !isPath || !exists || !op.path {
				continue
			}
		}
		if t.name != "" {
			f.mistake(f.at(key), "%s and %s: a rule has one comparison", t.name, key)
		}
		t.name, t.operator = key, op
		if !direct {
			t.other = f.path(key)
			continue
		}
		if t.literal, _ = f.take(key); !op.accepts(t.literal) {
			f.mistake(f.at(key), "%s compares with %s, not %s", key, op.wants, kindOf(t.literal))
		}
	}
	if t.name == "" && f.has("Variable") {
		f.mistake(f.pointer, "the rule has no comparison, such as StringEquals, NumericLessThanPath or IsPresent")
	}
	return t
}
