package catalog

import (
	"slices"
	"strings"

	"github.com/deployer-io/deployer/localstack/cloud/property"
	"github.com/deployer-io/deployer/localstack/cloud/world"
)

func certificates() []Type {
	return []Type{
		{
			Is: "acm.Certificate",
			ID: "{arn}",
			Replace: "certificateAuthorityArn domainName keyAlgorithm subjectAlternativeNames validationMethod " +
				"validationOptions",
			Enums: map[string]string{
				"validationMethod": "DNS EMAIL NONE HTTP",
				"keyAlgorithm":     "RSA_1024 RSA_2048 RSA_3072 RSA_4096 EC_prime256v1 EC_secp384r1 EC_secp521r1",
			},
			Outputs: object{
				"arn": "arn:{partition}:acm:{region}:{account}:certificate/{uuid}", "keyAlgorithm": "RSA_2048", "notAfter": "", "notBefore": "",
				"options":        object{"certificateTransparencyLoggingPreference": "ENABLED", "export": "DISABLED"},
				"pendingRenewal": false, "renewalEligibility": "INELIGIBLE", "renewalSummaries": list{}, "status": "", "type": "", "validationEmails": list{},
				"validationMethod": "NONE", "domainValidationOptions": list{}, "domainName": "", "subjectAlternativeNames": list{"{domainName}"},
			},
			Missing: "ResourceNotFoundException: Could not find certificate {ref}.",
			InUse:   "ResourceInUseException: Certificate {arn} in account {account} is in use.",
			Check: func(c *Checking) {
				c.exactlyOne("domainName", "privateKey")
				if c.given("privateKey") != c.given("certificateBody") {
					c.Failf("certificateBody", "all of `certificate_body,private_key` must be specified")
				}
				if c.given("domainName") && !c.given("certificateAuthorityArn") && !c.given("validationMethod") {
					c.Failf("validationMethod", "validation_method must be set for a certificate that Amazon issues")
				}
			},
			Before: func(o *Op) error {
				if !o.creating() {
					return nil
				}
				if o.given("privateKey") || o.given("certificateAuthorityArn") {
					o.fill("status", "ISSUED")
					o.State["type"] = map[bool]string{true: "IMPORTED", false: "PRIVATE"}[o.given("privateKey")]
					return nil
				}
				o.fill("status", "PENDING_VALIDATION")
				o.State["type"] = "AMAZON_ISSUED"
				if o.text("validationMethod") == "DNS" {
					o.State["domainValidationOptions"] = o.validationRecords()
				}
				return nil
			},
		},
		{
			Is:         "acm.CertificateValidation",
			ID:         "{now}",
			Slot:       "{certificateArn}",
			Unique:     "{certificateArn}",
			Overwrites: true,
			Replace:    "certificateArn validationRecordFqdns",
			Settles:    60e9,
			Refs:       []string{"certificateArn acm.Certificate +"},
			Before:     issueCertificate,
		},
	}
}

// validationRecords are the names that must be in DNS for Amazon to issue the certificate, one for each domain.
func (o *Op) validationRecords() list {
	domains := append(property.Texts(o.State, "domainName"), property.Texts(o.State, "subjectAlternativeNames")...)
	slices.Sort(domains[1:])
	records := list{}
	seen := map[string]bool{}
	for _, domain := range domains {
		if seen[domain] {
			continue
		}
		seen[domain] = true
		records = append(records, object{
			"domainName": domain, "resourceRecordType": "CNAME",
			"resourceRecordName":  "_" + o.Tx.Hex(32) + "." + strings.TrimPrefix(domain, "*.") + ".",
			"resourceRecordValue": "_" + o.Tx.Hex(32) + "." + o.Tx.Hex(10) + ".acm-validations.aws.",
		})
	}
	return records
}

// issueCertificate issues the certificate when its validation records are in a hosted zone of this account. A domain for
// which there is no zone here is taken for validated: its DNS is elsewhere.
func issueCertificate(o *Op) error {
	certificate := o.target("certificateArn")
	if certificate == nil {
		return nil
	}
	for _, each := range property.List(certificate.State, "domainValidationOptions") {
		name := strings.TrimSuffix(property.Text(each, "resourceRecordName"), ".")
		here := slices.ContainsFunc(o.Tx.OfType(token("route53.Zone")), func(zone *record) bool {
			return zone.Account == o.Account && strings.HasSuffix(name, "."+zone.Text("name"))
		})
		found := slices.ContainsFunc(o.Tx.OfType(token("route53.Record")), func(r *record) bool { return r.Account == o.Account && r.Text("fqdn") == name })
		if here && !found {
			return o.refusef("RequestTimeout: timeout while waiting for state to become 'ISSUED' (last state: 'PENDING_VALIDATION', timeout: 1h15m0s): "+
				"there is no record %s", name)
		}
	}
	o.change(certificate, func(r *world.Record) {
		now := o.Tx.Now()
		r.State["status"], r.State["notBefore"] = "ISSUED", now.Format("2006-01-02T15:04:05Z")
		r.State["notAfter"] = now.AddDate(0, 13, 0).Format("2006-01-02T15:04:05Z")
	})
	return nil
}
