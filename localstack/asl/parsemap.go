package asl

func (f *fieldSet) mapping(s *state, names map[string]bool) {
	m := &mapping{}
	s.loop = m
	if f.has("ItemsPath") {
		m.items = f.path("ItemsPath")
	}
	m.selector = f.oneTemplate("ItemSelector", "Parameters")
	m.concurrency = f.quantity("MaxConcurrency", 0)
	m.toleratedCount = f.quantity("ToleratedFailureCount", 0)
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
