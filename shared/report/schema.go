package report

import _ "embed"

//go:embed schema.json
var schema []byte

// Schema is the JSON Schema of report.json, for those who read it by other programs.
func Schema() []byte { return schema }
