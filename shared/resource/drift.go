package resource

import (
	"slices"

	"github.com/deployer-io/deployer/shared/diag"
)

// CodeNotYet is of fields that are part of the language and that nothing acts on yet.
const CodeNotYet diag.Code = "not-yet"

// warnOfDrift keeps a written drift from being taken for a promise.
func warnOfDrift(k *Checker, path string) {
	if k.Wrote(path) {
		k.Warnf(CodeNotYet, path, "changes from outside are not looked for yet: this has no effect").WithHint("take it out, or leave it for later")
	}
}

// warnOfDriftEvent keeps a channel that is to hear of drift from being taken for a watched one.
func warnOfDriftEvent(k *Checker, path string, events []Event) {
	if i := slices.Index(events, EventDrift); i >= 0 {
		k.Warnf(CodeNotYet, indexed(path, i), "changes from outside are not looked for yet: nobody will be told of any").
			WithHint("take it out, or leave it for later")
	}
}
