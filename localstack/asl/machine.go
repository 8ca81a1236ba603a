package asl

import "sort"

// Machine is a parsed state machine. It does not change and may run in any number of engines and executions at once.
type Machine struct {
	// Comment is the definition's own.
	Comment string
	// TimeoutSeconds is how long an execution may take; 0 means without limit.
	TimeoutSeconds int64

	body *workflow
	all  []*state
}

// StateInfo is what a reader of a machine may want to know of one state.
type StateInfo struct {
	Name     string
	Type     string // Pass, Task, Choice, Wait, Succeed, Fail, Parallel or Map
	Comment  string
	Resource string // of a Task
	Parent   string // the Parallel or Map that it is in; empty at the top
}

// States lists every state, also those inside Parallel and Map, by name.
func (m *Machine) States() []StateInfo {
	list := make([]StateInfo, len(m.all))
	for i, s := range m.all {
		list[i] = StateInfo{s.name, s.kind, s.comment, s.resource, s.parent}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}

// workflow is the machine's own states, a branch of a Parallel or the processor of a Map.
type workflow struct {
	startAt string
	states  map[string]*state
	order   []string
}

const (
	kindPass     = "Pass"
	kindTask     = "Task"
	kindChoice   = "Choice"
	kindWait     = "Wait"
	kindSucceed  = "Succeed"
	kindFail     = "Fail"
	kindParallel = "Parallel"
	kindMap      = "Map"
)

type state struct {
	name    string
	kind    string
	comment string
	parent  string
	pointer string
	next    string // empty where the state ends its workflow

	inputPath      selection
	outputPath     selection
	parameters     template
	resultSelector template
	resultPath     *path // nil with resultDropped unset means "$"
	resultDropped  bool
	assign         fields
	retry          []retrier
	catch          []catcher

	result    any // of a Pass
	hasResult bool

	resource  string
	service   service
	timeout   quantity
	heartbeat quantity

	rules         []rule
	defaultNext   string
	defaultAssign fields

	wait waitFor

	fail failWith

	branches []*workflow

	loop *mapping
}

// selection is InputPath or OutputPath: a path, all of it, or nothing.
type selection struct {
	path    *path // nil: everything
	dropped bool  // null in the definition: the empty object
}

// quantity is a number in the definition or the path of one.
type quantity struct {
	set   bool
	fixed float64
	path  *path
}

type waitFor struct {
	seconds   quantity
	timestamp string
	path      *path // TimestampPath
}

type failWith struct {
	name, cause         string
	namePath, causePath expression
	hasName, hasCause   bool
}

type retrier struct {
	errors      []string
	interval    float64 // seconds
	backoff     float64
	maxAttempts int64
	maxDelay    float64 // seconds; 0 means without limit
	fullJitter  bool
}

type catcher struct {
	errors     []string
	next       string
	resultPath *path
	dropped    bool
	assign     fields
}

type rule struct {
	test   test
	next   string
	assign fields
}

// mapping is what is particular to a Map.
type mapping struct {
	items             *path // nil: "$"
	selector          template
	processor         *workflow
	distributed       bool
	express           bool
	label             string
	concurrency       quantity
	toleratedCount    quantity
	toleratedFraction quantity // percent
}

func (s *state) entered() string { return s.kind + "StateEntered" }

func (s *state) exited() string { return s.kind + "StateExited" }
