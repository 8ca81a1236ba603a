package provider

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/deployer-io/deployer/localstack/cloud/property"
)

// read turns what the engine sends into a tree of properties. Secrets lists the top-level properties in which a secret
// stands. Assets and archives keep the form in which Pulumi writes them.
func read(sent *structpb.Struct) (tree map[string]any, secrets []string, err error) {
	properties, err := plugin.UnmarshalProperties(sent, plugin.MarshalOptions{
		KeepUnknowns: true, KeepSecrets: true, KeepResources: true, SkipNulls: true, ComputeAssetHashes: true,
	})
	if err != nil {
		return nil, nil, err
	}
	tree = make(map[string]any, len(properties))
	for key, v := range properties {
		secret := false
		value, err := plain(v, &secret)
		if err != nil {
			return nil, nil, fmt.Errorf("property %s: %w", key, err)
		}
		tree[string(key)] = value
		if secret {
			secrets = append(secrets, string(key))
		}
	}
	slices.Sort(secrets)
	return tree, secrets, nil
}

func plain(v resource.PropertyValue, secret *bool) (any, error) {
	switch {
	case v.IsNull():
		return nil, nil
	case v.IsBool(), v.IsNumber(), v.IsString():
		return v.V, nil
	case v.IsSecret():
		*secret = true
		return plain(v.SecretValue().Element, secret)
	case v.IsComputed():
		return property.Unknown{}, nil
	case v.IsOutput():
		output := v.OutputValue()
		*secret = *secret || output.Secret
		if !output.Known {
			return property.Unknown{}, nil
		}
		return plain(output.Element, secret)
	case v.IsArray():
		list := make([]any, len(v.ArrayValue()))
		for i, item := range v.ArrayValue() {
			var err error
			if list[i], err = plain(item, secret); err != nil {
				return nil, err
			}
		}
		return list, nil
	case v.IsObject():
		m := make(map[string]any, len(v.ObjectValue()))
		for key, item := range v.ObjectValue() {
			value, err := plain(item, secret)
			if err != nil {
				return nil, err
			}
			m[string(key)] = value
		}
		return m, nil
	case v.IsAsset():
		return v.AssetValue().Serialize(), nil
	case v.IsArchive():
		return v.ArchiveValue().Serialize(), nil
	case v.IsResourceReference():
		id, known := v.ResourceReferenceValue().IDString()
		if !known {
			return property.Unknown{}, nil
		}
		return id, nil
	}
	return nil, fmt.Errorf("the simulated cloud does not know values of type %T", v.V)
}

// write is the inverse of read.
func write(tree map[string]any, secrets []string) (*structpb.Struct, error) {
	answer := &structpb.Struct{Fields: make(map[string]*structpb.Value, len(tree))}
	for _, key := range slices.Sorted(maps.Keys(tree)) {
		v, err := wire(tree[key])
		if err != nil {
			return nil, fmt.Errorf("property %s: %w", key, err)
		}
		if slices.Contains(secrets, key) {
			v = structpb.NewStructValue(&structpb.Struct{Fields: map[string]*structpb.Value{
				resource.SigKey: structpb.NewStringValue(resource.SecretSig), "value": v,
			}})
		}
		answer.Fields[key] = v
	}
	return answer, nil
}

func wire(v any) (*structpb.Value, error) {
	switch v := v.(type) {
	case property.Unknown:
		return structpb.NewStringValue(plugin.UnknownStringValue), nil
	case map[string]any:
		fields := make(map[string]*structpb.Value, len(v))
		for key, item := range v {
			value, err := wire(item)
			if err != nil {
				return nil, err
			}
			fields[key] = value
		}
		return structpb.NewStructValue(&structpb.Struct{Fields: fields}), nil
	case []any:
		values := make([]*structpb.Value, len(v))
		for i, item := range v {
			var err error
			if values[i], err = wire(item); err != nil {
				return nil, err
			}
		}
		return structpb.NewListValue(&structpb.ListValue{Values: values}), nil
	}
	return structpb.NewValue(v)
}
