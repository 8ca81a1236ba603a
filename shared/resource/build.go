package resource

import (
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/document"
)

// The codes of mistakes about documents and how they hang together.
const (
	CodeUnknownKind     diag.Code = "unknown-kind"
	CodeUnknownVersion  diag.Code = "unknown-api-version"
	CodeName            diag.Code = "name"
	CodeDuplicate       diag.Code = "duplicate-address"
	CodeReserved        diag.Code = "reserved-service"
	CodeUnknownService  diag.Code = "unknown-service"
	CodeDangling        diag.Code = "dangling-reference"
	CodeUnknownOutput   diag.Code = "unknown-output"
	CodeOutputType      diag.Code = "output-type"
	CodeReferenceKind   diag.Code = "reference-kind"
	CodeSelfReference   diag.Code = "self-reference"
	CodeNoNetwork       diag.Code = "missing-networking"
	CodeCredential      diag.Code = "credential"
	codeUnknownField    diag.Code = "unknown-field" // as document names it
	codeMissingRequired diag.Code = "missing-field" // as document names it
)

// Build gives the merged documents of one environment their meaning. The diagnostics are sorted and all there are. The
// set is nil when there is no stack to speak of; with errors it holds what could be understood, so that what comes after
// can look for mistakes of its own, and must not be deployed.
//
// An address without stack or environment is completed from the documents where that is possible.
func Build(docs []*document.Document, scope address.Address) (*Set, diag.List) {
	b := &builder{byShort: make(map[string]*entry, len(docs)), services: map[string]*service{}}
	if !b.readStack(docs, scope) {
		return nil, b.finish()
	}
	b.readServices(docs)
	b.readCompliance(docs)
	b.readResources(docs)
	b.checkDefaults(docs)
	b.link()
	b.relate()
	b.addPlatformNeeds()
	b.addServiceNeeds()
	return &b.set, b.finish()
}

// builder is one call of Build.
type builder struct {
	set       Set
	entries   []*entry          // sorted by address
	byShort   map[string]*entry // by service/component
	services  map[string]*service
	shorts    []string // all service/component, for hints
	suggested int
	ds        diag.List
}

// entry is a resource while it is being understood.
type entry struct {
	resource   *Resource
	document   *document.Document
	definition Definition
	checker    *Checker
}

type service struct {
	Service
	document *document.Document
	entries  []*entry
}

// finish sorts the diagnostics and drops those that say the same of the same place: a mistake in a default is one
// mistake, however many components take it over.
func (b *builder) finish() diag.List {
	type key struct {
		diag.Position
		message string
	}
	sorted := b.ds.Sorted()
	seen := make(map[key]bool, len(sorted))
	return slices.DeleteFunc(sorted, func(d diag.Diagnostic) bool {
		k := key{d.Position, d.Message}
		twice := seen[k] && d.File != ""
		seen[k] = true
		return twice
	})
}

// readStack reads the Stack document and chooses the environment.
func (b *builder) readStack(docs []*document.Document, scope address.Address) bool {
	i := slices.IndexFunc(docs, func(d *document.Document) bool {
		return d.APIVersion == CoreV1 && d.Kind == document.KindStack && (scope.Stack == "" || d.Metadata.Name == scope.Stack)
	})
	if i < 0 {
		return false // document.Merge has said so
	}
	d := docs[i]
	b.checkName(d, "name", d.Metadata.Name)
	stack := StackSpec{}
	stack.SetDefaults()
	b.decode(d, &stack, stack.check)
	b.checkCredentials(d)
	b.set = Set{SchemaVersion: SchemaVersion, Stack: stack, Services: []Service{}, Resources: []*Resource{}}
	for j, environment := range stack.Environments {
		if err := address.CheckName(environment.Name); err != nil && environment.Name != "" {
			at := d.Spec.Get("environments").Items()[j].Get("name")
			b.ds.Errorf(CodeName, at.Position(), at.Path(), "%q is no name of an environment", shorten(environment.Name)).WithHint("%v", address.ErrName)
		}
		if environment.Name == scope.Environment {
			condition := d.Spec.Get("environments").Items()[j].Get("approval").Get("autoApproveIf")
			environment.Approval.Position = condition.Position()
			b.set.Environment = environment
		}
	}
	b.set.Scope = address.Scope(d.Metadata.Name, scope.Environment)
	b.set.Stack.Environments, b.set.Stack.Variables, b.set.Environment.Variables = nil, nil, nil
	return true
}

// decode reads a document that is no component.
func (b *builder) decode(d *document.Document, into any, check func(*Checker)) {
	ds := document.Decode(d.Spec, into)
	k := &Checker{definition: Definition{Kind: Kind(d.Kind)}, node: d.Spec, broken: brokenPaths(ds)}
	check(k)
	b.ds.Append(ds)
	b.ds.Append(k.ds)
}

func brokenPaths(ds diag.List) []string {
	var paths []string
	for _, d := range ds {
		if d.Severity == diag.Error && d.Code != codeUnknownField {
			paths = append(paths, d.Path)
		}
	}
	return paths
}

func (b *builder) checkName(d *document.Document, field, name string) bool {
	if name == "" {
		return false
	}
	if err := address.CheckName(name); err != nil {
		at := d.Metadata.Node.Get(field)
		b.ds.Errorf(CodeName, at.Position(), "metadata."+field, "%q is no name", shorten(name)).WithHint("%v", address.ErrName)
		return false
	}
	return true
}

func (b *builder) readServices(docs []*document.Document) {
	for _, d := range docs {
		if d.APIVersion != CoreV1 || d.Kind != document.KindService {
			continue
		}
		spec := ServiceSpec{}
		b.decode(d, &spec, spec.check)
		b.checkCredentials(d)
		if !b.checkName(d, "name", d.Metadata.Name) {
			continue
		}
		if d.Metadata.Name == PlatformService {
			b.refuseReserved(d, "name")
			continue
		}
		b.services[d.Metadata.Name] = &service{Service: Service{Name: d.Metadata.Name, Spec: spec, Position: d.Position}, document: d}
	}
	for _, name := range sortedKeys(b.services) {
		b.set.Services = append(b.set.Services, b.services[name].Service)
	}
}

func (b *builder) refuseReserved(d *document.Document, field string) {
	at := d.Metadata.Node.Get(field)
	b.ds.Errorf(CodeReserved, at.Position(), "metadata."+field, "the service %q is reserved for Networking, Security and Observability", PlatformService).
		WithHint("choose another name")
}

func (b *builder) readCompliance(docs []*document.Document) {
	for _, d := range docs {
		if d.APIVersion != InfraV1 || d.Kind != KindCompliance {
			continue
		}
		c := Compliance{Name: d.Metadata.Name, Position: d.Position, Places: map[string]diag.Position{}}
		b.decode(d, &c.Spec, c.Spec.check)
		b.checkCredentials(d)
		record(d.Spec, c.Places)
		b.set.Compliance = append(b.set.Compliance, c)
	}
	slices.SortFunc(b.set.Compliance, func(x, y Compliance) int { return strings.Compare(x.Name, y.Name) })
}

// record notes where the scalars below n stand.
func record(n document.Node, places map[string]diag.Position) {
	switch n.Kind() {
	case document.Map:
		for _, value := range n.Each() {
			record(value, places)
		}
	case document.List:
		for _, item := range n.Items() {
			places[item.Path()] = item.Position()
			record(item, places)
		}
	default:
		places[n.Path()] = n.Position()
	}
}

// readResources reads all components, several at a time, and orders them by address.
func (b *builder) readResources(docs []*document.Document) {
	read := make([]*entry, 0, len(docs))
	for _, d := range docs {
		definition, known := b.definitionOf(d)
		if !known {
			continue
		}
		if e := b.place(d, definition); e != nil {
			read = append(read, e)
		}
	}
	lists := make([]diag.List, len(read))
	inParallel(len(read), func(i int) { lists[i] = b.read(read[i]) })
	for _, ds := range lists {
		b.ds.Append(ds)
	}
	slices.SortStableFunc(read, func(x, y *entry) int { return x.resource.Address.Compare(y.resource.Address) })
	for _, e := range read {
		b.add(e)
	}
	b.mergeTags()
}

// inParallel calls do for 0 to n-1, on all processors, a few at a time so that the counter is no bottleneck.
func inParallel(n int, do func(i int)) {
	const share = 32
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n/share+1) {
		workers.Go(func() {
			for end := int(next.Add(share)); end-share < n; end = int(next.Add(share)) {
				for i := end - share; i < min(end, n); i++ {
					do(i)
				}
			}
		})
	}
	workers.Wait()
}

// place finds the address of a component's document; nil when it has none.
func (b *builder) place(d *document.Document, definition Definition) *entry {
	component, of := d.Metadata.Name, d.Metadata.Service
	if definition.APIVersion == InfraV1 {
		if of != "" && of != PlatformService {
			at := d.Metadata.Node.Get("service")
			b.ds.Errorf(CodeReserved, at.Position(), "metadata.service", "a %s belongs to the whole environment, not to a service", d.Kind).WithHint("take service out")
		}
		component, of = strings.ToLower(d.Kind), PlatformService
	} else if !b.checkService(d) {
		return nil
	}
	if !b.checkName(d, "name", component) {
		return nil
	}
	r := &Resource{Address: b.set.Scope.In(of, component), Kind: definition.Kind, Position: d.Position}
	return &entry{resource: r, document: d, definition: definition}
}

func (b *builder) checkService(d *document.Document) bool {
	name := d.Metadata.Service
	at := d.Metadata.Node.Get("service")
	switch {
	case name == "":
		b.ds.Errorf(codeMissingRequired, d.Metadata.Node.Position(), "metadata.service", "%s %s does not say which service it belongs to", d.Kind, d.Metadata.Name).
			WithHint("add service to metadata")
		return false
	case name == PlatformService:
		b.refuseReserved(d, "service")
		return false
	case !b.checkName(d, "service", name):
		return false
	}
	if _, known := b.services[name]; !known {
		b.ds.Errorf(CodeUnknownService, at.Position(), "metadata.service", "there is no Service document named %q", name).
			WithHint("%s", b.suggest(name, sortedKeys(b.services), "add one: apiVersion: core.deployer.io/v1, kind: Service, metadata: {name: "+name+"}"))
	}
	return true
}

// read decodes and checks one component.
func (b *builder) read(e *entry) diag.List {
	spec := e.definition.New()
	ds := document.Decode(e.document.Spec, spec)
	e.resource.Spec = spec
	e.checker = &Checker{definition: e.definition, spec: spec, node: e.document.Spec, environment: &b.set.Environment, broken: brokenPaths(ds)}
	spec.Check(e.checker)
	ds.Append(e.checker.ds)
	e.checker.ds = nil
	ds.Append(credentials(e.document, ds))
	return ds
}

// add takes a resource in, unless its address is taken.
func (b *builder) add(e *entry) {
	short := e.resource.Address.Short()
	if first, taken := b.byShort[short]; taken {
		hint := "rename one of the two"
		if e.definition.APIVersion == InfraV1 {
			hint = "an environment has one " + string(e.definition.Kind) + ": put both into one document"
		}
		b.ds.Errorf(CodeDuplicate, e.document.Position, "", "%s %s has the address of %s at %s", e.definition.Kind, short,
			first.definition.Kind, first.document.Position).WithHint("%s", hint)
		return
	}
	b.byShort[short] = e
	b.entries = append(b.entries, e)
	b.shorts = append(b.shorts, short)
	b.set.Resources = append(b.set.Resources, e.resource)
	if s := b.services[e.resource.Address.Service]; s != nil {
		s.entries = append(s.entries, e)
	}
}

// mergeTags lays each component's tags over those of its service, environment and stack.
func (b *builder) mergeTags() {
	shared := map[string]map[string]string{}
	for _, e := range b.entries {
		of := e.resource.Address.Service
		below, made := shared[of]
		if !made {
			below = overlaid(b.set.Stack.Tags, b.set.Environment.Tags)
			if s := b.services[of]; s != nil {
				below = overlaid(below, s.Spec.Tags)
			}
			shared[of] = below
		}
		base := e.resource.Spec.Base()
		base.Tags = overlaid(below, base.Tags)
	}
}

// overlaid returns the tags of both, those of over winning; where one has none, the other itself.
func overlaid(below, over map[string]string) map[string]string {
	switch {
	case len(over) == 0:
		return below
	case len(below) == 0:
		return over
	}
	merged := make(map[string]string, len(below)+len(over))
	for _, tags := range []map[string]string{below, over} {
		for key, value := range tags {
			merged[key] = value
		}
	}
	return merged
}
