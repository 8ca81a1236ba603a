package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/shared/objects"
)

// What a destruction lets go of stays in the cloud under the names that the next creation wants to use. Its checkpoint is
// put aside, so that the next creation can take over what is there instead of running into it.

func (s *stack) keptKey() string { return s.call.Kept + s.checkpointPath() }

// Keep lets go of a stack's resources: nothing is touched, and a later Up with the same Kept starts from them. It reports
// what they are.
func (e *Engine) Keep(ctx context.Context, call Call) (Report, error) {
	s := &stack{Engine: e, call: call}
	data, err := s.checkpoint(ctx)
	if err != nil || data == nil {
		return Report{}, err
	}
	report, err := s.read(data)
	if err != nil || len(report.Resources) == 0 {
		return report, err
	}
	_, err = e.options.Objects.Put(ctx, s.keptKey(), data, objects.Always())
	return report, err
}

// kept returns the checkpoint that was put aside, nil without one. What has become of its resources since shows in a refresh.
func (s *stack) kept(ctx context.Context) ([]byte, error) {
	if s.call.Kept == "" || s.call.Operation != Up && s.call.Operation != Preview {
		return nil, nil
	}
	data, err := s.get(ctx, s.keptKey())
	if data != nil {
		s.adopting, s.call.Refresh = true, true
	}
	return data, err
}

// forgetKept removes what was put aside, once it has been taken over: it will not be true any more.
func (s *stack) forgetKept(ctx context.Context) error {
	if !s.adopting || s.call.Operation != Up {
		return nil
	}
	return s.options.Objects.Delete(ctx, s.keptKey())
}

// letGo puts aside what the destruction that follows will not delete, and removes what an earlier one put aside.
func (s *stack) letGo(ctx context.Context, data []byte) error {
	if s.call.Operation != Destroy || s.call.Kept == "" {
		return nil
	}
	remainder, err := retained(data)
	if err != nil {
		return err
	}
	if remainder != nil {
		_, err := s.options.Objects.Put(ctx, s.keptKey(), remainder, objects.Always())
		return err
	}
	if old, err := s.get(ctx, s.keptKey()); err != nil || old == nil {
		return err
	}
	return s.options.Objects.Delete(ctx, s.keptKey())
}

// retained reduces a checkpoint to the AWS resources that stay when their stack is destroyed, and to what Pulumi keeps for
// itself; nil when there are none. Of Kubernetes' resources none is taken along: its server takes over by itself what is
// applied to it twice.
func retained(data []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var whole map[string]any
	if err := decoder.Decode(&whole); err != nil {
		return nil, err
	}
	latest, ok := dig(whole, "checkpoint", "latest")
	if !ok {
		return nil, nil
	}
	all, _ := latest["resources"].([]any)
	stay, some := map[string]bool{}, false
	for _, r := range all {
		urn, kind, keeps := nature(r)
		stay[urn] = keeps || strings.HasPrefix(kind, "pulumi:")
		some = some || keeps
	}
	if !some {
		return nil, nil
	}
	latest["resources"] = slices.DeleteFunc(all, func(r any) bool {
		urn, _, _ := nature(r)
		prune(r, stay)
		return !stay[urn]
	})
	delete(latest, "pending_operations")
	return json.Marshal(whole)
}

// nature tells of a resource in a checkpoint what decides whether it stays.
func nature(r any) (urn, kind string, keeps bool) {
	fields, _ := r.(map[string]any)
	urn, _ = fields["urn"].(string)
	kind, _ = fields["type"].(string)
	retain, _ := fields["retainOnDelete"].(bool)
	pending, _ := fields["delete"].(bool)
	return urn, kind, retain && !pending && strings.HasPrefix(kind, "aws:")
}

// prune takes what goes out of a resource's dependencies: a checkpoint may not name what it does not hold.
func prune(r any, stay map[string]bool) {
	fields, _ := r.(map[string]any)
	gone := func(urn any) bool {
		text, _ := urn.(string)
		return !stay[text]
	}
	if list, ok := fields["dependencies"].([]any); ok {
		fields["dependencies"] = slices.DeleteFunc(list, gone)
	}
	if by, ok := fields["propertyDependencies"].(map[string]any); ok {
		for property, list := range by {
			if list, ok := list.([]any); ok {
				by[property] = slices.DeleteFunc(list, gone)
			}
		}
	}
	for _, field := range []string{"deletedWith", "parent"} {
		if urn, named := fields[field]; named && gone(urn) {
			delete(fields, field)
		}
	}
}
