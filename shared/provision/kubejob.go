package provision

import (
	"fmt"
	"strconv"
	"strings"

	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

// cronJobOnEKS makes a CronJob. As on ECS, a run that fails is not run again; one that could not start is, until it is too
// late.
func (p *program) cronJobOnEKS(spec *resource.CronJob, net network) error {
	s, err := p.pods(&spec.Container, net, nil)
	if err != nil {
		return err
	}
	template, err := p.template(s, &spec.Container, nil, nil, "Never")
	if err != nil {
		return err
	}
	when, err := crontab(spec.Schedule)
	if err != nil {
		return err
	}
	policies := map[resource.Concurrency]string{resource.ConcurrencyAllow: "Allow",
		resource.ConcurrencyForbid: "Forbid"}
	made, err := batchv1.NewCronJob(p.Context, s.name, &batchv1.CronJobArgs{Metadata: s.meta(s.name, nil),
		Spec: &batchv1.CronJobSpecArgs{
			Schedule: pulumi.String(when), TimeZone: pulumi.String(spec.Timezone), Suspend: pulumi.Bool(spec.Suspended),
			ConcurrencyPolicy:       pulumi.String(policies[spec.Concurrency]),
			StartingDeadlineSeconds: pulumi.Int(int(spec.MaximumDelay.Seconds())),
			JobTemplate: &batchv1.JobTemplateSpecArgs{Spec: &batchv1.JobSpecArgs{Parallelism: pulumi.Int(spec.Count),
				Completions:  pulumi.Int(spec.Count),
				BackoffLimit: pulumi.Int(0), TtlSecondsAfterFinished: pulumi.Int(int(resource.Day.Seconds())),
				Template: template}}}}, s.in(), p.afterGrants())
	if err != nil {
		return err
	}
	p.podOutputs(s, made.Metadata.Name().Elem())
	return nil
}

// crontab writes a schedule in the five fields that Kubernetes knows. AWS's form has a year too, ? for a day that does not
// matter, and weeks that begin with Sunday as day 1.
func crontab(schedule resource.Schedule) (string, error) {
	text := strings.TrimSpace(string(schedule))
	if len(strings.Fields(text)) == 5 && !strings.HasPrefix(text, "rate(") {
		return text, nil
	}
	inside, isCron := strings.CutPrefix(text, "cron(")
	fields := strings.Fields(strings.TrimSuffix(inside, ")"))
	if !isCron || len(fields) != 6 || fields[5] != "*" || strings.ContainsAny(inside, "LW#") {
		return "", fmt.Errorf("the schedule %s cannot be kept on eks; write five crontab fields", text)
	}
	for i := range fields {
		if fields[i] == "?" {
			fields[i] = "*"
		}
	}
	fields[4] = earlierDays(fields[4])
	return strings.Join(fields[:5], " "), nil
}

// earlierDays counts the days of the week from 0 where they are counted from 1; names and steps stay as they are.
func earlierDays(field string) string {
	parts := strings.Split(field, ",")
	for i, part := range parts {
		days, step, hasStep := strings.Cut(part, "/")
		ends := strings.Split(days, "-")
		for j := range ends {
			if day, err := strconv.Atoi(ends[j]); err == nil {
				ends[j] = strconv.Itoa(day - 1)
			}
		}
		parts[i] = strings.Join(ends, "-")
		if hasStep {
			parts[i] += "/" + step
		}
	}
	return strings.Join(parts, ",")
}
