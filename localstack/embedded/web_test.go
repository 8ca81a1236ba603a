package embedded

import (
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/cloud"
	"github.com/deployer-io/deployer/shared/execution"
)

// unreachable is an internet without anybody.
type unreachable struct{}

var errUnreachable = errors.New("nobody is there")

func (unreachable) Do(*http.Request) (*http.Response, error) { return nil, errUnreachable }

func TestTheSimulatedCloudAnswersUnderItsOwnNamesOnly(t *testing.T) {
	c, err := cloud.Open(cloud.Options{})
	require.NoError(t, err)
	defer c.Close()
	add := func(token, id string, properties map[string]any) string {
		made, err := c.Add(cloud.Existing{Type: token, ID: id, Account: "111122223333", Region: "eu-west-1", Properties: properties})
		require.NoError(t, err)
		return made
	}
	network := add("aws:ec2/vpc:Vpc", "", map[string]any{"cidrBlock": "10.0.0.0/16"})
	first := add("aws:ec2/subnet:Subnet", "", map[string]any{"vpcId": network, "cidrBlock": "10.0.1.0/24", "availabilityZone": "eu-west-1a"})
	second := add("aws:ec2/subnet:Subnet", "", map[string]any{"vpcId": network, "cidrBlock": "10.0.2.0/24", "availabilityZone": "eu-west-1b"})
	balancer := add("aws:lb/loadBalancer:LoadBalancer", "", map[string]any{"name": "public", "loadBalancerType": "application", "subnets": []any{first, second}})
	group := add("aws:lb/targetGroup:TargetGroup", "", map[string]any{"name": "web", "port": 80, "protocol": "HTTP", "targetType": "ip", "vpcId": network})
	listener := add("aws:lb/listener:Listener", "", map[string]any{"loadBalancerArn": balancer, "port": 80, "protocol": "HTTP",
		"defaultActions": []any{map[string]any{"type": "fixed-response", "fixedResponse": map[string]any{"statusCode": "404", "contentType": "text/plain", "messageBody": "not found"}}}})
	add("aws:lb/listenerRule:ListenerRule", "", map[string]any{"listenerArn": listener, "priority": 10,
		"conditions": []any{map[string]any{"hostHeader": map[string]any{"values": []any{"*.shop.example.com"}}}, map[string]any{"pathPattern": map[string]any{"values": []any{"/api/*"}}}},
		"actions":    []any{map[string]any{"type": "forward", "targetGroupArn": group}}})
	balancers, err := c.Resources(cloud.Filter{Type: "aws:lb/loadBalancer:LoadBalancer"})
	require.NoError(t, err)
	own, _ := balancers[0].Properties["dnsName"].(string)
	require.NotEmpty(t, own)
	for url, status := range map[string]int{
		"http://www.shop.example.com/api/v1/orders": 503, // nothing healthy stands behind it
		"http://www.shop.example.com/":              404,
		"http://" + own + "/api/x":                  404,
		"https://www.shop.example.com/api/v1":       502, // no listener
		"https://example.org/":                      0,
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		require.NoError(t, err)
		answer, err := web{cloud: c, real: unreachable{}}.Do(request)
		if status == 0 {
			require.ErrorIs(t, err, errUnreachable, url)
			continue
		}
		require.NoError(t, err, url)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, status, answer.StatusCode, url)
	}

	add("aws:rds/snapshot:Snapshot", "shop-final", map[string]any{"dbSnapshotIdentifier": "shop-final", "status": "available"})
	state, err := watched{c}.Snapshot(t.Context(), execution.Place{Region: "eu-west-1"}, execution.Snapshot{Service: execution.RDSSnapshot, Name: "shop-final"})
	require.NoError(t, err)
	require.Equal(t, execution.SnapshotState{Name: "shop-final", Status: "available"}, state)
	state, err = watched{c}.Snapshot(t.Context(), execution.Place{Region: "eu-west-1"}, execution.Snapshot{Service: execution.RDSSnapshot, Name: "other"})
	require.NoError(t, err)
	require.Empty(t, state)
}
