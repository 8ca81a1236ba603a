// Package address names things: an Address says which stack, environment, service and component is meant, and every
// object key, lock key, Pulumi stack name and path derives from it here and nowhere else. In: text. Out: an Address.
package address

import (
	"errors"
	"fmt"
	"strings"
)

// Address is stack/environment[/service[/component]]. It is a value: compare it with ==, use it as a map key.
// A scope (see Scope) has no service; a component address has all four parts.
type Address struct {
	Stack       string
	Environment string
	Service     string
	Component   string
}

// Scope is the address of a whole stack in one environment: the unit that is locked, planned and kept in one state.
func Scope(stack, environment string) Address {
	return Address{Stack: stack, Environment: environment}
}

// Scope returns the stack and environment that a lies in.
func (a Address) Scope() Address { return Scope(a.Stack, a.Environment) }

// In returns the address of a component in the same stack and environment.
func (a Address) In(service, component string) Address {
	return Address{Stack: a.Stack, Environment: a.Environment, Service: service, Component: component}
}

// IsScope reports whether a names a whole stack and environment.
func (a Address) IsScope() bool { return a.Service == "" && a.Component == "" }

// IsComponent reports whether a names one component.
func (a Address) IsComponent() bool { return a.Component != "" }

// String returns the parts joined by slashes, as people write it.
func (a Address) String() string {
	parts := []string{a.Stack, a.Environment}
	if a.Service != "" {
		parts = append(parts, a.Service)
	}
	if a.Component != "" {
		parts = append(parts, a.Component)
	}
	return strings.Join(parts, "/")
}

// Short returns service/component: the form used where stack and environment are already known.
func (a Address) Short() string {
	if a.Component == "" {
		return a.Service
	}
	return a.Service + "/" + a.Component
}

// Compare orders addresses by their parts.
func (a Address) Compare(b Address) int {
	for _, pair := range [][2]string{{a.Stack, b.Stack}, {a.Environment, b.Environment}, {a.Service, b.Service}} {
		if c := strings.Compare(pair[0], pair[1]); c != 0 {
			return c
		}
	}
	return strings.Compare(a.Component, b.Component)
}

// MarshalText returns String, so that an Address is a JSON string and a JSON object key.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText parses what MarshalText wrote.
func (a *Address) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}

// Parse reads stack/environment, stack/environment/service or stack/environment/service/component.
func Parse(text string) (Address, error) {
	parts := strings.Split(text, "/")
	if len(parts) < 2 || len(parts) > 4 {
		return Address{}, fmt.Errorf("address %q: want stack/environment[/service[/component]]", text)
	}
	var a Address
	for i, field := range []*string{&a.Stack, &a.Environment, &a.Service, &a.Component}[:len(parts)] {
		if err := CheckName(parts[i]); err != nil {
			return Address{}, fmt.Errorf("address %q: %w", text, err)
		}
		*field = parts[i]
	}
	return a, nil
}

// MaxName is the longest name of a stack, environment, service or component, in bytes. Four of them, joined, still fit
// the tightest AWS names after shortening, and an object key stays far below S3's 1,024 bytes.
const MaxName = 40

// ErrName is the reason of every error that CheckName returns.
var ErrName = errors.New("a name is 1 to 40 of a-z, 0-9 and '-', starts with a letter and does not end with '-'")

// CheckName reports whether name may stand in an address.
func CheckName(name string) error {
	valid := name != "" && len(name) <= MaxName && name[0] >= 'a' && name[0] <= 'z' && name[len(name)-1] != '-'
	for i := 0; valid && i < len(name); i++ {
		c := name[i]
		valid = c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-'
	}
	if !valid {
		return fmt.Errorf("invalid name %q: %w", name, ErrName)
	}
	return nil
}
