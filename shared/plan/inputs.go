package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/deployer-io/deployer/shared/resource"
)

// Upstream is what a component's translation may see of another component, and all that it may see.
type Upstream struct {
	Kind    resource.Kind              `json:"kind"`
	Outputs map[string]json.RawMessage `json:"outputs"`
	Reasons []resource.Reason          `json:"reasons"` // why the one needs the other, sorted
}

// passing are outputs that name one version of a component and not the component: they change with each of its
// deployments. Only a component that reads them by name sees them; otherwise whatever waits for a service would be updated
// whenever that service is.
var passing = map[string]bool{"taskDefinitionArn": true, "version": true, "versionArn": true, "qualifiedArn": true}

// See returns the outputs that a component may see which reads those of these names: all but the passing ones it does not
// read. An output without a value is left out.
func See(outputs map[string]json.RawMessage, reads ...string) map[string]json.RawMessage {
	seen := make(map[string]json.RawMessage, len(outputs))
	for name, value := range outputs {
		if (!passing[name] || slices.Contains(reads, name)) && len(value) > 0 {
			seen[name] = value
		}
	}
	return seen
}

// Upstreams returns what a component with these needs may see, by service/component; of answers for each of its upstreams.
// One that is only waited for, because a service depends on another, gives nothing to see.
func Upstreams(needs []resource.Need, of func(short string) (resource.Kind, map[string]json.RawMessage)) map[string]Upstream {
	seen := map[string]Upstream{}
	for i := 0; i < len(needs); {
		at := needs[i].Address
		var reasons []resource.Reason
		var reads []string
		for ; i < len(needs) && needs[i].Address == at; i++ { // needs are sorted by address, then reason
			if needs[i].Reason == resource.ReasonService {
				continue
			}
			reasons = append(reasons, needs[i].Reason)
			if needs[i].Reason == resource.ReasonValue {
				reads = append(reads, needs[i].Output)
			}
		}
		if len(reasons) == 0 {
			continue
		}
		kind, outputs := of(at.Short())
		seen[at.Short()] = Upstream{Kind: kind, Outputs: See(outputs, reads...), Reasons: slices.Compact(reasons)}
	}
	return seen
}

// InputsDigest is the SHA-256 over everything that decides what a component's resources are: its kind, the revision of
// the kind's translation, its spec as JSON, and what it sees of its upstreams, by service/component. Equal digests mean
// that there is nothing to do. The same digest is taken here with the state's outputs and by the executor with real ones.
func InputsDigest(kind resource.Kind, revision int, spec []byte, upstreams map[string]Upstream) string {
	h := sha256.New()
	part := func(data []byte) {
		fmt.Fprintf(h, "%d:", len(data))
		h.Write(data)
	}
	part([]byte(kind))
	fmt.Fprintf(h, "%d,", revision)
	part(Compact(spec))
	for _, short := range slices.Sorted(maps.Keys(upstreams)) {
		upstream := upstreams[short]
		part([]byte(short))
		part([]byte(upstream.Kind))
		fmt.Fprintf(h, "%q,%d,", upstream.Reasons, len(upstream.Outputs))
		for _, name := range slices.Sorted(maps.Keys(upstream.Outputs)) {
			part([]byte(name))
			part(canonical(upstream.Outputs[name]))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Compact drops the white space of a JSON text, so that how it was stored does not matter.
func Compact(data []byte) []byte {
	if !bytes.ContainsAny(data, " \n\t\r") {
		return data
	}
	var b bytes.Buffer
	if err := json.Compact(&b, data); err != nil {
		return data
	}
	return b.Bytes()
}

// canonical is one form for all JSON texts of one value: an output passes through several encoders, which differ in what
// they escape, and a provider may order an object's keys as it likes.
func canonical(data []byte) []byte {
	if !bytes.ContainsAny(data, `\<>&{`) {
		return Compact(data)
	}
	value, err := decode(data)
	if err != nil {
		return data
	}
	same, err := json.Marshal(value)
	if err != nil {
		return data
	}
	return same
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
