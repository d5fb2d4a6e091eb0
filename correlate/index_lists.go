package correlate

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// compare orders slots by start and then by key, so that equal starts have the
// same order in every replica.
func (x *ChangeIndex) compare(a, b uint32) int {
	if a == b {
		return 0
	}
	if c := cmp.Compare(x.at(a).start, x.at(b).start); c != 0 {
		return c
	}
	return x.compareKeys(a, b)
}

func (x *ChangeIndex) compareKeys(a, b uint32) int {
	ka, kb := x.keyOf(a), x.keyOf(b)
	return cmp.Or(cmp.Compare(ka.Source, kb.Source), cmp.Compare(ka.ID, kb.ID))
}

// compareDated is compare for entries of lists; it looks no further while the
// starts differ.
func (x *ChangeIndex) compareDated(a, b dated) int {
	switch {
	case a.start < b.start:
		return -1
	case a.start > b.start:
		return 1
	case a.ref == b.ref:
		return 0
	default:
		return x.compareKeys(a.ref, b.ref)
	}
}

// insertDated keeps the list in order. Changes mostly arrive in order of time,
// so the end is tried first.
func (x *ChangeIndex) insertDated(list []dated, d dated) []dated {
	if n := len(list); n == 0 || x.compareDated(list[n-1], d) < 0 {
		return append(list, d)
	}
	at, found := slices.BinarySearchFunc(list, d, x.compareDated)
	if found {
		return list
	}
	return slices.Insert(list, at, d)
}

// removeDated takes the entry out. The first one goes without moving the others,
// since old changes are dropped one after another.
func (x *ChangeIndex) removeDated(list []dated, d dated) []dated {
	at, found := slices.BinarySearchFunc(list, d, x.compareDated)
	switch {
	case !found:
		return list
	case len(list) == 1:
		return nil
	case at == 0:
		return list[1:]
	default:
		return slices.Delete(list, at, at+1)
	}
}

// insertSorted and removeSorted do the same for lists of slots alone.
func (x *ChangeIndex) insertSorted(list []uint32, ref uint32) []uint32 {
	if n := len(list); n == 0 || x.compare(list[n-1], ref) < 0 {
		return append(list, ref)
	}
	at, found := slices.BinarySearchFunc(list, ref, x.compare)
	if found {
		return list
	}
	return slices.Insert(list, at, ref)
}

func (x *ChangeIndex) removeSorted(list []uint32, ref uint32) []uint32 {
	if len(list) > 0 && list[0] == ref {
		return list[1:]
	}
	if at, found := slices.BinarySearchFunc(list, ref, x.compare); found {
		return slices.Delete(list, at, at+1)
	}
	return list
}

// of returns the service's changes that start at or before the moment, oldest
// first. The slice belongs to the index.
func (x *ChangeIndex) of(service string, moment int64) []dated {
	if x == nil {
		return nil
	}
	id, ok := x.services[service]
	if !ok {
		return nil
	}
	return until(x.lists[id], moment)
}

// number is the number of the service, -1 when no change of it was ever held.
func (x *ChangeIndex) number(service string) int32 {
	if id, ok := x.services[service]; ok {
		return id
	}
	return -1
}

// noChange is the start of the newest change where there is none.
const noChange = math.MinInt64

// setList replaces the list of a service.
func (x *ChangeIndex) setList(service int32, list []dated) {
	x.lists[service], x.newest[service], x.several[service], x.lately[service] = list, noChange, 0, 0
	n := len(list)
	if n == 0 {
		return
	}
	x.newest[service] = list[n-1].start
	x.lately[service] = int32(n - begunBy(list, x.newest[service]-latelyMS))
	for i := range min(n, 64) {
		if list[n-1-i].multi() {
			x.several[service] |= 1 << i
		}
	}
}

// extendList replaces the list of a service by one with one more entry at its end.
func (x *ChangeIndex) extendList(service int32, list []dated) {
	n, newest := len(list), list[len(list)-1]
	x.lists[service], x.newest[service] = list, newest.start
	x.several[service] <<= 1
	if newest.multi() {
		x.several[service] |= 1
	}
	lately := int(x.lately[service]) + 1
	for list[n-lately].start <= newest.start-latelyMS {
		lately--
	}
	x.lately[service] = int32(lately)
}

// latelyMS is the span of ChangeIndex.lately, the default of Limits.RateWindow:
// where a service changed in that window is then mostly found at once.
const latelyMS = 48 * 60 * 60 * 1000

// begun is the list of the service's changes that start at or before the moment.
func (x *ChangeIndex) begun(service int32, moment int64) []dated {
	if x.newest[service] <= moment {
		return x.lists[service]
	}
	return until(x.lists[service], moment)
}

// after counts the changes of the list that start after the moment; the list is
// what has begun of the service's, whose lately says where to look first.
func (x *ChangeIndex) after(service int32, list []dated, moment int64) int {
	n := len(list)
	if n < len(x.lists[service]) || n == 0 || x.newest[service]-latelyMS > moment {
		return n - begunBy(list, moment)
	}
	low := n - int(x.lately[service])
	high := low
	for step := 1; high < n && list[high].start <= moment; step *= 2 {
		low, high = high+1, min(high+step, n)
	}
	return n - low - begunBy(list[low:high], moment)
}

// newestOf returns the start of the service's last change at or before the
// moment, noChange if there is none. Mostly it is the last of all, which is found
// without a look at the list.
func (x *ChangeIndex) newestOf(service int32, moment int64) int64 {
	start := x.newest[service]
	if start <= moment {
		return start
	}
	list := until(x.lists[service], moment)
	if len(list) == 0 {
		return noChange
	}
	return list[len(list)-1].start
}

// until cuts a list, ordered by start, after the moment. Most often all of it
// has begun.
func until(list []dated, moment int64) []dated { return list[:begunBy(list, moment)] }

// begunBy is how many entries of a list, ordered by start, start at or before the
// moment. It looks from the end in steps that double: what is asked for is mostly
// near it, and one far place of memory costs more than many steps.
func begunBy(list []dated, moment int64) int {
	low, high := len(list), len(list)
	for step := 1; low > 0 && list[low-1].start > moment; step *= 2 {
		low, high = max(low-step, 0), low-1
	}
	n, _ := slices.BinarySearchFunc(list[low:high], moment, func(d dated, t int64) int {
		if d.start <= t {
			return -1
		}
		return 1
	})
	return low + n
}

// servicesOf returns the names of the services that the slot changes.
func (x *ChangeIndex) servicesOf(ref uint32) []string {
	if service := x.at(ref).service; service >= 0 {
		return x.titles[service : service+1 : service+1]
	}
	var names []string
	for _, id := range x.multi[ref] {
		names = append(names, x.titles[id])
	}
	return names
}

// numbersOf returns the numbers of the services that the slot changes.
func (x *ChangeIndex) numbersOf(ref uint32) []int32 {
	e := x.at(ref)
	if e.service >= 0 {
		return []int32{e.service}
	}
	return x.multi[ref]
}

// outline is what the index knows of a change without its whole value.
func (x *ChangeIndex) outline(ref uint32) Change {
	e := x.at(ref)
	k := x.keyOf(ref)
	c := Change{
		ID: k.ID, Source: k.Source, Kind: KindOther, Services: x.servicesOf(ref),
		StartedAt: time.UnixMilli(e.start).UTC(), Environment: x.names.name(e.env),
	}
	if int(e.kind) < len(changeKinds) {
		c.Kind = changeKinds[e.kind]
	}
	if e.span > 0 {
		end := c.StartedAt.Add(time.Duration(e.span) * time.Millisecond)
		c.FinishedAt = &end
	}
	return c
}

// bucketMS is the width of one bucket of the time index: ten minutes keep the
// insertion of a late change cheap and the counting of a window short.
const bucketMS = 10 * 60 * 1000

// timeIndex lists all slots by start in buckets of equal width.
type timeIndex struct {
	buckets []timeBucket
}

// timeBucket holds the slots of one bucket in order, and how many there are of
// each kind; held counts those whose whole value is held.
type timeBucket struct {
	number int64
	refs   []uint32
	held   int
	kinds  [kindCodes]uint32
}

// bucketOf is the number of the bucket, rounded towards the past.
func bucketOf(ms int64) int64 {
	n := ms / bucketMS
	if ms%bucketMS < 0 {
		n--
	}
	return n
}

func (t *timeIndex) locate(number int64) (int, bool) {
	return slices.BinarySearchFunc(t.buckets, number, func(b timeBucket, n int64) int {
		return cmp.Compare(b.number, n)
	})
}

func (t *timeIndex) insert(x *ChangeIndex, ref uint32) {
	e := x.at(ref)
	at, found := t.locate(bucketOf(e.start))
	if !found {
		t.buckets = slices.Insert(t.buckets, at, timeBucket{number: bucketOf(e.start)})
	}
	b := &t.buckets[at]
	b.refs = x.insertSorted(b.refs, ref)
	b.kinds[e.kind]++
	if x.bodies[ref] != nil {
		b.held++
	}
}

func (t *timeIndex) remove(x *ChangeIndex, ref uint32) {
	e := x.at(ref)
	at, found := t.locate(bucketOf(e.start))
	if !found {
		return
	}
	b := &t.buckets[at]
	b.refs = x.removeSorted(b.refs, ref)
	b.kinds[e.kind]--
	if x.bodies[ref] != nil {
		b.held--
	}
	if len(b.refs) == 0 {
		t.buckets = slices.Delete(t.buckets, at, at+1)
	}
}

// first is the oldest slot; the index must not be empty.
func (t *timeIndex) first() uint32 { return t.buckets[0].refs[0] }

// latest calls yield for the slots that start at or before the moment, newest
// first, until yield returns false.
func (t *timeIndex) latest(x *ChangeIndex, moment int64, yield func(ref uint32) bool) {
	at, found := t.locate(bucketOf(moment))
	if !found {
		at--
	}
	for ; at >= 0; at-- {
		refs := t.buckets[at].refs
		for i := len(refs) - 1; i >= 0; i-- {
			if x.at(refs[i]).start <= moment && !yield(refs[i]) {
				return
			}
		}
	}
}

// count sums the changes per kind between the two moments: from whole buckets
// on, up to the second moment exactly, since what comes after it must not count.
func (t *timeIndex) count(x *ChangeIndex, from, until int64) (kinds [kindCodes]uint32, total uint32) {
	at, _ := t.locate(bucketOf(from))
	for ; at < len(t.buckets) && t.buckets[at].number <= bucketOf(until); at++ {
		b := &t.buckets[at]
		for k, n := range b.kinds {
			kinds[k] += n
			total += n
		}
		for i := len(b.refs) - 1; i >= 0 && b.number == bucketOf(until); i-- {
			e := x.at(b.refs[i])
			if e.start <= until {
				break
			}
			kinds[e.kind]--
			total--
		}
	}
	return kinds, total
}
