package awscloud

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/deployer-io/deployer/shared/execution"
)

// snapshotClient describes snapshots. One call of each of five services is all that is asked of them, so it is written out
// here, signed by the SDK, rather than five more of the SDK's modules being linked in.
type snapshotClient struct {
	region      string
	endpoint    string // in place of all services'; empty: AWS's own
	credentials aws.CredentialsProvider
	http        aws.HTTPClient
	now         func() time.Time
}

func newSnapshotClient(config aws.Config) *snapshotClient {
	c := &snapshotClient{region: config.Region, endpoint: aws.ToString(config.BaseEndpoint), credentials: config.Credentials,
		http: config.HTTPClient, now: time.Now}
	if c.http == nil {
		c.http = http.DefaultClient
	}
	return c
}

// description is how a service is asked for a snapshot.
type description struct {
	host    string // first part of the endpoint's name
	signing string // the service's name in signatures
	form    url.Values
	target  string // of a service that takes JSON; then form is not used
	item    string // what the answer calls a snapshot
	name    string // its fields
	status  string
	missing string // the error of one that does not exist
}

func describe(s execution.Snapshot) (description, error) {
	query := func(action, version string, more ...string) url.Values {
		form := url.Values{"Action": {action}, "Version": {version}}
		for i := 0; i < len(more); i += 2 {
			form.Set(more[i], more[i+1])
		}
		return form
	}
	switch s.Service {
	case execution.RDSSnapshot:
		return description{host: "rds", signing: "rds", form: query("DescribeDBSnapshots", "2014-10-31", "DBSnapshotIdentifier", s.Name),
			item: "DBSnapshot", name: "DBSnapshotIdentifier", status: "Status", missing: "DBSnapshotNotFound"}, nil
	case execution.RDSClusterSnapshot:
		return description{host: "rds", signing: "rds", form: query("DescribeDBClusterSnapshots", "2014-10-31", "DBClusterSnapshotIdentifier", s.Name),
			item: "DBClusterSnapshot", name: "DBClusterSnapshotIdentifier", status: "Status", missing: "DBClusterSnapshotNotFoundFault"}, nil
	case execution.ElastiCacheSnapshot:
		return description{host: "elasticache", signing: "elasticache", form: query("DescribeSnapshots", "2015-02-02", "SnapshotName", s.Name),
			item: "Snapshot", name: "SnapshotName", status: "SnapshotStatus", missing: "SnapshotNotFoundFault"}, nil
	case execution.MemoryDBSnapshot:
		return description{host: "memory-db", signing: "memorydb", target: "AmazonMemoryDB.DescribeSnapshots", missing: "SnapshotNotFoundFault"}, nil
	case execution.EBSSnapshot:
		return description{host: "ec2", signing: "ec2", form: query("DescribeSnapshots", "2016-11-15", "Owner.1", "self", "Filter.1.Name", "volume-id",
			"Filter.1.Value.1", s.Of), item: "item", name: "snapshotId", status: "status"}, nil
	}
	return description{}, fmt.Errorf("no service %q keeps snapshots", s.Service)
}

// Describe implements Snapshots. Of several snapshots of a volume the newest counts.
func (c *snapshotClient) Describe(ctx context.Context, s execution.Snapshot) (execution.SnapshotState, error) {
	d, err := describe(s)
	if err != nil {
		return execution.SnapshotState{}, err
	}
	body, kind := []byte(d.form.Encode()), "application/x-www-form-urlencoded; charset=utf-8"
	if d.target != "" {
		if body, err = json.Marshal(map[string]string{"SnapshotName": s.Name}); err != nil {
			return execution.SnapshotState{}, err
		}
		kind = "application/x-amz-json-1.1"
	}
	status, answer, err := c.send(ctx, d, kind, body)
	switch {
	case err != nil:
		return execution.SnapshotState{}, err
	case status/100 != 2 && d.missing != "" && strings.Contains(string(answer), d.missing):
		return execution.SnapshotState{}, nil
	case status/100 != 2:
		return execution.SnapshotState{}, fmt.Errorf("%s answered with status %d: %.300s", d.host, status, answer)
	case d.target != "":
		return named(answer)
	}
	return newest(answer, d)
}

// maxAnswer is far above what one snapshot takes.
const maxAnswer = 4 << 20

func (c *snapshotClient) send(ctx context.Context, d description, kind string, body []byte) (int, []byte, error) {
	if c.credentials == nil {
		return 0, nil, errors.New("there are no credentials to look at snapshots with")
	}
	credentials, err := c.credentials.Retrieve(ctx)
	if err != nil {
		return 0, nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address(d.host), bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Content-Type", kind)
	if d.target != "" {
		request.Header.Set("X-Amz-Target", d.target)
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(sum[:]), d.signing, c.region, c.now()); err != nil {
		return 0, nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	return response.StatusCode, answer, err
}

func (c *snapshotClient) address(host string) string {
	if c.endpoint != "" {
		return strings.TrimSuffix(c.endpoint, "/") + "/"
	}
	domain := "amazonaws.com"
	if strings.HasPrefix(c.region, "cn-") {
		domain = "amazonaws.com.cn"
	}
	return "https://" + host + "." + c.region + "." + domain + "/"
}

// named reads MemoryDB's answer.
func named(answer []byte) (execution.SnapshotState, error) {
	var said struct {
		Snapshots []struct{ Name, Status string }
	}
	if err := json.Unmarshal(answer, &said); err != nil || len(said.Snapshots) == 0 {
		return execution.SnapshotState{}, err
	}
	return execution.SnapshotState(said.Snapshots[0]), nil
}

// node is any element of an XML document.
type node struct {
	XMLName xml.Name
	Text    string `xml:",chardata"`
	Nodes   []node `xml:",any"`
}

func (n node) field(name string) string {
	for _, below := range n.Nodes {
		if below.XMLName.Local == name {
			return strings.TrimSpace(below.Text)
		}
	}
	return ""
}

// find returns the elements of a name that have a field, wherever they are.
func (n node) find(name, field string) (found []node) {
	for _, below := range n.Nodes {
		if below.XMLName.Local == name && below.field(field) != "" {
			found = append(found, below)
		}
		found = append(found, below.find(name, field)...)
	}
	return found
}

// newest reads the answer of a service that speaks XML.
func newest(answer []byte, d description) (execution.SnapshotState, error) {
	var root node
	if err := xml.Unmarshal(answer, &root); err != nil {
		return execution.SnapshotState{}, fmt.Errorf("the answer of %s: %w", d.host, err)
	}
	var state execution.SnapshotState
	latest := ""
	for i, item := range root.find(d.item, d.name) {
		if began := item.field("startTime"); i == 0 || began > latest { // times in one format and in UTC
			latest, state = began, execution.SnapshotState{Name: item.field(d.name), Status: item.field(d.status)}
		}
	}
	return state, nil
}
