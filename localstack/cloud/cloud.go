// Package cloud is a simulated AWS behind Pulumi's providers: a folder goes in, and out come providers for aws and
// kubernetes that the real Pulumi engine attaches to, a KMS endpoint for its secrets, and what an operator sees of the
// resources: their state, their health, faults to inject and changes behind Pulumi's back.
//
// What exists is kept in a journal in the folder, shared by all processes that open it. Every request is carried out in the
// account and region that its own provider was configured with.
package cloud

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/deployer-io/deployer/localstack/cloud/catalog"
	"github.com/deployer-io/deployer/localstack/cloud/kms"
	"github.com/deployer-io/deployer/localstack/cloud/kubernetes"
	"github.com/deployer-io/deployer/localstack/cloud/provider"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

// HomeRegion is the region of whoever names none, and that of the key alias/deployer.
const HomeRegion = catalog.DefaultRegion

// Options say where a cloud is kept.
type Options struct {
	Dir string           // made when it is not there; empty: in memory
	Now func() time.Time // nil: time.Now
	// Pace is how many times faster things become ready than on AWS; 0: as on AWS.
	Pace float64
	// Seed makes the identifiers of a new cloud repeatable; empty draws one.
	Seed string
}

// Cloud is an open cloud. It is safe for concurrent use.
type Cloud struct {
	options Options
	key     world.MasterKey
	world   *world.World

	mu      sync.Mutex
	servers []*provider.Server
	kms     *http.Server
	keys    net.Listener
}

// Open opens the cloud in the folder.
func Open(options Options) (*Cloud, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Dir != "" {
		if err := os.MkdirAll(options.Dir, 0o700); err != nil {
			return nil, fmt.Errorf("cloud: %w", err)
		}
	}
	key, err := world.LoadKey(options.Dir)
	if err != nil {
		return nil, err
	}
	w, err := world.Open(world.Options{
		Dir: options.Dir, Seed: options.Seed, Now: options.Now, Pace: options.Pace, Index: catalog.Index, Sealer: world.NewSealer(key),
	})
	if err != nil {
		return nil, err
	}
	return &Cloud{options: options, key: key, world: w}, nil
}

// Start serves the providers and the KMS endpoint. A cloud that was started stays so.
func (c *Cloud) Start() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kms != nil {
		return nil
	}
	for _, pkg := range packages() {
		server, err := provider.Serve(pkg, c.world)
		if err != nil {
			return errors.Join(err, c.stop())
		}
		c.servers = append(c.servers, server)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(fmt.Errorf("cloud: the KMS endpoint cannot be served: %w", err), c.stop())
	}
	c.keys = listener
	c.kms = &http.Server{Handler: kms.Handler{Master: c.key, Find: c.findKey}, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = c.kms.Serve(listener) }() // ends with ErrServerClosed when stop closes it
	return nil
}

func packages() []provider.Package {
	return []provider.Package{{
		Name: "aws", Version: catalog.AWSVersion, Place: catalog.PlaceOf, Invoke: catalog.Invoke, Replacing: []string{"region"},
		Find: func(token string) provider.Behaviour {
			if t := catalog.Find(token); t != nil {
				return t
			}
			return nil
		},
		Tokens: catalog.Tokens,
	}, {
		Name: "kubernetes", Version: kubernetes.Version, Place: kubernetes.PlaceOf, Replacing: []string{"cluster", "clusterIdentifier", "context", "kubeconfig"},
		Find: func(token string) provider.Behaviour {
			if k := kubernetes.Find(token); k != nil {
				return k
			}
			return nil
		},
		Tokens: kubernetes.Tokens,
		Invoke: func(*world.Tx, catalog.Place, string, map[string]any) (map[string]any, bool, error) {
			return nil, false, nil
		},
	}}
}

// behaviours finds the behaviour of a type in each package.
func behaviours() []func(string) provider.Behaviour {
	var all []func(string) provider.Behaviour
	for _, pkg := range packages() {
		all = append(all, pkg.Find)
	}
	return all
}

// Env returns the variables, KEY=value, that make a Pulumi CLI use this cloud. It is empty before Start.
func (c *Cloud) Env() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kms == nil {
		return nil
	}
	var attached []string
	for i, pkg := range packages() {
		attached = append(attached, pkg.Name+":"+strconv.Itoa(c.servers[i].Port()))
	}
	return []string{
		"PULUMI_DEBUG_PROVIDERS=" + strings.Join(attached, ","),
		"AWS_ENDPOINT_URL_KMS=http://" + c.keys.Addr().String(),
		"AWS_ACCESS_KEY_ID=" + catalog.DefaultAccount, "AWS_SECRET_ACCESS_KEY=simulated", "AWS_SESSION_TOKEN=", "AWS_PROFILE=",
		"AWS_REGION=" + HomeRegion, "AWS_EC2_METADATA_DISABLED=true",
	}
}

// Close stops what Start began and gives the folder back.
func (c *Cloud) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(c.stop(), c.world.Close())
}

func (c *Cloud) stop() error {
	var errs []error
	for _, s := range c.servers {
		errs = append(errs, s.Close())
	}
	if c.kms != nil {
		errs = append(errs, c.kms.Close())
	}
	c.servers, c.kms = nil, nil
	return errors.Join(errs...)
}

// deployerAlias is the name of the key that is there from the beginning: with it checkpoints are encrypted.
const deployerAlias = "alias/deployer"

// findKey returns the key that an id, ARN or alias names: the one of alias/deployer, an AWS managed one, or one that a
// program made.
func (c *Cloud) findKey(region, name string) (*kms.Key, error) {
	if region == "" {
		region = HomeRegion
	}
	arn := func(id string) string { return "arn:aws:kms:" + region + ":" + catalog.DefaultAccount + ":key/" + id }
	alias := name
	if i := strings.Index(name, ":alias/"); strings.HasPrefix(name, "arn:") && i > 0 {
		alias = name[i+1:]
	}
	if alias == deployerAlias || strings.HasPrefix(alias, "alias/aws/") {
		id := strings.ReplaceAll(strings.TrimPrefix(alias, "alias/"), "/", "-")
		return &kms.Key{ID: id, ARN: arn(id)}, nil
	}
	if id := strings.TrimPrefix(name, arn("")); id == "deployer" || strings.HasPrefix(id, "aws-") {
		return &kms.Key{ID: id, ARN: arn(id)}, nil
	}
	return c.madeKey(catalog.Place{Account: catalog.DefaultAccount, Region: region}, alias, name)
}

func (c *Cloud) madeKey(place catalog.Place, alias, name string) (key *kms.Key, err error) {
	err = c.world.View(func(tx *world.Tx) error {
		if a := place.Lookup(tx, "kms.Alias", alias); a != nil {
			name = a.Text("targetKeyArn")
		}
		if r := place.Lookup(tx, "kms.Key", name); r != nil {
			key = &kms.Key{ID: r.ID, ARN: r.Text("arn"), Disabled: r.State["isEnabled"] == false, Created: r.Created.Unix()}
		}
		return nil
	})
	return key, err
}
