package engine

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/deployer-io/deployer/shared/objects"
)

// pulumiCLI returns the Pulumi CLI of this checkout or of the PATH, and skips the test where there is none.
func pulumiCLI(t testing.TB) string {
	t.Helper()
	built, err := filepath.Abs("../../../.bin/pulumi")
	require.NoError(t, err)
	if _, err := os.Stat(built); err == nil {
		return built
	}
	found, err := exec.LookPath("pulumi")
	if err != nil {
		t.Skip("needs the Pulumi CLI in .bin or on PATH")
	}
	return found
}

// folder is an objects.Store on a folder, of one process.
type folder struct {
	root string
	mu   sync.Mutex
}

func (f *folder) file(key string) string { return filepath.Join(f.root, filepath.FromSlash(key)) }

func (f *folder) Get(_ context.Context, key string) (objects.Object, error) {
	data, err := os.ReadFile(f.file(key))
	if errors.Is(err, fs.ErrNotExist) {
		return objects.Object{}, objects.KeyError(key, objects.ErrNotFound)
	}
	sum := sha256.Sum256(data)
	return objects.Object{Key: key, Data: data, ETag: hex.EncodeToString(sum[:]), Size: int64(len(data))}, err
}

func (f *folder) GetVersion(ctx context.Context, key, _ string) (objects.Object, error) {
	return objects.Object{}, objects.KeyError(key, objects.ErrNotFound)
}

func (f *folder) Put(ctx context.Context, key string, data []byte, condition objects.Condition) (objects.Object, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	existing, err := f.Get(ctx, key)
	if condition.Absent() && err == nil || condition.Match() != "" && condition.Match() != existing.ETag {
		return objects.Object{}, objects.KeyError(key, objects.ErrPrecondition)
	}
	if err := os.MkdirAll(filepath.Dir(f.file(key)), 0o700); err != nil {
		return objects.Object{}, err
	}
	return objects.Object{Key: key}, os.WriteFile(f.file(key), data, 0o600)
}

func (f *folder) List(_ context.Context, prefix, _ string, _ int) ([]objects.Object, error) {
	var found []objects.Object
	err := filepath.WalkDir(f.root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		key, err := filepath.Rel(f.root, file)
		if key = filepath.ToSlash(key); strings.HasPrefix(key, prefix) {
			found = append(found, objects.Object{Key: key})
		}
		return err
	})
	slices.SortFunc(found, func(a, b objects.Object) int { return strings.Compare(a.Key, b.Key) })
	return found, err
}

func (f *folder) Delete(_ context.Context, key string) error {
	if err := os.Remove(f.file(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// serveKeys answers KMS's Encrypt and Decrypt: the ciphertext is the plaintext with a mark, which is all that a test of
// the wiring needs.
func serveKeys(t testing.TB) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			Plaintext, CiphertextBlob string
			KeyID                     string `json:"KeyId"`
		}
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer := map[string]string{"KeyId": request.KeyID}
		if r.Header.Get("X-Amz-Target") == "TrentService.Encrypt" {
			answer["CiphertextBlob"] = base64.StdEncoding.EncodeToString([]byte("kms:" + request.Plaintext))
		} else {
			sealed, _ := base64.StdEncoding.DecodeString(request.CiphertextBlob)
			answer["Plaintext"] = strings.TrimPrefix(string(sealed), "kms:")
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// provider is a Pulumi provider for one type, toy:index:Thing, with a hook before each creation.
type provider struct {
	pulumirpc.UnimplementedResourceProviderServer
	port     int
	onCreate func(ctx context.Context, name string) error

	mu     sync.Mutex
	things map[string]*structpb.Struct // by id
	serial int
}

func serveProvider(t testing.TB) *provider {
	p := &provider{things: map[string]*structpb.Struct{}}
	stop := make(chan bool)
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{Cancel: stop, Init: func(s *grpc.Server) error {
		pulumirpc.RegisterResourceProviderServer(s, p)
		return nil
	}})
	require.NoError(t, err)
	t.Cleanup(func() { close(stop); <-handle.Done })
	p.port = handle.Port
	return p
}

func (p *provider) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "1.0.0"}, nil
}

func (p *provider) Attach(context.Context, *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (p *provider) CheckConfig(_ context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: r.GetNews()}, nil
}

func (p *provider) DiffConfig(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{}, nil
}

func (p *provider) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true}, nil
}

func (p *provider) Check(_ context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: r.GetNews()}, nil
}

// Diff compares the inputs; a changed "kind" replaces.
func (p *provider) Diff(_ context.Context, r *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	answer := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}
	for key, value := range r.GetNews().GetFields() {
		before := r.GetOldInputs().GetFields()[key]
		if fmt.Sprint(before) != fmt.Sprint(value) {
			answer.Changes, answer.Diffs = pulumirpc.DiffResponse_DIFF_SOME, append(answer.Diffs, key)
			if key == "kind" {
				answer.Replaces = append(answer.Replaces, key)
			}
		}
	}
	return answer, nil
}

func (p *provider) Create(ctx context.Context, r *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	if r.GetPreview() {
		return &pulumirpc.CreateResponse{Properties: r.GetProperties()}, nil
	}
	if p.onCreate != nil {
		if err := p.onCreate(ctx, r.GetName()); err != nil {
			return nil, err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.serial++
	id := fmt.Sprintf("%s-%d", r.GetName(), p.serial)
	p.things[id] = r.GetProperties()
	return &pulumirpc.CreateResponse{Id: id, Properties: r.GetProperties()}, nil
}

func (p *provider) Read(_ context.Context, r *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	thing := p.things[r.GetId()]
	if thing == nil {
		return &pulumirpc.ReadResponse{}, nil
	}
	return &pulumirpc.ReadResponse{Id: r.GetId(), Properties: thing, Inputs: thing}, nil
}

func (p *provider) Update(_ context.Context, r *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !r.GetPreview() {
		p.things[r.GetId()] = r.GetNews()
	}
	return &pulumirpc.UpdateResponse{Properties: r.GetNews()}, nil
}

func (p *provider) Delete(_ context.Context, r *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.things, r.GetId())
	return &emptypb.Empty{}, nil
}

func (p *provider) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (p *provider) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.things)
}

type thing struct {
	pulumi.CustomResourceState
	Value pulumi.StringOutput `pulumi:"value"`
}

// things is a program that makes one thing for each name with the given value, and exports the values.
func things(value string, names ...string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		for _, name := range names {
			var made thing
			if err := ctx.RegisterResource("toy:index:Thing", name, pulumi.Map{"value": pulumi.String(value)}, &made); err != nil {
				return err
			}
			ctx.Export(name, made.Value)
			ctx.Export(name+"Secret", pulumi.ToSecret(made.Value))
		}
		return nil
	}
}

// world is everything that an engine needs, on this machine.
type world struct {
	engine   *Engine
	provider *provider
	store    *folder
}

func newWorld(t testing.TB, change ...func(*Options)) *world {
	t.Helper()
	cli := pulumiCLI(t)
	w := &world{provider: serveProvider(t), store: &folder{root: t.TempDir()}}
	options := Options{Pulumi: cli, Objects: w.store, BackendURL: "file://" + filepath.ToSlash(w.store.root),
		SecretsProvider: "awskms://alias/test?region=us-east-1", WorkDir: t.TempDir(), Grace: DefaultGrace,
		Env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), fmt.Sprintf("PULUMI_DEBUG_PROVIDERS=toy:%d", w.provider.port),
			"AWS_ENDPOINT_URL_KMS=" + serveKeys(t), "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=us-east-1"}}
	for _, c := range change {
		c(&options)
	}
	engine, err := New(options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, engine.Close()) })
	w.engine = engine
	return w
}
