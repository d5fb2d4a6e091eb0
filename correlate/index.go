package correlate

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// ChangeIndex holds the changes of the window for ranking: a light entry of
// about 100 bytes for each, listed by service and by time, and the whole change
// as long as its owner wants to spend the memory; see [ChangeIndex.Release]. It
// belongs to one goroutine: nothing may read it while it is written.
type ChangeIndex struct {
	// identity tells this index from others; see serviceNumbers.
	identity *token
	slots    slots
	free     []uint32
	bodies   map[uint32]*Change
	byKey    map[uint64]uint32
	arena    keyArena
	services map[string]int32
	titles   []string
	lists    [][]dated
	// newest is the start of the last change of each list, noChange if it is empty.
	newest []int64
	// ends bound the ends of each service's changes: none ended later.
	ends []int64
	// several and lately spare the ends of the lists a look: of each, which of the
	// 64 newest changes are of several services, the newest at bit 0, and how many
	// started within latelyMS before the newest.
	several []uint64
	lately  []int32
	wide    []dated
	multi   map[uint32][]int32
	time    timeIndex
	names   interner
}

// NewChangeIndex returns an index of the changes.
func NewChangeIndex(changes ...Change) *ChangeIndex {
	x := &ChangeIndex{
		identity: &token{},
		byKey:    make(map[uint64]uint32, len(changes)), services: map[string]int32{},
		bodies: map[uint32]*Change{}, multi: map[uint32][]int32{}, names: newInterner(),
	}
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
	return x.slots.n - len(x.free)
}

// Held is the number of changes of which the whole value is held.
func (x *ChangeIndex) Held() int { return len(x.bodies) }

// Put adds the change, or replaces the one with the same key. The value must be
// the whole folded change; the index keeps it and shares its slices.
func (x *ChangeIndex) Put(c Change) {
	key := indexKey(c.Key())
	ref, known := x.find(key)
	if known {
		x.unlink(ref)
	} else {
		ref = x.allocate(key)
	}
	e := x.at(ref)
	e.start = c.StartedAt.UnixMilli()
	e.span = uint32(min(max(c.End().Sub(c.StartedAt).Milliseconds(), 0), 1<<32-1))
	e.kind = kindCode(c.Kind)
	e.env = x.names.code(cmp.Or(c.Environment, DefaultEnvironment))
	x.bodies[ref] = &c
	x.link(ref, c.Services)
}

// Remove takes the change out and reports whether it was there.
func (x *ChangeIndex) Remove(k Key) bool {
	ref, known := x.find(indexKey(k))
	if known {
		x.drop(ref)
	}
	return known
}

// DropBefore takes out changes that started before the moment, the oldest first
// and at most limit of them, and returns how many. A limit bounds the pause.
func (x *ChangeIndex) DropBefore(moment time.Time, limit int) int {
	dropped := 0
	for x.Len() > 0 && dropped < limit {
		ref := x.time.first()
		if x.at(ref).start >= moment.UnixMilli() {
			break
		}
		x.drop(ref)
		dropped++
	}
	return dropped
}

// Release forgets the whole values of changes that started before the moment,
// the oldest first and at most limit of them, and returns how many. Such a
// change is still ranked; its full value then comes from [Input.Lookup].
func (x *ChangeIndex) Release(moment time.Time, limit int) int {
	return x.release(moment.UnixMilli(), limit)
}

// ReleaseOldest forgets the whole values of the oldest changes, at most limit of
// them, and returns how many.
func (x *ChangeIndex) ReleaseOldest(limit int) int { return x.release(math.MaxInt64, limit) }

func (x *ChangeIndex) release(before int64, limit int) int {
	released := 0
	for at := range x.time.buckets {
		b := &x.time.buckets[at]
		if released >= limit || b.number > bucketOf(before) {
			break
		}
		for _, ref := range b.refs {
			if b.held == 0 || released >= limit || x.at(ref).start >= before {
				break
			}
			if x.bodies[ref] != nil {
				delete(x.bodies, ref)
				b.held--
				released++
			}
		}
	}
	return released
}

// Change returns the whole change, if the index knows the key and still holds
// the value.
func (x *ChangeIndex) Change(k Key) (Change, bool) {
	if x == nil {
		return Change{}, false
	}
	ref, ok := x.find(indexKey(k))
	if !ok || x.bodies[ref] == nil {
		return Change{}, false
	}
	return *x.bodies[ref], true
}

// Oldest is the start of the oldest change held, the zero time when empty.
func (x *ChangeIndex) Oldest() time.Time {
	if x.Len() == 0 {
		return time.Time{}
	}
	return time.UnixMilli(x.at(x.time.first()).start).UTC()
}

// indexKey cuts an absurdly long id to what the arena stores.
func indexKey(k Key) Key {
	k.ID = k.ID[:min(len(k.ID), 1<<16-1)]
	return k
}

// drop takes a slot out of everything and frees it.
func (x *ChangeIndex) drop(ref uint32) {
	x.unlink(ref)
	x.forgetKey(ref)
	x.arena.release(x.at(ref).key)
	*x.at(ref) = lightChange{}
	delete(x.bodies, ref)
	x.free = append(x.free, ref)
}

// allocate reserves a slot for a new key.
func (x *ChangeIndex) allocate(k Key) uint32 {
	var ref uint32
	if n := len(x.free); n > 0 {
		ref, x.free = x.free[n-1], x.free[:n-1]
	} else {
		ref = x.slots.add()
	}
	*x.at(ref) = lightChange{key: x.arena.put(k.ID), source: x.names.code(k.Source), live: true}
	h := hashKey(k)
	for _, taken := x.byKey[h]; taken; _, taken = x.byKey[h] {
		h++
	}
	x.byKey[h] = ref
	return ref
}

// find returns the slot of the key. Keys whose hashes collide stand under the
// following hashes.
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

// forgetKey takes the slot's key out of the hash table and closes the gap.
func (x *ChangeIndex) forgetKey(ref uint32) {
	h := hashKey(x.keyOf(ref))
	for x.byKey[h] != ref {
		h++
	}
	delete(x.byKey, h)
	for next := h + 1; ; next++ {
		moved, ok := x.byKey[next]
		if !ok {
			return
		}
		delete(x.byKey, next)
		home := hashKey(x.keyOf(moved))
		for _, taken := x.byKey[home]; taken; _, taken = x.byKey[home] {
			home++
		}
		x.byKey[home] = moved
	}
}

func (x *ChangeIndex) keyOf(ref uint32) Key {
	e := x.at(ref)
	return Key{Source: x.names.name(e.source), ID: x.arena.get(e.key)}
}

// link enters the slot into the lists of its services and of its time.
func (x *ChangeIndex) link(ref uint32, services []string) {
	e := x.at(ref)
	x.time.insert(x, ref)
	switch ids := x.numbers(services); len(ids) {
	case 0:
		e.service = serviceWide
		x.wide = x.insertDated(x.wide, e.dated(ref))
	case 1:
		e.service = ids[0]
		x.enter(ids[0], e.dated(ref), e.end())
	default:
		e.service = serviceMulti
		x.multi[ref] = ids
		for _, id := range ids {
			x.enter(id, e.dated(ref), e.end())
		}
	}
}

// enter puts the entry into the list of a service.
func (x *ChangeIndex) enter(service int32, d dated, end int64) {
	before := len(x.lists[service])
	list := x.insertDated(x.lists[service], d)
	if n := len(list); n > before && list[n-1] == d {
		x.extendList(service, list)
	} else {
		x.setList(service, list)
	}
	x.ends[service] = max(x.ends[service], end)
}

// unlink takes the slot out of all lists.
func (x *ChangeIndex) unlink(ref uint32) {
	x.time.remove(x, ref)
	e := x.at(ref)
	switch e.service {
	case serviceWide:
		x.wide = x.removeDated(x.wide, e.dated(ref))
	case serviceMulti:
		for _, id := range x.multi[ref] {
			x.setList(id, x.removeDated(x.lists[id], e.dated(ref)))
		}
		delete(x.multi, ref)
	default:
		x.setList(e.service, x.removeDated(x.lists[e.service], e.dated(ref)))
	}
}

// numbers gives each distinct service its number.
func (x *ChangeIndex) numbers(services []string) []int32 {
	var ids []int32
	for _, name := range services {
		if name == "" {
			continue
		}
		id, ok := x.services[name]
		if !ok {
			id = int32(len(x.lists))
			x.services[name] = id
			x.titles = append(x.titles, name)
			x.lists, x.newest, x.ends = append(x.lists, nil), append(x.newest, noChange), append(x.ends, noChange)
			x.several, x.lately = append(x.several, 0), append(x.lately, 0)
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}
