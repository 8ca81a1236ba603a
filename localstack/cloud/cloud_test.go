package cloud

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/cloud/catalog"
	"github.com/deployer-io/deployer/localstack/cloud/fault"
	"github.com/deployer-io/deployer/localstack/cloud/health"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func open(t testing.TB, dir string) (*Cloud, *clock) {
	t.Helper()
	at := &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	c, err := Open(Options{Dir: dir, Seed: "test", Now: at.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c, at
}

var home = catalog.Place{Account: catalog.DefaultAccount, Region: HomeRegion}

// make makes a resource as a provider would.
func (c *Cloud) make(t testing.TB, token, name, inputs string) *world.Record {
	t.Helper()
	var in map[string]any
	require.NoError(t, json.Unmarshal([]byte(inputs), &in))
	typ := catalog.Find(token)
	checked, failures := typ.CheckInputs(home, nil, in, catalog.Naming{Resource: name})
	require.Empty(t, failures)
	var made *world.Record
	require.NoError(t, c.world.Update(func(tx *world.Tx) (err error) {
		made, err = typ.Create(tx, home, catalog.Wanted{URN: "urn:pulumi:test::shop::" + token + "::" + name, Inputs: checked})
		return err
	}))
	return made
}

func (c *Cloud) change(t testing.TB, r *world.Record, property string, value any) {
	t.Helper()
	typ := catalog.Find(r.Type)
	require.NoError(t, c.world.Update(func(tx *world.Tx) error {
		old := tx.Get(r.Key())
		in := world.CloneMap(old.Inputs)
		in[property] = value
		_, err := typ.Update(tx, home, old, catalog.Wanted{URN: old.URN, Inputs: in})
		return err
	}))
}

const (
	queueType   = "aws:sqs/queue:Queue"
	clusterType = "aws:ecs/cluster:Cluster"
	taskType    = "aws:ecs/taskDefinition:TaskDefinition"
	serviceType = "aws:ecs/service:Service"
	alarmType   = "aws:cloudwatch/metricAlarm:MetricAlarm"
)

func TestResourcesAreFoundByWhateverNamesThem(t *testing.T) {
	c, _ := open(t, "")
	r := c.make(t, queueType, "orders", `{"tags":{"team":"a"}}`)
	c.make(t, queueType, "others", `{}`)
	for _, id := range []string{r.ID, r.Text("arn"), r.Text("name"), r.URN, queueType + "::" + r.ID} {
		found, err := c.Get(id)
		require.NoError(t, err, id)
		require.Equal(t, r.ID, found.ID)
		require.Equal(t, r.Text("name"), found.Name)
		require.Equal(t, map[string]string{"team": "a"}, found.Tags)
	}
	_, err := c.Get("none")
	var missing *NoSuchResource
	require.ErrorAs(t, err, &missing)
	c.make(t, "aws:sns/topic:Topic", "topic", `{"name":"`+r.Text("name")+`"}`)
	_, err = c.Get(r.Text("name"))
	var ambiguous *AmbiguousResource
	require.ErrorAs(t, err, &ambiguous)
	require.Len(t, ambiguous.Candidates, 2)
	for sentence, c2 := range map[string]struct {
		filter Filter
		want   int
	}{
		"all":           {Filter{}, 3},
		"by type":       {Filter{Type: "Queue"}, 2},
		"by tag":        {Filter{Tags: map[string]string{"team": "a"}}, 1},
		"by stack":      {Filter{URN: "urn:pulumi:test::shop"}, 3},
		"by region":     {Filter{Region: "eu-west-1"}, 0},
		"by everything": {Filter{Type: queueType, Region: HomeRegion, Account: catalog.DefaultAccount, Tags: map[string]string{"team": "a"}}, 1},
	} {
		t.Run(sentence, func(t *testing.T) {
			found, err := c.Resources(c2.filter)
			require.NoError(t, err)
			require.Len(t, found, c2.want)
		})
	}
}

func TestEditChangesBehindPulumisBack(t *testing.T) {
	c, _ := open(t, "")
	r := c.make(t, queueType, "orders", `{"tags":{"team":"a"}}`)
	require.NoError(t, c.Edit(r.ID, "visibilityTimeoutSeconds", 5))
	require.NoError(t, c.Edit(r.ID, "tags.team", "b"))
	found, err := c.Get(r.ID)
	require.NoError(t, err)
	require.Equal(t, 5.0, found.Properties["visibilityTimeoutSeconds"])
	require.Equal(t, map[string]string{"team": "b"}, found.Tags)
	require.ErrorContains(t, c.Edit(r.ID, "colour", "red"), "has no property colour")
	require.NoError(t, c.Remove(r.ID))
	require.Error(t, c.Remove(r.ID))
}

func TestWhatIsSecretIsNotShown(t *testing.T) {
	c, _ := open(t, "")
	r := c.make(t, "aws:ssm/parameter:Parameter", "password", `{"type":"SecureString","value":"correct horse"}`)
	found, err := c.Get(r.ID)
	require.NoError(t, err)
	require.Equal(t, "[secret]", found.Properties["value"])
}

func TestTwoCloudsOnOneFolderAreOne(t *testing.T) {
	dir := t.TempDir()
	one, _ := open(t, dir)
	two, _ := open(t, dir)
	r := one.make(t, queueType, "orders", `{}`)
	require.NoError(t, two.Edit(r.ID, "delaySeconds", 7))
	found, err := one.Get(r.ID)
	require.NoError(t, err)
	require.Equal(t, 7.0, found.Properties["delaySeconds"])
	id, err := two.Inject(Fault{Kind: fault.Throttle})
	require.NoError(t, err)
	faults, err := one.Faults()
	require.NoError(t, err)
	require.Len(t, faults, 1)
	require.NoError(t, one.Heal(id))
	faults, err = two.Faults()
	require.NoError(t, err)
	require.Empty(t, faults)
	text, err := os.ReadFile(filepath.Join(dir, "resources.jsonl"))
	require.NoError(t, err)
	require.Contains(t, string(text), `"delaySeconds":7`)
}

// service makes an ECS service of two revisions: the second is on its way.
func (c *Cloud) service(t *testing.T, at *clock, breaker string) (r *world.Record, first, second string) {
	t.Helper()
	c.make(t, clusterType, "main", `{"name":"main"}`)
	const container = `{"family":"web","containerDefinitions":"[{\"name\":\"web\",\"image\":\"nginx\"}]"}`
	one, two := c.make(t, taskType, "one", container), c.make(t, taskType, "two", container)
	r = c.make(t, serviceType, "web", `{"name":"web","cluster":"main","desiredCount":2,"taskDefinition":"web:1"`+breaker+`}`)
	at.move(time.Hour)
	c.change(t, r, "taskDefinition", "web:2")
	return r, one.Text("arn"), two.Text("arn")
}

func TestAServiceRollsOutAndBecomesSteady(t *testing.T) {
	c, at := open(t, "")
	_, first, second := c.service(t, at, "")
	s, err := c.ECSService("main", "web")
	require.NoError(t, err)
	require.Equal(t, "web:2", s.TaskDefinition)
	require.Len(t, s.Deployments, 2)
	require.Equal(t, "PRIMARY", s.Deployments[0].Status)
	require.Equal(t, "IN_PROGRESS", s.Deployments[0].RolloutState)
	require.Equal(t, second, s.Deployments[0].TaskDefinition)
	require.Equal(t, first, s.Deployments[1].TaskDefinition)
	require.Equal(t, 2, s.RunningCount, "the revision before still serves")

	at.move(time.Hour)
	s, err = c.ECSService(s.ClusterArn, s.ServiceArn)
	require.NoError(t, err)
	require.Len(t, s.Deployments, 1)
	require.Equal(t, "COMPLETED", s.Deployments[0].RolloutState)
	require.Equal(t, 2, s.RunningCount)
	require.Contains(t, s.Events[0].Message, "has reached a steady state")
	_, err = c.ECSService("main", "none")
	require.Error(t, err)
}

func TestServicesThatFareBadly(t *testing.T) {
	for sentence, c2 := range map[string]struct {
		condition         Condition
		breaker           string
		state             string // of the primary deployment
		running           int
		second            bool // the primary deployment runs the second revision
		event             string
		primaryRolledBack bool
	}{
		"tasks that die, without a circuit breaker":      {health.Unhealthy, "", "IN_PROGRESS", 0, true, "unable to consistently start tasks", false},
		"tasks that die, with a breaker that only stops": {health.Unhealthy, `,"deploymentCircuitBreaker":{"enable":true,"rollback":false}`, "FAILED", 0, true, "deployment failed", false},
		"tasks that die, and a breaker that rolls back":  {health.RolledBack, `,"deploymentCircuitBreaker":{"enable":true,"rollback":true}`, "COMPLETED", 2, false, "steady state", true},
		"tasks for which there is no room":               {health.Pending, "", "IN_PROGRESS", 0, true, "unable to place a task", false},
	} {
		t.Run(sentence, func(t *testing.T) {
			c, at := open(t, "")
			r, first, second := c.service(t, at, c2.breaker)
			require.NoError(t, c.SetCondition(r.ID, c2.condition))
			at.move(time.Hour)
			s, err := c.ECSService("main", "web")
			require.NoError(t, err)
			primary := s.Deployments[0]
			require.Equal(t, "PRIMARY", primary.Status)
			require.Equal(t, c2.state, primary.RolloutState)
			require.Equal(t, c2.running, s.RunningCount)
			require.Equal(t, map[bool]string{true: second, false: first}[c2.second], primary.TaskDefinition)
			require.Contains(t, s.Events[0].Message, c2.event)
			if c2.primaryRolledBack {
				require.Equal(t, first, s.TaskDefinition)
				require.Equal(t, "FAILED", s.Deployments[1].RolloutState)
			}
			require.NoError(t, c.SetCondition(r.ID, ""))
			s, err = c.ECSService("main", "web")
			require.NoError(t, err)
			require.Equal(t, "COMPLETED", s.Deployments[0].RolloutState)
		})
	}
}

func TestTargetsAreAsHealthyAsWhatIsBehindThem(t *testing.T) {
	c, at := open(t, "")
	vpc := c.make(t, "aws:ec2/vpc:Vpc", "vpc", `{"cidrBlock":"10.0.0.0/16"}`)
	group := c.make(t, "aws:lb/targetGroup:TargetGroup", "web", `{"port":80,"protocol":"HTTP","targetType":"ip","vpcId":"`+vpc.ID+`"}`)
	attachment := c.make(t, "aws:lb/targetGroupAttachment:TargetGroupAttachment", "one", `{"targetGroupArn":"`+group.ID+`","targetId":"10.0.0.9","port":8080}`)
	state := func() Target {
		targets, err := c.TargetHealth(group.ID)
		require.NoError(t, err)
		require.Len(t, targets, 1)
		return targets[0]
	}
	require.Equal(t, "Target.NotInUse", state().Reason)
	var subnets []string
	for i, zone := range []string{"a", "b"} {
		r := c.make(t, "aws:ec2/subnet:Subnet", zone, `{"vpcId":"`+vpc.ID+`","cidrBlock":"10.0.`+string(rune('0'+i))+`.0/24","availabilityZone":"us-east-1`+zone+`"}`)
		subnets = append(subnets, `"`+r.ID+`"`)
	}
	balancer := c.make(t, "aws:lb/loadBalancer:LoadBalancer", "front", `{"subnets":[`+strings.Join(subnets, ",")+`]}`)
	c.make(t, "aws:lb/listener:Listener", "http", `{"loadBalancerArn":"`+balancer.ID+`","port":80,"defaultActions":[{"type":"forward","targetGroupArn":"`+group.ID+`"}]}`)
	require.Equal(t, Target{ID: "10.0.0.9", Port: 8080, State: "initial", Reason: "Elb.InitialHealthChecking", Description: "Initial health checks in progress"}, state())
	at.move(time.Hour)
	require.Equal(t, "healthy", state().State)
	require.NoError(t, c.SetCondition(attachment.Type+"::"+attachment.ID, health.Unhealthy))
	require.Equal(t, "Target.FailedHealthChecks", state().Reason)
	_, err := c.TargetHealth("none")
	require.Error(t, err)
	require.ErrorContains(t, c.SetCondition(group.ID, "tired"), "the conditions are")
}

func TestAlarmsFollowTheirMetricsAndTheirConditions(t *testing.T) {
	c, _ := open(t, "")
	r := c.make(t, alarmType, "age", `{"comparisonOperator":"GreaterThanThreshold","evaluationPeriods":1,"metricName":"Age","namespace":"AWS/SQS","period":60,"statistic":"Maximum","threshold":300,"dimensions":{"QueueName":"q"}}`)
	state := func() string {
		alarms, err := c.Alarms(r.Text("name"), "none")
		require.NoError(t, err)
		require.Len(t, alarms, 1)
		return alarms[0].StateValue
	}
	require.Equal(t, "OK", state())
	age := Metric{Namespace: "AWS/SQS", Name: "Age", Dimensions: map[string]string{"QueueName": "q"}, Value: 400}
	_, known, err := c.Metric("", "", age)
	require.NoError(t, err)
	require.False(t, known)
	require.NoError(t, c.PutMetric("", "", age))
	measured, known, err := c.Metric("", "", age)
	require.NoError(t, err)
	require.True(t, known)
	require.Equal(t, 400.0, measured.Value)
	require.Equal(t, "ALARM", state())
	age.Value = 300
	require.NoError(t, c.PutMetric("", "", age))
	require.Equal(t, "OK", state())
	require.NoError(t, c.SetCondition(r.ID, health.InsufficientData))
	require.Equal(t, "INSUFFICIENT_DATA", state())
}

func TestTheKeyOfCheckpointsIsThereFromTheBeginning(t *testing.T) {
	c, _ := open(t, "")
	key, err := c.findKey("eu-west-1", "alias/deployer")
	require.NoError(t, err)
	require.Equal(t, "arn:aws:kms:eu-west-1:123456789012:key/deployer", key.ARN)
	again, err := c.findKey("eu-west-1", key.ARN)
	require.NoError(t, err)
	require.Equal(t, key, again)
	none, err := c.findKey("eu-west-1", "alias/none")
	require.NoError(t, err)
	require.Nil(t, none)
	made := c.make(t, "aws:kms/key:Key", "key", `{}`)
	alias := c.make(t, "aws:kms/alias:Alias", "key", `{"targetKeyId":"`+made.ID+`"}`)
	found, err := c.findKey(HomeRegion, alias.ID)
	require.NoError(t, err)
	require.Equal(t, made.Text("arn"), found.ARN)
}

func TestWhatWasThereBefore(t *testing.T) {
	c, _ := open(t, "")
	vpc := Existing{Type: "aws:ec2/vpc:Vpc", ID: "vpc-0a1b2c3d4e5f60718", Region: "eu-west-1", Properties: map[string]any{"cidrBlock": "10.0.0.0/16"}}
	for range 2 { // what is there stays
		id, err := c.Add(vpc)
		require.NoError(t, err)
		require.Equal(t, vpc.ID, id)
	}
	subnet, err := c.Add(Existing{Type: "aws:ec2/subnet:Subnet", ID: "subnet-1", Region: "eu-west-1", Properties: map[string]any{"vpcId": vpc.ID, "cidrBlock": "10.0.0.0/24", "availabilityZone": "eu-west-1a"}})
	require.NoError(t, err)
	found, err := c.Get(subnet)
	require.NoError(t, err)
	require.Equal(t, "arn:aws:ec2:eu-west-1:123456789012:subnet/subnet-1", found.ARN)
	certificate, err := c.Add(Existing{Type: "aws:acm/certificate:Certificate", Properties: map[string]any{"domainName": "example.com", "status": "ISSUED"}})
	require.NoError(t, err)
	found, err = c.Get(certificate)
	require.NoError(t, err)
	require.Equal(t, "ISSUED", found.Properties["status"])
	_, err = c.Add(Existing{Type: "aws:ec2/vpc:Vpc", Properties: map[string]any{"colour": "red"}})
	require.ErrorContains(t, err, "has no property colour")
	_, err = c.Add(Existing{Type: "aws:ec2/subnet:Subnet", Region: "us-east-1", Properties: map[string]any{"vpcId": vpc.ID, "cidrBlock": "10.0.0.0/24"}})
	require.ErrorContains(t, err, "InvalidVpcID.NotFound")
}
