package kubernetes

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/localstack/cloud/catalog"
	"github.com/deployer-io/deployer/localstack/cloud/property"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

// cluster is a cluster with a namespace "shop".
type cluster struct {
	*testing.T
	world *world.World
	place catalog.Place
}

func newCluster(t *testing.T) *cluster {
	w, err := world.Open(world.Options{Seed: "test", Index: catalog.Index, Now: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }})
	require.NoError(t, err)
	c := &cluster{T: t, world: w, place: catalog.Place{Account: Account, Region: "main", Namespace: "shop"}}
	c.make("core/v1:Namespace", `{"metadata":{"name":"shop"}}`)
	return c
}

func (c *cluster) check(kind, inputs string, olds object) (object, []catalog.Failure) {
	c.Helper()
	var in object
	require.NoError(c, json.Unmarshal([]byte(inputs), &in))
	return Find("kubernetes:"+kind).CheckInputs(c.place, olds, in, catalog.Naming{Resource: "Web", Seed: []byte("seed")})
}

func (c *cluster) try(kind, inputs, urn string) (*world.Record, error) {
	c.Helper()
	in, failures := c.check(kind, inputs, nil)
	require.Empty(c, failures)
	var made *world.Record
	err := c.world.Update(func(tx *world.Tx) (err error) {
		made, err = Find("kubernetes:"+kind).Create(tx, c.place, catalog.Wanted{URN: urn, Inputs: in})
		return err
	})
	return made, err
}

func (c *cluster) make(kind, inputs string) *world.Record {
	c.Helper()
	made, err := c.try(kind, inputs, "urn:"+kind)
	require.NoError(c, err)
	return made
}

const (
	deployment = "apps/v1:Deployment"
	web        = `{"metadata":{"name":"web"},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"web","image":"nginx"}]}}}}`
)

// specimens is one object of every kind.
var specimens = map[string]string{
	"core/v1:Namespace":                               `{}`,
	"core/v1:ServiceAccount":                          `{}`,
	"core/v1:ConfigMap":                               `{"data":{"a":"b"}}`,
	"core/v1:Secret":                                  `{"stringData":{"a":"b"}}`,
	"core/v1:Service":                                 `{"spec":{"type":"LoadBalancer","selector":{"app":"web"},"ports":[{"port":80}]}}`,
	"core/v1:PersistentVolume":                        `{"spec":{"capacity":{"storage":"1Gi"},"accessModes":["ReadWriteMany"],"csi":{"driver":"efs.csi.aws.com","volumeHandle":"fs-1"}}}`,
	"core/v1:PersistentVolumeClaim":                   `{"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}`,
	"core/v1:ResourceQuota":                           `{"spec":{"hard":{"pods":"10"}}}`,
	"core/v1:LimitRange":                              `{"spec":{"limits":[{"type":"Container"}]}}`,
	"storage.k8s.io/v1:StorageClass":                  `{"provisioner":"ebs.csi.aws.com"}`,
	"scheduling.k8s.io/v1:PriorityClass":              `{"value":100}`,
	"apps/v1:Deployment":                              web,
	"apps/v1:StatefulSet":                             strings.Replace(web, `"replicas":2`, `"serviceName":"web"`, 1),
	"apps/v1:DaemonSet":                               strings.Replace(web, `"replicas":2,`, ``, 1),
	"batch/v1:Job":                                    `{"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"a","image":"b"}]}}}}`,
	"batch/v1:CronJob":                                `{"spec":{"schedule":"*/5 * * * *","jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"OnFailure","containers":[{"name":"a","image":"b"}]}}}}}}`,
	"autoscaling/v2:HorizontalPodAutoscaler":          `{"spec":{"maxReplicas":4,"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"}}}`,
	"policy/v1:PodDisruptionBudget":                   `{"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"web"}}}}`,
	"networking.k8s.io/v1:Ingress":                    `{"spec":{"rules":[{"host":"a.example.com","http":{"paths":[{"path":"/","pathType":"Prefix","backend":{"service":{"name":"web","port":{"number":80}}}}]}}]}}`,
	"networking.k8s.io/v1:NetworkPolicy":              `{"spec":{"podSelector":{}}}`,
	"networking.k8s.io/v1:IngressClass":               `{"spec":{"controller":"ingress.k8s.aws/alb"}}`,
	"rbac.authorization.k8s.io/v1:Role":               `{"rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}]}`,
	"rbac.authorization.k8s.io/v1:ClusterRole":        `{"rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}]}`,
	"rbac.authorization.k8s.io/v1:RoleBinding":        `{"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"a"},"subjects":[{"kind":"ServiceAccount","name":"web"}]}`,
	"rbac.authorization.k8s.io/v1:ClusterRoleBinding": `{"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"a"}}`,
}

func TestWhatWasMadeDoesNotDifferFromWhatWasAskedFor(t *testing.T) {
	c := newCluster(t)
	for _, token := range Tokens() {
		k := Find(token)
		kind := strings.TrimPrefix(token, "kubernetes:")
		require.Containsf(t, specimens, kind, "there is no specimen of %s", kind)
		in, failures := c.check(kind, specimens[kind], nil)
		require.Emptyf(t, failures, kind)
		var made *world.Record
		require.NoError(t, c.world.Update(func(tx *world.Tx) (err error) {
			made, err = k.Create(tx, c.place, catalog.Wanted{URN: kind, Inputs: in})
			return err
		}), kind)
		require.Empty(t, k.Compare(c.place, made.State, in, nil).Differences, kind)
		require.Equal(t, in, k.InputsOf(made, in), kind)
		require.NotEmpty(t, property.Text(made.State, "metadata.uid"), kind)
		uid := property.Text(made.State, "metadata.uid")
		require.NoError(t, c.world.Update(func(tx *world.Tx) (err error) {
			made, err = k.Update(tx, c.place, made, catalog.Wanted{URN: kind, Inputs: in})
			return err
		}))
		require.Equal(t, uid, property.Text(made.State, "metadata.uid"))
		require.NoError(t, c.world.Update(func(tx *world.Tx) error { return k.Delete(tx, c.place, made) }))
	}
}

func TestTheKindsAreThoseOfTheSDK(t *testing.T) {
	out, err := exec.Command("go", "env", "GOMODCACHE").Output()
	require.NoError(t, err)
	folder := filepath.Join(strings.TrimSpace(string(out)), "github.com", "pulumi", "pulumi-kubernetes", "sdk", "v4@v"+Version, "go", "kubernetes")
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("the pulumi-kubernetes SDK %s is not in the module cache", Version)
	}
	for _, token := range Tokens() {
		parts := strings.Split(token, ":")
		group, version, _ := strings.Cut(parts[1], "/")
		group, _, _ = strings.Cut(group, ".")
		file := filepath.Join(folder, group, version, strings.ToLower(parts[2][:1])+parts[2][1:]+".go")
		text, err := os.ReadFile(file)
		require.NoError(t, err, token)
		require.Contains(t, string(text), `RegisterResource("`+token+`"`)
	}
}

func TestWhatIsWrongWithInputs(t *testing.T) {
	c := newCluster(t)
	for sentence, c2 := range map[string]struct{ kind, inputs, property, reason string }{
		"no pods":                      {deployment, `{}`, "spec.template", "Required value"},
		"a selector that selects none": {deployment, strings.Replace(web, `"labels":{"app":"web"}`, `"labels":{"app":"other"}`, 1), "spec.template.metadata.labels", "does not match template"},
		"a container without an image": {deployment, strings.Replace(web, `,"image":"nginx"`, ``, 1), "spec.template.spec.containers[0].image", "Required value"},
		"a name with capitals":         {"core/v1:ConfigMap", `{"metadata":{"name":"Web"}}`, "metadata.name", "RFC 1123"},
		"a kind that it is not":        {"core/v1:ConfigMap", `{"kind":"Secret"}`, "kind", "Invalid value"},
		"a schedule that is none":      {"batch/v1:CronJob", strings.Replace(specimens["batch/v1:CronJob"], "*/5 * * * *", "often", 1), "spec.schedule", "expected 5 fields"},
		"a job that never ends":        {"batch/v1:Job", strings.Replace(specimens["batch/v1:Job"], "Never", "Always", 1), "spec.template.spec.restartPolicy", "Unsupported value"},
		"more replicas at least":       {"autoscaling/v2:HorizontalPodAutoscaler", `{"spec":{"minReplicas":5,"maxReplicas":4,"scaleTargetRef":{"kind":"Deployment","name":"web"}}}`, "spec.maxReplicas", "greater than or equal"},
		"two budgets at once":          {"policy/v1:PodDisruptionBudget", `{"spec":{"minAvailable":1,"maxUnavailable":1}}`, "spec", "cannot be both set"},
		"a port that is none":          {"core/v1:Service", `{"spec":{"ports":[{"port":70000}]}}`, "spec.ports[0].port", "between 1 and 65535"},
	} {
		t.Run(sentence, func(t *testing.T) {
			_, failures := c.check(c2.kind, c2.inputs, nil)
			for _, f := range failures {
				if f.Property == c2.property {
					require.Contains(t, f.Reason, c2.reason)
					return
				}
			}
			t.Fatalf("no failure of %s among %v", c2.property, failures)
		})
	}
}

func TestNamesAndNamespaces(t *testing.T) {
	c := newCluster(t)
	in, _ := c.check("core/v1:ConfigMap", `{}`, nil)
	require.Regexp(t, `^web-[0-9a-f]{8}$`, property.Text(in, "metadata.name"))
	require.Equal(t, "shop", property.Text(in, "metadata.namespace"))
	again, _ := c.check("core/v1:ConfigMap", `{"data":{"a":"b"}}`, in)
	require.Equal(t, property.Text(in, "metadata.name"), property.Text(again, "metadata.name"))
	_, err := c.try("core/v1:ConfigMap", `{"metadata":{"name":"a","namespace":"none"}}`, "urn")
	require.ErrorContains(t, err, `namespaces "none" not found`)
}

func TestAnObjectThatAnotherHasSetIsNotOverwritten(t *testing.T) {
	c := newCluster(t)
	_, err := c.try("core/v1:ConfigMap", `{"metadata":{"name":"a"},"data":{"k":"v"}}`, "one")
	require.NoError(t, err)
	_, err = c.try("core/v1:ConfigMap", `{"metadata":{"name":"a"},"data":{"k":"other"}}`, "two")
	require.ErrorContains(t, err, "Apply failed with 1 conflicts")
	_, err = c.try("core/v1:ConfigMap", `{"metadata":{"name":"a"},"data":{"k":"v"}}`, "two")
	require.NoError(t, err, "what agrees is taken over")
}

func TestWhichChangesReplace(t *testing.T) {
	c := newCluster(t)
	for sentence, c2 := range map[string]struct {
		kind, before, after string
		replacing           []string
		deleteFirst         bool
	}{
		"an image":                          {deployment, web, strings.Replace(web, "nginx", "httpd", 1), nil, false},
		"a selector, of a given name":       {deployment, web, strings.ReplaceAll(web, `{"app":"web"}`, `{"app":"shop"}`), []string{"spec.selector.matchLabels.app"}, true},
		"the data of a map, of a made name": {"core/v1:ConfigMap", `{"data":{"a":"b"}}`, `{"data":{"a":"c"}}`, []string{"data.a"}, false},
		"a label that is gone":              {"core/v1:ServiceAccount", `{"metadata":{"labels":{"a":"b"}}}`, `{}`, nil, false},
		"a claim's size":                    {"core/v1:PersistentVolumeClaim", specimens["core/v1:PersistentVolumeClaim"], strings.Replace(specimens["core/v1:PersistentVolumeClaim"], "1Gi", "2Gi", 1), nil, false},
		"another namespace":                 {"core/v1:ServiceAccount", `{"metadata":{"name":"a","namespace":"shop"}}`, `{"metadata":{"name":"a","namespace":"default"}}`, []string{"metadata.namespace"}, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			made := c.make(c2.kind, c2.before)
			in, failures := c.check(c2.kind, c2.after, made.Inputs)
			require.Empty(t, failures)
			diff := Find(made.Type).Compare(c.place, made.State, in, nil)
			require.NotEmpty(t, diff.Differences)
			require.Equal(t, c2.replacing, diff.Replacing)
			require.Equal(t, c2.deleteFirst, diff.DeleteFirst)
			require.NoError(t, c.world.Update(func(tx *world.Tx) error { return Find(made.Type).Delete(tx, c.place, made) }))
		})
	}
}

func TestANamespaceTakesItsObjectsAlong(t *testing.T) {
	c := newCluster(t)
	c.make(deployment, web)
	c.make("core/v1:ConfigMap", `{"metadata":{"namespace":"default"}}`)
	require.NoError(t, c.world.Update(func(tx *world.Tx) error {
		return Find(namespaceToken).Delete(tx, c.place, tx.OfType(namespaceToken)[0])
	}))
	require.NoError(t, c.world.View(func(tx *world.Tx) error {
		require.Empty(t, tx.OfType("kubernetes:apps/v1:Deployment"))
		require.Len(t, tx.OfType("kubernetes:core/v1:ConfigMap"), 1)
		return nil
	}))
}

func TestTheClusterIsWhatTheConfigurationSays(t *testing.T) {
	for config, want := range map[string]string{
		`{}`:                 "default",
		`{"context":"live"}`: "live",
		`{"clusterIdentifier":"x","context":"y"}`:                                                      "x",
		`{"kubeconfig":"clusters:\n- cluster:\n    server: https://A.eks.amazonaws.com\n"}`:            "https://A.eks.amazonaws.com",
		`{"kubeconfig":"{\"clusters\":[{\"cluster\":{\"server\":\"https://B.eks.amazonaws.com\"}}]}"}`: "https://B.eks.amazonaws.com",
	} {
		var c object
		require.NoError(t, json.Unmarshal([]byte(config), &c))
		place, failures := PlaceOf(c)
		require.Empty(t, failures)
		require.Equal(t, want, place.Region)
	}
	_, failures := PlaceOf(object{"renderYamlToDirectory": "x"})
	require.Len(t, failures, 1)
}
