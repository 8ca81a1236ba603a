// Package state keeps what is known of a stack in an environment: a Snapshot of its components is read, a change to it is
// committed under a fence, and every snapshot that ever stood can be had again from the history.
//
// A snapshot is one object, state.json, replaced only by compare and swap. Before it is replaced, its successor is written
// to the history. The Floors in it make a replaced lock holder's writes fail: it names, for each lock, the fence below which
// nobody may write. The snapshot's checksum stands inside the object, so that no damage goes unnoticed.
package state

import (
	"encoding/json"
	"time"

	"github.com/deployer-io/deployer/shared/address"
)

// SchemaVersion is the version of the snapshots that this program writes. It reads that and all before it.
const SchemaVersion = 1

// Snapshot is everything known of one stack and environment at one serial.
type Snapshot struct {
	SchemaVersion int             `json:"schemaVersion"`
	Lineage       string          `json:"lineage"` // the same for all snapshots that came one from another; "" before the first write
	Serial        int64           `json:"serial"`  // rises by one with each commit; 0: nothing was ever committed
	Scope         address.Address `json:"scope"`
	// Floors says by lock key below which fence nobody may write any more.
	Floors map[string]int64 `json:"floors"`
	// Entry and Previous name the history objects of this serial and of the one before, without folder and extension.
	Entry    string    `json:"entry,omitempty"`
	Previous string    `json:"previous,omitempty"`
	Run      string    `json:"run,omitempty"` // that committed it
	At       time.Time `json:"at,omitzero"`   // when; UTC
	// LastGood is the last serial whose verification was passed, 0 when there is none: the one to roll back to.
	LastGood int64     `json:"lastGood,omitempty"`
	Bundle   BundleRef `json:"bundle,omitzero"` // that the last deployment came from
	// Hold, when there is one, is what was rolled back last and is not to be deployed again by itself.
	Hold *Hold `json:"hold,omitempty"`
	// Components are by service/component.
	Components map[string]Record `json:"-"`
	Checksum   string            `json:"-"` // sha256:<hex>, of all bytes before it
}

// BundleRef is the very version of a bundle.
type BundleRef struct {
	Key       string `json:"key"`
	VersionID string `json:"versionId,omitempty"`
	SHA256    string `json:"sha256,omitempty"`
}

// Status is what the last run left a component as.
type Status string

// The statuses.
const (
	Deployed Status = "deployed" // as its spec says
	Failed   Status = "failed"   // half-done: see Error and Leftovers
	Deleting Status = "deleting" // its deletion began and did not end well
)

// Record is what is known of one component. A component whose deployment or deletion failed half-way keeps its record, so
// that what it left behind is not forgotten.
type Record struct {
	Address address.Address `json:"address"`
	Kind    string          `json:"kind"`
	Status  Status          `json:"status"`
	Action  string          `json:"action,omitempty"` // of the last run
	// Spec is the resolved spec of the last success, or of the first attempt. Secrets stand in it only by reference.
	Spec         json.RawMessage `json:"spec,omitempty"`
	Revision     int             `json:"revision,omitempty"` // of the translation of its kind
	InputsDigest string          `json:"inputsDigest,omitempty"`
	// Outputs are the declared outputs by name; a secret one is a reference to where it is kept.
	Outputs   map[string]json.RawMessage `json:"outputs,omitempty"`
	DependsOn []string                   `json:"dependsOn,omitempty"` // service/component, sorted
	Account   string                     `json:"account,omitempty"`   // AWS account id
	Region    string                     `json:"region,omitempty"`
	Epoch     string                     `json:"epoch,omitempty"`     // of the Pulumi checkpoint that holds its resources, e{fence}
	Resources int                        `json:"resources,omitempty"` // how many it has
	Error     string                     `json:"error,omitempty"`     // why it is not deployed, for a person
	Leftovers []string                   `json:"leftovers,omitempty"`
	Run       string                     `json:"run,omitempty"`    // the last that touched it
	Serial    int64                      `json:"serial,omitempty"` // the first with this record
	CreatedAt time.Time                  `json:"createdAt,omitzero"`
	UpdatedAt time.Time                  `json:"updatedAt,omitzero"`
	Duration  time.Duration              `json:"duration,omitempty"` // of the last work on it, nanoseconds
}
