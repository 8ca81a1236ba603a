package asl

import (
	"sort"
	"strings"
	"unicode/utf8"
)

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

// work reads what Task, Parallel and Map share.
func (f *fieldSet) work(s *state, outerNames map[string]bool) {
	s.resultSelector = f.templateOf("ResultSelector")
	f.resultPath(s)
	f.assignInto(&s.assign, outerNames)
	retries := f.list("Retry")
	for i, r := range retries {
		s.retry = append(s.retry, r.retrier(i == len(retries)-1))
	}
	catches := f.list("Catch")
	for i, c := range catches {
		s.catch = append(s.catch, c.catcher(i == len(catches)-1, outerNames))
	}
}

func (f *fieldSet) assignInto(target *fields, outerNames map[string]bool) {
	v, ok := f.take("Assign")
	if !ok {
		return
	}
	o, isObject := v.(*object)
	if !isObject {
		f.mistake(f.at("Assign"), "Assign must be an object, not %s", kindOf(v))
		return
	}
	for _, key := range o.keys {
		name := strings.TrimSuffix(key, ".$")
		at := f.at("Assign") + "/" + pointerToken(key)
		r := &pathReader{text: name}
		switch {
		case r.identifier() != name || name == "" || utf8.RuneCountInString(name) > maxNameLength:
			f.mistake(at, "%q is not a variable's name: letters, digits and _, at most %d, not beginning with a digit",
				name, maxNameLength)
		case name == "states":
			f.mistake(at, "$states is reserved")
		case outerNames[name]:
			f.mistake(at, "$%s belongs to the states around this one, which it can read but not assign", name)
		}
	}
	*target, _ = f.templateFields(f.at("Assign"), o)
}

func (f *fieldSet) errorEquals(last bool) []string {
	v, ok := f.take("ErrorEquals")
	list, isList := v.([]any)
	if !ok || !isList || len(list) == 0 {
		f.mistake(f.at("ErrorEquals"), "ErrorEquals must be an array with at least one error name")
		return nil
	}
	names := make([]string, 0, len(list))
	for _, e := range list {
		name, isText := e.(string)
		if !isText {
			f.mistake(f.at("ErrorEquals"), "an error name is a string, not %s", kindOf(e))
		}
		if name == errorAll && (len(list) > 1 || !last) {
			f.mistake(f.at("ErrorEquals"), "States.ALL stands alone and in the last place")
		}
		names = append(names, name)
	}
	return names
}

func (f *fieldSet) retrier(last bool) retrier {
	f.text("Comment")
	r := retrier{errors: f.errorEquals(last), interval: 1, backoff: 2, maxAttempts: 3}
	if q := f.number("IntervalSeconds", 1, maxTimeout); q.set {
		r.interval = q.fixed
	}
	if q := f.number("MaxAttempts", 0, maxTimeout); q.set {
		r.maxAttempts = int64(q.fixed)
	}
	if q := f.decimal("BackoffRate", 1, maxTimeout); q.set {
		r.backoff = q.fixed
	}
	if q := f.number("MaxDelaySeconds", 1, 31_622_400); q.set {
		if r.maxDelay = q.fixed; r.maxDelay <= r.interval {
			f.mistake(f.at("MaxDelaySeconds"), "MaxDelaySeconds must be greater than IntervalSeconds")
		}
	}
	switch v, ok := f.take("JitterStrategy"); {
	case !ok || v == "NONE":
	case v == "FULL":
		r.fullJitter = true
	default:
		f.mistake(f.at("JitterStrategy"), `JitterStrategy must be "FULL" or "NONE"`)
	}
	f.done("retrier")
	return r
}

func (f *fieldSet) catcher(last bool, outerNames map[string]bool) catcher {
	f.text("Comment")
	c := catcher{errors: f.errorEquals(last), next: f.requiredText("Next")}
	c.resultPath, c.dropped = f.resultPathField()
	f.assignInto(&c.assign, outerNames)
	f.done("catcher")
	return c
}

func (f *fieldSet) task(s *state) {
	f.parameters(s)
	s.resource = f.requiredText("Resource")
	var reason string
	if s.service, reason = serviceOf(s.resource); reason != "" && s.resource != "" {
		f.mistake(f.at("Resource"), "%s", reason)
	}
	if s.service.needsParameters() && s.parameters == nil {
		f.mistake(f.pointer, "%s needs Parameters", s.resource)
	}
	s.timeout = f.quantity("TimeoutSeconds", 1, maxTimeout)
	s.heartbeat = f.quantity("HeartbeatSeconds", 1, maxTimeout)
	if s.timeout.set && s.heartbeat.set && s.timeout.path == nil && s.heartbeat.path == nil &&
		s.heartbeat.fixed >= s.timeout.fixed {
		f.mistake(f.at("HeartbeatSeconds"), "HeartbeatSeconds must be smaller than TimeoutSeconds")
	}
	if v, ok := f.take("Credentials"); ok {
		if _, isObject := v.(*object); !isObject {
			f.mistake(f.at("Credentials"), "Credentials must be an object, not %s", kindOf(v))
		}
	}
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

func (f *fieldSet) mapping(s *state, names map[string]bool) {
	m := &mapping{}
	s.loop = m
	if f.has("ItemsPath") {
		m.items = f.path("ItemsPath")
	}
	m.selector = f.oneTemplate("ItemSelector", "Parameters")
	m.concurrency = f.quantity("MaxConcurrency", 0, maxTimeout)
	m.toleratedCount = f.quantity("ToleratedFailureCount", 0, maxTimeout)
	m.toleratedFraction = f.orPath("ToleratedFailurePercentage", f.decimal("ToleratedFailurePercentage", 0, 100))
	m.label = f.text("Label")
	name := "ItemProcessor"
	if !f.has(name) && f.has("Iterator") {
		name = "Iterator"
	}
	v, ok := f.take(name)
	o, isObject := v.(*object)
	if !ok || !isObject {
		f.mistake(f.at(name), "a Map state needs an ItemProcessor")
		return
	}
	inner := f.fieldsOf(f.at(name), o)
	inner.text("Comment")
	inner.processorConfig(m)
	if m.distributed {
		names = nil // the children are executions of their own, with their own variables
	}
	m.processor = f.workflow(inner, s.name, names)
	inner.done(name)
	if !m.distributed && (m.toleratedCount.set || m.toleratedFraction.set) {
		f.mistake(f.pointer, "ToleratedFailureCount and ToleratedFailurePercentage need ProcessorConfig.Mode DISTRIBUTED")
	}
}

func (f *fieldSet) oneTemplate(name, legacy string) template {
	t := f.templateOf(name)
	if old := f.templateOf(legacy); old != nil {
		if t != nil {
			f.mistake(f.at(legacy), "%s and %s exclude each other", name, legacy)
		}
		t = old
	}
	return t
}

func (f *fieldSet) processorConfig(m *mapping) {
	v, ok := f.take("ProcessorConfig")
	if !ok {
		return
	}
	o, isObject := v.(*object)
	if !isObject {
		f.mistake(f.at("ProcessorConfig"), "ProcessorConfig must be an object, not %s", kindOf(v))
		return
	}
	c := f.fieldsOf(f.at("ProcessorConfig"), o)
	switch mode := c.text("Mode"); mode {
	case "", "INLINE":
	case "DISTRIBUTED":
		m.distributed = true
	default:
		f.mistake(c.at("Mode"), "Mode must be INLINE or DISTRIBUTED, not %q", mode)
	}
	switch kind := c.text("ExecutionType"); {
	case kind == "":
		if m.distributed {
			f.mistake(c.pointer, "a distributed Map needs ExecutionType STANDARD or EXPRESS")
		}
	case kind == "EXPRESS":
		m.express = true
	case kind != "STANDARD":
		f.mistake(c.at("ExecutionType"), "ExecutionType must be STANDARD or EXPRESS, not %q", kind)
	}
	c.done("ProcessorConfig")
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
