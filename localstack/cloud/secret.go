package cloud

import (
	"github.com/deployer-io/deployer/localstack/cloud/property"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

// SecretValue returns the newest value of a secret in Secrets Manager, by its name or ARN; an empty region is any.
func (c *Cloud) SecretValue(region, name string) (value string, err error) {
	err = c.world.View(func(tx *world.Tx) error {
		arn := name
		for _, r := range tx.OfType("aws:secretsmanager/secret:Secret") {
			if property.Text(r.State, "name") == name && (region == "" || r.Region == region) {
				arn = r.ID
			}
		}
		var newest *world.Record
		for _, r := range tx.OfType("aws:secretsmanager/secretVersion:SecretVersion") {
			if property.Text(r.State, "secretId") == arn && (newest == nil || !r.Created.Before(newest.Created)) {
				newest = r
			}
		}
		if newest == nil {
			return &NoSuchResource{name}
		}
		value = property.Text(newest.State, "secretString")
		return nil
	})
	return value, err
}
