package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud/property"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

// search describes a function that finds resources of one type. The arguments that bear the name of a property, or are
// given another in by, say which are meant; tags must be among the resource's; filters are those of EC2.
type search struct {
	is string
	by map[string]string // argument -> property; "" is the id, "-" says nothing
	// all: every match counts, and the answer is the list of ids under this name.
	all string
	// also adds to the answer.
	also func(q question, r *record, answer map[string]any)
}

var searches = map[string]search{
	"aws:ec2/getVpc:getVpc":                       {is: "ec2.Vpc", by: map[string]string{"id": "", "default": "-"}},
	"aws:ec2/getVpcs:getVpcs":                     {is: "ec2.Vpc", all: "ids"},
	"aws:ec2/getSubnet:getSubnet":                 {is: "ec2.Subnet", by: map[string]string{"id": "", "defaultForAz": "-"}},
	"aws:ec2/getSubnets:getSubnets":               {is: "ec2.Subnet", all: "ids"},
	"aws:ec2/getSecurityGroup:getSecurityGroup":   {is: "ec2.SecurityGroup", by: map[string]string{"id": ""}},
	"aws:ec2/getSecurityGroups:getSecurityGroups": {is: "ec2.SecurityGroup", all: "ids"},
	"aws:ec2/getRouteTable:getRouteTable":         {is: "ec2.RouteTable", by: map[string]string{"routeTableId": ""}},
	"aws:ec2/getInternetGateway:getInternetGateway": {
		is: "ec2.InternetGateway", by: map[string]string{"internetGatewayId": ""},
		also: func(_ question, r *record, answer map[string]any) { answer["internetGatewayId"] = r.ID },
	},
	"aws:iam/getRole:getRole":     {is: "iam.Role"},
	"aws:iam/getPolicy:getPolicy": {is: "iam.Policy"},
	"aws:ecs/getCluster:getCluster": {is: "ecs.Cluster", by: map[string]string{"clusterName": "name"}, also: func(_ question, r *record, answer map[string]any) {
		answer["clusterName"], answer["status"] = r.Text("name"), "ACTIVE"
	}},
	"aws:ecs/getService:getService": {is: "ecs.Service", by: map[string]string{"serviceName": "name", "clusterArn": "cluster"}, also: func(_ question, r *record, answer map[string]any) {
		answer["serviceName"], answer["clusterArn"] = r.Text("name"), r.Text("cluster")
	}},
	"aws:lb/getLoadBalancer:getLoadBalancer": {is: "lb.LoadBalancer"},
	"aws:lb/getTargetGroup:getTargetGroup":   {is: "lb.TargetGroup"},
	"aws:lb/getListener:getListener":         {is: "lb.Listener"},
	"aws:acm/getCertificate:getCertificate":  {is: "acm.Certificate", by: map[string]string{"domain": "domainName", "statuses": "-", "types": "-", "keyTypes": "-", "mostRecent": "-"}},
	"aws:secretsmanager/getSecret:getSecret": {is: "secretsmanager.Secret"},
	"aws:s3/getBucket:getBucket":             {is: "s3.Bucket"},
	"aws:rds/getInstance:getInstance":        {is: "rds.Instance", by: map[string]string{"dbInstanceIdentifier": "identifier"}},
	"aws:rds/getCluster:getCluster":          {is: "rds.Cluster"},
	"aws:sqs/getQueue:getQueue":              {is: "sqs.Queue"},
	"aws:sns/getTopic:getTopic":              {is: "sns.Topic"},
	"aws:dynamodb/getTable:getTable":         {is: "dynamodb.Table"},
	"aws:eks/getCluster:getCluster": {is: "eks.Cluster", also: func(_ question, r *record, answer map[string]any) {
		answer["certificateAuthorities"] = list{r.State["certificateAuthority"]} // one object in the resource, a list here
	}},
	"aws:lambda/getFunction:getFunction":                      {is: "lambda.Function", by: map[string]string{"functionName": "name", "qualifier": "-"}},
	"aws:efs/getFileSystem:getFileSystem":                     {is: "efs.FileSystem", by: map[string]string{"fileSystemId": ""}},
	"aws:kms/getAlias:getAlias":                               {is: "kms.Alias"},
	"aws:kms/getKey:getKey":                                   {is: "kms.Key", by: map[string]string{"keyId": "", "grantTokens": "-"}},
	"aws:route53/getZone:getZone":                             {is: "route53.Zone", by: map[string]string{"vpcId": "vpcs.vpcId", "privateZone": "-"}},
	"aws:ssm/getParameter:getParameter":                       {is: "ssm.Parameter", by: map[string]string{"withDecryption": "-"}},
	"aws:cloudwatch/getLogGroup:getLogGroup":                  {is: "cloudwatch.LogGroup"},
	"aws:ecr/getRepository:getRepository":                     {is: "ecr.Repository"},
	"aws:elasticache/getReplicationGroup:getReplicationGroup": {is: "elasticache.ReplicationGroup"},
	"aws:servicediscovery/getDnsNamespace:getDnsNamespace":    {is: "servicediscovery.PrivateDnsNamespace", by: map[string]string{"type": "-"}},
	"aws:secretsmanager/getSecretVersion:getSecretVersion":    {is: "secretsmanager.SecretVersion", by: map[string]string{"versionStage": "versionStages"}},
}

func (s search) ask(q question) (map[string]any, error) {
	var found []*world.Record
	for _, r := range q.tx.OfType(token(s.is)) {
		if q.place.Sees(r) && s.means(q, r) {
			found = append(found, r)
		}
	}
	if s.all != "" {
		ids := list{}
		for _, r := range found {
			ids = append(ids, r.ID)
		}
		return object{"id": q.place.Region, s.all: ids, "tags": q.args["tags"], "filters": q.args["filters"]}, nil
	}
	label := Find(token(s.is)).label()
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("reading %s: no matching %s found", label, label)
	case 1:
		answer := world.CloneMap(found[0].State)
		answer["id"] = found[0].ID
		if s.also != nil {
			s.also(q, found[0], answer)
		}
		return answer, nil
	}
	return nil, fmt.Errorf("reading %s: multiple %ss matched; use additional constraints to reduce matches to a single %s", label, label, label)
}

func (s search) means(q question, r *world.Record) bool {
	t := Find(r.Type)
	for name, wanted := range q.args {
		path, renamed := s.by[name]
		switch {
		case path == "-" || name == "region" || name == "filters" || name == "tags" || wanted == nil:
		case renamed && path == "":
			if r.ID != wanted && r.Text("arn") != wanted {
				return false
			}
		case renamed:
			if !holds(r.State, path, wanted) {
				return false
			}
		case name == t.NameIn || t.Has(name):
			if !holds(r.State, name, wanted) && r.ID != wanted && r.Text("arn") != wanted {
				return false
			}
		}
	}
	for k, v := range property.Map(q.args, "tags") {
		if property.Map(r.State, "tagsAll")[k] != v {
			return false
		}
	}
	for _, filter := range property.List(q.args, "filters") {
		if !passes(r, property.Text(filter, "name"), property.Texts(filter, "values")) {
			return false
		}
	}
	return true
}

func holds(state map[string]any, path string, wanted any) bool {
	return slices.ContainsFunc(property.At(state, path), func(v any) bool { return property.Equal(v, wanted, true) })
}

// passes reports whether a resource passes a filter of EC2: tag:KEY, tag-key, or a property with hyphens, in which * and ?
// stand for anything.
func passes(r *world.Record, name string, values []string) bool {
	tags := property.Map(r.State, "tagsAll")
	if key, isTag := strings.CutPrefix(name, "tag:"); isTag {
		return slices.ContainsFunc(values, func(v string) bool { return wildcard(v, property.Format(tags[key])) && tags[key] != nil })
	}
	if name == "tag-key" {
		return slices.ContainsFunc(values, func(v string) bool { return tags[v] != nil })
	}
	path := camel(name)
	found := append(property.At(r.State, path), property.At(r.State, strings.TrimSuffix(path, "Id"))...)
	if strings.HasSuffix(name, "-id") {
		found = append(found, r.ID)
	}
	return slices.ContainsFunc(found, func(v any) bool {
		return slices.ContainsFunc(values, func(wanted string) bool { return wildcard(wanted, property.Format(v)) })
	})
}

// camel turns availability-zone into availabilityZone.
func camel(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '.' })
	for i := range words {
		if i > 0 {
			words[i] = strings.ToUpper(words[i][:1]) + words[i][1:]
		}
	}
	return strings.Join(words, "")
}

func wildcard(pattern, text string) bool {
	before, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == text
	}
	if !strings.HasPrefix(text, before) {
		return false
	}
	for i := len(before); i <= len(text); i++ {
		if wildcard(rest, text[i:]) {
			return true
		}
	}
	return false
}
