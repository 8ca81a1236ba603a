package asl

import (
	"container/heap"
	"time"
)

// virtualEntry is something to be called: by time, then by order, then first come first served.
type virtualEntry struct {
	due   time.Time
	order int64
	count int64
	f     func()
	index int
}

type virtualQueue []*virtualEntry

func (q virtualQueue) Len() int { return len(q) }

func (q virtualQueue) Less(i, j int) bool {
	switch d := q[i].due.Compare(q[j].due); {
	case d != 0:
		return d < 0
	case q[i].order != q[j].order:
		return q[i].order < q[j].order
	default:
		return q[i].count < q[j].count
	}
}

func (q virtualQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

// Push is for container/heap.
func (q *virtualQueue) Push(x any) {
	e := x.(*virtualEntry)
	e.index = len(*q)
	*q = append(*q, e)
}

// Pop is for container/heap.
func (q *virtualQueue) Pop() any {
	old := *q
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	e.index = -1
	return e
}

func (q *virtualQueue) remove(e *virtualEntry) {
	if e.index >= 0 && e.index < len(*q) && (*q)[e.index] == e {
		heap.Remove(q, e.index)
	}
}
