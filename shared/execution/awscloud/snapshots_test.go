package awscloud

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/execution"
)

func TestSnapshotsAreDescribedByTheServiceThatKeepsThem(t *testing.T) {
	const volume = `<DescribeSnapshotsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><snapshotSet>
<item><snapshotId>snap-1</snapshotId><status>completed</status><startTime>2026-03-04T10:00:00.000Z</startTime><tagSet><item><key>a</key><value>b</value></item></tagSet></item>
<item><snapshotId>snap-2</snapshotId><status>pending</status><startTime>2026-03-04T11:00:00.000Z</startTime></item></snapshotSet></DescribeSnapshotsResponse>`
	for sentence, test := range map[string]struct {
		of     execution.Snapshot
		status int
		answer string
		want   execution.SnapshotState
		error  string
		asked  string // part of the request's body
		signed string // part of the signature's scope
	}{
		"of a database": {of: execution.Snapshot{Service: execution.RDSSnapshot, Name: "shop-final"}, status: 200,
			answer: `<DescribeDBSnapshotsResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><DescribeDBSnapshotsResult><DBSnapshots><DBSnapshot>
<DBSnapshotIdentifier>shop-final</DBSnapshotIdentifier><Status>available</Status></DBSnapshot></DBSnapshots></DescribeDBSnapshotsResult></DescribeDBSnapshotsResponse>`,
			want:  execution.SnapshotState{Name: "shop-final", Status: "available"},
			asked: "Action=DescribeDBSnapshots&DBSnapshotIdentifier=shop-final&Version=2014-10-31", signed: "/eu-west-1/rds/aws4_request"},
		"of a database that has none": {of: execution.Snapshot{Service: execution.RDSSnapshot, Name: "x"}, status: 404,
			answer: `<ErrorResponse><Error><Type>Sender</Type><Code>DBSnapshotNotFound</Code><Message>DBSnapshot x not found.</Message></Error></ErrorResponse>`},
		"of a cluster": {of: execution.Snapshot{Service: execution.RDSClusterSnapshot, Name: "shop-final"}, status: 200,
			answer: `<R><Result><DBClusterSnapshots><DBClusterSnapshot><DBClusterSnapshotIdentifier>shop-final</DBClusterSnapshotIdentifier><Status>creating</Status>
</DBClusterSnapshot></DBClusterSnapshots></Result></R>`, want: execution.SnapshotState{Name: "shop-final", Status: "creating"}, asked: "DescribeDBClusterSnapshots"},
		"of a cache": {of: execution.Snapshot{Service: execution.ElastiCacheSnapshot, Name: "c"}, status: 200,
			answer: `<R><Result><Snapshots><Snapshot><SnapshotName>c</SnapshotName><SnapshotStatus>available</SnapshotStatus></Snapshot></Snapshots></Result></R>`,
			want:   execution.SnapshotState{Name: "c", Status: "available"}, asked: "SnapshotName=c", signed: "/elasticache/"},
		"of a memory database": {of: execution.Snapshot{Service: execution.MemoryDBSnapshot, Name: "m"}, status: 200,
			answer: `{"Snapshots":[{"Name":"m","Status":"available"}]}`, want: execution.SnapshotState{Name: "m", Status: "available"},
			asked: `{"SnapshotName":"m"}`, signed: "/memorydb/"},
		"of a memory database that has none": {of: execution.Snapshot{Service: execution.MemoryDBSnapshot, Name: "m"}, status: 400,
			answer: `{"__type":"SnapshotNotFoundFault"}`},
		"of a volume the newest": {of: execution.Snapshot{Service: execution.EBSSnapshot, Of: "vol-1"}, status: 200, answer: volume,
			want: execution.SnapshotState{Name: "snap-2", Status: "pending"}, asked: "Filter.1.Value.1=vol-1", signed: "/ec2/"},
		"of a volume that has none": {of: execution.Snapshot{Service: execution.EBSSnapshot, Of: "vol-1"}, status: 200,
			answer: `<DescribeSnapshotsResponse><snapshotSet/></DescribeSnapshotsResponse>`},
		"without the permission":           {of: execution.Snapshot{Service: execution.RDSSnapshot, Name: "x"}, status: 403, answer: "AccessDenied", error: "status 403: AccessDenied"},
		"in words that nobody understands": {of: execution.Snapshot{Service: execution.RDSSnapshot, Name: "x"}, status: 200, answer: "<", error: "the answer of rds"},
		"of what keeps none":               {of: execution.Snapshot{Service: "s3"}, status: 200, error: `no service "s3"`},
	} {
		t.Run(sentence, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if !strings.Contains(string(body), test.asked) || !strings.Contains(r.Header.Get("Authorization"), test.signed) {
					w.WriteHeader(http.StatusTeapot)
					_, _ = w.Write(body)
					return
				}
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.answer)
			}))
			defer server.Close()
			client := newSnapshotClient(aws.Config{Region: "eu-west-1", BaseEndpoint: aws.String(server.URL), HTTPClient: server.Client(),
				Credentials: aws.CredentialsProviderFunc(static)})
			c := From(func(string) Clients { return Clients{Snapshots: client} }, nil)
			state, err := c.Snapshot(t.Context(), here, test.of)
			if test.error != "" {
				require.ErrorContains(t, err, test.error)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, state)
		})
	}
	require.Equal(t, "https://memory-db.cn-north-1.amazonaws.com.cn/", newSnapshotClient(aws.Config{Region: "cn-north-1"}).address("memory-db"))
	_, err := newSnapshotClient(aws.Config{Region: "eu-west-1"}).Describe(t.Context(), execution.Snapshot{Service: execution.RDSSnapshot})
	require.ErrorContains(t, err, "no credentials")
}

func static(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "for a test"}, nil
}
