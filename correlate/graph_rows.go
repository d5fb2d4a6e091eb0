package correlate

import (
	"cmp"
	"slices"
	"sync/atomic"
)

// patchedRow is a row that differs from the packed one: arcs laid over it. A hub
// has thousands of arcs, of which an update changes one; so the whole row is put
// together when somebody first reads it, and by whoever that is.
type patchedRow struct {
	packed, over []arc
	// n is the length of the whole row.
	n int
	// peak is the rate of the busiest call of a row of callees, which all shares are
	// relative to; 0 in a row of callers, whose shares stand in it.
	peak float32
	// whole and main are what arcs and mainArcs have returned before.
	whole, main atomic.Pointer[[]arc]
}

// arcs is the whole row, in order. Two that read it first at once put the same
// together.
func (r *patchedRow) arcs() []arc {
	if whole := r.whole.Load(); whole != nil {
		return *whole
	}
	row, packed := make([]arc, 0, r.n), r.packed
	for _, a := range r.over {
		at, known := findArc(packed, a.to)
		row = append(append(row, packed[:at]...), a)
		if known {
			at++
		}
		packed = packed[at:]
	}
	row = append(row, packed...)
	if r.peak > 0 {
		for i := range row {
			row[i].share = relative(row[i].rate, r.peak)
		}
	}
	r.whole.Store(&row)
	return row
}

// mainArcs are those of the whole row that are walked.
func (r *patchedRow) mainArcs() []arc {
	if r.n <= hubFan {
		return r.arcs()
	}
	if main := r.main.Load(); main != nil {
		return *main
	}
	main := busiestOf(r.arcs())
	r.main.Store(&main)
	return main
}

// find returns the arc to a service.
func (r *patchedRow) find(to int32) (arc, bool) {
	if at, known := findArc(r.over, to); known {
		return r.over[at], true
	}
	if at, known := findArc(r.packed, to); known {
		return r.packed[at], true
	}
	return arc{}, false
}

// put lays an arc over the row; known says that it replaces one.
func (r *patchedRow) put(a arc, known bool) {
	at, laid := findArc(r.over, a.to)
	if laid {
		r.over[at] = a
	} else {
		r.over = slices.Insert(r.over, at, a)
	}
	if !known {
		r.n++
	}
}

// edited is a copy of the row, or of the packed one if there is none yet, that
// may be changed until somebody reads it.
func (r *patchedRow) edited(packed []arc) *patchedRow {
	if r == nil {
		return &patchedRow{packed: packed, n: len(packed)}
	}
	over := make([]arc, len(r.over), len(r.over)+2)
	copy(over, r.over)
	return &patchedRow{packed: r.packed, over: over, n: r.n, peak: r.peak}
}

// findArc returns the place of the arc in a row, or where it belongs.
func findArc(row []arc, to int32) (int, bool) {
	return slices.BinarySearchFunc(row, to, func(x arc, to int32) int { return cmp.Compare(x.to, to) })
}

// peakOf is the rate of the busiest call in a packed row of callees, 0 where none
// is known. It is the one that the shares say is the busiest: no other rate,
// divided by it, is rounded to 1.
func peakOf(row []arc) float32 {
	for i := range row {
		if a := &row[i]; a.share == 1 && a.rate > 0 {
			return a.rate
		}
	}
	return 0
}

// relative is a call's rate relative to the caller's busiest one; an unknown rate
// counts as the busiest.
func relative(rate, peak float32) float32 {
	if rate > 0 {
		return rate / peak
	}
	return 1
}

// felt returns an arc of a row of callers with the share as it is now.
func (g *Graph) felt(a arc) arc {
	if g.patch == nil || a.rate == 0 {
		return a
	}
	if peak, moved := g.patch.peaks[a.to]; moved {
		a.share = a.rate / peak
	}
	return a
}

// rowEdits are the rows that one snapshot changes. What is laid over each is
// copied once, however many of its edges the snapshot names.
type rowEdits struct {
	g *Graph
	// peaks are the busiest calls of the callers touched, as they were before.
	peaks map[int32]float32
	// callers are the callees of which what is laid over has been copied.
	callers map[int32]bool
	// touched are the calls that changed, in order.
	touched []push
}

// connect adds or updates one edge in the caller's row; finish tells the callees.
func (r *rowEdits) connect(caller, callee int32, e Edge) {
	p := r.g.patch
	row := p.callees[caller]
	if row == nil {
		row = &patchedRow{packed: r.g.callees.of(caller)}
	}
	a := arc{to: callee, kind: edgeCode(e.Kind), rate: float32(max(e.CallsPerSecond, 0)), share: 1}
	old, known := row.find(callee)
	if known {
		a.rate = max(a.rate, old.rate)
		if a.rate == old.rate && a.kind == old.kind {
			return
		}
	}
	if _, own := r.peaks[caller]; !own {
		row = p.callees[caller].edited(row.packed)
		if p.callees[caller] == nil {
			row.peak = peakOf(row.packed)
		}
		r.peaks[caller] = row.peak
		p.callees[caller] = row
		mark(p.calling, caller)
	}
	row.put(a, known)
	row.peak = max(row.peak, a.rate)
	if !known {
		p.added++
	}
	r.touched = append(r.touched, push{caller, callee})
}

// finish puts the calls that changed into the callees' rows of callers. Where a
// caller's busiest call became busier, all its shares changed: that is noted once,
// and not in thousands of rows.
func (r *rowEdits) finish() {
	for caller, before := range r.peaks {
		if peak := r.g.patch.callees[caller].peak; peak != before {
			r.g.patch.peaks[caller] = peak
		}
	}
	for _, t := range r.touched {
		row := r.g.patch.callees[t.caller]
		a, _ := row.find(t.callee)
		r.mirror(t.callee, arc{to: t.caller, rate: a.rate, kind: a.kind, share: relative(a.rate, row.peak)})
	}
}

// mirror puts a call into the callee's row of callers.
func (r *rowEdits) mirror(callee int32, a arc) {
	p := r.g.patch
	row := p.callers[callee]
	if !r.callers[callee] {
		r.callers[callee] = true
		row = row.edited(r.g.callers.of(callee))
		p.callers[callee] = row
		mark(p.called, callee)
	}
	_, known := row.find(a.to)
	row.put(a, known)
}

// mark notes a service, if it is one of those that were packed.
func mark(set bits, node int32) {
	if int(node)>>6 < len(set) {
		set.set(node)
	}
}
