package state_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/state"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares bytes with a file in testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile("testdata/"+name, got, 0o644))
	}
	want, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

// small is a snapshot in which every field of a snapshot and of a record is set.
func small() state.Snapshot {
	s := large(3)
	s.Floors = map[string]int64{"stack:shop:env:production": 12, "stack:shop:env:production:component:service-0/component-1": 17}
	failed := s.Components["service-0/component-1"]
	failed.Status, failed.Error, failed.Leftovers = state.Failed, "the image cannot be pulled", []string{"security group sg-1"}
	s.Components["service-0/component-1"] = failed
	return s
}

func TestASnapshotIsReadAsItWasWritten(t *testing.T) {
	for name, s := range map[string]state.Snapshot{"one with everything": small(), "one without components": large(0), "a large one": large(500)} {
		data, err := state.Encode(s)
		require.NoError(t, err)
		got, err := state.Decode(data)
		require.NoError(t, err, name)
		require.True(t, strings.HasPrefix(got.Checksum, "sha256:"))
		s.Checksum = got.Checksum
		require.Equal(t, s, got, name)
		again, err := state.Encode(got)
		require.NoError(t, err)
		require.Equal(t, data, again, "the same snapshot has the same bytes")
		require.True(t, json.Valid(data))
	}
}

func TestTheLayoutIsFixed(t *testing.T) {
	data, err := state.Encode(small())
	require.NoError(t, err)
	golden(t, "version-1.json", data)
}

// flips is how many of a byte's bits the sweep flips, each alone: one by default, all with DEPLOYER_SIM=full.
func flips() int {
	if os.Getenv("DEPLOYER_SIM") == "full" {
		return 8
	}
	return 1
}

func TestEveryFlippedByteOfAStateIsDetected(t *testing.T) {
	data, err := state.Encode(large(21))
	require.NoError(t, err)
	require.Greater(t, len(data), 20_000)
	var tried atomic.Int64
	spread(len(data), func(i int) {
		spoilt := bytes.Clone(data)
		for bit := range flips() {
			spoilt[i] = data[i] ^ 1<<((i+bit)%8)
			if _, err := state.Decode(spoilt); err == nil {
				t.Errorf("byte %d is %q instead of %q, and nobody minds", i, spoilt[i], data[i])
			}
			tried.Add(1)
		}
	})
	require.EqualValues(t, len(data)*flips(), tried.Load())
}

func TestEveryTruncatedStateIsDetected(t *testing.T) {
	data, err := state.Encode(large(3 * flips()))
	require.NoError(t, err)
	spread(len(data), func(length int) {
		if _, err := state.Decode(data[:length]); err == nil {
			t.Errorf("only %d bytes are left, and nobody minds", length)
		}
	})
	for _, more := range []string{"\n", " ", "}", "\x00"} {
		_, err := state.Decode(append(bytes.Clone(data), more...))
		require.Error(t, err)
	}
}

// spread calls do with each number below n, on all processors.
func spread(n int, do func(int)) {
	var group sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for worker := range workers {
		group.Go(func() {
			for i := worker; i < n; i += workers {
				do(i)
			}
		})
	}
	group.Wait()
}

// sealed puts the right checksum under a body, as somebody would who edits a state by hand and knows how.
func sealed(body string) []byte {
	return fmt.Appendf(nil, "%s  \"checksum\": \"sha256:%x\"\n}\n", body, sha256.Sum256([]byte(body)))
}

// body is everything of a snapshot before its checksum.
func body(t *testing.T, s state.Snapshot) string {
	t.Helper()
	data, err := state.Encode(s)
	require.NoError(t, err)
	return string(data[:bytes.LastIndex(data, []byte("  \"checksum\""))])
}

func TestBytesThatAreRefused(t *testing.T) {
	whole := body(t, small())
	edited := func(old, new string) []byte {
		require.Contains(t, whole, old)
		return sealed(strings.Replace(whole, old, new, 1))
	}
	good, err := state.Encode(small())
	require.NoError(t, err)
	for name, c := range map[string]struct {
		data   []byte
		reason state.Reason
		detail string
	}{
		"nothing":                       {nil, state.BadJSON, "unexpected end"},
		"no JSON":                       {[]byte(strings.Repeat("state", 100)), state.BadJSON, "invalid character"},
		"JSON of something else":        {[]byte(`{"hello": "` + strings.Repeat("x", 200) + `"}`), state.BadChecksum, "something other than deployer changed it"},
		"edited by hand":                {bytes.Replace(good, []byte("fargate"), []byte("ecs-ec2"), 1), state.BadChecksum, "something other than deployer changed it"},
		"written anew by another tool":  {bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")), state.BadChecksum, "something other than deployer changed it"},
		"a newer schema":                {edited(`"schemaVersion": 1`, `"schemaVersion": 2`), state.NewerSchema, "it has schema version 2, this program knows up to 1"},
		"a newer schema, laid out anew": {[]byte(`{"schemaVersion": 9, "more": "` + strings.Repeat("x", 200) + `"}`), state.NewerSchema, "schema version 9"},
		"no schema version":             {edited(`"schemaVersion": 1`, `"version": 1`), state.BadJSON, "does not begin with its schema version"},
		"an unknown field":              {edited(`"serial": 41`, `"serial": 41, "extra": 1`), state.BadJSON, "extra"},
		"no floors":                     {sealed("{\n  \"schemaVersion\": 1,\n  \"scope\": \"shop/test\",\n  \"components\": {\n  },\n"), state.BadJSON, "no floors"},
		"no components":                 {edited(`"components"`, `"component"`), state.BadJSON, "no components"},
		"components that do not end":    {sealed(strings.TrimSuffix(whole, "  },\n")), state.BadJSON, "do not end"},
		"a component under another's name": {edited(`"service-0/component-1": {"address":"shop/production/service-0/component-1"`,
			`"service-0/component-1": {"address":"shop/production/service-0/component-9"`), state.BadJSON, "stands under the name"},
		"a component of another scope": {edited(`"address":"shop/production/service-0/component-1"`, `"address":"shop/staging/service-0/component-1"`),
			state.BadJSON, "out of place"},
		"a component twice": {edited(`component-1": {"address":"shop/production/service-0/component-1"`,
			`component-0": {"address":"shop/production/service-0/component-0"`), state.BadJSON, "out of place"},
		"a component that is no JSON":      {edited(`"kind":"MicroService"`, `"kind":MicroService`), state.BadJSON, "invalid character"},
		"a comma after the last component": {sealed(strings.Replace(whole, "}\n  },\n", "},\n  },\n", 1)), state.BadJSON, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := state.Decode(c.data)
			var refusal *state.Refusal
			require.ErrorAs(t, err, &refusal)
			require.Equal(t, c.reason, refusal.Reason, "%v", refusal)
			require.ErrorContains(t, refusal, c.detail)
		})
	}
}

func TestTheSnapshotBeforeAllOthersHasBytesToo(t *testing.T) {
	s := state.Snapshot{SchemaVersion: state.SchemaVersion, Scope: address.Scope("shop", "production")}
	data, err := state.Encode(s)
	require.NoError(t, err)
	got, err := state.Decode(data)
	require.NoError(t, err)
	require.Empty(t, got.Components)
	require.NotNil(t, got.Floors)
}

func TestALargeStateIsReadAndWrittenInTime(t *testing.T) {
	s := large(5000)
	start := time.Now()
	data, err := state.Encode(s)
	require.NoError(t, err)
	_, err = state.Decode(data)
	require.NoError(t, err)
	require.Less(t, time.Since(start), 5*time.Second, "BenchmarkDecode5000 has the figure; this notices a quadratic one")
}

func FuzzDecode(f *testing.F) {
	for _, components := range []int{0, 1, 3} {
		data, err := state.Encode(large(components))
		require.NoError(f, err)
		f.Add(data, true)
		f.Add(data, false)
	}
	old, err := os.ReadFile("testdata/version-0.json")
	require.NoError(f, err)
	f.Add(old, true)
	f.Fuzz(func(t *testing.T, data []byte, seal bool) {
		if at := bytes.LastIndex(data, []byte("  \"checksum\"")); seal && at >= 0 {
			data = sealed(string(data[:at]))
		}
		first, err := state.Decode(data)
		if err != nil {
			var refusal *state.Refusal
			require.ErrorAs(t, err, &refusal)
			return
		}
		// Whatever is accepted can be written and read again, and then stays as it is.
		written, err := state.Encode(first)
		require.NoError(t, err)
		second, err := state.Decode(written)
		require.NoError(t, err)
		again, err := state.Encode(second)
		require.NoError(t, err)
		require.Equal(t, string(written), string(again))
	})
}
