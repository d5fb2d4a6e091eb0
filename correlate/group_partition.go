package correlate

// disjoint is a union-find structure over the numbers below its length. The
// root of a set is always its smallest member.
type disjoint []int32

func newDisjoint(n int) disjoint {
	d := make(disjoint, n)
	for i := range d {
		d[i] = int32(i)
	}
	return d
}

func (d disjoint) find(i int32) int32 {
	for d[i] != i {
		d[i] = d[d[i]]
		i = d[i]
	}
	return i
}

// union joins two sets and returns the roots that they had, smaller first.
func (d disjoint) union(a, b int32) (root, absorbed int32) {
	root, absorbed = d.find(a), d.find(b)
	if absorbed < root {
		root, absorbed = absorbed, root
	}
	d[absorbed] = root
	return root, absorbed
}

// partition splits the members into sets that links connect. Order is kept
// within the sets, and the sets are ordered by their first member. It sets the
// rank of each member to its position; links to others are not followed.
func partition(members []*episode, links func(e *episode, visit func(other *episode))) [][]*episode {
	sets := newDisjoint(len(members))
	for i, e := range members {
		e.rank = int32(i)
	}
	for _, e := range members {
		links(e, func(other *episode) { sets.union(e.rank, other.rank) })
	}
	var parts [][]*episode
	number := make([]int32, len(members))
	for i, e := range members {
		root := sets.find(int32(i))
		if root == int32(i) {
			number[i] = int32(len(parts))
			parts = append(parts, nil)
		}
		at := number[root]
		parts[at] = append(parts[at], e)
	}
	return parts
}
