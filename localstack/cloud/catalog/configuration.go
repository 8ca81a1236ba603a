package catalog

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud/property"
)

// DefaultAccount is the account of whom a provider's configuration does not tell.
const DefaultAccount = "123456789012"

// DefaultRegion is the region of a provider whose configuration names none.
const DefaultRegion = "us-east-1"

var (
	accountID  = regexp.MustCompile(`^\d{12}$`)
	regionName = regexp.MustCompile(`^[a-z]{2}(-gov|-iso[a-z]?)?-[a-z]+-\d$`)
)

// PlaceOf reads the configuration of an aws provider: its account is the one account that it allows, or that of the role
// that it assumes, or its access key where that is an account's number.
func PlaceOf(config map[string]any) (Place, []Failure) {
	place := Place{Account: DefaultAccount, Region: DefaultRegion}
	var failures []Failure
	if region := property.Text(config, "region"); region != "" && region != property.Format(property.Unknown{}) {
		place.Region = region
		if !regionName.MatchString(region) {
			failures = append(failures, Failure{"region", "invalid AWS Region: " + region})
		}
	}
	allowed := property.Texts(structured(config["allowedAccountIds"]), "")
	roles := property.Texts(structured(config["assumeRoles"]), "roleArn")
	switch key := property.Text(config, "accessKey"); {
	case len(roles) > 0 && len(strings.Split(roles[len(roles)-1], ":")) == 6:
		place.Account = strings.Split(roles[len(roles)-1], ":")[4]
	case accountID.MatchString(key):
		place.Account = key
	case len(allowed) == 1:
		place.Account = allowed[0]
	}
	if !accountID.MatchString(place.Account) {
		failures = append(failures, Failure{"allowedAccountIds", "an account's id has 12 digits, not " + place.Account})
	}
	if len(allowed) > 0 && !contains(allowed, place.Account) {
		failures = append(failures, Failure{"allowedAccountIds", "AWS account ID not allowed: " + place.Account})
	}
	if contains(property.Texts(structured(config["forbiddenAccountIds"]), ""), place.Account) {
		failures = append(failures, Failure{"forbiddenAccountIds", "AWS account ID not allowed: " + place.Account})
	}
	tags := property.Map(map[string]any{"d": structured(config["defaultTags"])}, "d.tags")
	for k, v := range tags {
		if place.DefaultTags == nil {
			place.DefaultTags = map[string]string{}
		}
		place.DefaultTags[k] = property.Format(v)
	}
	if config["ignoreTags"] != nil {
		failures = append(failures, Failure{"ignoreTags", "the simulated aws provider does not know ignoreTags"})
	}
	return place, failures
}

// structured is a value of a provider's configuration: lists and objects come as JSON in texts.
func structured(v any) any {
	text, ok := v.(string)
	if !ok {
		return v
	}
	var value any
	if json.Unmarshal([]byte(text), &value) != nil {
		return v
	}
	return value
}
