package metric_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/functions/metric"
)

func TestAMeasurementIsALineThatCloudWatchReads(t *testing.T) {
	var out bytes.Buffer
	w := &metric.Writer{Installation: "staging", Out: &out, Now: func() time.Time { return time.UnixMilli(1795515600000) }}
	require.NoError(t, w.Put(metric.FailedDirty, 1, map[string]string{"run": "r1"}))
	require.JSONEq(t, `{"_aws":{"Timestamp":1795515600000,"CloudWatchMetrics":[{"Namespace":"Deployer","Dimensions":[["Installation"]],
		"Metrics":[{"Name":"FailedDirty","Unit":"Count"}]}]},"Installation":"staging","FailedDirty":1,"run":"r1"}`, out.String())
	require.Equal(t, 1, bytes.Count(out.Bytes(), []byte("\n")))
	require.Equal(t, byte('\n'), out.Bytes()[out.Len()-1])
}

func TestWithoutAWriterNothingIsCounted(t *testing.T) {
	var none *metric.Writer
	require.NoError(t, none.Put(metric.StuckLocks, 3, nil))
}
