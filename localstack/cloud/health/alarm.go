package health

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/deployer-io/deployer/localstack/cloud/property"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

// AlarmState is an alarm as DescribeAlarms tells of it.
type AlarmState struct {
	AlarmName   string    `json:"alarmName"`
	AlarmArn    string    `json:"alarmArn"`
	StateValue  string    `json:"stateValue"` // OK, ALARM or INSUFFICIENT_DATA
	StateReason string    `json:"stateReason"`
	Updated     time.Time `json:"stateUpdatedTimestamp"`
}

// Metric is one number that is being measured.
type Metric struct {
	Namespace  string            `json:"namespace"`
	Name       string            `json:"metricName"`
	Dimensions map[string]string `json:"dimensions,omitempty"`
	Value      float64           `json:"value"`
	At         time.Time         `json:"timestamp"`
}

const metricType = "cloud:metric"

func (m Metric) key(account, region string) world.Key {
	var dimensions []string
	for _, k := range slices.Sorted(maps.Keys(m.Dimensions)) {
		dimensions = append(dimensions, k+"="+m.Dimensions[k])
	}
	return world.Key{Type: metricType, Account: account, Region: region, ID: m.Namespace + "/" + m.Name + "{" + strings.Join(dimensions, ",") + "}"}
}

// PutMetric sets what a metric of an account and region measures from now on.
func PutMetric(tx *world.Tx, account, region string, m Metric) {
	key := m.key(account, region)
	tx.Put(&world.Record{
		Type:    metricType,
		Account: account,
		Region:  region,
		ID:      key.ID,
		State:   map[string]any{"value": m.Value},
		Created: tx.Now(),
		Changed: tx.Now(),
	})
}

// GetMetric returns what a metric measures; false when nobody has set it.
func GetMetric(tx *world.Tx, account, region string, m Metric) (Metric, bool) {
	r := tx.Get(m.key(account, region))
	if r == nil {
		return m, false
	}
	m.Value, m.At = property.Number(r.State, "value"), r.Changed
	return m, true
}

// DescribeAlarm tells of a metric alarm or a composite alarm: its condition decides; without one its metric, if that was
// set; otherwise it is OK.
func DescribeAlarm(tx *world.Tx, r *world.Record) AlarmState {
	name := property.Text(r.State, "name")
	if composite := r.Text("alarmName"); composite != "" {
		name = composite
	}
	a := AlarmState{AlarmName: name, AlarmArn: r.Text("arn"), StateValue: "OK", StateReason: "The threshold was not crossed.", Updated: r.Changed}
	switch ConditionOf(tx, r) {
	case Alarm, Unhealthy:
		a.StateValue, a.StateReason = "ALARM", "Threshold Crossed"
		return a
	case InsufficientData, Pending:
		a.StateValue, a.StateReason = "INSUFFICIENT_DATA", "Insufficient Data: no datapoints were received."
		return a
	}
	measured, known := GetMetric(tx, r.Account, r.Region, Metric{
		Namespace: r.Text("namespace"), Name: r.Text("metricName"), Dimensions: dimensions(r),
	})
	threshold := property.Number(r.State, "threshold")
	if known {
		a.Updated = measured.At
		if crossed(r.Text("comparisonOperator"), measured.Value, threshold) {
			a.StateValue = "ALARM"
			a.StateReason = fmt.Sprintf("Threshold Crossed: the datapoint [%g] crossed the threshold (%g).", measured.Value, threshold)
		}
	}
	return a
}

func dimensions(r *world.Record) map[string]string {
	all := map[string]string{}
	for k, v := range property.Map(r.State, "dimensions") {
		all[k] = property.Format(v)
	}
	return all
}

func crossed(operator string, value, threshold float64) bool {
	switch operator {
	case "GreaterThanOrEqualToThreshold":
		return value >= threshold
	case "GreaterThanThreshold":
		return value > threshold
	case "LessThanThreshold":
		return value < threshold
	case "LessThanOrEqualToThreshold":
		return value <= threshold
	}
	return false
}
