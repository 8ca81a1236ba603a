package state

// Facts are what is found of one component after a run that did not end well.
type Facts struct {
	Intent *Intent // nil: none was written
	// Outcome says that an outcome was written, Merged that the state has it.
	Outcome bool
	Merged  bool
	// Checkpoint is the digest of the component's checkpoint now; "" when there is none.
	Checkpoint string
	// Pending are the checkpoint's operations that began and are not known to have ended.
	Pending []PendingOperation
}

// PendingOperation is one operation on a resource whose end is not known.
type PendingOperation struct {
	Resource string // its name
	Creates  bool   // it may have created something that the checkpoint does not know
	Stateful bool   // the resource holds data
}

// Decision is what to do about a component after a run that did not end well.
type Decision string

// The decisions.
const (
	Nothing       Decision = "nothing"         // it was not begun, or all of it is in the state
	Merge         Decision = "merge"           // its outcome is there and goes into the state
	RunAgain      Decision = "run-again"       // it was begun and has touched nothing
	RefreshFirst  Decision = "refresh-first"   // it has touched something: read the real resources, then run it
	StopForPerson Decision = "stop-for-person" // something that holds data may exist unknown: a person has to look
)

// Recover decides. What the checkpoint cannot know is dangerous only where data is at stake: a second, empty database
// beside the first one.
func Recover(f Facts) Decision {
	switch {
	case f.Outcome && f.Merged:
		return Nothing
	case f.Outcome:
		return Merge
	case f.Intent == nil:
		return Nothing
	}
	for _, operation := range f.Pending {
		if operation.Creates && operation.Stateful {
			return StopForPerson
		}
	}
	if len(f.Pending) > 0 || f.Checkpoint != f.Intent.BaseCheckpoint {
		return RefreshFirst
	}
	return RunAgain
}
