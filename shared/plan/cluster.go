package plan

import "slices"

const (
	// DefaultBatchSize is how many steps one executor task gets at the most: a task keeps its steps' programs in memory
	// only while it works on them, and what is lost with a task stays bounded.
	DefaultBatchSize = 100
	// LevelBatchSize is the same where every level of the graph is a wave of its own.
	LevelBatchSize = 20
	// DefaultParallelism is how many steps an executor is taken to work on at a time; it mostly waits for AWS.
	DefaultParallelism = 8
	// TaskStart is how long an executor task takes to start, in seconds: Fargate's 30 to 60.
	TaskStart = 45
)

// The number of places where waves may be cut is bounded, so that a long chain costs no more than a wide graph: fewCuts are
// enough unless the steps are so many that each batch must be cut out of them.
const (
	fewCuts  = 48
	manyCuts = 512
)

// work is the steps of a plan as the scheduling sees them: positions, what comes before what, and times.
type work struct {
	steps   []*Step // ordered by level, then address
	needs   [][]int // by position; directly before it
	seconds []int
	tail    []int // seconds from the begin of a step to the end of the longest chain that begins with it
	limit   int   // steps per batch
	slots   int   // steps at a time in one task
}

func newWork(steps []*Step, needs [][]int, limit, slots int) *work {
	w := &work{steps: steps, needs: needs, seconds: make([]int, len(steps)), tail: make([]int, len(steps)), limit: limit, slots: slots}
	for i, step := range steps {
		w.seconds[i] = max(1, step.Seconds)
	}
	for i := len(steps) - 1; i >= 0; i-- { // all that wait for a step stand behind it
		w.tail[i] += w.seconds[i]
		for _, need := range needs[i] {
			w.tail[need] = max(w.tail[need], w.tail[i])
		}
	}
	return w
}

// levels returns the waves of one level each.
func (w *work) levels() [][]int {
	var waves [][]int
	for i, step := range w.steps {
		if i == 0 || step.Level != w.steps[i-1].Level {
			waves = append(waves, nil)
		}
		waves[len(waves)-1] = append(waves[len(waves)-1], i)
	}
	return waves
}

// cluster returns waves that take less time than levels do, where there are any. Within a wave, what hangs together goes
// into one task, which carries it out without a barrier; only between waves everybody waits for everybody, and new tasks
// have to start. So a wave is a range of places in an order of the steps, cut where that is cheapest; the orders tried are
// by level, by the earliest begin, and by the latest begin that delays nothing.
func (w *work) cluster() [][]int {
	best, waves := w.costOfLevels(), w.levels()
	for _, places := range [][]int{w.byLevel(), w.byEarliest(), w.byLatest()} {
		places, count := coarsen(places, min(manyCuts, max(fewCuts, 4*len(places)/w.limit)))
		cost, cuts := w.cut(places, count)
		if cuts != nil && (cost < best || cost == best && len(cuts) < len(waves)) {
			best, waves = cost, w.between(places, cuts)
		}
	}
	return waves
}

func (w *work) costOfLevels() int {
	cost := 0
	for _, wave := range w.levels() {
		longest := 0
		for _, i := range wave {
			longest = max(longest, w.seconds[i])
		}
		cost += TaskStart + longest
	}
	return cost
}

func (w *work) byLevel() []int {
	places := make([]int, len(w.steps))
	for i, step := range w.steps {
		places[i] = step.Level
	}
	return places
}

func (w *work) byEarliest() []int {
	begins := make([]int, len(w.steps))
	for i := range w.steps {
		for _, need := range w.needs[i] {
			begins[i] = max(begins[i], begins[need]+w.seconds[need])
		}
	}
	return begins
}

func (w *work) byLatest() []int {
	places := make([]int, len(w.steps))
	longest := slices.Max(w.tail)
	for i := range w.steps {
		places[i] = longest - w.tail[i]
	}
	return places
}

// coarsen numbers the distinct places from 0, at most so many of them; the order is kept.
func coarsen(places []int, most int) (coarse []int, count int) {
	distinct := slices.Compact(slices.Sorted(slices.Values(places)))
	count = min(len(distinct), most)
	coarse = make([]int, len(places))
	for i, place := range places {
		rank, _ := slices.BinarySearch(distinct, place)
		coarse[i] = rank * count / len(distinct)
	}
	return coarse, count
}

// cut finds the cheapest way to cut the places into ranges. It returns the cost in seconds and the end of each range; nil
// when every way makes a batch that is too large.
func (w *work) cut(places []int, count int) (cost int, ends []int) {
	at := make([][]int, count)
	for i, place := range places {
		at[place] = append(at[place], i)
	}
	const never = int(^uint(0) >> 1)
	costs, from := make([]int, count+1), make([]int, count+1)
	for j := 1; j <= count; j++ {
		costs[j] = never
	}
	for i := range count {
		if costs[i] == never {
			continue
		}
		grown := newRangeOfWork(w, places, i)
		for j := i; j < count; j++ {
			for _, step := range at[j] {
				grown.add(step)
			}
			if grown.largest > w.limit {
				break // it only grows
			}
			total := costs[i] + TaskStart + grown.span
			if total < costs[j+1] {
				costs[j+1], from[j+1] = total, i
			}
		}
	}
	if costs[count] == never {
		return 0, nil
	}
	for end := count; end > 0; end = from[end] {
		ends = append(ends, end)
	}
	slices.Reverse(ends)
	return costs[count], ends
}

// between gathers the steps of each range.
func (w *work) between(places, ends []int) [][]int {
	waves := make([][]int, len(ends))
	for i, place := range places {
		wave, found := slices.BinarySearch(ends, place)
		if found {
			wave++
		}
		waves[wave] = append(waves[wave], i)
	}
	return waves
}
