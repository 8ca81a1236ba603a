package catalog

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/cloud/property"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

func TestAnUpdateChangesWhatItNamesAndTakesBackWhatIsGone(t *testing.T) {
	b := newBench(t)
	b.make("queue", "sqs.Queue", `{"visibilityTimeoutSeconds":60,"tags":{"team":"a"},"kmsMasterKeyId":"alias/aws/sqs"}`)
	require.Equal(t, object{"team": "a", "owner": "bench"}, b.state(b.made["queue"])["tagsAll"])
	id := b.made["queue"].made.ID
	require.NoError(t, b.update("queue", `{"name":"@queue.name","visibilityTimeoutSeconds":90,"tags":{"stage":"b"}}`))
	state := b.state(b.made["queue"])
	require.Equal(t, 90.0, state["visibilityTimeoutSeconds"])
	require.Equal(t, object{"stage": "b", "owner": "bench"}, state["tagsAll"])
	require.Empty(t, property.Text(state, "kmsMasterKeyId"))
	require.Equal(t, id, b.made["queue"].made.ID)
}

func TestAServiceNotesItsDeployments(t *testing.T) {
	b := newBench(t)
	const container = `"containerDefinitions":"[{\"name\":\"web\",\"image\":\"nginx\"}]"`
	b.make("cluster", "ecs.Cluster", `{}`)
	b.make("one", "ecs.TaskDefinition", `{"family":"web",`+container+`}`)
	b.make("two", "ecs.TaskDefinition", `{"family":"web",`+container+`}`)
	require.Equal(t, "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:2", b.resolve("@two.arn"))
	b.make("web", "ecs.Service", `{"name":"web","cluster":"@cluster","taskDefinition":"@one.arn","desiredCount":1}`)
	require.Len(t, Deployments(b.made["web"].made), 1)
	ready := b.made["web"].made.Ready
	b.now = b.now.Add(time.Hour)

	require.NoError(t, b.update("web", `{"name":"web","cluster":"@cluster","taskDefinition":"@one.arn","desiredCount":3}`))
	require.Len(t, Deployments(b.made["web"].made), 1, "a scaling is no deployment")
	require.True(t, b.made["web"].made.Ready.After(ready), "but takes its time")

	require.NoError(t, b.update("web", `{"name":"web","cluster":"@cluster","taskDefinition":"web:2","desiredCount":3}`))
	deployments := Deployments(b.made["web"].made)
	require.Len(t, deployments, 2)
	require.Equal(t, b.resolve("@two.arn"), property.Text(deployments[0], "taskDefinition"))
}

func TestARevisionsNumberIsNeverUsedAgain(t *testing.T) {
	b := newBench(t)
	const container = `"containerDefinitions":"[{\"name\":\"web\",\"image\":\"nginx\"}]"`
	b.make("one", "ecs.TaskDefinition", `{"family":"web",`+container+`}`)
	b.make("two", "ecs.TaskDefinition", `{"family":"web",`+container+`}`)
	require.NoError(t, b.remove("one"))
	b.make("three", "ecs.TaskDefinition", `{"family":"web",`+container+`}`)
	require.Equal(t, 3.0, b.state(b.made["three"])["revision"], "a revision's number is never used again")
}

func TestMadeUpNames(t *testing.T) {
	place := Place{Account: DefaultAccount, Region: "eu-west-1"}
	check := func(is string, olds, news map[string]any, n Naming) map[string]any {
		in, _ := Find(token(is)).CheckInputs(place, olds, news, n)
		return in
	}
	seeded := Naming{Resource: "Orders", Seed: []byte("one")}
	first := check("sqs.Queue", nil, nil, seeded)
	require.Regexp(t, `^Orders-[0-9a-f]{7}$`, first["name"])
	require.Equal(t, first["name"], check("sqs.Queue", nil, nil, seeded)["name"], "the same seed makes the same name")
	require.Equal(t, first["name"], check("sqs.Queue", first, nil, Naming{Resource: "Orders", Seed: []byte("two")})["name"], "a name is kept")
	require.Regexp(t, `^orders-[0-9a-f]{7}$`, check("s3.Bucket", nil, nil, seeded)["bucket"], "some services take no capitals")
	require.Regexp(t, `\.fifo$`, check("sqs.Queue", nil, object{"fifoQueue": true}, seeded)["name"])
	require.Regexp(t, `^alias/Orders-[0-9a-f]{7}$`, check("kms.Alias", nil, object{"targetKeyId": "k"}, seeded)["name"])
	require.Len(t, check("lb.TargetGroup", nil, nil, Naming{Resource: "a-very-long-name-for-a-target-group-indeed"})["name"], 32)
	require.Equal(t, "given", check("sqs.Queue", nil, object{"name": "given"}, seeded)["name"])
	require.Equal(t, "proposed", check("sqs.Queue", nil, nil, Naming{Proposed: "proposed", Enforced: true})["name"])
	require.Nil(t, check("sqs.Queue", nil, nil, Naming{Resource: "a", Off: true})["name"])
	require.Nil(t, check("sqs.Queue", nil, object{"namePrefix": "a"}, seeded)["name"])
}

func TestConfigurationSaysWhere(t *testing.T) {
	for sentence, c := range map[string]struct {
		config   map[string]any
		want     Place
		property string
	}{
		"nothing is the default":             {nil, Place{Account: DefaultAccount, Region: DefaultRegion}, ""},
		"the account that alone is allowed":  {object{"region": "eu-west-1", "allowedAccountIds": list{"111111111111"}}, Place{Account: "111111111111", Region: "eu-west-1"}, ""},
		"lists may come as JSON":             {object{"allowedAccountIds": `["111111111111"]`}, Place{Account: "111111111111", Region: DefaultRegion}, ""},
		"the role that is assumed":           {object{"assumeRoles": list{object{"roleArn": "arn:aws:iam::222222222222:role/deploy"}}}, Place{Account: "222222222222", Region: DefaultRegion}, ""},
		"a role of an account not allowed":   {object{"allowedAccountIds": list{"111111111111"}, "assumeRoles": list{object{"roleArn": "arn:aws:iam::222222222222:role/deploy"}}}, Place{Account: "222222222222", Region: DefaultRegion}, "allowedAccountIds"},
		"an access key that is an account":   {object{"accessKey": "333333333333"}, Place{Account: "333333333333", Region: DefaultRegion}, ""},
		"default tags":                       {object{"defaultTags": object{"tags": object{"a": "b"}}}, Place{Account: DefaultAccount, Region: DefaultRegion, DefaultTags: map[string]string{"a": "b"}}, ""},
		"a region that cannot be":            {object{"region": "nowhere"}, Place{Account: DefaultAccount, Region: "nowhere"}, "region"},
		"what is not simulated is not taken": {object{"ignoreTags": object{"keys": list{"a"}}}, Place{Account: DefaultAccount, Region: DefaultRegion}, "ignoreTags"},
	} {
		t.Run(sentence, func(t *testing.T) {
			place, failures := PlaceOf(c.config)
			require.Equal(t, c.want, place)
			if c.property == "" {
				require.Empty(t, failures)
				return
			}
			require.Len(t, failures, 1)
			require.Equal(t, c.property, failures[0].Property)
		})
	}
}

func TestWhatIsIgnoredStaysAsItIs(t *testing.T) {
	b := newBench(t)
	b.make("queue", "sqs.Queue", `{"tags":{"deployer:run":"1","team":"a"},"delaySeconds":1}`)
	s := b.made["queue"]
	wanted, failures := b.check("queue", "sqs.Queue", `{"tags":{"deployer:run":"2","team":"a"},"delaySeconds":5}`)
	require.Empty(t, failures)
	ignored := []string{`tags["deployer:run"]`, "delaySeconds"}
	require.Empty(t, s.typ.Compare(b.place, b.state(s), wanted.inputs, ignored).Differences)
	require.Len(t, s.typ.Compare(b.place, b.state(s), wanted.inputs, nil).Differences, 3, "the tag among the own and among all")
	require.NoError(t, b.world.Update(func(tx *world.Tx) error {
		_, err := s.typ.Update(tx, b.place, tx.Get(s.made.Key()), Wanted{Inputs: wanted.inputs, Ignored: ignored})
		return err
	}))
	require.Equal(t, 1.0, b.state(s)["delaySeconds"])
	require.Equal(t, object{"deployer:run": "1", "team": "a"}, b.state(s)["tags"])
}

func TestWhatIsOnlyWrittenIsNotKept(t *testing.T) {
	b := newBench(t)
	b.make("secret", "secretsmanager.Secret", `{}`)
	s := b.make("version", "secretsmanager.SecretVersion", `{"secretId":"@secret","secretStringWo":"correct horse","secretStringWoVersion":1}`)
	require.NotContains(t, b.state(s), "secretStringWo")
	require.NotContains(t, s.made.Inputs, "secretStringWo")
	require.Equal(t, true, b.state(s)["hasSecretStringWo"])
	require.Empty(t, s.typ.Compare(b.place, b.state(s), s.inputs, nil).Differences)
	require.Equal(t, s.inputs, s.typ.InputsOf(s.made, s.inputs))
	wanted, _ := b.check("version", "secretsmanager.SecretVersion", `{"secretId":"@secret","secretStringWo":"other","secretStringWoVersion":2}`)
	require.Equal(t, []string{"secretStringWoVersion"}, s.typ.Compare(b.place, b.state(s), wanted.inputs, nil).Replacing)
}

func TestAnotherNodeTypeReplacesOnlyMemcached(t *testing.T) {
	b := newBench(t)
	for engine, replacing := range map[string][]string{"memcached": {"nodeType"}, "redis": nil} {
		s := b.make(engine, "elasticache.Cluster", `{"engine":"`+engine+`","nodeType":"cache.t4g.small","numCacheNodes":1}`)
		wanted, _ := b.check(engine, "elasticache.Cluster", `{"engine":"`+engine+`","nodeType":"cache.t4g.medium","numCacheNodes":1}`)
		require.Equal(t, replacing, s.typ.Compare(b.place, b.state(s), wanted.inputs, nil).Replacing)
	}
}
