package correlate

import (
	"cmp"
	"slices"
)

// cascade is how alerting services explain each other: one that a fault has
// reached passes it on to its callers, whatever the origin. What alerts explain
// among themselves tells origins apart no more; what remains are the services
// where the fault came in.
type cascade struct {
	// passed[j] is the strength with which the service that j depends on, and
	// that alerts too, passes a fault on to j; 0 where nothing but the origin can
	// explain j.
	passed []float64
}

// empty reports whether no alert could explain another.
func (c *cascade) empty() bool {
	return !slices.ContainsFunc(c.passed, func(strength float64) bool { return strength > 0 })
}

// handover is one way on which a fault may pass from alerting service to
// alerting service.
type handover struct {
	from, to int32
	strength float64
}

// newCascade picks, strongest first, one way into each symptom such that no
// symptom explains itself over others: a forest. The links of all symptoms must
// have been walked. Without times nobody can say what passed on to what.
func (e *Engine) newCascade(s *scene, sp *spreader) cascade {
	c := cascade{passed: make([]float64, len(s.symptoms))}
	if len(s.symptoms) < 2 || e.off[EvidenceTiming] {
		return c
	}
	root := make([]int32, len(s.symptoms))
	for i := range root {
		root[i] = int32(i)
	}
	find := func(i int32) int32 {
		for root[i] != i {
			i = root[i]
		}
		return i
	}
	for _, h := range handovers(s, sp) {
		if c.passed[h.to] > 0 || find(h.from) == h.to {
			continue
		}
		c.passed[h.to] = h.strength
		root[h.to] = h.from
	}
	return c
}

// cascadeSlackMS is how much sooner than the service it caught its trouble from
// one may alert: alarms have lags of their own.
const cascadeSlackMS = 600_000

// handovers lists the ways between alerting services, strongest first.
func handovers(s *scene, sp *spreader) []handover {
	var list []handover
	for i := range s.symptoms {
		for _, p := range s.symptoms[i].places {
			at := sp.slot[p.node]
			if at == 0 {
				continue
			}
			for at := sp.found[at-1].last; at >= 0; at = sp.chain[at].next {
				l := &sp.chain[at].link
				early := s.symptoms[l.symptom].start+cascadeSlackMS < s.symptoms[i].start
				if l.route != routeSelf && int(l.symptom) != i && !early {
					list = append(list, handover{int32(i), l.symptom, p.strength * float64(l.strength)})
				}
			}
		}
	}
	slices.SortFunc(list, func(a, b handover) int {
		return cmp.Or(cmp.Compare(b.strength, a.strength), cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
	return list
}
