package correlate

import (
	"cmp"
	"slices"
)

// bucketMS is the width of one bucket of the time index: ten minutes keep the
// insertion of a late change cheap and the counting of a window short.
const bucketMS = 10 * 60 * 1000

// timeIndex lists all slots by start in buckets of equal width.
type timeIndex struct {
	buckets []timeBucket
}

// timeBucket holds the slots of one bucket in order, and how many there are of
// each kind.
type timeBucket struct {
	number int64
	refs   []uint32
	kinds  [kindCodes]uint32
}

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
	e := &x.entries[ref]
	at, found := t.locate(bucketOf(e.start))
	if !found {
		t.buckets = slices.Insert(t.buckets, at, timeBucket{number: bucketOf(e.start)})
	}
	b := &t.buckets[at]
	b.refs = x.insertSorted(b.refs, ref)
	b.kinds[e.kind]++
}

func (t *timeIndex) remove(x *ChangeIndex, ref uint32) {
	e := &x.entries[ref]
	at, found := t.locate(bucketOf(e.start))
	if !found {
		return
	}
	b := &t.buckets[at]
	b.refs = x.removeSorted(b.refs, ref)
	b.kinds[e.kind]--
	if len(b.refs) == 0 {
		t.buckets = slices.Delete(t.buckets, at, at+1)
	}
}

func (t *timeIndex) oldest(x *ChangeIndex) int64 {
	return x.entries[t.buckets[0].refs[0]].start
}

// latest calls yield for the newest slots that start at or before the moment,
// newest first, until yield returns false.
func (t *timeIndex) latest(x *ChangeIndex, before int64, yield func(ref uint32) bool) {
	at, found := t.locate(bucketOf(before))
	if !found {
		at--
	}
	for ; at >= 0; at-- {
		refs := t.buckets[at].refs
		for i := len(refs) - 1; i >= 0; i-- {
			if x.entries[refs[i]].start <= before && !yield(refs[i]) {
				return
			}
		}
	}
}

// count sums the changes per kind in whole buckets between the two moments. It
// returns the sums and the first bucket's start in milliseconds.
func (t *timeIndex) count(from, until int64) (kinds [kindCodes]uint32, total uint32) {
	at, _ := t.locate(bucketOf(from))
	for ; at < len(t.buckets) && t.buckets[at].number <= bucketOf(until); at++ {
		for k, n := range t.buckets[at].kinds {
			kinds[k] += n
			total += n
		}
	}
	return kinds, total
}

// kindCodes is the number of kinds, those of [ChangeKinds] and one for any
// other.
const kindCodes = 16

// kindCode numbers a kind by its place in [ChangeKinds].
func kindCode(k ChangeKind) uint8 {
	if i := slices.Index(changeKinds[:], k); i >= 0 {
		return uint8(i)
	}
	return kindCodes - 1
}

// changeKinds is the immutable order behind kindCode.
var changeKinds = [...]ChangeKind{
	KindDeploy, KindRollback, KindConfig, KindFeatureFlag, KindInfrastructure, KindSchemaMigration,
	KindScaling, KindModel, KindPrompt, KindGuardrail, KindAccess, KindCertificate, KindDependency,
	KindData, KindOther,
}

// interner numbers the few distinct names of sources and environments. Code 0
// stands for the empty name; names beyond its capacity share the last code.
type interner struct {
	codes map[string]uint16
	list  []string
}

func newInterner() interner {
	return interner{codes: map[string]uint16{"": 0}, list: []string{""}}
}

func (n *interner) code(name string) uint16 {
	if c, ok := n.codes[name]; ok {
		return c
	}
	if len(n.list) > 1<<16-2 {
		return uint16(len(n.list) - 1)
	}
	c := uint16(len(n.list))
	n.codes[name] = c
	n.list = append(n.list, name)
	return c
}

func (n *interner) name(code uint16) string { return n.list[code] }

// keyArena stores ids back to back in chunks without pointers, so that ten
// million of them cost the collector nothing.
type keyArena struct {
	chunks [][]byte
}

// keyRef is a place in the arena: chunk, offset and length.
type keyRef struct {
	chunk  uint16
	length uint16
	offset uint32
}

const arenaChunk = 4 << 20

func (a *keyArena) put(id string) keyRef {
	id = id[:min(len(id), 1<<16-1)]
	last := len(a.chunks) - 1
	if last < 0 || len(a.chunks[last])+len(id) > arenaChunk {
		a.chunks = append(a.chunks, make([]byte, 0, arenaChunk))
		last++
	}
	offset := len(a.chunks[last])
	a.chunks[last] = append(a.chunks[last], id...)
	return keyRef{chunk: uint16(last), length: uint16(len(id)), offset: uint32(offset)}
}

func (a *keyArena) get(r keyRef) string {
	if r.length == 0 {
		return ""
	}
	return string(a.chunks[r.chunk][r.offset : r.offset+uint32(r.length)])
}

// hashKey is FNV-1a over source, a separator and id.
func hashKey(k Key) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := uint64(offset)
	for i := range len(k.Source) {
		h = (h ^ uint64(k.Source[i])) * prime
	}
	h = (h ^ 0xff) * prime
	for i := range len(k.ID) {
		h = (h ^ uint64(k.ID[i])) * prime
	}
	return h
}
