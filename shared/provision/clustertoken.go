package provision

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A token of an EKS cluster is a signed request to STS: who holds it may ask who signed, for a quarter of an hour, and that is
// all it is good for (Amazon EKS Best Practices Guide, "Identity and Access Management").
const (
	tokenPrefix    = "k8s-aws-v1."
	tokenLife      = 14 * time.Minute // a minute less than EKS takes it
	clusterHeader  = "x-k8s-aws-id"
	expiryHeader   = "X-Amz-Expires"
	requestSeconds = "60" // how long the signed request itself is valid for STS
)

// ClusterToken returns a token for an EKS cluster as clients of Kubernetes want it of a command: an ExecCredential in JSON. It
// is what Options.ClusterToken prints, where the AWS CLI is not at hand.
func ClusterToken(ctx context.Context, client *sts.Client, cluster string, now time.Time) ([]byte, error) {
	signed, err := sts.NewPresignClient(client).PresignGetCallerIdentity(ctx, &sts.GetCallerIdentityInput{},
		func(o *sts.PresignOptions) {
			o.ClientOptions = append(o.ClientOptions, sts.WithAPIOptions(
				smithyhttp.SetHeaderValue(clusterHeader, cluster), smithyhttp.SetHeaderValue(expiryHeader,
					requestSeconds)))
		})
	if err != nil {
		return nil, fmt.Errorf("no token for the EKS cluster %s: %w", cluster, err)
	}
	type status struct {
		ExpirationTimestamp time.Time `json:"expirationTimestamp"`
		Token               string    `json:"token"`
	}
	return json.Marshal(struct {
		Kind       string   `json:"kind"`
		APIVersion string   `json:"apiVersion"`
		Spec       struct{} `json:"spec"`
		Status     status   `json:"status"`
	}{Kind: "ExecCredential", APIVersion: "client.authentication.k8s.io/v1beta1",
		Status: status{ExpirationTimestamp: now.Add(tokenLife).UTC().Truncate(time.Second),
			Token: tokenPrefix + base64.RawURLEncoding.EncodeToString([]byte(signed.URL))}})
}
