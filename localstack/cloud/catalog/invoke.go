package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud/property"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

// question is a function of the provider, as programs call it.
type question struct {
	tx    *world.Tx
	place Place
	args  map[string]any
}

func (q question) text(name string) string { return property.Text(q.args, name) }

// questions are the functions that find no resources.
func questions() map[string]func(question) (map[string]any, error) {
	return map[string]func(question) (map[string]any, error){
		"aws:index/getCallerIdentity:getCallerIdentity":                callerIdentity,
		"aws:index/getRegion:getRegion":                                region,
		"aws:index/getPartition:getPartition":                          partition,
		"aws:index/getAvailabilityZones:getAvailabilityZones":          availabilityZones,
		"aws:index/getDefaultTags:getDefaultTags":                      defaultTags,
		"aws:iam/getPolicyDocument:getPolicyDocument":                  policyDocument,
		"aws:ec2/getAmi:getAmi":                                        image,
		"aws:ec2/getManagedPrefixList:getManagedPrefixList":            prefixList,
		"aws:ec2/getPrefixList:getPrefixList":                          prefixList,
		"aws:elb/getServiceAccount:getServiceAccount":                  balancerAccount,
		"aws:lb/getHostedZoneId:getHostedZoneId":                       balancerZone,
		"aws:cloudfront/getCachePolicy:getCachePolicy":                 managedPolicy,
		"aws:cloudfront/getOriginRequestPolicy:getOriginRequestPolicy": managedPolicy,
	}
}

// Invoke calls a function of the provider. Known is false for a function that is not simulated.
func Invoke(tx *world.Tx, place Place, token string, args map[string]any) (result map[string]any, known bool, err error) {
	ask, known := questions()[token]
	if !known {
		found, isSearch := searches[token]
		if !isSearch {
			return nil, false, nil
		}
		ask = found.ask
	}
	q := question{tx, place.placeOf(args), args}
	if token == parameterFunction {
		if result := publicParameter(q); result != nil {
			return result, true, nil
		}
	}
	result, err = ask(q)
	if err != nil {
		return nil, true, fmt.Errorf("%s: %w", token, err)
	}
	return result, true, nil
}

func callerIdentity(q question) (map[string]any, error) {
	return object{
		"id": q.place.Account, "accountId": q.place.Account, "userId": "AKIASIMULATED", "arn": "arn:" + q.place.Partition() + ":iam::" + q.place.Account + ":root",
	}, nil
}

func region(q question) (map[string]any, error) {
	name := q.place.Region
	if asked := q.text("name"); asked != "" {
		name = asked
	}
	return object{"id": name, "name": name, "region": name, "description": name, "endpoint": "ec2." + name + "." + dnsSuffix(q.place)}, nil
}

func dnsSuffix(p Place) string {
	if p.Partition() == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

func partition(q question) (map[string]any, error) {
	reverse := "com.amazonaws"
	if q.place.Partition() == "aws-cn" {
		reverse = "cn.com.amazonaws"
	}
	return object{"id": q.place.Partition(), "partition": q.place.Partition(), "dnsSuffix": dnsSuffix(q.place), "reverseDnsPrefix": reverse}, nil
}

func availabilityZones(q question) (map[string]any, error) {
	var names, ids list
	excluded := property.Texts(q.args, "excludeNames")
	for _, zone := range Zones(q.place.Region) {
		if !contains(excluded, zone) {
			names, ids = append(names, zone), append(ids, ZoneID(zone))
		}
	}
	return object{"id": q.place.Region, "region": q.place.Region, "names": names, "zoneIds": ids, "groupNames": list{q.place.Region}, "state": q.text("state")}, nil
}

func defaultTags(q question) (map[string]any, error) {
	return object{"id": q.place.Partition(), "tags": q.place.tagsAll(nil)}, nil
}

// madeUp is hexadecimal digits that are always the same for the same words: for what AWS itself provides in each region.
func madeUp(digits int, words ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(words, "/")))
	return hex.EncodeToString(sum[:])[:digits]
}

// image finds a machine image; each combination of owner and filters has one of its own.
func image(q question) (map[string]any, error) {
	words := append(property.Texts(q.args, "owners"), q.place.Region, q.text("nameRegex"))
	for _, filter := range property.List(q.args, "filters") {
		words = append(append(words, property.Text(filter, "name")), property.Texts(filter, "values")...)
	}
	id := "ami-0" + madeUp(16, words...)
	architecture := "x86_64"
	if contains(words, "arm64") {
		architecture = "arm64"
	}
	return object{
		"id": id, "imageId": id, "arn": "arn:" + q.place.Partition() + ":ec2:" + q.place.Region + "::image/" + id, "architecture": architecture, "state": "available",
		"name": strings.ReplaceAll(strings.Join(property.Texts(q.args, "filters.values"), "-"), "*", "x"), "rootDeviceName": "/dev/xvda", "rootDeviceType": "ebs",
		"virtualizationType": "hvm", "ownerId": "137112412989", "public": true, "mostRecent": q.args["mostRecent"], "owners": q.args["owners"], "filters": q.args["filters"],
	}, nil
}

const parameterFunction = "aws:ssm/getParameter:getParameter"

// publicParameter answers for the parameters that AWS publishes, such as the newest machine images; nil for others.
func publicParameter(q question) map[string]any {
	name := q.text("name")
	if !strings.HasPrefix(name, "/aws/service/") {
		return nil
	}
	value := "ami-0" + madeUp(16, q.place.Region, name)
	if strings.HasSuffix(name, "/recommended") {
		value = `{"image_id":"` + value + `"}`
	}
	return object{
		"id": name, "name": name, "value": value, "insecureValue": value, "type": "String", "version": 1, "region": q.place.Region,
		"arn": "arn:" + q.place.Partition() + ":ssm:" + q.place.Region + "::parameter" + name,
	}
}

func prefixList(q question) (map[string]any, error) {
	name := q.text("name")
	for _, filter := range property.List(q.args, "filters") {
		if values := property.Texts(filter, "values"); property.Text(filter, "name") == "prefix-list-name" && len(values) > 0 {
			name = values[0]
		}
	}
	if !strings.HasPrefix(name, "com.amazonaws.") {
		return nil, fmt.Errorf("no matching EC2 managed prefix list found: %s", name)
	}
	id := "pl-" + madeUp(8, q.place.Region, name)
	return object{
		"id": id, "name": name, "arn": "arn:" + q.place.Partition() + ":ec2:" + q.place.Region + ":aws:prefix-list/" + id, "ownerId": "AWS", "addressFamily": "IPv4",
		"maxEntries": 55, "version": 1, "entries": list{}, "cidrBlocks": list{}, "tags": object{}, "filters": q.args["filters"],
	}, nil
}

// balancerAccount is the account in whose name load balancers write their logs in older regions.
func balancerAccount(q question) (map[string]any, error) {
	accounts := map[string]string{
		"us-east-1": "127311923021", "us-east-2": "033677994240", "us-west-1": "027434742980", "us-west-2": "797873946194", "eu-west-1": "156460612806",
		"eu-west-2": "652711504416", "eu-west-3": "009996457667", "eu-central-1": "054676820928", "eu-north-1": "897822967062", "ap-southeast-1": "114774131450",
		"ap-southeast-2": "783225319266", "ap-northeast-1": "582318560864", "ap-south-1": "718504428378", "sa-east-1": "507241528517", "ca-central-1": "985666609251",
	}
	account := accounts[q.place.Region]
	if account == "" {
		return nil, fmt.Errorf("unknown region (%s): load balancers there write their logs as logdelivery.elasticloadbalancing.amazonaws.com", q.place.Region)
	}
	return object{"id": account, "arn": "arn:" + q.place.Partition() + ":iam::" + account + ":root", "region": q.place.Region}, nil
}

func balancerZone(q question) (map[string]any, error) {
	zone := regionalZone(applicationZones, "alb", q.place.Region)
	if q.text("loadBalancerType") == "network" {
		zone = regionalZone(networkZones, "nlb", q.place.Region)
	}
	return object{"id": zone, "region": q.place.Region, "loadBalancerType": q.args["loadBalancerType"]}, nil
}

// managedPolicy finds one of CloudFront's managed policies by its name; their ids are those of CloudFront's documentation.
func managedPolicy(q question) (map[string]any, error) {
	ids := map[string]string{
		"Managed-CachingOptimized": "658327ea-f89d-4fab-a63d-7e88639e58f6", "Managed-CachingDisabled": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
		"Managed-CachingOptimizedForUncompressedObjects": "b2884449-e4de-46a7-ac36-70bc7f1ddd6d", "Managed-AllViewer": "216adef6-5c7f-47e4-b989-5492eafa07d3",
		"Managed-AllViewerExceptHostHeader": "b689b0a8-53d0-40ab-baf2-68738e2966ac", "Managed-CORS-S3Origin": "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf",
	}
	name, id := q.text("name"), q.text("id")
	for n, i := range ids {
		if n == name || i == id && id != "" {
			return object{"id": i, "name": n, "etag": "E" + strings.ToUpper(madeUp(13, n))}, nil
		}
	}
	return nil, fmt.Errorf("no matching CloudFront policy found: %s%s", name, id)
}
