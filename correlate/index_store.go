package correlate

import "slices"

// kindCodes is the number of kinds, those of [ChangeKinds] and one for any
// other.
const kindCodes = 16

// changeKinds is the immutable order behind kindCode.
var changeKinds = [...]ChangeKind{
	KindDeploy, KindRollback, KindConfig, KindFeatureFlag, KindInfrastructure, KindSchemaMigration,
	KindScaling, KindModel, KindPrompt, KindGuardrail, KindAccess, KindCertificate, KindDependency,
	KindData, KindOther,
}

// kindCode numbers a kind by its place in [ChangeKinds].
func kindCode(k ChangeKind) uint8 {
	if i := slices.Index(changeKinds[:], k); i >= 0 {
		return uint8(i)
	}
	return kindCodes - 1
}

// interner numbers the few distinct names of sources and environments. Code 0
// stands for the empty name.
type interner struct {
	codes map[string]uint16
	list  []string
}

func newInterner() interner {
	return interner{codes: map[string]uint16{"": 0}, list: []string{""}}
}

// code returns the number of the name. Names beyond 65,535 share the last one:
// a feed with so many sources or environments is broken.
func (n *interner) code(name string) uint16 {
	if c, ok := n.codes[name]; ok {
		return c
	}
	if len(n.list) > 1<<16-1 {
		return 1<<16 - 1
	}
	c := uint16(len(n.list))
	n.codes[name] = c
	n.list = append(n.list, name)
	return c
}

func (n *interner) name(code uint16) string { return n.list[code] }

// keyArena stores ids back to back in chunks without pointers, so that ten
// million of them cost the collector nothing. A chunk is freed when all its ids
// are released.
type keyArena struct {
	chunks  []arenaChunk
	vacant  []uint16
	current int
}

type arenaChunk struct {
	data []byte
	live int
}

// keyRef is a place in the arena: chunk, offset and length.
type keyRef struct {
	offset uint32
	chunk  uint16
	length uint16
}

const arenaChunkBytes = 1 << 20

func (a *keyArena) put(id string) keyRef {
	if len(a.chunks) == 0 || len(a.chunks[a.current].data)+len(id) > arenaChunkBytes {
		a.open()
	}
	c := &a.chunks[a.current]
	r := keyRef{offset: uint32(len(c.data)), chunk: uint16(a.current), length: uint16(len(id))}
	c.data = append(c.data, id...)
	c.live++
	return r
}

// open makes a fresh chunk the current one.
func (a *keyArena) open() {
	if len(a.chunks) > 0 && a.chunks[a.current].live == 0 {
		a.chunks[a.current].data = a.chunks[a.current].data[:0]
		return
	}
	if n := len(a.vacant); n > 0 {
		a.current = int(a.vacant[n-1])
		a.vacant = a.vacant[:n-1]
		return
	}
	a.chunks = append(a.chunks, arenaChunk{})
	a.current = len(a.chunks) - 1
}

func (a *keyArena) release(r keyRef) {
	c := &a.chunks[r.chunk]
	if c.live--; c.live == 0 && int(r.chunk) != a.current {
		c.data = nil
		a.vacant = append(a.vacant, r.chunk)
	}
}

func (a *keyArena) get(r keyRef) string {
	return string(a.chunks[r.chunk].data[r.offset : r.offset+uint32(r.length)])
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
