package environment

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
)

// excuse is why a scanner's rules do not apply to a resource. It stands beside the resource, in the code and in the
// template's metadata, where the scanner looks. A rule is named scanner:rule, the scanners are lint (cfn-lint), guard
// (cfn-guard), checkov and nag (cdk-nag).
type excuse struct {
	because string
	rules   []string
}

// forgive writes the excuses into the template. Called once for a resource.
func forgive(resource awscdk.CfnResource, excuses ...excuse) {
	var checkov, nag, guard, lint []any
	because := map[string]any{}
	for _, one := range excuses {
		for _, rule := range one.rules {
			scanner, id, _ := strings.Cut(rule, ":")
			switch scanner {
			case "checkov":
				checkov = append(checkov, map[string]any{"id": id, "comment": one.because})
			case "nag":
				nag = append(nag, map[string]any{"id": id, "reason": one.because})
			case "guard":
				guard, because[id] = append(guard, id), one.because
			case "lint":
				lint, because[id] = append(lint, id), one.because
			}
		}
	}
	add := func(key string, rules []any, value any) {
		if len(rules) > 0 {
			resource.AddMetadata(str(key), value)
		}
	}
	add("checkov", checkov, map[string]any{"skip": checkov})
	add("cdk_nag", nag, map[string]any{"rules_to_suppress": nag})
	add("guard", guard, map[string]any{"SuppressedRules": guard})
	add("cfn-lint", lint, map[string]any{"config": map[string]any{"ignore_checks": lint}})
	if len(because) > 0 {
		resource.AddMetadata(str("SuppressedBecause"), because)
	}
}
