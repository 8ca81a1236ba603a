// Package kubernetes is how Kubernetes objects behave: a Kind takes the inputs of a Pulumi resource and says what is wrong
// with them, what the object becomes, which changes replace it, and what the API server refuses.
//
// An object is applied on the server's side: applying one that exists takes it over, unless it conflicts with what another
// manager has set. What the API server and the controllers fill in stands beside the inputs and is no difference.
package kubernetes

import (
	"maps"
	"slices"
	"sync"

	"github.com/deployer-io/deployer/localstack/cloud/property"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

// Version is the release of the pulumi-kubernetes provider whose kinds are described here.
const Version = "4.24.0"

// Account stands for the account of all clusters.
const Account = "kubernetes"

type object = map[string]any

type list = []any

// Kind is how one kind of object behaves.
type Kind struct {
	Token      string // as in kubernetes:apps/v1:Deployment
	APIVersion string
	Name       string // as in Deployment
	Plural     string // as the API server calls it: deployments.apps
	Cluster    bool   // it belongs to no namespace
	// Immutable are the paths whose change replaces the object, Mutable exceptions below them.
	Immutable, Mutable []string
	// Required are the inputs that must be there.
	Required []string
	// Secret are the properties whose values are secret.
	Secret []string
	// Check adds failures of the inputs; Settle fills in what the server and its controllers do.
	Check  func(c *checking)
	Settle func(tx *world.Tx, o object)
}

var kinds = sync.OnceValue(func() map[string]*Kind {
	all := map[string]*Kind{}
	for _, k := range slices.Concat(core(), workloads(), networking(), access()) {
		all[k.Token] = &k
	}
	return all
})

// Find returns the kind with the token, or nil.
func Find(token string) *Kind { return kinds()[token] }

// Tokens returns the tokens of all kinds, in order.
func Tokens() []string { return slices.Sorted(maps.Keys(kinds())) }

func core() []Kind {
	return []Kind{
		{
			Token:      "kubernetes:core/v1:Namespace",
			APIVersion: "v1",
			Name:       "Namespace",
			Plural:     "namespaces",
			Cluster:    true,
			Settle: func(_ *world.Tx, o object) {
				o["spec"], o["status"] = object{"finalizers": list{"kubernetes"}}, object{"phase": "Active"}
			},
		},
		{
			Token:      "kubernetes:core/v1:ServiceAccount",
			APIVersion: "v1",
			Name:       "ServiceAccount",
			Plural:     "serviceaccounts",
		},
		{
			Token:      "kubernetes:core/v1:ConfigMap",
			APIVersion: "v1",
			Name:       "ConfigMap",
			Plural:     "configmaps",
			Immutable:  []string{"data", "binaryData", "immutable"},
		},
		{
			Token:      "kubernetes:core/v1:Secret",
			APIVersion: "v1",
			Name:       "Secret",
			Plural:     "secrets",
			Secret:     []string{"data", "stringData"},
			Immutable:  []string{"data", "stringData", "type", "immutable"},
			Settle:     func(_ *world.Tx, o object) { fill(o, "type", "Opaque") },
		},
		{
			Token:      "kubernetes:core/v1:Service",
			APIVersion: "v1",
			Name:       "Service",
			Plural:     "services",
			Required:   []string{"spec.ports"},
			Immutable:  []string{"spec.clusterIP"}, Check: checkPorts, Settle: settleService,
		},
		{
			Token:      "kubernetes:core/v1:PersistentVolume",
			APIVersion: "v1",
			Name:       "PersistentVolume",
			Plural:     "persistentvolumes",
			Cluster:    true,
			Required:   []string{"spec.accessModes", "spec.capacity"},
			Immutable:  []string{"spec.csi", "spec.nfs", "spec.hostPath"}, // its source cannot be changed
			Settle: func(_ *world.Tx, o object) {
				fill(o, "spec.persistentVolumeReclaimPolicy", "Retain")
				fill(o, "spec.volumeMode", "Filesystem")
				o["status"] = object{"phase": "Available"}
			},
		},
		{
			Token:      "kubernetes:core/v1:PersistentVolumeClaim",
			APIVersion: "v1",
			Name:       "PersistentVolumeClaim",
			Plural:     "persistentvolumeclaims",
			Required:   []string{"spec.accessModes", "spec.resources.requests"},
			Immutable:  []string{"spec"}, Mutable: []string{"spec.resources", "spec.volumeAttributesClassName"},
			Settle: func(tx *world.Tx, o object) {
				fill(o, "spec.storageClassName", "gp3")
				fill(o, "spec.volumeName", "pvc-"+tx.Hex(8))
				o["status"] = object{"phase": "Bound", "accessModes": property.List(o, "spec.accessModes")}
			},
		},
		{Token: "kubernetes:core/v1:ResourceQuota", APIVersion: "v1", Name: "ResourceQuota", Plural: "resourcequotas"},
		{Token: "kubernetes:core/v1:LimitRange", APIVersion: "v1", Name: "LimitRange", Plural: "limitranges"},
		{
			Token:      "kubernetes:storage.k8s.io/v1:StorageClass",
			APIVersion: "storage.k8s.io/v1",
			Name:       "StorageClass",
			Plural:     "storageclasses.storage.k8s.io",
			Cluster:    true,
			Required:   []string{"provisioner"},
			Immutable:  []string{"parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"},
			Settle: func(_ *world.Tx, o object) {
				fill(o, "reclaimPolicy", "Delete")
				fill(o, "volumeBindingMode", "Immediate")
			},
		},
		{
			Token:      "kubernetes:scheduling.k8s.io/v1:PriorityClass",
			APIVersion: "scheduling.k8s.io/v1",
			Name:       "PriorityClass",
			Plural:     "priorityclasses.scheduling.k8s.io",
			Cluster:    true,
			Required:   []string{"value"},
			Immutable:  []string{"value", "preemptionPolicy"},
		},
	}
}

func networking() []Kind {
	const group = "networking.k8s.io/v1"
	return []Kind{
		{
			Token:      "kubernetes:" + group + ":Ingress",
			APIVersion: group,
			Name:       "Ingress",
			Plural:     "ingresses.networking.k8s.io",
			Check:      checkIngress,
			Settle: func(tx *world.Tx, o object) {
				if property.Map(o, "status") == nil {
					o["status"] = balanced(tx, o)
				}
			},
		},
		{Token: "kubernetes:" + group + ":NetworkPolicy", APIVersion: group, Name: "NetworkPolicy", Plural: "networkpolicies.networking.k8s.io"},
		{
			Token:      "kubernetes:" + group + ":IngressClass",
			APIVersion: group,
			Name:       "IngressClass",
			Plural:     "ingressclasses.networking.k8s.io",
			Cluster:    true,
			Immutable:  []string{"spec.controller"},
		},
	}
}

func access() []Kind {
	const group = "rbac.authorization.k8s.io/v1"
	kind := func(name, plural string, cluster bool, required, immutable []string) Kind {
		return Kind{
			Token:      "kubernetes:" + group + ":" + name,
			APIVersion: group,
			Name:       name,
			Plural:     plural + ".rbac.authorization.k8s.io",
			Cluster:    cluster,
			Required:   required, Immutable: immutable,
		}
	}
	ref := []string{"roleRef"}
	return []Kind{
		kind("Role", "roles", false, nil, nil), kind("ClusterRole", "clusterroles", true, nil, nil),
		kind("RoleBinding", "rolebindings", false, ref, ref), kind("ClusterRoleBinding", "clusterrolebindings", true, ref, ref),
	}
}

// fill sets what has no value yet.
func fill(o object, path string, v any) {
	if property.Text(o, path) == "" && len(property.At(o, path)) == 0 {
		_ = property.Set(o, path, v) // a path that cannot be set has a value of another kind, which Check has refused
	}
}
