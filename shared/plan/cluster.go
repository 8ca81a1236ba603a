package plan

import (
	"cmp"
	"slices"
)

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

// maxCuts bounds the places where waves may be cut, so that a long chain costs no more than a wide graph.
const maxCuts = 48

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
		places, count := coarsen(places)
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

// coarsen numbers the distinct places from 0, at most maxCuts of them; the order is kept.
func coarsen(places []int) (coarse []int, count int) {
	distinct := slices.Compact(slices.Sorted(slices.Values(places)))
	count = min(len(distinct), maxCuts)
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

// rangeOfWork is the steps of a range of places while it grows, with what hangs together among them.
type rangeOfWork struct {
	*work
	places  []int
	first   int
	parent  []int32
	size    []int
	total   []int // seconds of all steps of a group, at its root
	ends    []int // when a step ends that begins as soon as those of the range are done
	chain   []int // the latest end of a group, at its root
	largest int   // steps of the largest group
	span    int   // seconds of the group that takes longest
}

func newRangeOfWork(w *work, places []int, first int) *rangeOfWork {
	n := len(w.steps)
	r := &rangeOfWork{work: w, places: places, first: first, parent: make([]int32, n), size: make([]int, n), total: make([]int, n),
		ends: make([]int, n), chain: make([]int, n)}
	for i := range r.parent {
		r.parent[i] = int32(i)
	}
	return r
}

// add takes a step in. Steps come in their order, needs first.
func (r *rangeOfWork) add(step int) {
	begins := 0
	for _, need := range r.needs[step] {
		if r.places[need] >= r.first {
			begins = max(begins, r.ends[need])
		}
	}
	r.ends[step] = begins + r.seconds[step]
	r.size[step], r.total[step], r.chain[step] = 1, r.seconds[step], r.ends[step]
	root := step
	for _, need := range r.needs[step] {
		if r.places[need] >= r.first {
			root = r.join(root, need)
		}
	}
	r.largest = max(r.largest, r.size[root])
	r.span = max(r.span, r.spanOf(root))
}

// spanOf estimates how long one task takes for a group: its longest chain, or all its work spread over the slots.
func (r *rangeOfWork) spanOf(root int) int {
	return max(r.chain[root], (r.total[root]+r.slots-1)/r.slots)
}

func (r *rangeOfWork) root(i int) int {
	for r.parent[i] != int32(i) {
		r.parent[i] = r.parent[r.parent[i]]
		i = int(r.parent[i])
	}
	return i
}

func (r *rangeOfWork) join(a, b int) int {
	a, b = r.root(a), r.root(b)
	if a == b {
		return a
	}
	if r.size[a] < r.size[b] {
		a, b = b, a
	}
	r.parent[b] = int32(a)
	r.size[a] += r.size[b]
	r.total[a] += r.total[b]
	r.chain[a] = max(r.chain[a], r.chain[b])
	return a
}

// pack puts the groups of a wave that hang together into as few tasks as do not make the wave longer: fewer starts, fewer
// providers. Each batch is ordered by how much waits behind a step, so that the longest chain is never kept waiting.
func (w *work) pack(wave []int) [][]int {
	in := make([]int, len(w.steps)) // the place of what is not in the wave is below first
	for _, i := range wave {
		in[i] = 1
	}
	r := newRangeOfWork(w, in, 1)
	for _, i := range wave {
		r.add(i)
	}
	groups := map[int][]int{}
	var roots []int
	for _, i := range wave {
		root := r.root(i)
		if groups[root] == nil {
			roots = append(roots, root)
		}
		groups[root] = append(groups[root], i)
	}
	slices.SortStableFunc(roots, func(a, b int) int { return cmp.Compare(r.total[b], r.total[a]) })
	batches := r.fill(roots, groups)
	for _, batch := range batches {
		slices.SortFunc(batch, func(a, b int) int { return cmp.Or(cmp.Compare(w.tail[b], w.tail[a]), cmp.Compare(a, b)) })
	}
	return batches
}

// slack is how much of a task's time the packing fills, in tenths: spreading work over slots leaves gaps.
const slack = 8

// fill puts each group, the largest first, into the first batch that has room for it.
func (r *rangeOfWork) fill(roots []int, groups map[int][]int) [][]int {
	room := max(r.span*r.slots*slack/10, 1)
	var batches [][]int
	var filled []int
	for _, root := range roots {
		fits := -1
		for b := range batches {
			if filled[b]+r.total[root] <= room && len(batches[b])+r.size[root] <= r.limit {
				fits = b
				break
			}
		}
		if fits < 0 {
			batches, filled, fits = append(batches, nil), append(filled, 0), len(batches)
		}
		batches[fits] = append(batches[fits], groups[root]...)
		filled[fits] += r.total[root]
	}
	return batches
}
