package environment

// The functions, on one screen. A row is all that its function may do: everything else is denied. What the words in
// columns locks and also stand for is in reach.go. Seconds end before the Task that calls the function gives up (a test
// compares). Functions that no state machine needs are created when functions/ has them and its catalog serves them.
// Whoever reads the state may read the history: of a damaged state the error names the newest good serial.
//
// Prefixes below the state bucket: a * stands for one stack or environment, or for whatever follows.
const (
	bundles = "bundles/*"
	runs    = "stacks/*/*/runs/*"
	current = "stacks/*/*/state.json"
	history = "stacks/*/*/history/*"
	pulumi  = "stacks/*/*/pulumi/*"
)

type row struct {
	task     string // the Task's name in the state machines; in lower case the folder, the handler and the name
	seconds  int
	mib      int // 1769 MiB are one vCPU
	reserved int // concurrent executions kept for it and not exceeded; 0: none
	reads    []string
	writes   []string
	deletes  []string
	locks    string // look, hold or sweep
	also     []string
}

var rows = []row{
	{"Discover", 290, 1769, 0, in(bundles, runs), in(runs), nil, "", nil},
	{"BuildGraph", 290, 1769, 0, in(runs, current, history), in(runs), nil, "", nil},
	{"AcquireLock", 110, 512, 0, in(runs, current, history), in(runs, current, history), nil, "hold", also("stop runs")},
	{"MakePlan", 290, 1769, 0, in(runs, current, history), in(runs), nil, "look", nil},
	{"PreparePreview", 290, 512, 0, in(runs, current, history), in(runs), nil, "", nil},
	{"RequestApproval", 60, 512, 0, in(runs), in(runs), nil, "look", also("tell approvals", "sign links", "answer approvals")},
	{"ConfirmPlan", 110, 512, 0, in(runs, current, history), nil, nil, "look", also("tell deployments")},
	{"PrepareWave", 110, 512, 0, in(runs, current, history), in(runs), nil, "look", nil},
	{"SettleWave", 290, 1024, 0, in(runs, current, history), in(runs, current, history), nil, "look", also("see checkpoints")},
	{"PlanRollback", 290, 1769, 0, in(runs, current, history), in(runs, current, history), nil, "look", also("see checkpoints")},
	{"Quarantine", 110, 512, 0, nil, nil, nil, "hold", also("tell operations", "tell security")},
	{"SaveState", 290, 1024, 0, in(runs, current, history), in(runs, current, history), nil, "", also("stop runs", "see checkpoints")},
	{"ReleaseLock", 110, 512, 0, nil, nil, nil, "hold", also("tell operations", "tell security")},
	{"MakeReport", 110, 512, 0, in(runs, current, history), in(runs), nil, "", nil},
	{"Notify", 50, 256, 0, in(runs, current, history), nil, nil, "", also("tell deployments", "tell approvals", "tell security",
		"tell operations", "read the webhook", "read stacks' webhooks", "tell stacks' topics", "set aside")},
	{"KeepLocks", 50, 512, 1, in(runs, current, history), in(runs, current, history), in(history), "sweep",
		also("stop runs", "see checkpoints", "tell operations", "tell deployments", "tell security")},
	{"Cleanup", 290, 512, 0, in(runs, current, history), in(runs, current, history), in(history), "sweep",
		also("find runs", "stop runs", "see checkpoints", "tell operations", "tell deployments", "tell security", "set aside")},
	{"Decide", 25, 512, 5, in(runs), in(runs), nil, "", also("find runs", "answer approvals", "check links")},
}

// atLeast are the functions without which the machines cannot run.
var atLeast = []string{"Discover", "BuildGraph", "AcquireLock", "MakePlan", "PreparePreview", "RequestApproval", "ConfirmPlan",
	"PrepareWave", "SettleWave", "PlanRollback", "Quarantine", "SaveState", "ReleaseLock", "MakeReport", "Notify", "Decide"}

func in(prefixes ...string) []string { return prefixes }
func also(words ...string) []string  { return words }
