package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/shared/execution"
)

var resourceSigns = map[string]string{"create": "+", "update": "~", "replace": "-/+", "delete": "-", "read": "<"}

// writePreview says what a step means for each of its resources. What is only created is counted by type: it is what will
// be paid for. What is changed is named, with the fields, and what is deleted and made anew stands out.
func writePreview(b *strings.Builder, seen execution.Preview) {
	created := map[string]int{}
	for _, change := range seen.Changes {
		if change.Operation == "create" {
			created[shortType(change.Type)]++
			continue
		}
		sign := resourceSigns[change.Operation]
		if sign == "" {
			sign = change.Operation
		}
		fmt.Fprintf(b, "        %-3s %s %s", sign, shortType(change.Type), change.Name)
		if len(change.Fields) > 0 {
			fmt.Fprintf(b, ": %s", strings.Join(change.Fields, ", "))
		}
		if change.Operation == "replace" {
			b.WriteString("  (deleted and made anew)")
		}
		b.WriteString("\n")
	}
	if len(created) > 0 {
		fmt.Fprintf(b, "        +   %s\n", listed(created))
	}
	if upstreams := execution.UpstreamsOf(seen.Unknown); len(upstreams) > 0 && len(seen.Changes) > 0 {
		fmt.Fprintf(b, "        (known after apply): what comes from %s\n", strings.Join(upstreams, ", "))
	}
	switch {
	case seen.Error != "":
		fmt.Fprintf(b, "        no preview: %s\n", firstLines(seen.Message, 1))
	case seen.Message != "":
		fmt.Fprintf(b, "        %s\n", seen.Message)
	case len(seen.Changes) == 0:
		b.WriteString("        no resource changes\n")
	}
}

// shortType is ecs.Service for aws:ecs/service:Service.
func shortType(token string) string {
	parts := strings.Split(token, ":")
	if len(parts) != 3 {
		return token
	}
	module, _, _ := strings.Cut(parts[1], "/")
	return module + "." + parts[2]
}

// listed is "2 iam.Role, 1 ecs.Service": the most numerous first.
func listed(counts map[string]int) string {
	types := slices.Sorted(maps.Keys(counts))
	slices.SortStableFunc(types, func(a, b string) int { return counts[b] - counts[a] })
	for i, name := range types {
		types[i] = fmt.Sprintf("%d %s", counts[name], name)
	}
	return strings.Join(types, ", ")
}
