package provision

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAFunctionWithAnAddressMayBeCalledThere(t *testing.T) {
	arn := map[string]any{"arn": "arn:aws:lambda:eu-west-1:123456789012:function:f:live"}
	plain := upstream{Upstream: up("web/f", "Lambda", arn)["web/f"]}
	require.Len(t, grantInvoke(plain), 1)
	arn["url"] = "https://f.lambda-url.eu-west-1.on.aws/"
	addressed := grantInvoke(upstream{Upstream: up("web/f", "Lambda", arn)["web/f"]})
	require.Len(t, addressed, 2)
	require.Equal(t, []string{"lambda:InvokeFunctionUrl"}, addressed[1].actions)
}
