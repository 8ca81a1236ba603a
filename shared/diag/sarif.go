package diag

import (
	"encoding/json"
	"io"
	"net/url"
	"slices"
)

// Tool is the program that a SARIF log names as its author.
type Tool struct {
	Name    string
	Version string // may be empty
	URI     string // where to read about it; may be empty
}

// The version of SARIF that is written, and where its schema stands.
const (
	sarifVersion = "2.1.0"
	sarifSchema  = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

// SARIF writes the sorted diagnostics as one log in the Static Analysis Results Interchange Format 2.1.0 (OASIS), indented.
// A list without diagnostics makes a log without results, which tells a reader that what was found before is gone.
func SARIF(w io.Writer, list List, tool Tool, locate Locate) error {
	log := sarifLog{Schema: sarifSchema, Version: sarifVersion, Runs: []sarifRun{sarifRunOf(list.Sorted(), tool, locate)}}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(log)
}

func sarifRunOf(list List, tool Tool, locate Locate) sarifRun {
	codes := list.codes()
	run := sarifRun{
		Tool:       sarifTool{Driver: sarifDriver{Name: tool.Name, Version: tool.Version, InformationURI: tool.URI, Rules: []sarifRule{}}},
		ColumnKind: "unicodeCodePoints",
		Results:    []sarifResult{},
	}
	for _, code := range codes {
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{ID: string(code)})
	}
	for _, d := range list {
		index, _ := slices.BinarySearch(codes, d.Code)
		run.Results = append(run.Results, sarifResultOf(d, index, locate))
	}
	return run
}

func sarifResultOf(d Diagnostic, rule int, locate Locate) sarifResult {
	path, text := d.located(locate)
	result := sarifResult{RuleID: string(d.Code), RuleIndex: rule, Level: "error", Message: sarifMessage{Text: text}}
	if d.Severity == Warning {
		result.Level = "warning"
	}
	var location sarifLocation
	if path != "" {
		location.Physical = &sarifPhysical{Artifact: sarifArtifact{URI: (&url.URL{Path: path}).String()}}
		if d.Line > 0 {
			location.Physical.Region = &sarifRegion{StartLine: d.Line, StartColumn: d.Column}
		}
	}
	if d.Path != "" {
		location.Logical = []sarifLogical{{FullyQualifiedName: d.Path}}
	}
	if location.Physical != nil || location.Logical != nil {
		result.Locations = []sarifLocation{location}
	}
	return result
}

// The parts of the format that are used, as it names them.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version,omitempty"`
		InformationURI string      `json:"informationUri,omitempty"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID string `json:"id"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifMessage    `json:"message"`
		Locations []sarifLocation `json:"locations,omitempty"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifLocation struct {
		Physical *sarifPhysical `json:"physicalLocation,omitempty"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
	}
	sarifLogical struct {
		FullyQualifiedName string `json:"fullyQualifiedName"`
	}
)
