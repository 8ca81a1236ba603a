package state

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"

	"github.com/deployer-io/deployer/shared/address"
)

// The layout of a snapshot's bytes: the fields, indented by two; then a component a line; then the checksum of all bytes
// before its own line. It is fixed to the byte, so that the checksum needs no second encoding, a flipped byte has nowhere
// to hide, a component that changed is one changed line, and lines can be read in parallel.
const (
	componentsOpen  = "\n  \"components\": {\n"
	componentsClose = "  },\n"
	checksumOpen    = "  \"checksum\": \"sha256:"
	checksumClose   = "\"\n}\n"
	checksumPrefix  = "sha256:"
	tailLength      = len(checksumOpen) + 2*sha256.Size + len(checksumClose)
)

// Encode returns the bytes of a snapshot. The checksum is computed; the same snapshot always has the same bytes.
func Encode(s Snapshot) ([]byte, error) {
	records, err := encodeRecords(s.Components)
	if err != nil {
		return nil, err
	}
	data, _, err := seal(s, records)
	return data, err
}

// encodeRecords returns each component's line, without its key.
func encodeRecords(components map[string]Record) (map[string][]byte, error) {
	lines := make(map[string][]byte, len(components))
	for short, record := range components {
		line, err := json.Marshal(record)
		if err != nil {
			return nil, fmt.Errorf("state: encode %s: %w", short, err)
		}
		lines[short] = line
	}
	return lines, nil
}

// seal puts a snapshot's fields and its components' lines together.
func seal(s Snapshot, lines map[string][]byte) (data []byte, checksum string, err error) {
	if s.Floors == nil {
		s.Floors = map[string]int64{}
	}
	fields, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, "", fmt.Errorf("state: encode: %w", err)
	}
	size := len(fields) + len(componentsOpen) + len(componentsClose) + tailLength
	for short, line := range lines {
		size += len(short) + len(line) + 10
	}
	out := bytes.NewBuffer(make([]byte, 0, size))
	out.Write(bytes.TrimSuffix(fields, []byte("\n}")))
	out.WriteString("," + componentsOpen)
	for i, short := range slices.Sorted(maps.Keys(lines)) {
		if i > 0 {
			out.WriteString(",\n")
		}
		out.WriteString("    \"" + short + "\": ")
		out.Write(lines[short])
	}
	if len(lines) > 0 {
		out.WriteByte('\n')
	}
	out.WriteString(componentsClose)
	sum := sha256.Sum256(out.Bytes())
	text := hex.EncodeToString(sum[:])
	out.WriteString(checksumOpen + text + checksumClose)
	return out.Bytes(), checksumPrefix + text, nil
}

// Decode reads the bytes of a snapshot, of this schema version or an older one. The error is a *Refusal.
func Decode(data []byte) (Snapshot, error) {
	body, checksum, ok := unseal(data)
	if !ok {
		return Snapshot{}, damage(data)
	}
	version, ok := peekVersion(body)
	switch {
	case !ok:
		return Snapshot{}, &Refusal{Reason: BadJSON, Detail: "it does not begin with its schema version"}
	case version > SchemaVersion:
		return Snapshot{}, newer(version)
	case version < SchemaVersion:
		migrated, err := migrate(body, version)
		if err != nil {
			return Snapshot{}, &Refusal{Reason: BadJSON, Detail: err.Error()}
		}
		body = migrated
	}
	s, err := decodeBody(body)
	if err != nil {
		return Snapshot{}, &Refusal{Reason: BadJSON, Detail: err.Error()}
	}
	s.Checksum = checksum
	return s, nil
}

// unseal returns the bytes before the checksum's line when the checksum is theirs.
func unseal(data []byte) (body []byte, checksum string, ok bool) {
	if len(data) < tailLength {
		return nil, "", false
	}
	body, tail := data[:len(data)-tailLength], data[len(data)-tailLength:]
	sum := sha256.Sum256(body)
	text := hex.EncodeToString(sum[:])
	return body, checksumPrefix + text, string(tail) == checksumOpen+text+checksumClose
}

// damage tells what is wrong with bytes that their checksum does not fit.
func damage(data []byte) *Refusal {
	var any struct {
		SchemaVersion *int `json:"schemaVersion"`
	}
	switch err := json.Unmarshal(data, &any); {
	case err != nil:
		return &Refusal{Reason: BadJSON, Detail: err.Error()}
	case any.SchemaVersion != nil && *any.SchemaVersion > SchemaVersion:
		return newer(*any.SchemaVersion)
	}
	return &Refusal{Reason: BadChecksum, Detail: "something other than deployer changed it, or it was damaged"}
}

func newer(version int) *Refusal {
	return &Refusal{Reason: NewerSchema, Detail: fmt.Sprintf("it has schema version %d, this program knows up to %d; use a newer deployer",
		version, SchemaVersion)}
}

// peekVersion reads the schema version, which is the first field of all versions.
func peekVersion(body []byte) (int, bool) {
	rest, ok := bytes.CutPrefix(body, []byte("{\n  \"schemaVersion\": "))
	if !ok {
		return 0, false
	}
	version, digits := 0, 0
	for ; digits < len(rest) && digits < 9 && rest[digits] >= '0' && rest[digits] <= '9'; digits++ {
		version = version*10 + int(rest[digits]-'0')
	}
	return version, digits > 0 && digits < len(rest) && rest[digits] == ','
}

// decodeBody reads the layout of the present schema version.
func decodeBody(body []byte) (Snapshot, error) {
	var s Snapshot
	fields, rest, ok := bytes.Cut(body, []byte(","+componentsOpen))
	if !ok {
		return s, fmt.Errorf("it has no components")
	}
	lines, ok := bytes.CutSuffix(rest, []byte(componentsClose))
	if !ok {
		return s, fmt.Errorf("its components do not end")
	}
	decoder := json.NewDecoder(bytes.NewReader(append(slices.Clip(fields), '\n', '}')))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil {
		return s, err
	}
	if decoder.More() {
		return s, fmt.Errorf("its fields end early")
	}
	if s.Floors == nil {
		return s, fmt.Errorf("it has no floors")
	}
	var err error
	s.Components, err = decodeLines(s.Scope, lines)
	return s, err
}

// decodeLines reads one component a line.
func decodeLines(scope address.Address, data []byte) (map[string]Record, error) {
	lines := bytes.SplitAfter(data, []byte{'\n'})
	lines = lines[:len(lines)-1] // what follows the last line feed: nothing
	if len(data) > 0 && data[len(data)-1] != '\n' {
		return nil, fmt.Errorf("its last component does not end")
	}
	records, errs := make([]Record, len(lines)), make([]error, runtime.GOMAXPROCS(0))
	share := len(lines)/len(errs) + 1
	var group sync.WaitGroup
	for worker := range errs {
		group.Go(func() {
			for i := worker * share; i < min((worker+1)*share, len(lines)) && errs[worker] == nil; i++ {
				errs[worker] = decodeLine(lines[i], i == len(lines)-1, &records[i])
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	components := make(map[string]Record, len(records))
	previous := ""
	for _, record := range records {
		short := record.Address.Short()
		if short <= previous || record.Address.Scope() != scope || !record.Address.IsComponent() {
			return nil, fmt.Errorf("component %s is out of place", record.Address)
		}
		components[short], previous = record, short
	}
	return components, nil
}

// decodeLine reads `    "service/component": {...},` with its line feed; the last line has no comma.
func decodeLine(line []byte, last bool, record *Record) error {
	text, ok := bytes.CutPrefix(line, []byte("    \""))
	if !ok {
		return fmt.Errorf("a component's line is not indented by four")
	}
	end := ",\n"
	if last {
		end = "\n"
	}
	text, ok = bytes.CutSuffix(text, []byte(end))
	short, value, found := bytes.Cut(text, []byte("\": "))
	if !ok || !found {
		return fmt.Errorf("a component's line has neither name nor end")
	}
	if err := json.Unmarshal(value, record); err != nil {
		return fmt.Errorf("component %s: %w", short, err)
	}
	if record.Address.Short() != string(short) {
		return fmt.Errorf("component %s stands under the name %s", record.Address, short)
	}
	return nil
}
