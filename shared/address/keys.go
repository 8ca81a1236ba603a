package address

import (
	"fmt"
	"strings"
)

// LockKey is the key of a's item in the lock table, one for each of the three levels:
// stack:S:env:E, stack:S:env:E:service:X, stack:S:env:E:component:X/Y.
func (a Address) LockKey() string {
	key := "stack:" + a.Stack + ":env:" + a.Environment
	switch {
	case a.Component != "":
		return key + ":component:" + a.Service + "/" + a.Component
	case a.Service != "":
		return key + ":service:" + a.Service
	}
	return key
}

// Ancestors returns the addresses that a lies below, the nearest last: the scope, then the service.
func (a Address) Ancestors() []Address {
	switch {
	case a.Component != "":
		return []Address{a.Scope(), {Stack: a.Stack, Environment: a.Environment, Service: a.Service}}
	case a.Service != "":
		return []Address{a.Scope()}
	}
	return nil
}

// Contains reports whether b is a or lies below it.
func (a Address) Contains(b Address) bool {
	return a == b || a.Scope() == b.Scope() && (a.Service == "" || a.Component == "" && a.Service == b.Service)
}

// Prefix is the key prefix of everything kept about a's stack and environment: stacks/S/E/.
func (a Address) Prefix() string { return "stacks/" + a.Stack + "/" + a.Environment + "/" }

// RunPrefix is the key prefix of one run's artifacts.
func (a Address) RunPrefix(run string) string { return a.Prefix() + "runs/" + run + "/" }

// BundlePrefix is the key prefix of the bundles uploaded for a's stack and environment.
func (a Address) BundlePrefix() string { return "bundles/" + a.Stack + "/" + a.Environment + "/" }

// PulumiPrefix is the key prefix of the component's Pulumi backend in one fence epoch.
func (a Address) PulumiPrefix(epoch string) string {
	return a.Prefix() + "pulumi/" + a.Service + "/" + a.Component + "/" + epoch + "/"
}

// PulumiProject is the Pulumi project name of the component's program.
func (a Address) PulumiProject() string { return a.Stack }

// PulumiStack is the Pulumi stack name of the component. Names hold no dot, so the parts can be told apart.
func (a Address) PulumiStack() string {
	return strings.Join([]string{a.Environment, a.Service, a.Component}, ".")
}

// ParseLockKey is the inverse of LockKey.
func ParseLockKey(key string) (Address, error) {
	parts := strings.Split(key, ":")
	if (len(parts) == 4 || len(parts) == 6) && parts[0] == "stack" && parts[2] == "env" {
		text, slashes := parts[1]+"/"+parts[3], 1
		if len(parts) == 6 {
			text, slashes = text+"/"+parts[5], map[string]int{"service": 2, "component": 3}[parts[4]]
		}
		if a, err := Parse(text); err == nil && strings.Count(text, "/") == slashes {
			return a, nil
		}
	}
	return Address{}, fmt.Errorf("%q is no lock key", key)
}
