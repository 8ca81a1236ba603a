package kubernetes

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud/catalog"
	"github.com/deployer-io/deployer/localstack/cloud/property"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

// checking is one check of inputs while it runs.
type checking struct {
	in       object
	failures []catalog.Failure
}

func (c *checking) failf(path, format string, args ...any) {
	c.failures = append(c.failures, catalog.Failure{Property: path, Reason: path + ": " + fmt.Sprintf(format, args...)})
}

func (c *checking) unknown(path string) bool { return property.HasUnknown(property.At(c.in, path)) }

func (c *checking) given(path string) bool {
	values := property.At(c.in, path)
	return len(values) > 0 && values[0] != nil
}

func (c *checking) text(path string) string {
	if c.unknown(path) {
		return ""
	}
	return property.Text(c.in, path)
}

func (c *checking) number(path string) float64 { return property.Number(c.in, path) }

var (
	label     = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	subdomain = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
)

const autonamed = "pulumi.com/autonamed"

func wasAutonamed(inputs object) bool {
	return property.Map(inputs, "metadata.annotations")[autonamed] == "true"
}

// CheckInputs returns the inputs with their apiVersion, kind, name and namespace, and what is wrong with them.
func (k *Kind) CheckInputs(place catalog.Place, olds, news map[string]any, naming catalog.Naming) (map[string]any, []catalog.Failure) {
	c := &checking{in: world.CloneMap(news)}
	if c.in == nil {
		c.in = object{}
	}
	for name, want := range map[string]string{"apiVersion": k.APIVersion, "kind": k.Name} {
		if got := c.text(name); got != "" && got != want {
			c.failf(name, "Invalid value: %q: this resource is of %s", got, want)
		}
		c.in[name] = want
	}
	metadata := property.Map(c.in, "metadata")
	if metadata == nil {
		metadata = object{}
		c.in["metadata"] = metadata
	}
	if !c.given("metadata.name") && !c.given("metadata.generateName") {
		k.autoName(metadata, olds, naming)
	}
	if k.Cluster {
		delete(metadata, "namespace")
	} else if !c.given("metadata.namespace") {
		metadata["namespace"] = cmp.Or(place.Namespace, "default")
	}
	if name := c.text("metadata.name"); name != "" && (!subdomain.MatchString(name) || len(name) > 253) {
		c.failf("metadata.name", "Invalid value: %q: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'", name)
	}
	for _, path := range k.Required {
		if !c.given(path) {
			c.failf(path, "Required value")
		}
	}
	if k.Check != nil {
		k.Check(c)
	}
	slices.SortFunc(c.failures, func(a, b catalog.Failure) int { return strings.Compare(a.Reason, b.Reason) })
	return c.in, c.failures
}

func (k *Kind) autoName(metadata, olds object, naming catalog.Naming) {
	switch {
	case wasAutonamed(olds):
		metadata["name"] = property.Text(olds, "metadata.name")
	case naming.Off:
		return
	case naming.Proposed != "":
		metadata["name"] = naming.Proposed
	default:
		digest := sha256.Sum256(append(append([]byte(k.Token), naming.Seed...), naming.Resource...))
		metadata["name"] = strings.ToLower(naming.Resource) + "-" + hex.EncodeToString(digest[:])[:8]
	}
	annotations := maps.Clone(property.Map(metadata, "annotations"))
	if annotations == nil {
		annotations = object{}
	}
	annotations[autonamed] = "true"
	metadata["annotations"] = annotations
}

// Marks returns the object's name and its labels.
func (k *Kind) Marks(_ catalog.Place, inputs map[string]any) (name string, tags map[string]string) {
	tags = map[string]string{}
	for key, v := range property.Map(inputs, "metadata.labels") {
		tags[key] = property.Format(v)
	}
	return property.Text(inputs, "metadata.name"), tags
}

// PlaceOf reads the configuration of a kubernetes provider: its cluster is what it names, or what its kubeconfig's first
// cluster is called.
func PlaceOf(config map[string]any) (catalog.Place, []catalog.Failure) {
	place := catalog.Place{Account: Account, Region: "default", Namespace: cmp.Or(property.Text(config, "namespace"), "default")}
	for _, name := range []string{"clusterIdentifier", "cluster", "context"} {
		if text := property.Text(config, name); text != "" {
			place.Region = text
			break
		}
	}
	if place.Region == "default" {
		if found := clusterName.FindStringSubmatch(property.Text(config, "kubeconfig")); found != nil {
			place.Region = found[1]
		}
	}
	var failures []catalog.Failure
	if property.Text(config, "renderYamlToDirectory") != "" {
		failures = append(failures, catalog.Failure{Property: "renderYamlToDirectory", Reason: "the simulated kubernetes provider does not render YAML"})
	}
	return place, failures
}

// clusterName finds the server of a kubeconfig, in YAML or JSON.
var clusterName = regexp.MustCompile(`"?server"?:\s*"?(https?://[^\s",}]+)`)
