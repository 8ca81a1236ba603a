package main

import (
	"os"

	"github.com/deployer-io/deployer/functions/catalog"
	"github.com/deployer-io/deployer/functions/metric"
	"github.com/deployer-io/deployer/functions/notify"
	"github.com/deployer-io/deployer/shared/wiring"
)

// given is what the functions stand on in Lambda. What the environment does not name stays nil: an interface that holds a
// nil pointer would not be.
func given(p wiring.Ports) catalog.Ports {
	people := wiring.PeopleFromEnvironment(p, notify.TopicNames())
	metrics := &metric.Writer{Installation: people.Installation, Out: os.Stdout, Now: p.Now}
	ports := catalog.Ports{Objects: p.Objects, Locker: p.Locker, Now: p.Now, Answers: people.Answers, ApprovalURL: people.ApprovalURL,
		Teller:  &notify.Teller{Topics: people.Topics, ARNs: people.ARNs, Metrics: metrics, Now: p.Now},
		Outlets: people.Outlets, Webhook: people.Webhook, Metrics: metrics}
	if p.Executions != nil {
		ports.Executions, ports.Workers = p.Executions, p.Executions
	}
	if people.Signer != nil {
		ports.Signer = people.Signer
	}
	return ports
}
