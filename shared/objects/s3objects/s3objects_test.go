package s3objects_test

import (
	"testing"

	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/objects/objectstest"
)

// emulators says how each service that stands in for S3 differs from it. "make integration" starts them.
var emulators = map[string]objectstest.Options{
	"moto": {Versions: true, Wiring: true}, // between its check of a condition and its write another's write can come
	"versitygw": {Versions: true, Except: map[string]string{
		"if-absent writes again after a delete":                "it takes a delete marker for an object; S3 does not",
		"if-match never holds after a delete":                  "it takes a delete marker for the object before it; S3 does not",
		"deleting a part of a key deletes nothing":             "keys are paths of files: deleting a folder's is an internal error",
		"a name that was a folder's can be an object's":        "folders stay for the versions in them",
		"a key below another is kept or refused, nothing else": "keys are paths of files: refused, but as a conflict (409)",
	}},
}

func TestIntegration(t *testing.T) {
	for name, endpoint := range endpoints(t) {
		t.Run(name, func(t *testing.T) {
			objectstest.Run(t, func(t *testing.T) objects.Store { return newStore(t, endpoint) }, emulators[name])
		})
	}
}
