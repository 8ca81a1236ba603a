package provision

import (
	"fmt"
	"strconv"
	"strings"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/deployer-io/deployer/shared/resource"
)

// template is what each pod is made of.
func (p *program) template(s *pods, spec *resource.Container, ports []resource.Port, extra map[string]string,
	restart string) (*corev1.PodTemplateSpecArgs, error) {
	variables, err := p.podVariables(s, spec.Env, extra)
	if err != nil {
		return nil, err
	}
	volumes, mounts, err := p.podVolumes(s, spec)
	if err != nil {
		return nil, err
	}
	container := &corev1.ContainerArgs{Name: pulumi.String(s.name), Image: pulumi.String(spec.Image), Env: variables,
		VolumeMounts: mounts,
		Resources:    podResources(spec),
		SecurityContext: &corev1.SecurityContextArgs{ReadOnlyRootFilesystem: pulumi.Bool(spec.ReadOnlyRootFilesystem),
			AllowPrivilegeEscalation: pulumi.Bool(false)}}
	// What Kubernetes calls the command is what others call the entry point.
	if len(spec.EntryPoint) > 0 {
		container.Command = texts(spec.EntryPoint...)
	}
	if len(spec.Command) > 0 {
		container.Args = texts(spec.Command...)
	}
	if array := containerPorts(ports); len(array) > 0 {
		container.Ports = array
	}
	probes(container, spec.HealthCheck, ports)
	pod := &corev1.PodSpecArgs{Containers: corev1.ContainerArray{container},
		ServiceAccountName:            s.account.Metadata.Name(),
		TerminationGracePeriodSeconds: pulumi.Int(int(spec.StopTimeout.Seconds())),
		NodeSelector:                  nodeSelector(spec, s.settings), Tolerations: tolerations(s.settings),
		SecurityContext: podSecurity(spec.User), AutomountServiceAccountToken: pulumi.Bool(false),
		TopologySpreadConstraints: corev1.TopologySpreadConstraintArray{&corev1.TopologySpreadConstraintArgs{MaxSkew: pulumi.Int(1),
			TopologyKey:       pulumi.String("topology.kubernetes.io/zone"),
			WhenUnsatisfiable: pulumi.String("ScheduleAnyway"),
			LabelSelector:     &metav1.LabelSelectorArgs{MatchLabels: s.selector}}}}
	if len(volumes) > 0 {
		pod.Volumes = volumes
	}
	if restart != "" {
		pod.RestartPolicy = pulumi.String(restart)
	}
	meta := &metav1.ObjectMetaArgs{Labels: s.labels}
	if len(s.settings.PodAnnotations) > 0 {
		meta.Annotations = pulumi.ToStringMap(s.settings.PodAnnotations)
	}
	return &corev1.PodTemplateSpecArgs{Metadata: meta, Spec: pod}, nil
}

// podVariables makes the container's variables. Secret ones are read from their store now and kept in a secret of the
// cluster; its name changes with what it holds, so that the pods are started anew.
func (p *program) podVariables(s *pods, written []resource.EnvVar, extra map[string]string) (corev1.EnvVarArray,
	error) {
	var array corev1.EnvVarArray
	known := map[string]bool{}
	secrets := pulumi.StringMap{}
	var secretNames []string
	for i := range written {
		name := written[i].Name
		known[name] = true
		resolved, err := written[i].Input().Resolve(p.upstream)
		if err != nil {
			return nil, err
		}
		if resolved.Secret == nil {
			array = append(array, &corev1.EnvVarArgs{Name: pulumi.String(name), Value: pulumi.String(resolved.Text)})
			continue
		}
		if secrets[name], err = p.value(written[i].Input()); err != nil {
			return nil, err
		}
		secretNames = append(secretNames, name)
	}
	for _, name := range sortedKeys(extra) {
		if !known[name] {
			array = append(array, &corev1.EnvVarArgs{Name: pulumi.String(name), Value: pulumi.String(extra[name])})
		}
	}
	if len(secretNames) == 0 {
		return array, nil
	}
	made, err := corev1.NewSecret(p.Context, s.name, &corev1.SecretArgs{StringData: secrets,
		Metadata: &metav1.ObjectMetaArgs{
			Namespace: s.namespace.ToStringOutput().ToStringPtrOutput(), Labels: s.labels}}, s.in())
	if err != nil {
		return nil, err
	}
	for _, name := range secretNames {
		array = append(array, &corev1.EnvVarArgs{Name: pulumi.String(name), ValueFrom: &corev1.EnvVarSourceArgs{
			SecretKeyRef: &corev1.SecretKeySelectorArgs{Name: made.Metadata.Name(), Key: pulumi.String(name)}}})
	}
	return array, nil
}

// podVolumes makes the empty folders that may be written and the file systems.
func (p *program) podVolumes(s *pods, spec *resource.Container) (corev1.VolumeArray, corev1.VolumeMountArray, error) {
	var volumes corev1.VolumeArray
	var mounts corev1.VolumeMountArray
	if spec.ReadOnlyRootFilesystem {
		for i, path := range spec.WritablePaths {
			name := pulumi.String("writable-" + strconv.Itoa(i))
			volumes = append(volumes, &corev1.VolumeArgs{Name: name, EmptyDir: &corev1.EmptyDirVolumeSourceArgs{}})
			mounts = append(mounts, &corev1.VolumeMountArgs{Name: name, MountPath: pulumi.String(path)})
		}
	}
	for _, v := range spec.Volumes {
		claim, err := p.claim(s, v)
		if err != nil {
			return nil, nil, err
		}
		volumes = append(volumes, &corev1.VolumeArgs{Name: pulumi.String(v.Name),
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSourceArgs{ClaimName: claim.Metadata.Name().Elem(), ReadOnly: pulumi.Bool(v.ReadOnly)}})
		mounts = append(mounts, &corev1.VolumeMountArgs{Name: pulumi.String(v.Name), MountPath: pulumi.String(v.Path),
			ReadOnly: pulumi.Bool(v.ReadOnly)})
	}
	return volumes, mounts, nil
}

// claim makes a file system of EFS one that pods can mount, through its CSI driver. Its size means nothing and must be given.
func (p *program) claim(s *pods, v resource.Volume) (*corev1.PersistentVolumeClaim, error) {
	files, err := p.need(v.EFS.Component)
	if err != nil {
		return nil, err
	}
	values, err := files.must("id")
	if err != nil {
		return nil, err
	}
	handle := values[0]
	if v.AccessPoint != "" {
		point := outputAs[map[string]string](files, "accessPointIds")[v.AccessPoint]
		if point == "" {
			return nil, fmt.Errorf("%s has no access point %q", v.EFS.Component, v.AccessPoint)
		}
		handle += "::" + point
	}
	size, modes := pulumi.StringMap{"storage": pulumi.String("1Gi")}, texts("ReadWriteMany")
	name := p.name(maxLabel, v.Name)
	volume, err := corev1.NewPersistentVolume(p.Context, v.Name,
		&corev1.PersistentVolumeArgs{Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String(name), Labels: s.labels},
			Spec: &corev1.PersistentVolumeSpecArgs{Capacity: size, AccessModes: modes,
				StorageClassName:              pulumi.String(""),
				PersistentVolumeReclaimPolicy: pulumi.String("Retain"),
				Csi: &corev1.CSIPersistentVolumeSourceArgs{Driver: pulumi.String("efs.csi.aws.com"),
					VolumeHandle: pulumi.String(handle)},
				MountOptions: texts("tls", "iam")}}, s.in())
	if err != nil {
		return nil, err
	}
	return corev1.NewPersistentVolumeClaim(p.Context, v.Name,
		&corev1.PersistentVolumeClaimArgs{Metadata: s.meta(name, nil),
			Spec: &corev1.PersistentVolumeClaimSpecArgs{AccessModes: modes, StorageClassName: pulumi.String(""),
				VolumeName: volume.Metadata.Name(),
				Resources:  &corev1.VolumeResourceRequirementsArgs{Requests: size}}}, s.in())
}

// podResources reserves what the spec asks for. More memory is never given, more processor when there is some.
func podResources(spec *resource.Container) *corev1.ResourceRequirementsArgs {
	memory := pulumi.String(strconv.Itoa(spec.Memory) + "Mi")
	return &corev1.ResourceRequirementsArgs{
		Requests: pulumi.StringMap{"cpu": pulumi.String(strconv.Itoa(spec.CPU*1000/1024) + "m"), "memory": memory},
		Limits:   pulumi.StringMap{"memory": memory}}
}

func containerPorts(ports []resource.Port) corev1.ContainerPortArray {
	var array corev1.ContainerPortArray
	for _, port := range ports {
		array = append(array, &corev1.ContainerPortArgs{Name: pulumi.String(portName(port)),
			ContainerPort: pulumi.Int(port.Port), Protocol: pulumi.String(transport(port))})
	}
	return array
}

// portName is a port's name as Kubernetes takes it: not longer than fifteen characters.
func portName(port resource.Port) string {
	const longest = 15
	if len(port.Name) <= longest {
		return port.Name
	}
	return "port-" + strconv.Itoa(port.Port)
}

func transport(port resource.Port) string {
	if port.Protocol == resource.PortUDP {
		return "UDP"
	}
	return "TCP"
}

// probes asks the container: while it starts, whether it lives, and whether it may have requests.
func probes(container *corev1.ContainerArgs, check *resource.HealthCheck, ports []resource.Port) {
	if check == nil {
		for _, port := range ports {
			if port.Protocol != resource.PortUDP {
				container.ReadinessProbe = &corev1.ProbeArgs{TcpSocket: &corev1.TCPSocketActionArgs{Port: pulumi.Int(port.Port)}}
				return
			}
		}
		return
	}
	ask := func(interval resource.Duration, failures int) *corev1.ProbeArgs {
		probe := &corev1.ProbeArgs{PeriodSeconds: pulumi.Int(int(interval.Seconds())),
			TimeoutSeconds:   pulumi.Int(int(check.Timeout.Seconds())),
			FailureThreshold: pulumi.Int(failures)}
		if len(check.Command) > 0 {
			probe.Exec = &corev1.ExecActionArgs{Command: texts(check.Command...)}
			return probe
		}
		port := check.Port
		if port == 0 && len(ports) > 0 {
			port = ports[0].Port
		}
		probe.HttpGet = &corev1.HTTPGetActionArgs{Path: pulumi.String(check.Path), Port: pulumi.Int(port)}
		return probe
	}
	const often = 5 * resource.Second
	container.StartupProbe = ask(often, max(1, int((check.StartPeriod+often-1)/often)))
	container.LivenessProbe = ask(check.Interval, check.Retries)
	container.ReadinessProbe = ask(check.Interval, 1)
}

func nodeSelector(spec *resource.Container, settings resource.EKSSettings) pulumi.StringMap {
	names := map[resource.Architecture]string{resource.X86: "amd64", resource.ARM: "arm64"}
	selector := pulumi.StringMap{"kubernetes.io/arch": pulumi.String(names[spec.Architecture])}
	for key, value := range settings.NodeSelector {
		selector[key] = pulumi.String(value)
	}
	return selector
}

func tolerations(settings resource.EKSSettings) corev1.TolerationArray {
	var array corev1.TolerationArray
	for _, t := range settings.Tolerations {
		made := &corev1.TolerationArgs{Key: pulumi.String(t.Key), Operator: pulumi.String("Exists")}
		if t.Value != "" {
			made.Operator, made.Value = pulumi.String("Equal"), pulumi.String(t.Value)
		}
		if t.Effect != "" {
			made.Effect = pulumi.String(t.Effect)
		}
		array = append(array, made)
	}
	return array
}

// podSecurity runs the container as the user that its author names; a name instead of a number is the image's affair.
func podSecurity(user string) *corev1.PodSecurityContextArgs {
	made := &corev1.PodSecurityContextArgs{SeccompProfile: &corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")}}
	uid, gid, _ := strings.Cut(user, ":")
	if number, err := strconv.Atoi(uid); err == nil {
		made.RunAsUser, made.RunAsNonRoot = pulumi.Int(number), pulumi.Bool(number != 0)
	}
	if number, err := strconv.Atoi(gid); err == nil {
		made.RunAsGroup, made.FsGroup = pulumi.Int(number), pulumi.Int(number)
	}
	return made
}
