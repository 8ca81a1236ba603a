package provision

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/cloud"
	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/resource"
)

// everything reports whether all cases run on the simulated cloud, and not one of some kinds only.
func everything() bool { return os.Getenv("DEPLOYER_E2E") != "" || os.Getenv("DEPLOYER_SIM") == "full" }

// ground is a simulated cloud with an engine that works in it.
type ground struct {
	*Engine
	cloud *cloud.Cloud
	store *objects.File

	// podGroup is a security group that stands for that of the cluster's pods: the simulated cluster has one in name only.
	podGroup json.RawMessage

	mu    sync.Mutex
	built map[string]func() (execution.Upstream, error) // by kind and service/component
}

// foundation are the components that the cases stand on, by service/component; there may be several of different kinds.
var foundation = map[string][]execution.Order{
	"platform/networking": {order("Networking", func(s *resource.Networking) {
		s.Cluster.EC2 = &resource.ClusterInstances{InstanceType: "m7g.large", Max: 4}
		s.Cluster.EC2.SetDefaults()
		s.EKS = &resource.EKSCluster{Name: "shop-eks",
			OIDCProvider: "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABCDEF"}
	})},
	"platform/security": {order("Security", func(s *resource.Security) {
		s.WAF.Enabled, s.PermissionsBoundary = true, "arn:aws:iam::123456789012:policy/boundary"
	})},
	"platform/observability": {order[*resource.Observability]("Observability", nil)},
	"data/db": {order("RDS", func(s *resource.RDS) {
		s.Engine, s.Version, s.InstanceClass, s.Database = resource.Postgres, "16.4", "db.m7g.large", "shop"
	})},
	"data/cache": {order("ElastiCacheRedis", func(s *resource.ElastiCacheRedis) {
		s.Version, s.NodeType = "7.1",
			"cache.t4g.small"
	})},
	"data/items": {order("DynamoDB", func(s *resource.DynamoDB) {
		s.PartitionKey, s.Stream = resource.KeyAttribute{Name: "id", Type: resource.AttributeString},
			resource.StreamBoth
	})},
	"data/disk": {order("EBS", func(s *resource.EBS) { s.Size, s.Zone = 100, 1 })},
	"jobs/todo": {order[*resource.SQS]("SQS", nil)},
	"jobs/done": {order[*resource.SQS]("SQS", nil)},
	"jobs/dead": {order[*resource.SQS]("SQS", nil)},
	"jobs/lost": {order("SQS", func(s *resource.SQS) { s.FIFO = true })},
	"jobs/fn": {order("Lambda",
		func(s *resource.Lambda) { s.Image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/fn:1" })},
	"news/events":   {order[*resource.SNS]("SNS", nil)},
	"files/uploads": {order[*resource.S3]("S3", nil)},
	"files/logs":    {order[*resource.S3]("S3", nil)},
	"files/code":    {order[*resource.S3]("S3", nil)},
	"files/site":    {order[*resource.S3]("S3", nil)},
	"files/shared": {order("EFS", func(s *resource.EFS) {
		point := resource.AccessPoint{Name: "uploads", Path: "/uploads"}
		point.SetDefaults()
		s.AccessPoints = []resource.AccessPoint{point}
	})},
	"legacy/erp": {order("EC2Instance", func(s *resource.EC2Instance) {
		s.AMI.ID,
			s.InstanceType = "ami-0123456789abcdef0", "t4g.small"
	})},
	"news/stream": {order("MSK", func(s *resource.MSK) { s.Version, s.InstanceType = "3.8.x", "kafka.m7g.large" }),
		order("Kafka", func(s *resource.Kafka) {
			s.Topics = []resource.Topic{{Name: "orders", Access: resource.TopicReadWrite},
				{Name: "clicks", Access: resource.TopicRead}}
		})},
	"edge/lb": {order("ALB", func(s *resource.ALB) {
		secure := listener("https", "HTTPS")
		secure.Certificates = []resource.Input{{Value: "arn:aws:acm:eu-west-1:123456789012:certificate/one"}}
		s.Listeners = []resource.Listener{secure}
	})},
	"edge/nlb": {order("NLB", func(s *resource.NLB) {
		s.Listeners = []resource.NLBListener{networkListener("game",
			"UDP", 7000)}
	})},
	"edge/tcp": {order("NLB", func(s *resource.NLB) {
		s.Listeners = []resource.NLBListener{networkListener("web", "TCP",
			8080)}
	})},
	"edge/rest": {order("APIGateway", func(s *resource.APIGateway) {
		s.Protocol, s.Stage = resource.APIREST, "v1"
		s.Routes = []resource.Route{route("ANY /{proxy+}",
			func(r *resource.Route) { r.Function = resource.ComponentRef{Component: "jobs/fn"} })}
	}, functionUp())},
}

// standing is a component of the foundation, which is built when it is first needed.
func (g *ground) standing(t testing.TB, short string, kind resource.Kind) execution.Upstream {
	key := string(kind) + " " + short
	g.mu.Lock()
	build, known := g.built[key]
	if !known {
		build = sync.OnceValues(func() (execution.Upstream, error) { return g.build(t, short, kind) })
		g.built[key] = build
	}
	g.mu.Unlock()
	made, err := build()
	require.NoError(t, err, "%s %s of the foundation", kind, short)
	return made
}

func (g *ground) build(t testing.TB, short string, kind resource.Kind) (execution.Upstream, error) {
	for _, o := range foundation[short] {
		if o.Kind != kind {
			continue
		}
		o.Address.Service, o.Address.Component, _ = strings.Cut(short, "/")
		if len(foundation[short]) > 1 {
			o.Address.Component += "-" + strings.ToLower(string(kind))
		}
		made, err := g.Apply(context.Background(), g.on(t, o))
		if kind == "Networking" && err == nil {
			made.Outputs["eksSecurityGroupId"] = g.podGroup
		}
		return execution.Upstream{Kind: kind, Outputs: made.Outputs}, err
	}
	return execution.Upstream{}, fmt.Errorf("there is none")
}

// on puts the components of the foundation in the place of an order's invented upstreams.
func (g *ground) on(t testing.TB, o execution.Order) execution.Order {
	upstreams := map[string]execution.Upstream{}
	for _, short := range slices.Sorted(maps.Keys(o.Upstreams)) {
		upstreams[short] = g.standing(t, short, o.Upstreams[short].Kind)
	}
	o.Upstreams = upstreams
	return o
}

func pulumiCLI(t testing.TB) string {
	if testing.Short() {
		t.Skip("runs the Pulumi CLI")
	}
	built, err := filepath.Abs("../../.bin/pulumi")
	require.NoError(t, err)
	if _, err := os.Stat(built); err == nil {
		return built
	}
	found, err := exec.LookPath("pulumi")
	if err != nil {
		t.Skip("there is no Pulumi CLI: make pulumi builds it")
	}
	return found
}

func newGround(t testing.TB, parallelism int, change ...func(*Options)) *ground {
	t.Helper()
	cli := pulumiCLI(t)
	c, err := cloud.Open(cloud.Options{Dir: t.TempDir(), Seed: "provision"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	require.NoError(t, c.Start())
	root := t.TempDir()
	store, err := objects.OpenFile(root)
	require.NoError(t, err)
	options := Options{Pulumi: cli, Objects: store, BackendURL: "file://" + filepath.ToSlash(root),
		SecretsProvider: "awskms://alias/deployer?region=" + cloud.HomeRegion,
		Env:             append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, c.Env()...),
		WorkDir:         t.TempDir(),
		Parallelism:     parallelism}
	for _, c := range change {
		c(&options)
	}
	engine, err := New(options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, engine.Close()) })
	return &ground{Engine: engine, cloud: c, store: store, built: map[string]func() (execution.Upstream, error){}}
}
