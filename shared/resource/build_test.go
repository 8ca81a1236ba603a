package resource_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/address"
	"github.com/deployer-io/deployer/shared/bundle"
	"github.com/deployer-io/deployer/shared/diag"
	"github.com/deployer-io/deployer/shared/document"
	"github.com/deployer-io/deployer/shared/resource"
)

var staging = address.Scope("shop", "staging")

// build takes paths and contents in turn through bundle and document.
func build(t testing.TB, files ...string) (*resource.Set, diag.List) {
	t.Helper()
	var all []bundle.File
	for i := 0; i < len(files); i += 2 {
		all = append(all, bundle.File{Path: files[i], Data: []byte(files[i+1])})
	}
	b, ds := bundle.FromFiles(all, bundle.Limits{})
	require.Empty(t, ds.String())
	return buildBundle(b, staging)
}

func buildBundle(b *bundle.Bundle, scope address.Address) (*resource.Set, diag.List) {
	docs, ds := document.Parse(b)
	docs, more := document.Merge(docs, document.Options{Stack: scope.Stack, Environment: scope.Environment})
	ds.Append(more)
	set, more := resource.Build(docs, scope)
	ds.Append(more)
	return set, ds.Sorted()
}

const base = `apiVersion: core.deployer.io/v1
kind: Stack
metadata: {name: shop}
spec:
  tags: {owner: shop-team, tier: all}
  environments:
    - {name: staging, region: eu-central-1, account: "123456789012", tags: {stage: staging}}
    - {name: production, region: eu-west-1}
---
apiVersion: infra.deployer.io/v1
kind: Networking
metadata: {name: network}
---
apiVersion: core.deployer.io/v1
kind: Service
metadata: {name: orders}
spec: {tags: {tier: orders}}
`

func component(kind, name, spec string) string {
	return "\n---\napiVersion: components.deployer.io/v1\nkind: " + kind + "\nmetadata: {name: " + name + ", service: orders}\nspec: " + spec + "\n"
}

const database = `{engine: postgres, version: "16.4", instanceClass: db.t4g.medium, database: orders, deletionPolicy: Delete}`

func TestDocumentsBecomeResources(t *testing.T) {
	set, ds := build(t, "stack.yaml", base, "orders.yaml", component("RDS", "db", database)+
		component("MicroService", "api", `{image: "registry.example.com/api:1.0", tags: {tier: web}, ports: [{name: http, port: 8080}],
  env: [{name: DB_HOST, valueFrom: {component: db, output: endpoint}}, {name: DB_PASSWORD, valueFrom: {component: orders/db, output: password}}]}`))
	require.Empty(t, ds.String())
	require.Equal(t, staging, set.Scope)
	require.Equal(t, "eu-central-1", set.Environment.Region)
	require.Equal(t, resource.ApprovalRequired, set.Environment.Approval.Mode)
	require.Len(t, set.Resources, 3)
	api, found := set.Find(staging.In("orders", "api"))
	require.True(t, found)
	spec := api.Spec.(*resource.MicroService)
	require.Equal(t, "orders/db", spec.Env[0].ValueFrom.Component, "names are completed")
	require.Equal(t, resource.Fargate, spec.Platform)
	require.Equal(t, map[string]string{"owner": "shop-team", "stage": "staging", "tier": "web"}, set.Tags(api))
	db, _ := set.Find(staging.In("orders", "db"))
	require.Equal(t, map[string]string{"owner": "shop-team", "stage": "staging", "tier": "orders"}, set.Tags(db))
	require.Equal(t, []resource.Need{
		{Address: staging.In("orders", "db"), Reason: resource.ReasonValue, Path: "spec.env[0].valueFrom", Output: "endpoint",
			Position: diag.Position{File: "orders.yaml", Line: 13, Column: 36}},
		{Address: staging.In("orders", "db"), Reason: resource.ReasonValue, Path: "spec.env[1].valueFrom", Output: "password",
			Position: diag.Position{File: "orders.yaml", Line: 13, Column: 103}},
		{Address: staging.In("platform", "networking"), Reason: resource.ReasonPlatform},
	}, api.Needs)
}

func TestASetSurvivesJSON(t *testing.T) {
	set, ds := build(t, "stack.yaml", base, "orders.yaml", component("RDS", "db", database)+component("SQS", "queue", "{}")+
		component("Worker", "worker", `{image: "a:1", queue: queue, env: [{name: DB, valueFrom: {component: db, output: port}}, {name: K, secretRef: {name: k}}]}`),
		"compliance.yaml", "apiVersion: infra.deployer.io/v1\nkind: Compliance\nmetadata: {name: rules}\nspec: {rules: [{name: a, expression: 'true'}]}\n")
	require.Empty(t, ds.String())
	data, err := json.Marshal(set)
	require.NoError(t, err)
	var back resource.Set
	require.NoError(t, json.Unmarshal(data, &back))
	again, err := json.Marshal(&back)
	require.NoError(t, err)
	require.Equal(t, string(data), string(again))
	worker, found := back.Find(staging.In("orders", "worker"))
	require.True(t, found)
	require.Equal(t, "orders/queue", worker.Spec.(*resource.Worker).Queue.Component)
}
