package wiring

import (
	"context"
	"errors"

	"github.com/aws/smithy-go"
)

// MacKey signs with an HMAC key that never leaves KMS.
type MacKey struct {
	caller caller
	id     string // id, ARN or alias
}

const macAlgorithm = "HMAC_SHA_256"

type macIn struct {
	KeyID        string `json:"KeyId"`
	MacAlgorithm string
	Message      []byte // base64 in JSON, as KMS has it
	Mac          []byte `json:",omitempty"`
}

// Sign returns the message's MAC. A message has at most 4,096 bytes.
func (k *MacKey) Sign(ctx context.Context, message []byte) ([]byte, error) {
	var out struct{ Mac []byte }
	err := k.caller.call(ctx, kms, "GenerateMac", macIn{KeyID: k.id, MacAlgorithm: macAlgorithm, Message: message}, &out)
	return out.Mac, err
}

// Check reports whether mac is the message's.
func (k *MacKey) Check(ctx context.Context, message, mac []byte) (bool, error) {
	var out struct{ MacValid bool }
	err := k.caller.call(ctx, kms, "VerifyMac", macIn{KeyID: k.id, MacAlgorithm: macAlgorithm, Message: message, Mac: mac}, &out)
	var said smithy.APIError
	if errors.As(err, &said) && said.ErrorCode() == "KMSInvalidMacException" {
		return false, nil
	}
	return out.MacValid, err
}
