package run

import "strings"

// undoing ends the id of the part of a run that takes back what the run did.
const undoing = "-rollback"

// Undo refers to the part of the run that takes back what the run did: it has a plan, waves and outcomes of its own, under
// the run's lock. Only a run that was rolled back has one.
func (r Ref) Undo() Ref {
	return Ref{Stack: r.Stack, Environment: r.Environment, ID: r.ID + undoing, Operation: Rollback}
}

// Undoes reports whether the reference is that of the part of a run that takes back what the run did.
func (r Ref) Undoes() bool { return strings.HasSuffix(r.ID, undoing) }

// Parts are the ids under which something of a run may be at work: its own, and that of its rollback.
func Parts(id string) []string { return []string{id, id + undoing} }

// Whole refers to the run that the reference is a part of.
func (r Ref) Whole() Ref {
	r.ID = strings.TrimSuffix(r.ID, undoing)
	return r
}
