package world

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// MasterKey is the cloud's own key, from which every other is derived.
type MasterKey []byte

// LoadKey reads the key kept in the folder, or makes one there that only its owner can read. Without a folder the key
// lives as long as the process.
func LoadKey(dir string) (MasterKey, error) {
	if dir == "" {
		return randomBytes(32), nil
	}
	path := filepath.Join(dir, "key")
	for {
		text, err := os.ReadFile(path)
		if err == nil {
			key, err := hex.DecodeString(strings.TrimSpace(string(text)))
			if err != nil || len(key) != 32 {
				return nil, fmt.Errorf("world: %s does not hold a key of 64 hexadecimal digits; restore it, or remove the whole folder to begin anew", path)
			}
			return key, nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("world: %w", err)
		}
		if err := writeKey(path); err != nil && !errors.Is(err, os.ErrExist) {
			return nil, fmt.Errorf("world: %w", err)
		}
	}
}

// writeKey links a finished file into place, so that of two processes one wins and neither reads half a key.
func writeKey(path string) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".key-*") // 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }()
	if _, err := file.WriteString(hex.EncodeToString(randomBytes(32)) + "\n"); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Link(file.Name(), path)
}

// Derive returns n bytes that depend on the key and the purpose alone.
func (k MasterKey) Derive(purpose string, n int) []byte {
	derived, err := hkdf.Key(sha256.New, k, nil, purpose, n)
	if err != nil {
		panic(err) // only for lengths beyond 8,160 bytes
	}
	return derived
}

// AEAD returns AES-256-GCM under a key derived for the purpose.
func (k MasterKey) AEAD(purpose string) cipher.AEAD {
	block, err := aes.NewCipher(k.Derive(purpose, 32))
	if err != nil {
		panic(err) // only for keys of a wrong length
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

// Sealer turns secret values into text for the disk and back.
type Sealer struct{ aead cipher.AEAD }

// NewSealer returns a Sealer under the key.
func NewSealer(key MasterKey) *Sealer { return &Sealer{key.AEAD("sealed properties")} }

const sealed = "$sealed"

func (s *Sealer) seal(v any) (any, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	nonce := randomBytes(s.aead.NonceSize())
	return map[string]any{sealed: base64.StdEncoding.EncodeToString(s.aead.Seal(nonce, nonce, text, nil))}, nil
}

func (s *Sealer) open(v any) (any, error) {
	m, _ := v.(map[string]any)
	text, ok := m[sealed].(string)
	if !ok {
		return v, nil
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(data) < s.aead.NonceSize() {
		return nil, errors.New("a sealed value is damaged")
	}
	plain, err := s.aead.Open(nil, data[:s.aead.NonceSize()], data[s.aead.NonceSize():], nil)
	if err != nil {
		return nil, fmt.Errorf("a sealed value cannot be opened with this folder's key: %w", err)
	}
	var value any
	return value, json.Unmarshal(plain, &value)
}

// sealing returns r as it may stand on disk.
func (s *Sealer) sealing(r *Record) (*Record, error) { return s.mapSecrets(r, s.seal) }

// opening is the inverse of sealing.
func (s *Sealer) opening(r *Record) (*Record, error) { return s.mapSecrets(r, s.open) }

func (s *Sealer) mapSecrets(r *Record, change func(any) (any, error)) (*Record, error) {
	if len(r.Secrets) == 0 {
		return r, nil
	}
	c := r.Clone()
	for _, property := range r.Secrets {
		for _, m := range []map[string]any{c.Inputs, c.State} {
			v, ok := m[property]
			if !ok {
				continue
			}
			changed, err := change(v)
			if err != nil {
				return nil, fmt.Errorf("world: %s: property %s: %w", r.Key(), property, err)
			}
			m[property] = changed
		}
	}
	return c, nil
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: the runtime aborts instead
	return b
}
