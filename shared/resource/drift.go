package resource

import "github.com/deployer-io/deployer/shared/diag"

// CodeNotYet is of fields that are part of the language and that nothing acts on yet.
const CodeNotYet diag.Code = "not-yet"

// warnOfDrift keeps a written drift from being taken for a promise.
func warnOfDrift(k *Checker, path string) {
	if k.Wrote(path) {
		k.Warnf(CodeNotYet, path, "changes from outside are not looked for yet: this has no effect").WithHint("take it out, or leave it for later")
	}
}
