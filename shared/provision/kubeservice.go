package provision

import (
	"cmp"
	"fmt"
	"strings"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	autoscalingv2 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/autoscaling/v2"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

// microServiceOnEKS makes a Deployment, and a Service and an Ingress before it.
func (p *program) microServiceOnEKS(spec *resource.MicroService, net network) error {
	s, err := p.pods(&spec.Container, net, nil)
	if err != nil {
		return err
	}
	made, err := p.deployment(s, &spec.Container, spec.Ports, nil, copies{spec.Replicas, spec.Scaling, spec.Rollout})
	if err != nil {
		return err
	}
	if len(spec.Ports) == 0 {
		return nil
	}
	p.output("port", pulumi.Int(spec.Ports[0].Port))
	service, err := p.clusterService(s, spec.Ports, made)
	if err != nil {
		return err
	}
	if spec.ServiceDiscovery.Enabled {
		p.output("dnsName", pulumi.Sprintf("%s.%s.svc.cluster.local", s.name, s.namespace))
	}
	if spec.Ingress == nil {
		return nil
	}
	port, _ := spec.IngressPort()
	return p.clusterIngress(s, spec, port, service)
}

// workerOnEKS makes a Deployment.
func (p *program) workerOnEKS(spec *resource.Worker, net network) error {
	special, extra := map[string]use{}, map[string]string{}
	if !spec.Queue.IsZero() {
		queue, err := p.need(spec.Queue.Component)
		if err != nil {
			return err
		}
		special[spec.Queue.Component] = consumes
		extra[spec.QueueURLVariable] = queue.text("url")
	}
	s, err := p.pods(&spec.Container, net, special)
	if err != nil {
		return err
	}
	_, err = p.deployment(s, &spec.Container, nil, extra, copies{spec.Replicas, spec.Scaling, spec.Rollout})
	return err
}

// copies is how many there are of something, and how they are replaced.
type copies struct {
	replicas int
	scaling  *resource.Scaling
	rollout  resource.Rollout
}

// deployment makes the Deployment with its scaling and what protects it while nodes are drained.
func (p *program) deployment(s *pods, spec *resource.Container, ports []resource.Port, extra map[string]string,
	c copies) (*appsv1.Deployment, error) {
	template, err := p.template(s, spec, ports, extra, "")
	if err != nil {
		return nil, err
	}
	options := []pulumi.ResourceOption{s.in(), p.patience(), p.afterGrants()}
	replicas := c.replicas
	if c.scaling != nil {
		replicas = min(max(replicas, c.scaling.Min, 1), c.scaling.Max)
		options = append(options, pulumi.IgnoreChanges([]string{"spec.replicas"})) // scaling decides from then on
	}
	made, err := appsv1.NewDeployment(p.Context, s.name, &appsv1.DeploymentArgs{Metadata: s.meta(s.name, nil),
		Spec: &appsv1.DeploymentSpecArgs{
			Replicas: pulumi.Int(replicas), Selector: &metav1.LabelSelectorArgs{MatchLabels: s.selector},
			Template: template,
			Strategy: &appsv1.DeploymentStrategyArgs{Type: pulumi.String("RollingUpdate"),
				RollingUpdate: &appsv1.RollingUpdateDeploymentArgs{
					MaxSurge:       pulumi.String(fmt.Sprintf("%d%%", c.rollout.MaxPercent-100)),
					MaxUnavailable: pulumi.String(fmt.Sprintf("%d%%", 100-c.rollout.MinHealthyPercent))}}}}, options...)
	if err != nil {
		return nil, err
	}
	p.podOutputs(s, made.Metadata.Name().Elem())
	if c.scaling != nil {
		if err := p.podScaling(s, c.scaling); err != nil {
			return nil, err
		}
	}
	budget := &policyv1.PodDisruptionBudgetSpecArgs{Selector: &metav1.LabelSelectorArgs{MatchLabels: s.selector}}
	if s.settings.MinAvailable > 0 {
		budget.MinAvailable = pulumi.Int(s.settings.MinAvailable)
	} else {
		budget.MaxUnavailable = pulumi.Int(1)
	}
	_, err = policyv1.NewPodDisruptionBudget(p.Context, s.name,
		&policyv1.PodDisruptionBudgetArgs{Metadata: s.meta(s.name, nil), Spec: budget}, s.in())
	return made, err
}

// podScaling changes the number of pods so that each of the author's targets is met.
func (p *program) podScaling(s *pods, scaling *resource.Scaling) error {
	var metrics autoscalingv2.MetricSpecArray
	for _, m := range []struct {
		name  string
		value int
	}{{"cpu", scaling.CPU}, {"memory", scaling.Memory}} {
		if m.value > 0 {
			metrics = append(metrics, &autoscalingv2.MetricSpecArgs{Type: pulumi.String("Resource"),
				Resource: &autoscalingv2.ResourceMetricSourceArgs{
					Name: pulumi.String(m.name), Target: &autoscalingv2.MetricTargetArgs{Type: pulumi.String("Utilization"),
						AverageUtilization: pulumi.Int(m.value)}}})
		}
	}
	wait := func(d resource.Duration) *autoscalingv2.HPAScalingRulesArgs {
		return &autoscalingv2.HPAScalingRulesArgs{StabilizationWindowSeconds: pulumi.Int(int(d.Seconds()))}
	}
	_, err := autoscalingv2.NewHorizontalPodAutoscaler(p.Context, s.name,
		&autoscalingv2.HorizontalPodAutoscalerArgs{Metadata: s.meta(s.name, nil),
			Spec: &autoscalingv2.HorizontalPodAutoscalerSpecArgs{MinReplicas: pulumi.Int(max(scaling.Min, 1)),
				MaxReplicas: pulumi.Int(scaling.Max), Metrics: metrics,
				ScaleTargetRef: &autoscalingv2.CrossVersionObjectReferenceArgs{ApiVersion: pulumi.String("apps/v1"),
					Kind: pulumi.String("Deployment"), Name: pulumi.String(s.name)},
				Behavior: &autoscalingv2.HorizontalPodAutoscalerBehaviorArgs{ScaleDown: wait(scaling.ScaleInCooldown),
					ScaleUp: wait(scaling.ScaleOutCooldown)}}}, s.in())
	return err
}

// clusterService gives the pods one address within the cluster.
func (p *program) clusterService(s *pods, ports []resource.Port, after pulumi.Resource) (*corev1.Service, error) {
	var array corev1.ServicePortArray
	for _, port := range ports {
		array = append(array, &corev1.ServicePortArgs{Name: pulumi.String(port.Name), Port: pulumi.Int(port.Port),
			TargetPort: pulumi.Int(port.Port),
			Protocol:   pulumi.String(transport(port))})
	}
	return corev1.NewService(p.Context, s.name, &corev1.ServiceArgs{Metadata: s.meta(s.name, nil),
		Spec: &corev1.ServiceSpecArgs{
			Type: pulumi.String("ClusterIP"), Selector: s.selector, Ports: array}}, s.in(),
		pulumi.DependsOn([]pulumi.Resource{after}))
}

// clusterIngress asks the cluster's ingress controller for a way in. What is said about load balancers goes to it as the
// annotations of the AWS Load Balancer Controller, under those that the author wrote.
func (p *program) clusterIngress(s *pods, spec *resource.MicroService, port resource.Port,
	service *corev1.Service) error {
	in := spec.Ingress
	annotations := map[string]string{}
	if s.settings.IngressClass == "alb" {
		annotations = balancerAnnotations(in, port)
	}
	for key, value := range s.settings.IngressAnnotations {
		annotations[key] = value
	}
	var rules networkingv1.IngressRuleArray
	hosts := in.Hosts
	if len(hosts) == 0 {
		hosts = []string{""}
	}
	for _, host := range hosts {
		rules = append(rules, &networkingv1.IngressRuleArgs{Host: p.optional(host),
			Http: &networkingv1.HTTPIngressRuleValueArgs{
				Paths: ingressPaths(in.Paths, service, port.Port)}})
	}
	made, err := networkingv1.NewIngress(p.Context, s.name,
		&networkingv1.IngressArgs{Metadata: s.meta(s.name, annotations),
			Spec: &networkingv1.IngressSpecArgs{IngressClassName: pulumi.String(s.settings.IngressClass),
				Rules: rules}},
		s.in(), p.patience())
	if err != nil {
		return err
	}
	scheme := "http"
	if annotations["alb.ingress.kubernetes.io/certificate-arn"] != "" {
		scheme = "https"
	}
	address := scheme + "://"
	if len(in.Hosts) > 0 && !strings.ContainsAny(in.Hosts[0], "*?") {
		p.output("url", pulumi.String(ingressURL(address+in.Hosts[0], in)))
		return nil
	}
	p.output("url", made.Status.LoadBalancer().Ingress().ApplyT(func(all []networkingv1.IngressLoadBalancerIngress) (string, error) {
		host, err := first(all, "host of the ingress",
			func(i networkingv1.IngressLoadBalancerIngress) *string { return i.Hostname })
		return ingressURL(address+host, in), err
	}).(pulumi.StringOutput))
	return nil
}

func balancerAnnotations(in *resource.Ingress, port resource.Port) map[string]string {
	const prefix = "alb.ingress.kubernetes.io/"
	check := in.HealthCheck
	path, status := check.Asked(port.Protocol)
	attributes := fmt.Sprintf("deregistration_delay.timeout_seconds=%d", int(in.DeregistrationDelay.Seconds()))
	if in.Stickiness > 0 {
		attributes += fmt.Sprintf(",stickiness.enabled=true,stickiness.lb_cookie.duration_seconds=%d",
			int(in.Stickiness.Seconds()))
	}
	return map[string]string{
		prefix + "target-type": "ip", prefix + "healthcheck-path": path, prefix + "success-codes": status,
		prefix + "healthcheck-interval-seconds": fmt.Sprint(int(check.Interval.Seconds())),
		prefix + "healthcheck-timeout-seconds":  fmt.Sprint(int(check.Timeout.Seconds())),
		prefix + "healthy-threshold-count":      fmt.Sprint(check.Healthy),
		prefix + "unhealthy-threshold-count":    fmt.Sprint(check.Unhealthy),
		prefix + "target-group-attributes":      attributes,
	}
}

// ingressPaths turns /api/* into the beginning that it means; other wildcards are left to the controller.
func ingressPaths(paths []string, service *corev1.Service, port int) networkingv1.HTTPIngressPathArray {
	if len(paths) == 0 {
		paths = []string{"/*"}
	}
	var array networkingv1.HTTPIngressPathArray
	for _, path := range paths {
		kind, text := "Exact", path
		if beginning, rest := strings.CutSuffix(path, "/*"); rest {
			kind, text = "Prefix", cmp.Or(beginning, "/")
		}
		if strings.ContainsAny(text, "*?") {
			kind, text = "ImplementationSpecific", path
		}
		array = append(array, &networkingv1.HTTPIngressPathArgs{Path: pulumi.String(text),
			PathType: pulumi.String(kind),
			Backend: &networkingv1.IngressBackendArgs{Service: &networkingv1.IngressServiceBackendArgs{Name: service.Metadata.Name().Elem(),
				Port: &networkingv1.ServiceBackendPortArgs{Number: pulumi.Int(port)}}}})
	}
	return array
}
