package asl

import "sort"

// state reads one state. outerNames are the variables of the scopes around it, which it may read but not assign.
func (p *parser) state(s *state, f *fieldSet, outerNames, names map[string]bool) {
	s.kind = f.requiredText("Type")
	s.comment = f.text("Comment")
	f.queryLanguage()
	switch s.kind {
	case kindPass:
		f.flow(s)
		f.io(s)
		f.parameters(s)
		f.resultPath(s)
		s.result, s.hasResult = f.take("Result")
		f.assignInto(&s.assign, outerNames)
	case kindTask:
		f.flow(s)
		f.io(s)
		f.task(s)
		f.work(s, outerNames)
	case kindChoice:
		f.io(s)
		f.choice(s, outerNames)
	case kindWait:
		f.flow(s)
		f.io(s)
		f.wait(s)
		f.assignInto(&s.assign, outerNames)
	case kindSucceed:
		f.io(s)
	case kindFail:
		f.fail(s)
	case kindParallel:
		f.flow(s)
		f.io(s)
		f.parameters(s)
		f.work(s, outerNames)
		for _, b := range f.list("Branches") {
			b.text("Comment")
			s.branches = append(s.branches, p.workflow(b, s.name, names))
			b.done("branch")
		}
		if len(s.branches) == 0 {
			p.mistake(f.pointer, "Branches must hold at least one branch")
		}
	case kindMap:
		f.flow(s)
		f.io(s)
		f.work(s, outerNames)
		f.mapping(s, names)
	case "":
		return
	default:
		p.mistake(f.at("Type"), "there is no state type %q%s", s.kind, nearest(s.kind, stateKinds))
		return
	}
	f.done(s.kind + " state")
}

var stateKinds = []string{
	kindPass, kindTask, kindChoice, kindWait, kindSucceed, kindFail, kindParallel, kindMap,
}

// flow reads Next and End, of which exactly one says how the state goes on.
func (f *fieldSet) flow(s *state) {
	s.next = f.text("Next")
	end, hasEnd := f.take("End")
	if hasEnd && end != true {
		f.mistake(f.at("End"), "End must be true where it stands")
	}
	switch {
	case f.has("Next") && hasEnd:
		f.mistake(f.at("End"), "Next and End exclude each other")
	case !f.has("Next") && !hasEnd:
		f.mistake(f.pointer, "a %s state needs Next or End", s.kind)
	case f.has("Next") && s.next == "":
		f.mistake(f.at("Next"), "Next must name a state")
	}
}

func (f *fieldSet) io(s *state) {
	s.inputPath = f.selection("InputPath")
	s.outputPath = f.selection("OutputPath")
}

func (f *fieldSet) parameters(s *state) { s.parameters = f.templateOf("Parameters") }

func (f *fieldSet) resultPath(s *state) {
	s.resultPath, s.resultDropped = f.resultPathField()
}

func (f *fieldSet) resultPathField() (p *path, dropped bool) {
	v, ok := f.object.get("ResultPath")
	if !ok || v == nil {
		f.taken["ResultPath"] = true
		return nil, ok
	}
	p = f.referencePath("ResultPath")
	if p != nil && p.root != rootInput {
		f.mistake(f.at("ResultPath"), "ResultPath puts the result into the state's input: it begins with $ alone")
	}
	return p, false
}

func (f *fieldSet) wait(s *state) {
	var set []string
	for _, name := range []string{"Seconds", "SecondsPath", "Timestamp", "TimestampPath"} {
		if f.has(name) {
			set = append(set, name)
		}
	}
	if len(set) != 1 {
		f.mistake(f.pointer, "a Wait state has exactly one of Seconds, SecondsPath, Timestamp and TimestampPath")
	}
	s.wait.seconds = f.number("Seconds", 0, maxSeconds)
	if f.has("SecondsPath") {
		s.wait.seconds = quantity{set: true, path: f.referencePath("SecondsPath")}
	}
	if s.wait.timestamp = f.text("Timestamp"); f.has("Timestamp") {
		if _, ok := parseTimestamp(s.wait.timestamp); !ok {
			f.mistake(f.at("Timestamp"), "%q is not a timestamp such as 2030-01-31T08:00:00Z", s.wait.timestamp)
		}
	}
	if f.has("TimestampPath") {
		s.wait.path = f.referencePath("TimestampPath")
	}
}

func (f *fieldSet) fail(s *state) {
	s.fail.name, s.fail.hasName = f.text("Error"), f.has("Error")
	s.fail.cause, s.fail.hasCause = f.text("Cause"), f.has("Cause")
	s.fail.namePath = f.failPath("Error")
	s.fail.causePath = f.failPath("Cause")
}

// failTexts are the functions that may stand in ErrorPath and CausePath: those that give a string.
var failTexts = map[string]bool{
	"States.Format": true, "States.JsonToString": true, "States.ArrayGetItem": true, "States.Base64Encode": true,
	"States.Base64Decode": true, "States.Hash": true, "States.UUID": true,
}

func (f *fieldSet) failPath(of string) expression {
	name := of + "Path"
	v, ok := f.take(name)
	if !ok {
		return nil
	}
	if f.has(of) {
		f.mistake(f.at(name), "%s and %s exclude each other", of, name)
	}
	text, _ := v.(string)
	e, err := parseExpression(text)
	if err != nil {
		f.mistake(f.at(name), "%v", err)
		return literal{}
	}
	if c, isCall := e.(*call); isCall && !failTexts[c.name] {
		f.mistake(f.at(name), "%s does not give a string", c.name)
	}
	return e
}

// known gives the keys of a set in order.
func known[V any](set map[string]V) []string {
	list := make([]string, 0, len(set))
	for k := range set {
		list = append(list, k)
	}
	sort.Strings(list)
	return list
}
