package plugin

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/structpb"
)

const stubborn = "DEPLOYER_TEST_STUBBORN_PLUGIN" // makes this test binary a plugin that does not end when it is asked to

func TestMain(m *testing.M) {
	if os.Getenv(stubborn) == "" {
		os.Exit(m.Run())
	}
	signal.Ignore(syscall.SIGTERM)
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{Init: func(s *grpc.Server) error {
		pulumirpc.RegisterResourceProviderServer(s, pulumirpc.UnimplementedResourceProviderServer{})
		return nil
	}})
	if err != nil {
		os.Exit(1)
	}
	fmt.Println(handle.Port)
	<-handle.Done
}

func TestAPluginThatDoesNotEndWhenItIsAskedToIsKilled(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	var log bytes.Buffer
	pool, err := Share(Options{Pins: []Pin{{Name: "toy", Version: "v1.2.3", Path: self}}, Env: []string{stubborn + "=yes"},
		StopLimit: 50 * time.Millisecond, Log: slog.New(slog.NewTextHandler(&log, nil)), Essence: strings.TrimSpace})
	require.NoError(t, err)
	one, err := pool.packages[0].process(context.Background(), "")
	require.NoError(t, err)
	again, err := pool.packages[0].process(context.Background(), "the first configuration")
	require.NoError(t, err)
	require.Same(t, one, again, "what has no configuration yet gets the first one")
	other, err := pool.packages[0].process(context.Background(), "another configuration")
	require.NoError(t, err)
	require.NotSame(t, one, other)
	require.NoError(t, pool.Close())
	for _, p := range []*process{one, other} {
		require.True(t, p.dead())
		require.Equal(t, "signal: killed", p.state)
		require.Error(t, syscall.Kill(p.pid, 0))
	}
	require.Contains(t, log.String(), "is killed")
	_, err = pool.packages[0].process(context.Background(), "")
	require.ErrorContains(t, err, "the toy provider plugin v1.2.3 cannot be used", "nothing is started any more")
}

func TestConfigurationsAreToldApartByWhatCounts(t *testing.T) {
	base := map[string]any{"region": "eu-west-1", "allowedAccountIds": []any{"123456789012"}, "assumeRole": map[string]any{"arn": "a"}}
	with := func(name string, value any) map[string]any {
		made := map[string]any{}
		for k, v := range base {
			made[k] = v
		}
		made[name] = value
		return made
	}
	key := func(m map[string]any) string {
		s, err := structpb.NewStruct(m)
		require.NoError(t, err)
		return keyOf(s)
	}
	secret := func(value any) map[string]any {
		return map[string]any{secretMark: "1b47061264138c4ac30d75fd1eb44270", "value": value}
	}
	for name, same := range map[string]map[string]any{
		"the plugin's version":              with("version", "7.11.1"),
		"an empty field":                    with("profile", nil),
		"a mark on a secret":                with("region", secret("eu-west-1")),
		"a mark on a secret further inside": with("assumeRole", map[string]any{"arn": secret("a")}),
	} {
		require.Equal(t, key(base), key(same), name)
	}
	for name, other := range map[string]map[string]any{
		"the region":         with("region", "eu-west-2"),
		"the account":        with("allowedAccountIds", []any{"210987654321"}),
		"the role":           with("assumeRole", map[string]any{"arn": "b"}),
		"a secret":           with("region", secret("eu-west-2")),
		"the default tags":   with("defaultTags", map[string]any{"tags": map[string]any{"a": "b"}}),
		"the kubeconfig":     with("kubeconfig", "{}"),
		"text or number":     with("region", 1.0),
		"an unknown value":   with("region", "04da6b54-80e4-46f7-96ec-b56ff0331ba9"),
		"an endpoint of AWS": with("endpoints", []any{map[string]any{"s3": "http://127.0.0.1"}}),
	} {
		require.NotEqual(t, key(base), key(other), name)
	}
}

func TestPinsAreRead(t *testing.T) {
	pins, err := ParsePins("aws@v7.11.1, kubernetes@v4.24.0")
	require.NoError(t, err)
	require.Equal(t, []Pin{{Name: "aws", Version: "v7.11.1"}, {Name: "kubernetes", Version: "v4.24.0"}}, pins)
	none, err := ParsePins("")
	require.NoError(t, err)
	require.Empty(t, none)
	for _, wrong := range []string{"aws", "aws@7.11.1", "@v1.0.0", "../aws@v1.0.0", "aws@v1,x"} {
		_, err := ParsePins(wrong)
		require.ErrorContains(t, err, "want NAME@VERSION", wrong)
	}
}
