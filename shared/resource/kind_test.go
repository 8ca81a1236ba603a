package resource_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/resource"
)

// components are the kinds that services are made of.
var components = []resource.Kind{"ALB", "APIGateway", "AWSMemoryDB", "CloudFront", "CronJob", "DocumentDB", "DynamoDB", "EBS", "EC2Instance",
	"EFS", "ElastiCacheMemcached", "ElastiCacheRedis", "EventBridge", "Kafka", "Lambda", "MSK", "MicroService", "NLB", "RDS", "S3", "SNS", "SQS", "Worker"}

func TestEveryKindIsRegistered(t *testing.T) {
	var of [2][]resource.Kind
	for _, kind := range resource.Kinds() {
		d, known := resource.Lookup(kind)
		require.True(t, known)
		if d.APIVersion == resource.ComponentsV1 {
			of[0] = append(of[0], kind)
		} else {
			require.Equal(t, resource.InfraV1, d.APIVersion)
			of[1] = append(of[1], kind)
		}
	}
	require.Equal(t, components, of[0])
	require.Equal(t, []resource.Kind{"Networking", "Observability", "Security"}, of[1])
}

func TestEveryKindIsWellDefined(t *testing.T) {
	for _, kind := range resource.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			d, _ := resource.Lookup(kind)
			require.NotEmpty(t, d.Summary)
			require.Contains(t, []string{"compute", "data", "cache", "storage", "messaging", "network", "platform"}, d.Family)
			require.Positive(t, d.Revision)
			spec := d.New()
			require.Equal(t, string(kind), reflect.TypeOf(spec).Elem().Name(), "a kind's spec bears its name")
			require.NotSame(t, spec, d.New())
			require.Equal(t, spec, d.New())
			require.False(t, d.NoSnapshot && !d.Stateful)
			if d.Stateful && kind != "SQS" { // messages are handled, not kept
				require.NotEqual(t, resource.Delete, spec.Base().DeletionPolicy, "data is not deleted by default")
			}
			names := map[string]bool{}
			for _, o := range d.Outputs {
				require.NotEmpty(t, o.Doc, o.Name)
				require.False(t, names[o.Name], "the output %s stands twice", o.Name)
				require.Contains(t, []resource.OutputType{resource.Text, resource.Number, resource.TextList, resource.TextMap}, o.Type)
				names[o.Name] = true
			}
			require.NotEmpty(t, d.Outputs)
			for _, path := range d.ReplaceOn {
				require.True(t, hasField(reflect.TypeOf(spec).Elem(), strings.Split(path, ".")), "replaces on %s, which is no field", path)
			}
		})
	}
}

func hasField(t reflect.Type, path []string) bool {
	if len(path) == 0 {
		return true
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return false
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" && hasField(f.Type, path) || name == path[0] && hasField(f.Type, path[1:]) {
			return true
		}
	}
	return false
}

// A field whose default is not nothing must not be left out of JSON when it is nothing: reading would bring the default
// back.
func TestNoDefaultComesBackThroughJSON(t *testing.T) {
	for _, kind := range resource.Kinds() {
		d, _ := resource.Lookup(kind)
		checkOmission(t, reflect.ValueOf(d.New()).Elem(), string(kind))
	}
}

func checkOmission(t *testing.T, v reflect.Value, path string) {
	for i := range v.NumField() {
		f, value := v.Type().Field(i), v.Field(i)
		if f.Tag.Get("json") == "-" {
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if options != "" {
			require.Truef(t, value.IsZero() || value.Kind() == reflect.Slice && value.Len() == 0, "%s.%s has a default and is left out when it is nothing", path, name)
		}
		if value.Kind() == reflect.Map {
			require.Zero(t, value.Len(), "%s.%s: JSON merges into a map instead of replacing it", path, name)
		}
		if value.Kind() == reflect.Struct {
			checkOmission(t, value, path+"."+name)
		}
	}
}

// References in components are found by reflection, by tags that name kinds and outputs.
func TestTagsOfReferencesNameKindsAndOutputsThatExist(t *testing.T) {
	for _, kind := range resource.Kinds() {
		d, _ := resource.Lookup(kind)
		checkTags(t, reflect.TypeOf(d.New()).Elem(), string(kind), map[reflect.Type]bool{})
	}
}

func checkTags(t *testing.T, of reflect.Type, path string, seen map[reflect.Type]bool) {
	for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct || seen[of] {
		return
	}
	seen[of] = true
	for i := range of.NumField() {
		f := of.Field(i)
		kinds := strings.Split(f.Tag.Get("kinds"), ",")
		if f.Type == reflect.TypeFor[resource.ComponentRef]() && path != "Dependency" && of.Name() != "Dependency" {
			require.NotEmptyf(t, f.Tag.Get("kinds"), "%s.%s: which kinds may it name?", path, f.Name)
			require.NotEmptyf(t, f.Tag.Get("reads"), "%s.%s: which outputs are used?", path, f.Name)
			for _, output := range strings.Split(f.Tag.Get("reads"), ",") {
				require.Truef(t, slices.ContainsFunc(kinds, func(k string) bool {
					d, known := resource.Lookup(resource.Kind(k))
					require.Truef(t, known, "%s.%s: there is no kind %s", path, f.Name, k)
					_, has := d.Output(output)
					return has
				}), "%s.%s: no kind of %v has the output %s", path, f.Name, kinds, output)
			}
		}
		checkTags(t, f.Type, path+"."+f.Name, seen)
	}
}

// Specs of every kind, filled at random, come back from JSON as they were.
func TestSpecsSurviveJSON(t *testing.T) {
	for _, kind := range resource.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			d, _ := resource.Lookup(kind)
			for seed := range uint64(40) {
				spec := d.New()
				f := filler{rand.New(rand.NewPCG(seed, 1))}
				f.fill(reflect.ValueOf(spec).Elem(), "")
				data, err := json.Marshal(spec)
				require.NoError(t, err)
				back, err := resource.DecodeSpec(kind, data)
				require.NoErrorf(t, err, "seed %d: %s", seed, data)
				again, err := json.Marshal(back)
				require.NoError(t, err)
				require.Equal(t, string(data), string(again), "seed %d", seed)
				require.Equal(t, resource.References(spec), resource.References(back), "seed %d", seed)
				require.Equal(t, resource.Secrets(spec), resource.Secrets(back), "seed %d", seed)
			}
		})
	}
}

// filler sets fields at random; about a third keeps its default, and another becomes nothing.
type filler struct{ *rand.Rand }

var samples = map[reflect.Type][]string{
	reflect.TypeFor[resource.CIDR]():       {"10.0.0.0/16", "0.0.0.0/0"},
	reflect.TypeFor[resource.ARN]():        {"arn:aws:kms:eu-central-1:123456789012:key/a"},
	reflect.TypeFor[resource.Schedule]():   {"rate(5 minutes)", "0 3 * * *"},
	reflect.TypeFor[resource.DayWindow]():  {"03:00-04:00"},
	reflect.TypeFor[resource.WeekWindow](): {"sun:04:30-sun:05:30"},
	reflect.TypeFor[resource.Date]():       {"2027-03-31"},
}

func (f filler) fill(v reflect.Value, name string) {
	if texts := samples[v.Type()]; texts != nil {
		v.SetString(texts[f.IntN(len(texts))])
		return
	}
	if v.Kind() != reflect.Struct {
		switch f.IntN(3) {
		case 0:
			return
		case 1:
			v.SetZero()
			return
		}
	}
	switch v.Type() {
	case reflect.TypeFor[resource.Input]():
		input := resource.Input{Value: fmt.Sprint("text ", f.IntN(9))}
		switch f.IntN(3) {
		case 1:
			input = resource.Input{ValueFrom: &resource.OutputRef{Component: "a/b", Output: "arn"}}
		case 2:
			input = resource.Input{SecretRef: &resource.SecretRef{Name: "s", Provider: resource.SSM}}
		}
		v.Set(reflect.ValueOf(input))
		return
	case reflect.TypeFor[resource.ComponentRef]():
		v.Set(reflect.ValueOf(resource.ComponentRef{Component: fmt.Sprint("a/c", f.IntN(9))}))
		return
	case reflect.TypeFor[resource.OutputRef]():
		v.Set(reflect.ValueOf(resource.OutputRef{Component: "a/b", Output: "url", Key: "x"}))
		return
	}
	f.fillKind(v, name)
}

func (f filler) fillKind(v reflect.Value, name string) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(f.IntN(2) == 1)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(f.IntN(90)) * 1e9)
	case reflect.Float64:
		v.SetFloat(float64(f.IntN(99)) / 8)
	case reflect.String:
		v.SetString(fmt.Sprint(name, f.IntN(99)))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem(), name)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1+f.IntN(2), 2))
		for i := range v.Len() {
			f.fill(v.Index(i), name)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		if v.Type().Elem().Kind() == reflect.String {
			v.SetMapIndex(reflect.ValueOf("key"), reflect.ValueOf("value"))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() && field.Tag.Get("json") != "-" {
				f.fill(v.Field(i), field.Name)
			}
		}
	}
}
