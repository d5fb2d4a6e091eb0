package correlate

import (
	"cmp"
	"slices"
	"time"
)

// ChangeIndex holds the changes of the window for ranking: a light entry of
// about 60 bytes for each, listed by service and by time, and the full value as
// long as memory allows. It is written by one goroutine; reading while another
// goroutine writes is not allowed.
type ChangeIndex struct {
	entries  []lightChange
	free     []uint32
	bodies   []*Change
	byKey    map[uint64]uint32
	arena    keyArena
	services map[string]int32
	lists    [][]uint32
	wide     []uint32
	time     timeIndex
	names    interner
}

// lightChange is what ranking reads of every candidate. Times are Unix
// milliseconds; span is the length of the rollout, 0 when unknown.
type lightChange struct {
	start  int64
	key    keyRef
	span   uint32
	source uint16
	env    uint16
	kind   uint8
	state  uint8
}

// The states of an entry, as bits.
const (
	entryLive  = 1 << iota // The slot is in use.
	entryMulti             // The change names several services.
)

// NewChangeIndex returns an index of the changes.
func NewChangeIndex(changes ...Change) *ChangeIndex {
	x := &ChangeIndex{byKey: map[uint64]uint32{}, services: map[string]int32{}, names: newInterner()}
	for i := range changes {
		x.Put(changes[i])
	}
	return x
}

// Len is the number of changes held.
func (x *ChangeIndex) Len() int {
	if x == nil {
		return 0
	}
	return len(x.entries) - len(x.free)
}

// Put adds the change, or replaces the one with the same key. The value must be
// the whole folded change. The index keeps a reference to its slices.
func (x *ChangeIndex) Put(c Change) {
	ref, known := x.find(c.Key())
	if known {
		x.unlink(ref)
	} else {
		ref = x.allocate(c.Key())
	}
	e := &x.entries[ref]
	e.start = c.StartedAt.UnixMilli()
	e.span = spanOf(&c)
	e.kind = kindCode(c.Kind)
	e.env = x.names.code(cmp.Or(c.Environment, DefaultEnvironment))
	e.source = x.names.code(c.Source)
	e.state = entryLive
	if len(c.Services) > 1 {
		e.state |= entryMulti
	}
	x.bodies[ref] = &c
	x.link(ref, c.Services)
}

// spanOf is the length of the rollout in milliseconds, cut at 49 days.
func spanOf(c *Change) uint32 {
	span := c.End().Sub(c.StartedAt).Milliseconds()
	return uint32(min(max(span, 0), 1<<32-1))
}

// find returns the slot of the key.
func (x *ChangeIndex) find(k Key) (uint32, bool) {
	for h := hashKey(k); ; h++ {
		ref, ok := x.byKey[h]
		if !ok {
			return 0, false
		}
		if x.keyOf(ref) == k {
			return ref, true
		}
	}
}

// allocate reserves a slot for a new key.
func (x *ChangeIndex) allocate(k Key) uint32 {
	var ref uint32
	if n := len(x.free); n > 0 {
		ref, x.free = x.free[n-1], x.free[:n-1]
	} else {
		ref = uint32(len(x.entries))
		x.entries = append(x.entries, lightChange{})
		x.bodies = append(x.bodies, nil)
	}
	x.entries[ref].key = x.arena.put(k.ID)
	x.entries[ref].source = x.names.code(k.Source)
	h := hashKey(k)
	for _, taken := x.byKey[h]; taken; _, taken = x.byKey[h] {
		h++
	}
	x.byKey[h] = ref
	return ref
}

func (x *ChangeIndex) keyOf(ref uint32) Key {
	e := &x.entries[ref]
	return Key{Source: x.names.name(e.source), ID: x.arena.get(e.key)}
}

// link enters the slot into the lists of its services and of its time.
func (x *ChangeIndex) link(ref uint32, services []string) {
	x.time.insert(x, ref)
	if len(services) == 0 {
		x.wide = x.insertSorted(x.wide, ref)
	}
	for i, name := range services {
		if slices.Contains(services[:i], name) {
			continue
		}
		id, ok := x.services[name]
		if !ok {
			id = int32(len(x.lists))
			x.services[name] = id
			x.lists = append(x.lists, nil)
		}
		x.lists[id] = x.insertSorted(x.lists[id], ref)
	}
}

// unlink takes the slot out of all lists.
func (x *ChangeIndex) unlink(ref uint32) {
	x.time.remove(x, ref)
	var services []string
	if body := x.bodies[ref]; body != nil {
		services = body.Services
	}
	if len(services) == 0 {
		x.wide = x.removeSorted(x.wide, ref)
	}
	for _, name := range services {
		if id, ok := x.services[name]; ok {
			x.lists[id] = x.removeSorted(x.lists[id], ref)
		}
	}
}

// compare orders slots by start and then by key, so that equal starts have the
// same order in every replica.
func (x *ChangeIndex) compare(a, b uint32) int {
	if a == b {
		return 0
	}
	ea, eb := &x.entries[a], &x.entries[b]
	if c := cmp.Compare(ea.start, eb.start); c != 0 {
		return c
	}
	ka, kb := x.keyOf(a), x.keyOf(b)
	return cmp.Or(cmp.Compare(ka.Source, kb.Source), cmp.Compare(ka.ID, kb.ID))
}

func (x *ChangeIndex) insertSorted(list []uint32, ref uint32) []uint32 {
	at, found := slices.BinarySearchFunc(list, ref, x.compare)
	if found {
		return list
	}
	return slices.Insert(list, at, ref)
}

func (x *ChangeIndex) removeSorted(list []uint32, ref uint32) []uint32 {
	if at, found := slices.BinarySearchFunc(list, ref, x.compare); found {
		return slices.Delete(list, at, at+1)
	}
	return list
}

// of returns the slots of the service's changes that start before the moment,
// oldest first. The slice belongs to the index.
func (x *ChangeIndex) of(service string, before int64) []uint32 {
	if x == nil {
		return nil
	}
	id, ok := x.services[service]
	if !ok {
		return nil
	}
	return x.until(x.lists[id], before)
}

// until cuts a list, ordered by start, after the moment.
func (x *ChangeIndex) until(list []uint32, before int64) []uint32 {
	n, _ := slices.BinarySearchFunc(list, before, func(ref uint32, t int64) int {
		if x.entries[ref].start <= t {
			return -1
		}
		return 1
	})
	return list[:n]
}

// Change returns the full change, if the index knows the key and still holds
// the value.
func (x *ChangeIndex) Change(k Key) (Change, bool) {
	if x == nil {
		return Change{}, false
	}
	ref, ok := x.find(k)
	if !ok || x.bodies[ref] == nil {
		return Change{}, false
	}
	return *x.bodies[ref], true
}

// Oldest is the start of the oldest change held; the zero time when empty.
func (x *ChangeIndex) Oldest() time.Time {
	if x.Len() == 0 {
		return time.Time{}
	}
	return time.UnixMilli(x.time.oldest(x)).UTC()
}

// skeleton is what the index knows of a change without its full value.
func (x *ChangeIndex) skeleton(ref uint32) Change {
	e := &x.entries[ref]
	k := x.keyOf(ref)
	c := Change{ID: k.ID, Source: k.Source, Kind: KindOther, StartedAt: time.UnixMilli(e.start).UTC(), Environment: x.names.name(e.env)}
	if int(e.kind) < len(changeKinds) {
		c.Kind = changeKinds[e.kind]
	}
	return c
}
