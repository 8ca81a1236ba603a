// Package notify is the Notify task: how a run ended goes in, news on the installation's topics come out. The topics call
// the same function: a notice goes in, and messages to those whom the stack and the installation name come out.
package notify

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/deployer-io/deployer/functions/makereport"
	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/report"
	"github.com/deployer-io/deployer/shared/resource"
	"github.com/deployer-io/deployer/shared/run"
)

// Handler tells people.
type Handler struct {
	Objects objects.Store
	Teller  *Teller
	Outlets Outlets
	// Webhook is where the installation keeps the incoming webhook of its own Slack channel; nil: it has none.
	Webhook *resource.SecretRef
}

// Out says who was told: names of topics and notifications, in order. Untold are those who could not be, and why.
type Out struct {
	Told   []string `json:"told"`
	Untold []string `json:"untold,omitempty"`
}

// Handle takes the task's payload, which is that of MakeReport, or an event of SNS.
func (h Handler) Handle(ctx context.Context, event json.RawMessage) (Out, error) {
	var door struct {
		Records []record `json:"Records"`
	}
	if err := json.Unmarshal(event, &door); err != nil {
		return Out{}, err
	}
	if len(door.Records) > 0 {
		return h.deliver(ctx, door.Records)
	}
	var in makereport.In
	if err := json.Unmarshal(event, &in); err != nil {
		return Out{}, err
	}
	return h.ended(ctx, in)
}

// ended tells how a run ended. Where there is no report, what the machine knows must do.
func (h Handler) ended(ctx context.Context, in makereport.In) (Out, error) {
	ref, err := in.Ref()
	if err != nil {
		return Out{}, err
	}
	var made report.Report
	err = run.Archive{Store: h.Objects, Ref: ref}.Read(ctx, run.ReportArtifact, &made)
	switch {
	case errors.Is(err, objects.ErrNotFound):
		made = report.New(report.Facts{Ref: ref, Request: in.Request, Ending: in.Ending, Failure: in.Failure, StartedAt: in.StartedAt,
			EndedAt: h.Teller.now()}, nil, nil)
	case err != nil:
		return Out{}, err
	}
	told, err := h.Teller.Ended(ctx, made)
	if told == nil {
		told = []string{}
	}
	return Out{Told: told}, err
}
