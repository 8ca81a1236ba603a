package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/deployer-io/deployer/shared/resource"
)

// InputsDigest is the SHA-256 over everything that decides what a component's resources are: its kind, the revision of
// the kind's translation, its spec as JSON, and the outputs it reads, by service/component.output. Equal digests mean
// that there is nothing to do. The same digest is taken here with the state's outputs and by the executor with real ones.
func InputsDigest(kind resource.Kind, revision int, spec []byte, values map[string]json.RawMessage) string {
	h := sha256.New()
	part := func(data []byte) { fmt.Fprintf(h, "%d:%s,", len(data), data) }
	part([]byte(kind))
	fmt.Fprintf(h, "%d,", revision)
	part(Compact(spec))
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		part([]byte(name))
		part(Compact(values[name]))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Compact drops the white space of a JSON text, so that how it was stored does not matter.
func Compact(data []byte) []byte {
	var b bytes.Buffer
	if err := json.Compact(&b, data); err != nil {
		return data
	}
	return b.Bytes()
}

func digest(p *Plan) string {
	bare := *p
	bare.Run, bare.Digest = "", ""
	data, err := json.Marshal(bare)
	if err != nil {
		panic(fmt.Sprintf("plan: a plan does not encode: %v", err))
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
