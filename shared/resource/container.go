package resource

import (
	"strconv"
	"strings"
)

// Platform is what containers run on.
type Platform string

// The platforms.
const (
	Fargate Platform = "fargate"
	ECSEC2  Platform = "ecs-ec2"
	EKS     Platform = "eks"
)

// Architecture is a processor architecture.
type Architecture string

// The architectures.
const (
	X86 Architecture = "x86_64"
	ARM Architecture = "arm64"
)

// Container holds what the kinds that run containers have in common.
type Container struct {
	// the image, by tag or better by digest: registry/name:tag or registry/name@sha256:...
	Image string `json:"image" jsonschema:"required,minLength=1,maxLength=512,pattern=^[A-Za-z0-9][A-Za-z0-9._/:@-]*$"`
	// what the container runs on
	Platform Platform `json:"platform" jsonschema:"enum=fargate,enum=ecs-ec2,enum=eks"`
	// the processor architecture that the image is built for
	Architecture Architecture `json:"architecture" jsonschema:"enum=x86_64,enum=arm64"`
	// processor shares: 1024 is one virtual CPU. On fargate 256, 512, 1024, 2048, 4096, 8192 or 16384
	CPU int `json:"cpu" jsonschema:"minimum=128,maximum=196608"`
	// memory in MiB. On fargate cpu decides which values are possible
	Memory int `json:"memory" jsonschema:"minimum=128,maximum=524288"`
	// the command, in place of the image's own
	Command []string `json:"command,omitempty"`
	// the entry point, in place of the image's own
	EntryPoint []string `json:"entryPoint,omitempty"`
	// the user, as uid or uid:gid, in place of the image's own
	User string `json:"user,omitempty" jsonschema:"pattern=^[a-z0-9_-]+(:[a-z0-9_-]+)?$" jsonschema_extras:"scalar=true"`
	// environment variables
	Env []EnvVar `json:"env,omitempty" jsonschema:"maxItems=200"`
	// keeps the container from writing anywhere but into writablePaths and volumes
	ReadOnlyRootFilesystem bool `json:"readOnlyRootFilesystem"`
	// folders that may be written and are empty at the start
	WritablePaths []string `json:"writablePaths" jsonschema:"pattern=^/,uniqueItems=true"`
	// the size of the task's own disk in GiB, on fargate
	EphemeralStorage int `json:"ephemeralStorage,omitempty" jsonschema:"minimum=21,maximum=200"`
	// file systems
	Volumes []Volume `json:"volumes,omitempty"`
	// what is asked of the container from inside
	HealthCheck *HealthCheck `json:"healthCheck,omitempty"`
	// how long the container is given to stop before it is killed
	StopTimeout Duration `json:"stopTimeout"`
	// how many days logs are kept; 0 is for ever
	LogRetention int `json:"logRetention" jsonschema:"enum=0,enum=1,enum=3,enum=5,enum=7,enum=14,enum=30,enum=60,enum=90,enum=120,enum=150,enum=180,enum=365,enum=400,enum=545,enum=731,enum=1096,enum=1827,enum=2192,enum=2557,enum=2922,enum=3288,enum=3653"`
	// what the component may do in AWS beyond what its references give it
	Permissions []Statement `json:"permissions,omitempty"`
	// allows opening a shell in the running container (ECS Exec)
	Exec bool `json:"exec,omitempty"`
	// what only concerns platform: eks
	EKS *EKSSettings `json:"eks,omitempty"`
}

// EnvVar is an environment variable: exactly one of value, valueFrom and secretRef.
type EnvVar struct {
	// the variable's name
	Name string `json:"name" jsonschema:"required,maxLength=255,pattern=^[A-Za-z_][A-Za-z0-9_.-]*$"`
	// its value, written out
	Value *string `json:"value,omitempty" jsonschema:"maxLength=32768" jsonschema_extras:"scalar=true"`
	// its value, read from another component
	ValueFrom *OutputRef `json:"valueFrom,omitempty"`
	// its value, taken from a secret store when the container starts
	SecretRef *SecretRef `json:"secretRef,omitempty"`
}

// Input returns the variable's value.
func (e *EnvVar) Input() Input {
	i := Input{ValueFrom: e.ValueFrom, SecretRef: e.SecretRef}
	if e.Value != nil {
		i.Value = *e.Value
	}
	return i
}

// Volume is a file system in a container.
type Volume struct {
	// the volume's name
	Name string `json:"name" jsonschema:"required,pattern=^[a-z][a-z0-9-]{0\\,62}$"`
	// where it is mounted
	Path string `json:"path" jsonschema:"required,pattern=^/"`
	// the EFS component
	EFS ComponentRef `json:"efs" jsonschema:"required" kinds:"EFS" reads:"id,accessPointIds,securityGroupId"`
	// the access point of the EFS component
	AccessPoint string `json:"accessPoint,omitempty"`
	// mounts it without the right to write
	ReadOnly bool `json:"readOnly,omitempty"`
}

// HealthCheck is asked of the container from inside: exactly one of command and path.
type HealthCheck struct {
	// a command that must exit with 0
	Command []string `json:"command,omitempty" jsonschema:"minItems=1"`
	// a path that must be answered with 200 on the port, asked with curl or wget from inside the container
	Path string `json:"path,omitempty" jsonschema:"pattern=^/"`
	// the port for path; 0 is the first of ports
	Port int `json:"port,omitempty" jsonschema:"minimum=1,maximum=65535"`
	// the wait between two checks
	Interval Duration `json:"interval"`
	// how long one check may take
	Timeout Duration `json:"timeout"`
	// how many failures in a row mean that the container is ill
	Retries int `json:"retries" jsonschema:"minimum=1,maximum=10"`
	// how long failures do not count after the start
	StartPeriod Duration `json:"startPeriod"`
}

// SetDefaults checks every 30 seconds, the first minute not counted.
func (h *HealthCheck) SetDefaults() {
	h.Interval, h.Timeout, h.Retries, h.StartPeriod = 30*Second, 5*Second, 3, Minute
}

// Statement is an IAM statement. A wildcard alone needs a reason.
type Statement struct {
	// allows, or refuses what something else allows
	Effect string `json:"effect" jsonschema:"enum=Allow,enum=Deny"`
	// the actions, as in s3:GetObject
	Actions []string `json:"actions" jsonschema:"required,minItems=1,uniqueItems=true,pattern=^(\\*|[a-z0-9-]+:[A-Za-z0-9*]+)$"`
	// the ARNs; each may be read from a component
	Resources []Input `json:"resources" jsonschema:"required,minItems=1"`
	// conditions: operator, then key, then values
	Conditions map[string]map[string][]string `json:"conditions,omitempty"`
	// why the component needs it; required with a wildcard action or resource
	Reason string `json:"reason,omitempty" jsonschema:"maxLength=300"`
}

// SetDefaults makes it an Allow.
func (s *Statement) SetDefaults() { s.Effect = "Allow" }

// EKSSettings only concern platform: eks.
type EKSSettings struct {
	// the namespace; without it the service's name
	Namespace string `json:"namespace,omitempty" jsonschema:"pattern=^[a-z0-9]([a-z0-9-]{0\\,61}[a-z0-9])?$"`
	// labels that a node must have
	NodeSelector map[string]string `json:"nodeSelector,omitempty"`
	// taints of nodes that the pods tolerate
	Tolerations []Toleration `json:"tolerations,omitempty"`
	// the class of the ingress
	IngressClass string `json:"ingressClass"`
	// annotations of the ingress
	IngressAnnotations map[string]string `json:"ingressAnnotations,omitempty"`
	// annotations of the pods
	PodAnnotations map[string]string `json:"podAnnotations,omitempty"`
	// how many pods must stay up while nodes are drained; 0 is all but one
	MinAvailable int `json:"minAvailable,omitempty" jsonschema:"minimum=0"`
}

// SetDefaults chooses the AWS Load Balancer Controller.
func (s *EKSSettings) SetDefaults() { s.IngressClass = "alb" }

// Toleration lets pods run on nodes with a taint.
type Toleration struct {
	// the taint's key
	Key string `json:"key" jsonschema:"required,minLength=1"`
	// the taint's value; without it any
	Value string `json:"value,omitempty"`
	// the taint's effect; without it any
	Effect string `json:"effect,omitempty" jsonschema:"enum=NoSchedule,enum=PreferNoSchedule,enum=NoExecute"`
}

func defaultContainer() Container {
	return Container{
		Platform: Fargate, Architecture: X86, CPU: 256, Memory: 512, ReadOnlyRootFilesystem: true,
		WritablePaths: []string{"/tmp"}, StopTimeout: 30 * Second, LogRetention: 30,
	}
}

func (c *Container) container() *Container { return c }

// fargateMemory is the least and the greatest memory, and the step between, in MiB, per CPU shares
// (Amazon ECS Developer Guide, "Task CPU and memory").
var fargateMemory = map[int]struct{ low, high, step int }{
	256: {512, 2048, 512}, 512: {1024, 4096, 1024}, 1024: {2048, 8192, 1024}, 2048: {4096, 16384, 1024},
	4096: {8192, 30720, 1024}, 8192: {16384, 61440, 4096}, 16384: {32768, 122880, 8192},
}

func (c *Container) check(k *Checker) {
	if c.Platform == Fargate {
		c.checkFargate(k)
	}
	k.only("ephemeralStorage", c.EphemeralStorage != 0, c.Platform == Fargate, "platform is fargate")
	k.only("eks", c.EKS != nil, c.Platform == EKS, "platform is eks")
	k.only("exec", c.Exec, c.Platform != EKS, "platform is fargate or ecs-ec2")
	if c.Platform == Fargate {
		k.between("stopTimeout", c.StopTimeout, 2*Second, 2*Minute)
	} else {
		k.between("stopTimeout", c.StopTimeout, 0, Hour)
	}
	if !strings.Contains(c.Image, "@") && (strings.HasSuffix(c.Image, ":latest") || !strings.Contains(lastSegment(c.Image), ":")) && c.Image != "" {
		k.Warnf("image-tag", "image", "%q may mean another image tomorrow", c.Image).WithHint("name a version, or better a digest: name@sha256:...")
	}
	checkEnv(k, "env", c.Env)
	checkStatements(k, "permissions", c.Permissions)
	c.checkVolumes(k)
	if c.HealthCheck != nil {
		c.HealthCheck.check(k)
	}
}

func lastSegment(image string) string { return image[strings.LastIndexByte(image, '/')+1:] }

func (c *Container) checkFargate(k *Checker) {
	size, known := fargateMemory[c.CPU]
	if !known {
		k.Errorf(CodeFargateSize, "cpu", "fargate has no tasks with %d CPU shares", c.CPU).
			WithHint("write 256, 512, 1024, 2048, 4096, 8192 or 16384")
		return
	}
	inRange := c.Memory >= size.low && c.Memory <= size.high && (c.Memory-size.low)%size.step == 0
	if c.CPU == 256 && c.Memory == 1536 {
		inRange = false // the smallest size has 512, 1024 and 2048 only
	}
	if !inRange {
		k.Errorf(CodeFargateSize, "memory", "fargate has no tasks with %d CPU shares and %d MiB", c.CPU, c.Memory).
			WithHint("with %d CPU shares write %d to %d MiB in steps of %d", c.CPU, size.low, size.high, size.step)
	}
}

func (c *Container) checkVolumes(k *Checker) {
	names, paths := make([]string, len(c.Volumes)), make([]string, len(c.Volumes))
	for i, volume := range c.Volumes {
		names[i], paths[i] = volume.Name, volume.Path
	}
	k.unique("volumes", ".name", names)
	k.unique("volumes", ".path", paths)
}

func (h *HealthCheck) check(k *Checker) {
	if (len(h.Command) == 0) == (h.Path == "") {
		k.Errorf(CodeConflict, "healthCheck", "must have either command or path").WithHint("write one of them")
	}
	k.only("healthCheck.port", h.Port != 0, h.Path != "", "path is given")
	k.between("healthCheck.interval", h.Interval, 5*Second, 5*Minute)
	k.between("healthCheck.timeout", h.Timeout, 2*Second, Minute)
	k.between("healthCheck.startPeriod", h.StartPeriod, 0, 5*Minute)
	if h.Timeout > h.Interval {
		k.Errorf(CodeRange, "healthCheck.timeout", "the timeout (%s) is longer than the interval (%s)", h.Timeout, h.Interval).
			WithHint("make the interval longer")
	}
}

func checkEnv(k *Checker, path string, env []EnvVar) {
	seen := make(map[string]bool, len(env))
	for i := range env {
		variable := &env[i]
		given := 0
		for _, is := range []bool{variable.Value != nil, variable.ValueFrom != nil, variable.SecretRef != nil} {
			if is {
				given++
			}
		}
		if given != 1 {
			k.Errorf(CodeConflict, path+"["+strconv.Itoa(i)+"]", "%s must have exactly one of value, valueFrom and secretRef; it has %d", variable.Name, given).
				WithHint(`an empty value is written value: ""`)
		}
		if seen[variable.Name] {
			k.Errorf(CodeDuplicateName, path+"["+strconv.Itoa(i)+"].name", "%q stands twice in %s", variable.Name, path).WithHint("keep one of the two")
		}
		seen[variable.Name] = true
	}
}

func checkStatements(k *Checker, path string, statements []Statement) {
	for i := range statements {
		s, at := &statements[i], path+"["+strconv.Itoa(i)+"]"
		if s.Reason != "" || s.Effect == "Deny" {
			continue
		}
		for j, action := range s.Actions {
			if action == "*" || strings.HasSuffix(action, ":*") {
				k.Errorf(CodeWildcard, at+".actions["+strconv.Itoa(j)+"]", "%q allows everything", action).
					WithHint("name the actions, or say in reason why all are needed")
			}
		}
		for j, r := range s.Resources {
			if r.Value == "*" {
				k.Errorf(CodeWildcard, at+".resources["+strconv.Itoa(j)+"]", "\"*\" means every resource of the account").
					WithHint("name the resources, or say in reason why all are needed")
			}
		}
	}
}

// Relate keeps the rules over the container and its file systems.
func (c *Container) Relate(k *Checker, related Related) {
	for i, volume := range c.Volumes {
		r, ok := related(volume.EFS)
		if !ok || volume.AccessPoint == "" {
			continue
		}
		if efs, is := r.Spec.(*EFS); is {
			names := make([]string, len(efs.AccessPoints))
			for j, point := range efs.AccessPoints {
				names[j] = point.Name
			}
			k.oneOf(CodeVolume, indexed("volumes", i)+".accessPoint", volume.AccessPoint, names, "access point")
		}
	}
}
