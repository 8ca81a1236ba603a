package asl

import (
	"strings"
	"unicode/utf8"
)

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
	s.timeout = f.quantity("TimeoutSeconds", 1)
	s.heartbeat = f.quantity("HeartbeatSeconds", 1)
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
