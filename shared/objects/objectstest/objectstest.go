// Package objectstest is the conformance suite of objects.Store: a store goes in, and every sentence of the port's
// contract is tried on it.
package objectstest

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/objects"
)

// Options say what a store does not claim.
type Options struct {
	Versions bool              // it keeps versions
	Wiring   bool              // leaves out the proofs of atomicity: for emulators that answer like S3, but one caller at a time
	Except   map[string]string // checks to skip, by their sentence, each with the reason why this store differs
}

// Run tries the contract; open returns an empty store, a new one for each check.
func Run(t *testing.T, open func(t *testing.T) objects.Store, options Options) {
	all := maps.Clone(checks)
	if options.Versions {
		maps.Copy(all, versionChecks)
	} else {
		all["a store without versions has none to give"] = noVersions
	}
	if !options.Wiring {
		maps.Copy(all, proofs)
	}
	for sentence := range options.Except {
		require.Contains(t, all, sentence, "an exception for a check that does not exist")
	}
	for _, sentence := range slices.Sorted(maps.Keys(all)) {
		t.Run(sentence, func(t *testing.T) {
			if reason := options.Except[sentence]; reason != "" {
				t.Skip(reason)
			}
			all[sentence](t, open(t))
		})
	}
}

var checks = map[string]func(*testing.T, objects.Store){
	"what was put is read back whole":                        roundTrip,
	"an empty object is an object":                           empty,
	"an object of 5 MiB is read back whole":                  large,
	"what is not there is not found":                         absent,
	"deleting a part of a key deletes nothing":               deletePart,
	"a name that was a folder's can be an object's":          folderName,
	"the newest write wins and changes the etag":             overwrite,
	"keys with odd characters are told apart and listed":     oddKeys,
	"keys that a store could misread are refused":            badKeys,
	"a key below another is kept or refused, nothing else":   below,
	"if-absent writes once":                                  ifAbsent,
	"if-absent writes again after a delete":                  ifAbsentDeleted,
	"if-match refuses a stale writer":                        ifMatch,
	"if-match never holds where nothing stands":              ifMatchNothing,
	"if-match never holds after a delete":                    ifMatchDeleted,
	"writers to different keys do not hinder one another":    manyKeys,
	"a reader sees the old object or the new one":            noMixture,
	"a list is ordered by bytes and holds what has a prefix": list,
	"a list in pages is the whole list":                      pages,
	"a list of more than a thousand objects is whole":        thousand,
	"a list shows each write and delete at once":             listAtOnce,
	"deleting is idempotent and frees the key":               remove,
	"a context that is over stops a call":                    cancelled,
	"callers cannot change what is stored by slices":         aliasing,
}

var proofs = map[string]func(*testing.T, objects.Store){
	"if-absent lets one of many writers through": oneWinner,
	"writers with if-match lose no update":       noLostUpdate,
}

var versionChecks = map[string]func(*testing.T, objects.Store){
	"every version stays readable":                     versions,
	"a version belongs to its key":                     versionOfOther,
	"writing the same contents again makes a version":  sameAgain,
	"a refused write makes no version":                 refusedVersion,
	"a deleted object can be written again, versioned": deletedVersion,
}

func put(t *testing.T, s objects.Store, key, data string) objects.Object {
	t.Helper()
	object, err := s.Put(t.Context(), key, []byte(data), objects.Always())
	require.NoError(t, err)
	require.Equal(t, key, object.Key)
	require.Nil(t, object.Data)
	require.Equal(t, int64(len(data)), object.Size)
	require.NotEmpty(t, object.ETag)
	require.NotContains(t, object.ETag, `"`)
	return object
}

func requireHas(t *testing.T, s objects.Store, key, data string) objects.Object {
	t.Helper()
	object, err := s.Get(t.Context(), key)
	require.NoError(t, err)
	require.True(t, data == string(object.Data), "%s holds %d bytes, not the %d expected", key, len(object.Data), len(data))
	require.Equal(t, key, object.Key)
	require.Equal(t, int64(len(data)), object.Size)
	return object
}

func requireNothing(t *testing.T, s objects.Store, key string) {
	t.Helper()
	_, err := s.Get(t.Context(), key)
	require.ErrorIs(t, err, objects.ErrNotFound)
	require.ErrorContains(t, err, key)
}

func names(t *testing.T, s objects.Store, prefix, after string, limit int) string {
	t.Helper()
	listed, err := s.List(t.Context(), prefix, after, limit)
	require.NoError(t, err)
	var keys []string
	for _, object := range listed {
		require.Nil(t, object.Data)
		require.Empty(t, object.ETag+object.Version)
		keys = append(keys, object.Key)
	}
	return strings.Join(keys, " ")
}
