package correlate

// mergedID is the id of an alert that founded an incident of its own until a
// later alert joined that incident to one with an earlier founder.
type mergedID struct {
	founder *episode
	// at is when that happened, size how many alerts the incident had before,
	// and hops how often the incident that it became part of was merged in
	// turn, itself included.
	at, size, hops int64
}

// replay lets the members of a cluster appear one moment after the other and
// notes whenever groups that already stood become one. Thus which ids were
// merged depends on the alerts alone, not on the order in which they became
// known.
//
// Members are numbered by their position. The founder and the size of a set
// belong to its root, and a founder of -1 is none.
type replay struct {
	members  []*episode
	sets     disjoint
	size     []int64
	founder  []int32
	stood    map[int32]int64
	losers   []int32
	absorbed map[int32]absorption
	waiting  map[int32][]int32
}

// absorption tells into which founder's group another founder's group of the
// given size was merged, and when.
type absorption struct {
	into     int32
	at, size int64
}

// replayed returns the merged ids of a cluster in order of their founders.
func replayed(members []*episode) []mergedID {
	r := replay{
		members:  members,
		sets:     newDisjoint(len(members)),
		size:     make([]int64, len(members)),
		founder:  make([]int32, len(members)),
		stood:    map[int32]int64{},
		absorbed: map[int32]absorption{},
		waiting:  map[int32][]int32{},
	}
	for i, e := range members {
		e.rank = int32(i)
	}
	for first := 0; first < len(members); {
		last := first
		for last < len(members) && members[last].start == members[first].start {
			last++
		}
		r.appear(int32(first), int32(last))
		first = last
	}
	return r.merged()
}

// appear adds the members from first to before last, which start together.
func (r *replay) appear(first, last int32) {
	for i := first; i < last; i++ {
		r.size[i], r.founder[i] = 1, -1
		if r.members[i].founds() {
			r.founder[i] = i
		}
	}
	for i := first; i < last; i++ {
		r.members[i].links(func(other *episode) { r.link(i, other, first, last) })
		for _, follower := range r.waiting[i] {
			r.join(i, follower, first)
		}
	}
	for _, lose := range r.losers {
		r.absorbed[lose] = absorption{
			into: r.founder[r.sets.find(lose)], at: r.members[first].start, size: r.stood[lose],
		}
		delete(r.stood, lose)
	}
	r.losers = r.losers[:0]
	for i := first; i < last; i++ {
		if root := r.sets.find(i); r.founder[root] >= 0 {
			r.stood[r.founder[root]] = r.size[root]
		}
	}
}

// link joins i to what it is linked to, at once or when that appears. An
// anchor of another incident, to which a follower might have attached, is none
// of the members.
func (r *replay) link(i int32, other *episode, first, last int32) {
	switch {
	case int(other.rank) >= len(r.members) || r.members[other.rank] != other:
	case other.rank >= last:
		r.waiting[other.rank] = append(r.waiting[other.rank], i)
	default:
		r.join(i, other.rank, first)
	}
}

// join unites two sets. The later founder loses; it is remembered if it stood
// before the members from now on appeared.
func (r *replay) join(a, b, now int32) {
	root, other := r.sets.union(a, b)
	if root == other {
		return
	}
	keep, lose := r.founder[root], r.founder[other]
	if keep < 0 || (lose >= 0 && lose < keep) {
		keep, lose = lose, keep
	}
	if lose >= 0 && lose < now {
		r.losers = append(r.losers, lose)
	}
	r.size[root] += r.size[other]
	r.founder[root] = keep
}

func (r *replay) merged() []mergedID {
	var ids []mergedID
	for i, e := range r.members {
		a, ok := r.absorbed[int32(i)]
		if !ok {
			continue
		}
		m := mergedID{founder: e, at: a.at, size: a.size, hops: 1}
		for next, ok := r.absorbed[a.into]; ok; next, ok = r.absorbed[next.into] {
			m.hops++
		}
		ids = append(ids, m)
	}
	return ids
}
