// Package kms is the part of AWS KMS that encrypts: requests of KMS's JSON protocol come in over HTTP, answers go out, so
// that a KMS client, such as Pulumi's awskms secrets provider, works unchanged against it.
//
// A key's material is derived from the cloud's own key and the KMS key's id; nothing else is kept.
package kms

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud/world"
)

// Key is what the endpoint must know of a KMS key.
type Key struct {
	ID, ARN  string
	Disabled bool
	Created  int64 // seconds since 1970
}

// Handler answers Encrypt, Decrypt, ReEncrypt, GenerateDataKey, GenerateDataKeyWithoutPlaintext and DescribeKey.
type Handler struct {
	Master world.MasterKey
	// Find returns the key that an id, ARN or alias names in a region, or nil.
	Find func(region, name string) (*Key, error)
}

// refusal is an error answer of KMS.
type refusal struct{ code, message string }

func (r *refusal) Error() string { return r.code + ": " + r.message }

type request struct {
	KeyID                        string            `json:"KeyId"`
	Plaintext                    []byte            // base64 on the wire
	CiphertextBlob               []byte            // base64 on the wire
	EncryptionContext            map[string]string `json:"EncryptionContext"`
	SourceKeyID                  string            `json:"SourceKeyId"`
	SourceEncryptionContext      map[string]string `json:"SourceEncryptionContext"`
	DestinationKeyID             string            `json:"DestinationKeyId"`
	DestinationEncryptionContext map[string]string `json:"DestinationEncryptionContext"`
	KeySpec                      string
	NumberOfBytes                int
}

const (
	mostPlaintext = 4096 // bytes that Encrypt takes
	contentType   = "application/x-amz-json-1.1"
)

func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "TrentService.")
	answer, err := h.answer(operation, regionOf(r.Header.Get("Authorization")), io.LimitReader(r.Body, 1<<20))
	status := http.StatusOK
	if err != nil {
		status = http.StatusBadRequest
		var refused *refusal
		if !errors.As(err, &refused) {
			status, refused = http.StatusInternalServerError, &refusal{"KMSInternalException", err.Error()}
		}
		answer = map[string]any{"__type": refused.code, "message": refused.message}
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // a client that went away needs no answer
}

// regionOf reads the credential scope: Credential=ID/20260102/eu-west-1/kms/aws4_request.
func regionOf(authorization string) string {
	_, scope, _ := strings.Cut(authorization, "Credential=")
	scope, _, _ = strings.Cut(scope, ",")
	if parts := strings.Split(scope, "/"); len(parts) == 5 {
		return parts[2]
	}
	return ""
}

func (h Handler) answer(operation, region string, body io.Reader) (map[string]any, error) {
	var in request
	if err := json.NewDecoder(body).Decode(&in); err != nil {
		return nil, &refusal{"SerializationException", err.Error()}
	}
	switch operation {
	case "Encrypt":
		if len(in.Plaintext) == 0 || len(in.Plaintext) > mostPlaintext {
			return nil, &refusal{"ValidationException", "Value at 'plaintext' failed to satisfy constraint: Member must have length between 1 and 4096"}
		}
		return h.encrypt(region, in.KeyID, in.Plaintext, in.EncryptionContext)
	case "Decrypt":
		key, plain, err := h.decrypt(region, in.KeyID, in.CiphertextBlob, in.EncryptionContext)
		if err != nil {
			return nil, err
		}
		return map[string]any{"KeyId": key.ARN, "Plaintext": plain, "EncryptionAlgorithm": symmetric}, nil
	case "ReEncrypt":
		source, plain, err := h.decrypt(region, in.SourceKeyID, in.CiphertextBlob, in.SourceEncryptionContext)
		if err != nil {
			return nil, err
		}
		answer, err := h.encrypt(region, in.DestinationKeyID, plain, in.DestinationEncryptionContext)
		if err == nil {
			answer["SourceKeyId"] = source.ARN
		}
		return answer, err
	case "GenerateDataKey", "GenerateDataKeyWithoutPlaintext":
		return h.dataKey(region, in, operation == "GenerateDataKey")
	case "DescribeKey":
		return h.describe(region, in.KeyID)
	}
	return nil, &refusal{"UnknownOperationException", "the simulated KMS does not know the operation " + operation}
}

const symmetric = "SYMMETRIC_DEFAULT"

func (h Handler) key(region, name string, mayBeDisabled bool) (*Key, error) {
	key, err := h.Find(region, name)
	switch {
	case err != nil:
		return nil, err
	case key == nil && strings.HasPrefix(name, "alias/"):
		return nil, &refusal{"NotFoundException", "Alias " + name + " is not found."}
	case key == nil:
		return nil, &refusal{"NotFoundException", "Key '" + name + "' does not exist"}
	case key.Disabled && !mayBeDisabled:
		return nil, &refusal{"DisabledException", key.ARN + " is disabled."}
	}
	return key, nil
}

func (h Handler) dataKey(region string, in request, show bool) (map[string]any, error) {
	size := in.NumberOfBytes
	switch in.KeySpec {
	case "AES_256":
		size = 32
	case "AES_128":
		size = 16
	}
	if size < 1 || size > 1024 {
		return nil, &refusal{"ValidationException", "Please specify either number of bytes or key spec."}
	}
	plain := make([]byte, size)
	_, _ = rand.Read(plain) // never fails: the runtime aborts instead
	answer, err := h.encrypt(region, in.KeyID, plain, in.EncryptionContext)
	if err == nil && show {
		answer["Plaintext"] = plain
	}
	return answer, err
}

func (h Handler) describe(region, name string) (map[string]any, error) {
	key, err := h.key(region, name, true)
	if err != nil {
		return nil, err
	}
	state := map[bool]string{false: "Enabled", true: "Disabled"}[key.Disabled]
	return map[string]any{"KeyMetadata": map[string]any{
		"KeyId": key.ID, "Arn": key.ARN, "AWSAccountId": strings.Split(key.ARN+"::::", ":")[4], "Enabled": !key.Disabled, "KeyState": state,
		"KeyUsage": "ENCRYPT_DECRYPT", "KeySpec": symmetric, "CustomerMasterKeySpec": symmetric, "KeyManager": "CUSTOMER", "Origin": "AWS_KMS",
		"CreationDate": key.Created, "EncryptionAlgorithms": []string{symmetric}, "MultiRegion": false,
	}}, nil
}

// A ciphertext is 1, the length of the region and of the key's id (two bytes each), region, id, nonce and sealed text.
const formatVersion = 1

func (h Handler) encrypt(region, name string, plain []byte, context map[string]string) (map[string]any, error) {
	key, err := h.key(region, name, false)
	if err != nil {
		return nil, err
	}
	aead := h.Master.AEAD("kms/" + key.ARN)
	blob := []byte{formatVersion}
	blob = binary.BigEndian.AppendUint16(blob, uint16(len(region)))
	blob = binary.BigEndian.AppendUint16(blob, uint16(len(key.ARN)))
	blob = append(append(blob, region...), key.ARN...)
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce)
	blob = append(blob, nonce...)
	blob = aead.Seal(blob, nonce, plain, bind(context))
	return map[string]any{"KeyId": key.ARN, "CiphertextBlob": blob, "EncryptionAlgorithm": symmetric}, nil
}

func (h Handler) decrypt(region, name string, blob []byte, context map[string]string) (*Key, []byte, error) {
	invalid := &refusal{"InvalidCiphertextException", ""}
	if len(blob) < 5 || blob[0] != formatVersion {
		return nil, nil, invalid
	}
	regionEnd := 5 + int(binary.BigEndian.Uint16(blob[1:]))
	end := regionEnd + int(binary.BigEndian.Uint16(blob[3:]))
	if len(blob) < end || string(blob[5:regionEnd]) != region {
		return nil, nil, invalid // a key of another region cannot decrypt
	}
	key, err := h.key(region, string(blob[regionEnd:end]), false)
	if err != nil {
		return nil, nil, err
	}
	if name != "" {
		asked, err := h.key(region, name, false)
		if err != nil {
			return nil, nil, err
		}
		if asked.ARN != key.ARN {
			return nil, nil, &refusal{"IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation."}
		}
	}
	aead := h.Master.AEAD("kms/" + key.ARN)
	if len(blob) < end+aead.NonceSize() {
		return nil, nil, invalid
	}
	plain, err := aead.Open(nil, blob[end:end+aead.NonceSize()], blob[end+aead.NonceSize():], bind(context))
	if err != nil {
		return nil, nil, invalid
	}
	return key, plain, nil
}

// bind makes the encryption context part of what is authenticated.
func bind(context map[string]string) []byte {
	var b bytes.Buffer
	for _, k := range slices.Sorted(maps.Keys(context)) {
		for _, s := range []string{k, context[k]} {
			b.Write(binary.BigEndian.AppendUint32(nil, uint32(len(s))))
			b.WriteString(s)
		}
	}
	return b.Bytes()
}
