package resource

import (
	"strconv"
	"strings"
)

// Verify is what must hold after a component was deployed. What its kind implies (a service is steady with the new
// revision, targets are healthy) is always looked at.
type Verify struct {
	// requests that must succeed
	HTTP []HTTPCheck `json:"http,omitempty"`
	// CloudWatch alarms that must be OK, by name, from before the deployment to the end of the bake time
	Alarms []string `json:"alarms,omitempty" jsonschema:"minLength=1,maxLength=255,uniqueItems=true"`
	// CloudWatch metrics that must stay within a threshold through the bake time
	Metrics []MetricCheck `json:"metrics,omitempty"`
	// how long alarms and metrics are watched after everything else holds
	BakeTime Duration `json:"bakeTime,omitempty"`
	// how long all of it may take, without the bake time; 0 is the component's own timeout
	Timeout Duration `json:"timeout,omitempty"`
}

// HTTPCheck is a request that must be answered as wanted, several times in a row.
type HTTPCheck struct {
	// the check's name in reports
	Name string `json:"name" jsonschema:"required,minLength=1,maxLength=40"`
	// where to, as https://api.example.com/healthz, or valueFrom a component's url
	URL Input `json:"url" jsonschema:"required"`
	// what is added to the url, as in /healthz
	Path string `json:"path,omitempty" jsonschema:"pattern=^/"`
	// the status codes that mean success
	Status []int `json:"status,omitempty" jsonschema:"minimum=100,maximum=599,uniqueItems=true"`
	// a text that the answer's body must hold
	Contains string `json:"contains,omitempty" jsonschema:"maxLength=500"`
	// how long one answer may take
	Timeout Duration `json:"timeout"`
	// the wait between two requests
	Interval Duration `json:"interval"`
	// how many answers in a row must be right
	Successes int `json:"successes" jsonschema:"minimum=1,maximum=20"`
}

// SetDefaults wants three answers of 200, ten seconds apart.
func (c *HTTPCheck) SetDefaults() {
	c.Status, c.Timeout, c.Interval, c.Successes = []int{200}, 5*Second, 10*Second, 3
}

// MetricCheck is a threshold that a CloudWatch metric keeps.
type MetricCheck struct {
	// the check's name in reports
	Name string `json:"name" jsonschema:"required,minLength=1,maxLength=40"`
	// the metric's namespace, as in AWS/ApplicationELB
	Namespace string `json:"namespace" jsonschema:"required,minLength=1,maxLength=255"`
	// the metric's name, as in HTTPCode_Target_5XX_Count
	Metric string `json:"metric" jsonschema:"required,minLength=1,maxLength=255"`
	// the metric's dimensions; a value may be read from a component
	Dimensions []Dimension `json:"dimensions,omitempty" jsonschema:"maxItems=30"`
	// what is computed of each period: Average, Sum, Minimum, Maximum, SampleCount or a percentile such as p99
	Statistic string `json:"statistic" jsonschema:"pattern=^(Average|Sum|Minimum|Maximum|SampleCount|p[0-9]{1\\,2}(\\.[0-9]+)?)$"`
	// how the metric must compare with the threshold
	Comparison Comparison `json:"comparison" jsonschema:"enum=below,enum=above"`
	// the threshold
	Threshold float64 `json:"threshold" jsonschema:"required"`
	// the length of one period: a multiple of 60s
	Period Duration `json:"period"`
	// what a period without data means
	MissingData MissingData `json:"missingData" jsonschema:"enum=ok,enum=failure"`
}

// SetDefaults compares one-minute averages, which must stay below.
func (c *MetricCheck) SetDefaults() {
	c.Statistic, c.Comparison, c.Period, c.MissingData = "Average", Below, Minute, MissingOK
}

// Dimension narrows a CloudWatch metric.
type Dimension struct {
	// the dimension's name, as in LoadBalancer
	Name string `json:"name" jsonschema:"required,minLength=1,maxLength=255"`
	// the dimension's value
	Value Input `json:"value" jsonschema:"required"`
}

// Comparison is how a metric must compare with its threshold.
type Comparison string

// The comparisons.
const (
	Below Comparison = "below"
	Above Comparison = "above"
)

// MissingData is what a period without data means.
type MissingData string

// The meanings of missing data.
const (
	MissingOK      MissingData = "ok"
	MissingFailure MissingData = "failure"
)

func (v *Verify) check(k *Checker, path string) {
	for i := range v.HTTP {
		check, at := &v.HTTP[i], path+".http["+strconv.Itoa(i)+"]"
		if url := check.URL.Value; url != "" && !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") {
			k.Errorf(CodeInvalid, at+".url", "%q is no URL", shorten(url)).WithHint("begin it with https://")
		}
		k.between(at+".timeout", check.Timeout, Second, Minute)
		k.between(at+".interval", check.Interval, Second, 10*Minute)
	}
	for i := range v.Metrics {
		check, at := &v.Metrics[i], path+".metrics["+strconv.Itoa(i)+"]"
		if check.Period < Minute || check.Period%Minute != 0 {
			k.Errorf(CodeRange, at+".period", "%s is no multiple of a minute", check.Period).WithHint("CloudWatch keeps one value a minute")
		}
		if v.BakeTime < check.Period {
			k.Errorf(CodeRange, at, "the bake time (%s) is shorter than the metric's period (%s): nothing would be compared", v.BakeTime, check.Period).
				WithHint("set verify.bakeTime to at least %s", check.Period)
		}
	}
	k.between(path+".bakeTime", v.BakeTime, 0, 24*Hour)
	k.between(path+".timeout", v.Timeout, 0, 12*Hour)
}
