package catalog

import (
	"regexp"

	"github.com/deployer-io/deployer/localstack/cloud/property"
)

// writing says how the texts of some properties are to be written, where the provider refuses others before it asks AWS
// (terraform-provider-aws, the schemas' ValidateFunc).
var writing = map[string]map[string]*regexp.Regexp{
	"dlm.LifecyclePolicy": {"description": regexp.MustCompile(`^[0-9A-Za-z _-]{1,500}$`)},
}

// writing fails known texts that are not written as the provider wants them.
func (c *Checking) writing() {
	for path, pattern := range writing[c.Is] {
		for _, v := range property.At(c.In, path) {
			if text, ok := v.(string); ok && !property.HasUnknown(v) && !pattern.MatchString(text) {
				c.Failf(path, "invalid value for %s (must match %s)", snake(path), pattern)
			}
		}
	}
}
