package kubernetes

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud/property"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

func workloads() []Kind {
	return []Kind{
		{
			Token:      "kubernetes:apps/v1:Deployment",
			APIVersion: "apps/v1",
			Name:       "Deployment",
			Plural:     "deployments.apps",
			Required:   []string{"spec.selector", "spec.template"}, Immutable: []string{"spec.selector"},
			Check: func(c *checking) { c.pods("spec.template"); c.selected() },
			Settle: func(_ *world.Tx, o object) {
				fill(o, "spec.replicas", 1.0)
				n := property.Number(o, "spec.replicas")
				o["status"] = object{
					"observedGeneration": property.Number(o, "metadata.generation"), "replicas": n, "updatedReplicas": n, "readyReplicas": n, "availableReplicas": n,
					"conditions": list{
						object{"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
						object{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
					},
				}
			},
		},
		{
			Token:      "kubernetes:apps/v1:StatefulSet",
			APIVersion: "apps/v1",
			Name:       "StatefulSet",
			Plural:     "statefulsets.apps",
			Required:   []string{"spec.selector", "spec.template"}, Immutable: []string{"spec"},
			Mutable: []string{
				"spec.replicas", "spec.ordinals", "spec.template", "spec.updateStrategy", "spec.persistentVolumeClaimRetentionPolicy", "spec.minReadySeconds",
				"spec.revisionHistoryLimit",
			},
			Check: func(c *checking) { c.pods("spec.template"); c.selected() },
			Settle: func(_ *world.Tx, o object) {
				fill(o, "spec.replicas", 1.0)
				n := property.Number(o, "spec.replicas")
				o["status"] = object{
					"observedGeneration": property.Number(o, "metadata.generation"), "replicas": n, "readyReplicas": n, "currentReplicas": n, "updatedReplicas": n,
				}
			},
		},
		{
			Token:      "kubernetes:apps/v1:DaemonSet",
			APIVersion: "apps/v1",
			Name:       "DaemonSet",
			Plural:     "daemonsets.apps",
			Required:   []string{"spec.selector", "spec.template"}, Immutable: []string{"spec.selector"},
			Check: func(c *checking) { c.pods("spec.template"); c.selected() },
		},
		{
			Token:      "kubernetes:batch/v1:Job",
			APIVersion: "batch/v1",
			Name:       "Job",
			Plural:     "jobs.batch",
			Required:   []string{"spec.template"},
			Immutable:  []string{"spec"},
			Mutable: []string{
				"spec.parallelism", "spec.suspend", "spec.activeDeadlineSeconds", "spec.ttlSecondsAfterFinished",
				"spec.backoffLimit",
			},
			Check: func(c *checking) { c.pods("spec.template"); c.restart("spec.template") },
			Settle: func(_ *world.Tx, o object) {
				fill(o, "spec.completions", 1.0)
				o["status"] = object{"succeeded": property.Number(o, "spec.completions"), "conditions": list{object{"type": "Complete", "status": "True"}}}
			},
		},
		{
			Token:      "kubernetes:batch/v1:CronJob",
			APIVersion: "batch/v1",
			Name:       "CronJob",
			Plural:     "cronjobs.batch",
			Required:   []string{"spec.schedule", "spec.jobTemplate"},
			Check: func(c *checking) {
				c.pods("spec.jobTemplate.spec.template")
				c.restart("spec.jobTemplate.spec.template")
				if s := c.text("spec.schedule"); s != "" && !cronText.MatchString(s) {
					c.failf("spec.schedule", "Invalid value: %q: expected 5 fields or one of @hourly, @daily, @weekly, @monthly, @yearly", s)
				}
			},
			Settle: func(_ *world.Tx, o object) { fill(o, "spec.concurrencyPolicy", "Allow"); fill(o, "status", object{}) },
		},
		{
			Token:      "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
			APIVersion: "autoscaling/v2",
			Name:       "HorizontalPodAutoscaler",
			Plural:     "horizontalpodautoscalers.autoscaling",
			Required:   []string{"spec.maxReplicas", "spec.scaleTargetRef.kind", "spec.scaleTargetRef.name"},
			Check: func(c *checking) {
				if low, high := c.number("spec.minReplicas"), c.number("spec.maxReplicas"); high > 0 && low > high {
					c.failf("spec.maxReplicas", "Invalid value: %g: must be greater than or equal to `minReplicas`", high)
				}
			},
			Settle: func(_ *world.Tx, o object) {
				fill(o, "spec.minReplicas", 1.0)
				o["status"] = object{"currentReplicas": property.Number(o, "spec.minReplicas"), "desiredReplicas": property.Number(o, "spec.minReplicas")}
			},
		},
		{
			Token:      "kubernetes:policy/v1:PodDisruptionBudget",
			APIVersion: "policy/v1",
			Name:       "PodDisruptionBudget",
			Plural:     "poddisruptionbudgets.policy",
			Check: func(c *checking) {
				if c.given("spec.minAvailable") && c.given("spec.maxUnavailable") {
					c.failf("spec", "minAvailable and maxUnavailable cannot be both set")
				}
			},
			Settle: func(_ *world.Tx, o object) { fill(o, "status", object{"disruptionsAllowed": 1.0}) },
		},
	}
}

var cronText = regexp.MustCompile(`^(@(hourly|daily|weekly|monthly|yearly|annually|midnight)|(TZ=\S+ )?\S+( \S+){4})$`)

// pods checks a pod template.
func (c *checking) pods(path string) {
	if c.unknown(path) {
		return
	}
	containers := property.At(c.in, path+".spec.containers")
	if len(containers) == 0 {
		c.failf(path+".spec.containers", "Required value")
	}
	for i, container := range containers {
		at := fmt.Sprintf("%s.spec.containers[%d]", path, i)
		if property.Text(container, "name") == "" {
			c.failf(at+".name", "Required value")
		} else if name := property.Text(container, "name"); !label.MatchString(name) {
			c.failf(at+".name", "Invalid value: %q: a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-'", name)
		}
		if property.Text(container, "image") == "" {
			c.failf(at+".image", "Required value")
		}
	}
}

// selected checks that a selector selects the pods of its own template.
func (c *checking) selected() {
	if c.unknown("spec.selector") || c.unknown("spec.template.metadata") {
		return
	}
	labels := property.Map(c.in, "spec.template.metadata.labels")
	for k, v := range property.Map(c.in, "spec.selector.matchLabels") {
		if labels[k] != v {
			c.failf("spec.template.metadata.labels", "Invalid value: %v: `selector` does not match template `labels`", labels)
		}
	}
}

// restart checks that a job's pods end.
func (c *checking) restart(path string) {
	if policy := c.text(path + ".spec.restartPolicy"); !c.unknown(path) && policy != "OnFailure" && policy != "Never" {
		c.failf(path+".spec.restartPolicy", "Unsupported value: %q: supported values: \"OnFailure\", \"Never\"", policy)
	}
}

func checkPorts(c *checking) {
	for i, port := range property.List(c.in, "spec.ports") {
		if n := property.Number(port, "port"); !property.HasUnknown(port) && (n < 1 || n > 65535) {
			c.failf(fmt.Sprintf("spec.ports[%d].port", i), "Invalid value: %g: must be between 1 and 65535, inclusive", n)
		}
	}
}

func checkIngress(c *checking) {
	if !c.given("spec.rules") && !c.given("spec.defaultBackend") {
		c.failf("spec", "Invalid value: either `defaultBackend` or `rules` must be specified")
	}
	for _, path := range property.At(c.in, "spec.rules.http.paths") {
		if kind := property.Text(path, "pathType"); kind != "Exact" && kind != "Prefix" && kind != "ImplementationSpecific" && !property.HasUnknown(path) {
			c.failf("spec.rules", "pathType: Unsupported value: %q: supported values: \"Exact\", \"ImplementationSpecific\", \"Prefix\"", kind)
		}
	}
}

func settleService(tx *world.Tx, o object) {
	fill(o, "spec.type", "ClusterIP")
	kind := property.Text(o, "spec.type")
	if kind != "ExternalName" {
		address := tx.Hex(4)
		fill(o, "spec.clusterIP", fmt.Sprintf("172.20.%d.%d", octet(address[:2]), octet(address[2:])))
	}
	switch {
	case kind == "LoadBalancer" && property.Map(o, "status.loadBalancer") == nil:
		o["status"] = balanced(tx, o)
	case kind != "LoadBalancer":
		o["status"] = object{"loadBalancer": object{}}
	}
}

func octet(hex string) (n int) {
	_, _ = fmt.Sscanf(hex, "%x", &n) // two hexadecimal digits
	return n
}

// balanced is the status of what got a load balancer.
func balanced(tx *world.Tx, o object) object {
	host := strings.ToLower("k8s-" + property.Text(o, "metadata.name") + "-" + tx.Hex(10) + ".elb.amazonaws.com")
	return object{"loadBalancer": object{"ingress": list{object{"hostname": host}}}}
}
