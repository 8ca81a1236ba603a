package plan_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/plan"
	"github.com/deployer-io/deployer/shared/resource"
)

// simulation is how long a plan takes, in seconds, where every task starts for plan.TaskStart and every step takes what is
// expected of it.
type simulation struct{ makespan, fargate int }

// simulate carries out the waves one after another, the batches of a wave at once, and in each batch at most slots steps at
// a time, in dataflow order.
func simulate(p *plan.Plan, slots int) simulation {
	steps := map[string]plan.Step{}
	for _, step := range p.Steps {
		steps[step.Address.Short()] = step
	}
	var s simulation
	for _, wave := range p.Waves {
		longest := 0
		for _, batch := range wave.Batches {
			span := spanOf(batch.Steps, steps, slots)
			longest = max(longest, span)
			s.fargate += plan.TaskStart + span
		}
		s.makespan += plan.TaskStart + longest
	}
	return s
}

func spanOf(batch []string, steps map[string]plan.Step, slots int) int {
	inside, ends := map[string]bool{}, map[string]int{}
	for _, short := range batch {
		inside[short] = true
	}
	now := 0
	for len(ends) < len(batch) {
		running, next := 0, 1<<62
		for _, end := range ends {
			if end > now {
				running++
				next = min(next, end)
			}
		}
		for _, short := range batch {
			if _, begun := ends[short]; begun || running == slots {
				continue
			}
			ready := true
			for _, need := range steps[short].Needs {
				if end, done := ends[need]; inside[need] && (!done || end > now) {
					ready = false
				}
			}
			if ready {
				ends[short] = now + steps[short].Seconds
				next = min(next, ends[short])
				running++
			}
		}
		now = next
	}
	last := 0
	for _, end := range ends {
		last = max(last, end)
	}
	return last
}

// criticalPath is the shortest time in which the steps can be done at all: one task has to start, and the longest chain
// takes what it takes.
func criticalPath(p *plan.Plan) int {
	ends, longest := map[string]int{}, 0
	for remaining := p.Steps; len(ends) < len(p.Steps); {
		for _, step := range remaining {
			begin, ready := 0, true
			for _, need := range step.Needs {
				end, done := ends[need]
				ready = ready && done
				begin = max(begin, end)
			}
			if ready {
				ends[step.Address.Short()] = begin + step.Seconds
				longest = max(longest, begin+step.Seconds)
			}
		}
	}
	return plan.TaskStart + longest
}

// plainWaves is what a plan takes whose every level is a wave and whose every step is a task.
func plainWaves(p *plan.Plan) simulation {
	longest := map[int]int{}
	var s simulation
	for _, step := range p.Steps {
		longest[step.Level] = max(longest[step.Level], step.Seconds)
		s.fargate += plan.TaskStart + step.Seconds
	}
	for _, seconds := range longest {
		s.makespan += plan.TaskStart + seconds
	}
	return s
}

// topologies are systems of about so many components as companies have them.
var topologies = map[string]func(w *world, size int, random *rand.Rand){
	"a chain of services, each calling the one before": func(w *world, size int, random *rand.Rand) {
		w.want("platform/networking", "Networking")
		for i := range size / 2 {
			service := fmt.Sprintf("s%d", i)
			w.want(service+"/queue", "SQS")
			needs := []string{"platform:platform/networking", service + "/queue.arn"}
			if i > 0 {
				needs = append(needs, fmt.Sprintf("s%d/api", i-1))
			}
			w.want(service+"/api", "MicroService", needs...)
		}
	},
	"pipelines of queues and workers side by side": func(w *world, size int, random *rand.Rand) {
		for i := range max(size/12, 1) {
			for j := range 6 {
				service := fmt.Sprintf("p%d", i)
				var needs []string
				if j > 0 {
					needs = []string{fmt.Sprintf("%s/worker-%d", service, j-1)}
				}
				w.want(fmt.Sprintf("%s/queue-%d", service, j), "SQS", needs...)
				w.want(fmt.Sprintf("%s/worker-%d", service, j), "Worker", fmt.Sprintf("%s/queue-%d.arn", service, j))
			}
		}
	},
	"services with their own data, calling few others": func(w *world, size int, random *rand.Rand) {
		w.want("platform/networking", "Networking")
		w.want("edge/balancer", "ALB", "platform:platform/networking")
		data := []resource.Kind{"RDS", "DynamoDB", "SQS", "S3", "ElastiCacheRedis", "SNS"}
		for i := range size / 4 {
			service := fmt.Sprintf("s%d", i)
			first, second := data[random.IntN(len(data))], data[random.IntN(len(data))]
			w.want(service+"/one", first, "platform:platform/networking")
			w.want(service+"/two", second, "platform:platform/networking")
			needs := []string{"platform:platform/networking", service + "/one.arn", service + "/two.arn", "edge/balancer.arn"}
			if i > 0 && random.IntN(3) == 0 {
				needs = append(needs, fmt.Sprintf("s%d/api", random.IntN(i)))
			}
			w.want(service+"/api", "MicroService", needs...)
			w.want(service+"/worker", "Worker", "platform:platform/networking", service+"/api", service+"/two.arn")
		}
	},
	"an update of services that call one another freely": func(w *world, size int, random *rand.Rand) {
		for i := range size {
			needs := []string{}
			for range min(i, 2) {
				if need := fmt.Sprintf("s%d/api", max(0, i-1-random.IntN(12))); len(needs) == 0 || needs[0] != need {
					needs = append(needs, need)
				}
			}
			w.want(fmt.Sprintf("s%d/api", i), "MicroService", needs...)
		}
	},
}

// quick are topologies of steps that take less time than a task takes to start: there, plain waves mostly start tasks.
var quick = map[string]func(w *world, size int, random *rand.Rand){
	"a few long chains of topics": func(w *world, size int, random *rand.Rand) {
		for i := range size {
			var needs []string
			if i%12 > 0 {
				needs = []string{fmt.Sprintf("s%d/topic-%d", i/12, i-1)}
			}
			w.want(fmt.Sprintf("s%d/topic-%d", i/12, i), "SNS", needs...)
		}
	},
	"services of small parts that know one another": func(w *world, size int, random *rand.Rand) {
		for i := range size {
			service, first := i/15, i/15*15
			needs := map[string]bool{}
			for range min(i-first, 3) {
				needs[fmt.Sprintf("s%d/part-%d", service, max(first, i-1-random.IntN(3)))] = true
			}
			if i == first && service > 0 && random.IntN(4) == 0 {
				needs[fmt.Sprintf("s%d/part-%d", service-1, first-1)] = true
			}
			w.want(fmt.Sprintf("s%d/part-%d", service, i), "SNS", slices.Sorted(maps.Keys(needs))...)
		}
	},
	"twelve layers, each part on three of the layer above": func(w *world, size int, random *rand.Rand) {
		for i := range size {
			layer, width := i*12/size, max(size/12, 1)
			needs := map[string]bool{}
			for range 3 {
				if layer > 0 {
					first := ((layer-1)*size + 11) / 12
					needs[fmt.Sprintf("l%d/part-%d", layer-1, first+random.IntN(width))] = true
				}
			}
			w.want(fmt.Sprintf("l%d/part-%d", layer, i), "SNS", slices.Sorted(maps.Keys(needs))...)
		}
	},
}

// knotted names the one topology where clusters do not help once it is large: every two layers hang together as a whole, one
// task is too narrow for that whole, and tasks of one wave do not wait for one another. There, waves stay levels.
const knotted = "twelve layers, each part on three of the layer above"

func TestClustersComeCloseToTheCriticalPath(t *testing.T) {
	all := maps.Clone(topologies)
	maps.Copy(all, quick)
	sizes := []int{12, 40, 120, 500}
	if os.Getenv("DEPLOYER_SIM") != "" {
		sizes = append(sizes, 2000, 5000)
	}
	for name, topology := range all {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s, %d components", name, size), func(t *testing.T) {
				w := newWorld(t)
				topology(w, size, rand.New(rand.NewPCG(1, uint64(size))))
				p, err := w.make(plan.Options{})
				require.NoError(t, err)
				ours, plain, least := simulate(p, plan.DefaultParallelism), plainWaves(p), criticalPath(p)
				t.Logf("critical path %d s, ours %.2f of it in %d waves and %d batches, plain waves %.2f in %d; task seconds %d, plain %d", least,
					float64(ours.makespan)/float64(least), len(p.Waves), batches(p), float64(plain.makespan)/float64(least), levels(p), ours.fargate, plain.fargate)
				require.LessOrEqual(t, ours.makespan, plain.makespan)
				require.LessOrEqual(t, ours.fargate, plain.fargate)
				if plain.makespan >= 2*least && !(name == knotted && size > 100) {
					require.LessOrEqual(t, float64(ours.makespan), 1.15*float64(least))
				}
			})
		}
	}
}

func batches(p *plan.Plan) int {
	n := 0
	for _, wave := range p.Waves {
		n += len(wave.Batches)
	}
	return n
}

func levels(p *plan.Plan) int {
	n := 0
	for _, step := range p.Steps {
		n = max(n, step.Level)
	}
	return n
}
