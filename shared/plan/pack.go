package plan

import (
	"cmp"
	"slices"
)

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
