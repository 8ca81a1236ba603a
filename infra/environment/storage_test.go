package environment

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatIsStoredIsEncryptedKeptAndPrivate(t *testing.T) {
	kept := map[string]bool{"AWS::S3::Bucket": true, "AWS::S3::BucketPolicy": true, "AWS::DynamoDB::Table": true}
	for name, template := range templates(t) {
		for id, of := range template.Resources {
			if kept[of.Type] || of.Type == "AWS::KMS::Key" && id != "LinkKey" {
				require.Equal(t, "Retain", of.DeletionPolicy, "%s/%s", name, id)
			}
		}
		for _, id := range template.of("AWS::S3::Bucket") {
			of := template.Resources[id].Properties
			require.Equal(t, map[string]any{"Status": "Enabled"}, of["VersioningConfiguration"], id)
			for _, closed := range of["PublicAccessBlockConfiguration"].(map[string]any) {
				require.Equal(t, true, closed, id)
			}
			if id != "AccessLogBucket" {
				require.Contains(t, mustJSON(of["BucketEncryption"]), "aws:kms", id)
			}
		}
		for _, id := range template.of("AWS::DynamoDB::Table") {
			of := template.Resources[id].Properties
			require.Equal(t, "KMS", of["SSESpecification"].(map[string]any)["SSEType"], id)
			require.Equal(t, true, of["DeletionProtectionEnabled"], id)
			require.Equal(t, true, of["PointInTimeRecoverySpecification"].(map[string]any)["PointInTimeRecoveryEnabled"], id)
			require.Equal(t, map[string]any{"AttributeName": "expiresAt", "Enabled": true}, of["TimeToLiveSpecification"], id)
		}
		for _, id := range template.of("AWS::Logs::LogGroup") {
			of := template.Resources[id].Properties
			require.NotEmpty(t, of["KmsKeyId"], "%s/%s", name, id)
			require.EqualValues(t, 90, of["RetentionInDays"], "%s/%s", name, id)
		}
	}
	bucket := one(t, "staging-storage", "AWS::S3::Bucket", "StateBucket")
	require.Equal(t, "example-deployer-state", bucket["BucketName"])
	require.Contains(t, mustJSON(bucket["NotificationConfiguration"]), `"EventBridgeEnabled":true`)
	require.Contains(t, mustJSON(bucket["ObjectLockConfiguration"]), "GOVERNANCE")
	require.Contains(t, mustJSON(bucket["LifecycleConfiguration"]), `"NoncurrentDays":90`)
	require.Contains(t, mustJSON(bucket["ReplicationConfiguration"]), "arn:aws:s3:::example-deployer-state-replica")
	require.NotContains(t, one(t, "small-storage", "AWS::S3::Bucket", "StateBucket"), "ReplicationConfiguration")
}

func TestALockedBucketIsReplicatedIntoALockedOneAndFailuresAreSeen(t *testing.T) {
	replica := one(t, "staging-replica", "AWS::S3::Bucket", "ReplicaBucket")
	require.Equal(t, true, replica["ObjectLockEnabled"])
	require.NotContains(t, replica, "ObjectLockConfiguration", "each version comes with its own retention")
	require.Contains(t, mustJSON(one(t, "staging-storage", "AWS::S3::Bucket", "StateBucket")["ReplicationConfiguration"]), `"Metrics":{"Status":"Enabled"}`)
	alarm := one(t, "staging-observability", "AWS::CloudWatch::Alarm", "AlarmReplicationFailing")
	require.ElementsMatch(t, []any{map[string]any{"Name": "SourceBucket", "Value": "example-deployer-state"},
		map[string]any{"Name": "DestinationBucket", "Value": "example-deployer-state-replica"},
		map[string]any{"Name": "RuleId", "Value": replicationRule}}, alarm["Dimensions"])
	require.NotContains(t, templates(t)["deployer-small-observability"].Resources, "AlarmReplicationFailing")

	chosen := full(t)
	chosen.Environments = chosen.Environments[:1]
	chosen.Environments[0].ObjectLock = nil
	unlocked := synthesize(t, t.TempDir(), chosen, everything(t))
	require.NotContains(t, unlocked["deployer-staging-replica"].Resources["ReplicaBucket"].Properties, "ObjectLockEnabled")
}
