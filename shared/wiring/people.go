package wiring

import (
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/deployer-io/deployer/shared/report/snsreport"
	"github.com/deployer-io/deployer/shared/resource"
)

// People is what a function needs to ask and to tell people.
type People struct {
	Answers      Answers
	Signer       *MacKey // nil: there are no links
	ApprovalURL  string
	Topics       snsreport.Topics
	ARNs         map[string]string // of the installation's topics, by name
	Outlets      *Outlets
	Webhook      *resource.SecretRef // of the installation's own channel; nil: it has none
	Installation string
}

// PeopleFromEnvironment makes what a function needs to ask and to tell people. Names are the installation's topics.
func PeopleFromEnvironment(p Ports, names []string) People {
	call := caller{config: p.Config, http: &http.Client{}}
	made := People{Answers: Answers{Client: sfn.NewFromConfig(p.Config)}, ApprovalURL: os.Getenv(ApprovalURLVariable),
		Topics: snsreport.Topics{Client: sns.NewFromConfig(p.Config)}, ARNs: map[string]string{}, Installation: os.Getenv(InstallationVariable),
		Outlets: &Outlets{caller: call, http: &http.Client{}, secrets: sync.OnceValue(func() *secretsmanager.Client {
			return secretsmanager.NewFromConfig(p.Config)
		})}}
	if key := os.Getenv(ApprovalKeyVariable); key != "" {
		made.Signer = &MacKey{caller: call, id: key}
	}
	if secret := os.Getenv(SlackSecretVariable); secret != "" {
		made.Webhook = &resource.SecretRef{Name: secret, Provider: resource.SecretsManager}
	}
	for _, name := range names {
		if arn := os.Getenv(TopicVariablePrefix + strings.ToUpper(name)); arn != "" {
			made.ARNs[name] = arn
		}
	}
	return made
}
