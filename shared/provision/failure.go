package provision

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/deployer-io/deployer/shared/execution"
	"github.com/deployer-io/deployer/shared/provision/engine"
	"github.com/deployer-io/deployer/shared/resource"
)

// ProvisionFailed is the error of a component that could not be made as ordered.
type ProvisionFailed struct {
	Component string // stack/environment/service/component
	Class     engine.Class
	Resource  string // the resource that failed first: its type and logical name; empty when none did
	Message   string // the provider's words, without secrets
	Guard     string // for Protected: what holds, and what to do where it shall not
}

func (e *ProvisionFailed) Error() string {
	text := e.Message
	if e.Resource != "" {
		text = e.Resource + ": " + text
	}
	next := cmp.Or(advice[e.Class], e.Guard)
	if strings.Contains(e.Message, "DependencyViolation") {
		next = "something that deployer does not manage, or what it has let go of, is still in it; delete that first"
	}
	if next != "" {
		text += "; " + next
	}
	return text
}

// Retryable reports whether the same order can succeed without anybody's doing.
func (e *ProvisionFailed) Retryable() bool { return e.Class.Retryable() }

// advice says for each class what to do next.
var advice = map[engine.Class]string{
	engine.Canceled:    "apply again to go on",
	engine.Throttling:  "AWS asks for fewer calls; it is tried again",
	engine.Credentials: "check the credentials and the permissions of the executor's role",
	engine.Conflict:    "something of that name exists or is being changed outside of this component; remove it, rename, or wait",
	engine.Capacity:    "ask AWS for a higher quota, or choose another size or zone",
	engine.Network:     "AWS could not be reached; it is tried again",
	engine.PluginLost:  "apply again, which looks at that first; if it comes again, give the executor more memory",
}

// ComponentProtected is the error of a component whose spec says protect: true.
type ComponentProtected struct{ Component string }

func (e *ComponentProtected) Error() string {
	return fmt.Sprintf("%s is protected and was left as it is; take protect: true out of its spec, apply, and delete it then", e.Component)
}

// PendingCreate is the error of a component of whose data an interrupted run may have begun to create a second place. Whether
// it was created, and what it holds, is for a person to find out.
type PendingCreate struct {
	Component string
	Resource  string // type and physical name
}

func (e *PendingCreate) Error() string {
	return fmt.Sprintf("an interrupted run began to create %s of %s and it is not known whether it exists; look in the AWS console: "+
		"delete it there and apply again, or keep it and import it into the component's Pulumi stack", e.Resource,
		e.Component)
}

// NotTranslated is the error of a component whose kind this version of deployer cannot make. Nothing was begun.
type NotTranslated struct {
	Component string // stack/environment/service/component
	Kind      resource.Kind
}

func (e *NotTranslated) Error() string {
	return fmt.Sprintf("%s is a %s, which this version of deployer cannot create; take it out of the bundle or use a newer version", e.Component, e.Kind)
}

// failed makes the error that people read.
func failed(order execution.Order, err error) error {
	var failure *engine.Failure
	if !errors.As(err, &failure) {
		return err
	}
	made := &ProvisionFailed{Component: order.Address.String(), Class: failure.Class, Message: failure.Message}
	if failure.Class == engine.Protected {
		made.Guard = guardOf(order)
	}
	if failure.Resource != "" {
		made.Resource = strings.TrimSpace(failure.Type + " " + failure.Resource)
	}
	if failure.More > 0 {
		made.Message += fmt.Sprintf(" (and %d more)", failure.More)
	}
	return made
}

// guardOf says what keeps a component from being replaced or deleted.
func guardOf(order execution.Order) string {
	definition, _ := resource.Lookup(order.Kind)
	common := order.Spec.Base()
	switch {
	case common.Protect:
		return "the component is protected: take protect: true out of its spec, or take the change back"
	case !definition.Stateful, common.AllowReplace:
		return "something that deployer did not set protects it: lift that in AWS and apply again"
	case definition.NoSnapshot, common.DeletionPolicy != resource.Snapshot:
		return "the component holds data: set allowReplace: true to have it replaced, without its data"
	}
	return "the component holds data: set allowReplace: true to have it replaced after a last snapshot"
}
