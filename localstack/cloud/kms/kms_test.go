package kms

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/cloud/world"
)

// call sends one request of KMS's JSON protocol.
func call(t *testing.T, h http.Handler, region, operation, body string) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", "TrentService."+operation)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20260102/"+region+"/kms/aws4_request, SignedHeaders=host, Signature=0")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var answer map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	return w.Code, answer
}

func handler(t *testing.T) Handler {
	t.Helper()
	key, err := world.LoadKey("")
	require.NoError(t, err)
	return Handler{Master: key, Find: func(region, name string) (*Key, error) {
		arn := "arn:aws:kms:" + region + ":123456789012:key/"
		id := strings.TrimPrefix(strings.TrimPrefix(name, "alias/"), arn)
		if id != "one" && id != "two" && id != "off" {
			return nil, nil
		}
		return &Key{ID: id, ARN: arn + id, Disabled: id == "off"}, nil
	}}
}

func TestWhatWasEncryptedIsDecryptedAgain(t *testing.T) {
	h := handler(t)
	plain := base64.StdEncoding.EncodeToString([]byte("correct horse"))
	code, sealed := call(t, h, "eu-west-1", "Encrypt", `{"KeyId":"alias/one","Plaintext":"`+plain+`","EncryptionContext":{"a":"b"}}`)
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "arn:aws:kms:eu-west-1:123456789012:key/one", sealed["KeyId"])
	blob := sealed["CiphertextBlob"].(string)
	data, err := base64.StdEncoding.DecodeString(blob)
	require.NoError(t, err)
	require.NotContains(t, string(data), "correct horse")
	body := func(context, key string) string {
		return `{"CiphertextBlob":"` + blob + `","EncryptionContext":` + context + `,"KeyId":"` + key + `"}`
	}
	_, opened := call(t, h, "eu-west-1", "Decrypt", body(`{"a":"b"}`, ""))
	require.Equal(t, plain, opened["Plaintext"])
	_, again := call(t, h, "eu-west-1", "ReEncrypt", `{"CiphertextBlob":"`+blob+`","SourceEncryptionContext":{"a":"b"},"DestinationKeyId":"two"}`)
	require.NotEqual(t, blob, again["CiphertextBlob"])
	_, opened = call(t, h, "eu-west-1", "Decrypt", `{"CiphertextBlob":"`+again["CiphertextBlob"].(string)+`"}`)
	require.Equal(t, plain, opened["Plaintext"])

	for sentence, c := range map[string]struct{ region, body, code string }{
		"another context":  {"eu-west-1", body(`{"a":"c"}`, ""), "InvalidCiphertextException"},
		"another region":   {"us-east-1", body(`{"a":"b"}`, ""), "InvalidCiphertextException"},
		"another key":      {"eu-west-1", body(`{"a":"b"}`, "two"), "IncorrectKeyException"},
		"no ciphertext":    {"eu-west-1", `{"CiphertextBlob":"AAAA"}`, "InvalidCiphertextException"},
		"a cut ciphertext": {"eu-west-1", `{"CiphertextBlob":"` + base64.StdEncoding.EncodeToString(data[:20]) + `"}`, "InvalidCiphertextException"},
		"no JSON":          {"eu-west-1", `{`, "SerializationException"},
	} {
		t.Run(sentence, func(t *testing.T) {
			code, answer := call(t, h, c.region, "Decrypt", c.body)
			require.Equal(t, http.StatusBadRequest, code)
			require.Equal(t, c.code, answer["__type"])
		})
	}
}

func TestDataKeysAndRefusals(t *testing.T) {
	h := handler(t)
	_, made := call(t, h, "eu-west-1", "GenerateDataKey", `{"KeyId":"one","KeySpec":"AES_256"}`)
	plain, err := base64.StdEncoding.DecodeString(made["Plaintext"].(string))
	require.NoError(t, err)
	require.Len(t, plain, 32)
	_, opened := call(t, h, "eu-west-1", "Decrypt", `{"CiphertextBlob":"`+made["CiphertextBlob"].(string)+`"}`)
	require.Equal(t, made["Plaintext"], opened["Plaintext"])
	_, made = call(t, h, "eu-west-1", "GenerateDataKeyWithoutPlaintext", `{"KeyId":"one","NumberOfBytes":16}`)
	require.NotContains(t, made, "Plaintext")
	_, described := call(t, h, "eu-west-1", "DescribeKey", `{"KeyId":"off"}`)
	require.Equal(t, "Disabled", described["KeyMetadata"].(map[string]any)["KeyState"])
	for _, c := range []struct{ operation, body, code string }{
		{"Encrypt", `{"KeyId":"alias/none","Plaintext":"AAAA"}`, "NotFoundException"},
		{"Encrypt", `{"KeyId":"off","Plaintext":"AAAA"}`, "DisabledException"},
		{"Encrypt", `{"KeyId":"one"}`, "ValidationException"},
		{"GenerateDataKey", `{"KeyId":"one"}`, "ValidationException"},
		{"Sign", `{"KeyId":"one"}`, "UnknownOperationException"},
	} {
		code, answer := call(t, h, "eu-west-1", c.operation, c.body)
		require.Equal(t, http.StatusBadRequest, code)
		require.Equal(t, c.code, answer["__type"], c.operation)
	}
}
