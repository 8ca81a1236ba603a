package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"gopkg.in/yaml.v3"
)

// File is the settings' file in the repository's root. Where it stands, the context is not read.
const File = "deployer.config.yaml"

// FileVariable names another file, relative to the repository's root, that is read instead.
const FileVariable = "DEPLOYER_CONFIG"

// contextKey is the settings' place in the context of cdk.json.
const contextKey = "deployer"

// Read takes the settings from the file that is named, else from root's deployer.config.yaml, else from the context that
// the CDK CLI passes on (JSON), else from root's cdk.json. Defaults are filled in. The error is a *Mistakes when what
// stands there is wrong.
func Read(root, named, contextJSON string) (Settings, error) {
	file := named
	text(&file, File)
	data, err := os.ReadFile(filepath.Join(root, file))
	if err == nil {
		return Parse(file, data)
	}
	if named != "" || !errors.Is(err, fs.ErrNotExist) {
		return Settings{}, err
	}
	name := "the CDK context"
	if contextJSON == "" {
		name = "cdk.json"
		if contextJSON, err = contextIn(filepath.Join(root, name)); err != nil {
			return Settings{}, err
		}
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal([]byte(contextJSON), &values); err != nil {
		return Settings{}, fmt.Errorf("%s: %w", name, err)
	}
	if len(values[contextKey]) == 0 {
		return Settings{}, fmt.Errorf("no settings: write %s, or the key %q in the context of cdk.json", File, contextKey)
	}
	return Parse(name, values[contextKey])
}

func contextIn(path string) (string, error) {
	whole, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("no settings: write %s (docs/operations/install.md shows one): %w", File, err)
	}
	var file struct {
		Context json.RawMessage `json:"context"`
	}
	if err := json.Unmarshal(whole, &file); err != nil {
		return "", fmt.Errorf("cdk.json: %w", err)
	}
	return string(file.Context), nil
}

// Parse decodes YAML (of which JSON is a part) strictly, fills in the defaults and checks. Name is for messages.
func Parse(name string, data []byte) (Settings, error) {
	var settings Settings
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&settings); err != nil {
		return Settings{}, fmt.Errorf("%s: %w", name, err)
	}
	for i := range settings.Environments {
		settings.Environments[i].fill(settings.Company)
	}
	if mistakes := settings.check(); len(mistakes) > 0 {
		return Settings{}, &Mistakes{Source: name, List: mistakes}
	}
	return settings, nil
}

func (e *Environment) fill(company string) {
	text(&e.StateBucket, company+"-deployer-state")
	text(&e.LockTable, "deployer-state-locks")
	text(&e.Qualifier, "hnb659fds")
	text(&e.Network.CIDR, "10.90.0.0/16")
	number(&e.RetentionDays, 90)
	number(&e.LogRetentionDays, 90)
	number(&e.Executor.CPU, 1024)
	number(&e.Executor.Memory, 2048)
	number(&e.Executor.DiskGiB, 21)
	if e.Network.NATGateways == nil {
		one := 1
		e.Network.NATGateways = &one
	}
	if len(e.Network.Zones) == 0 {
		e.Network.Zones = []string{e.Region + "a", e.Region + "b", e.Region + "c"}
	}
	if e.Replica != nil {
		text(&e.Replica.Bucket, e.StateBucket+"-replica")
	}
}

func text(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

func number(field *int, value int) {
	if *field == 0 {
		*field = value
	}
}
