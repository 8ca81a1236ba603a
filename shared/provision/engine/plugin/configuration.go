package plugin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

// configuration is what a process was configured with, once for all who share it.
type configuration struct {
	mu     sync.Mutex
	done   bool
	answer *pulumirpc.ConfigureResponse
	err    error
}

// checkConfig lets the process of the configuration judge it, one at a time: plugins are used to be asked that by one provider only.
// What comes out of the check is what the process will be configured with, whatever it adds.
func (l *link) checkConfig(ctx context.Context, request []byte) (*pulumirpc.CheckResponse, error) {
	var asked pulumirpc.CheckRequest
	if err := proto.Unmarshal(request, &asked); err != nil {
		return nil, err
	}
	one, err := l.bind(ctx, keyOf(asked.GetNews()))
	if err != nil {
		return nil, err
	}
	one.configured.mu.Lock()
	defer one.configured.mu.Unlock()
	checked, err := pulumirpc.NewResourceProviderClient(one.connected).CheckConfig(ctx, &asked)
	if err != nil {
		return nil, l.explain(ctx, one, err)
	}
	if len(checked.GetFailures()) == 0 {
		l.family.claim(one, keyOf(checked.GetInputs()))
	}
	return checked, nil
}

// configure moves the link to the process of its configuration, which is configured by the first who comes. Which provider resource of
// which stack that is, the others' are not: it is left out.
func (l *link) configure(ctx context.Context, request []byte) (*pulumirpc.ConfigureResponse, error) {
	var asked pulumirpc.ConfigureRequest
	if err := proto.Unmarshal(request, &asked); err != nil {
		return nil, err
	}
	arguments := asked.GetArgs()
	if arguments == nil {
		arguments = variables(asked.GetVariables())
	}
	one, err := l.bind(ctx, keyOf(arguments))
	if err != nil {
		return nil, err
	}
	asked.Urn, asked.Name, asked.Type, asked.Id = nil, nil, nil, nil
	c := &one.configured
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.done {
		// The others wait for this answer too: it must not depend on the one who was first.
		c.answer, c.err = pulumirpc.NewResourceProviderClient(one.connected).Configure(context.WithoutCancel(ctx), &asked)
		c.done = true
		if c.err != nil {
			l.retire(one) // nobody knows what it is now
		}
	}
	if c.err != nil {
		return nil, l.explain(ctx, one, c.err)
	}
	return c.answer, nil
}

func variables(given map[string]string) *structpb.Struct {
	fields := map[string]*structpb.Value{}
	for name, value := range given {
		fields[name] = structpb.NewStringValue(value)
	}
	return &structpb.Struct{Fields: fields}
}

// secretMark is the field by which Pulumi marks a property as a secret in its wire format (sdk/go/common/resource/sig).
const secretMark = "4dabf18193072939515e22adb298388d"

// keyOf tells configurations apart. What a check adds without changing anything does not count: marks on secrets, empty fields, and
// where the plugin comes from. A key can be logged: it is a digest.
func keyOf(config *structpb.Struct) string {
	plain := map[string]any{}
	for name, value := range config.GetFields() {
		if name == "version" || name == "pluginDownloadURL" || name == "__internal" {
			continue
		}
		if of := bare(value.AsInterface()); of != nil {
			plain[name] = of
		}
	}
	text, err := json.Marshal(plain) // its maps are sorted
	if err != nil {
		text = fmt.Appendf(nil, "%#v", plain) // a number that JSON does not know
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func bare(value any) any {
	switch v := value.(type) {
	case map[string]any:
		if _, marked := v[secretMark]; marked && v["value"] != nil {
			return bare(v["value"])
		}
		for name, field := range v {
			v[name] = bare(field)
		}
	case []any:
		for i := range v {
			v[i] = bare(v[i])
		}
	}
	return value
}
