package catalog

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTextsAreWrittenAsTheProviderWantsThem(t *testing.T) {
	b := newBench(t)
	_, failures := b.check("slash", "dlm.LifecyclePolicy", `{"description":"snapshots of web/disk","executionRoleArn":"arn:aws:iam::123456789012:role/r","policyDetails":{"targetTags":{"a":"b"}}}`)
	require.Equal(t, []Failure{{"description", "invalid value for description (must match ^[0-9A-Za-z _-]{1,500}$)"}}, failures)
	_, failures = b.check("none", "dlm.LifecyclePolicy", `{"description":"snapshots of web disk","executionRoleArn":"arn:aws:iam::123456789012:role/r","policyDetails":{"targetTags":{"a":"b"}}}`)
	require.Empty(t, failures)
}
