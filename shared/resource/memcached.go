package resource

// ElastiCacheMemcached is a cache that speaks Memcached. It holds nothing that cannot be computed again.
type ElastiCacheMemcached struct {
	Common
	// the engine's version, as in 1.6.22
	Version string `json:"version" jsonschema:"required,pattern=^[0-9]+\\.[0-9]+(\\.[0-9]+)?$" jsonschema_extras:"scalar=true"`
	// the size of each node, as in cache.t4g.small
	NodeType string `json:"nodeType" jsonschema:"required,pattern=^cache\\.[a-z0-9]+\\.[a-z0-9]+$"`
	// how many nodes there are
	Nodes int `json:"nodes" jsonschema:"minimum=1,maximum=60"`
	// spreads the nodes over zones
	MultiAZ bool `json:"multiAZ"`
	// encrypts connections
	TransitEncryption bool `json:"transitEncryption"`
	// the port
	Port int `json:"port" jsonschema:"minimum=1,maximum=65535"`
	// when AWS may work on it
	Maintenance Maintenance `json:"maintenance"`
	// parameters of the engine, in a parameter group of its own
	Parameters map[string]string `json:"parameters,omitempty" jsonschema_extras:"scalar=true"`
	// makes changes at once, not in the maintenance window
	ApplyImmediately bool `json:"applyImmediately,omitempty"`
}

// KindElastiCacheMemcached is a cache that speaks Memcached.
var KindElastiCacheMemcached = register(Definition{
	Kind: "ElastiCacheMemcached", APIVersion: ComponentsV1, Family: Cache, Revision: 1, Networked: true,
	Summary: "A Memcached cache over several zones, with encrypted connections.",
	New: func() Spec {
		return &ElastiCacheMemcached{Common: defaultCommon(Delete, 45*Minute), Nodes: 2, MultiAZ: true, TransitEncryption: true, Port: 11211,
			Maintenance: Maintenance{AutoMinorVersionUpgrade: true}}
	},
	Outputs: []Output{
		{Name: "endpoint", Type: Text, Doc: "the host name that clients ask for the nodes"},
		{Name: "port", Type: Number, Doc: "the port"},
		{Name: "id", Type: Text, Doc: "the cluster's id"},
		{Name: "arn", Type: Text, Doc: "the cluster's ARN"},
		{Name: "securityGroupId", Type: Text, Doc: "its security group"},
	},
	ReplaceOn: []string{"nodeType", "port", "transitEncryption"},
})

// Check keeps the rules over several fields.
func (e *ElastiCacheMemcached) Check(k *Checker) {
	e.Common.check(k)
	if e.MultiAZ && e.Nodes == 1 {
		k.Errorf(CodeCache, "nodes", "one node cannot be spread over zones").WithHint("write 2 or more, or multiAZ: false")
	}
	if version := e.Version; e.TransitEncryption && len(version) > 3 && version < "1.6.12" && version[:4] != "1.6." || e.TransitEncryption && version == "1.6.6" {
		k.Errorf(CodeCache, "version", "Memcached %s does not encrypt connections", version).WithHint("use 1.6.12 or newer")
	}
}
