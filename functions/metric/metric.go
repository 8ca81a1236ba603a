// Package metric is one measurement: a name and a value go in, a line of a function's log comes out from which CloudWatch
// makes a metric (its embedded metric format). The alarms of the CDK application watch these metrics.
package metric

import (
	"encoding/json"
	"io"
	"sync"
	"time"
)

// Name is what is measured.
type Name string

// The metrics, all counts.
const (
	FailedDirty      Name = "FailedDirty"      // runs that ended so
	DriftFindings    Name = "DriftFindings"    // differences from what was deployed, of one stack and environment
	PolicyViolations Name = "PolicyViolations" // bundles refused for them
	StuckLocks       Name = "StuckLocks"       // locks that wait for a person, or whose end could not be seen to; each minute
)

// Namespace and Dimension are where CloudWatch puts them.
const (
	Namespace = "Deployer"
	Dimension = "Installation"
)

// Writer writes measurements. A nil Writer takes them and writes nothing.
type Writer struct {
	Installation string
	Out          io.Writer // a function's standard output
	Now          func() time.Time

	mu sync.Mutex
}

type definition struct {
	Name Name
	Unit string
}

type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []definition
}

type metadata struct {
	Timestamp         int64 // milliseconds
	CloudWatchMetrics []directive
}

// Put writes one measurement. More is what stands beside it in the log, for those who look for the reason.
func (w *Writer) Put(name Name, value int, more map[string]string) error {
	if w == nil {
		return nil
	}
	line := map[string]any{"_aws": metadata{w.Now().UnixMilli(), []directive{{Namespace, [][]string{{Dimension}}, []definition{{name, "Count"}}}}}}
	for field, text := range more {
		line[field] = text
	}
	line[Dimension], line[string(name)] = w.Installation, value
	data, err := json.Marshal(line)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err = w.Out.Write(append(data, '\n'))
	return err
}
