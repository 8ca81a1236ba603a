package provision

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/cloud"
	"github.com/deployer-io/deployer/shared/resource"
)

func TestTheNewVersionsTaskCanBeRunBeforeItIsStarted(t *testing.T) {
	g := newGround(t, 2)
	ids := surround(t, g)
	o := placed(t, g.on(t, cases["a microservice alone"]), ids)
	o.Address.Component = "midway"
	one := func(token string) *cloud.Resource {
		for _, r := range g.of(t, o) {
			if r.Type == token {
				return &r
			}
		}
		return nil
	}
	runs := func() string { // what the service runs
		service := one("aws:ecs/service:Service")
		if service == nil {
			return ""
		}
		arn, _ := service.Properties["taskDefinition"].(string)
		require.NotEmpty(t, arn)
		return arn
	}
	var ran, running string // the task that could be run, and what the service ran at that moment
	var answer error
	o.Midway = func(outputs map[string]json.RawMessage) error {
		ran, running = plain(outputs["taskDefinitionArn"]), runs()
		require.NotNil(t, one("aws:iam/rolePolicy:RolePolicy"), "it may do what it is to do")
		require.NotEmpty(t, plain(outputs["clusterName"]))
		require.NotEmpty(t, plain(outputs["securityGroupId"]))
		return answer
	}

	answer = errors.New("the migration failed")
	result, err := g.Apply(t.Context(), o)
	require.ErrorContains(t, err, "the migration failed")
	require.Empty(t, runs(), "no service was made")
	require.NotEmpty(t, result.Changes)

	answer = nil
	made, err := g.Apply(t.Context(), o)
	require.NoError(t, err)
	require.Empty(t, running)
	require.Equal(t, plain(made.Outputs["taskDefinitionArn"]), ran)
	first := runs()
	require.Equal(t, first, ran)

	o.BaseEpoch, o.Run = o.Epoch, "run-2"
	o.Spec.(*resource.MicroService).Image = "ghcr.io/shop/web:next"
	answer = errors.New("the migration failed")
	_, err = g.Apply(t.Context(), o)
	require.ErrorContains(t, err, "the migration failed")
	require.Equal(t, first, runs(), "the former version goes on")
	answer = nil
	_, err = g.Apply(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, first, running)
	require.NotEqual(t, first, ran)
	require.Equal(t, ran, runs())

	ran = ""
	_, err = g.Preview(t.Context(), o, false)
	require.NoError(t, err)
	_, err = g.Destroy(t.Context(), o)
	require.NoError(t, err)
	require.Empty(t, ran, "neither a preview nor a deletion runs anything")
}
