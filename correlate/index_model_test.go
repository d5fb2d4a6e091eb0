package correlate

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// listed is an index without any cleverness: a list of changes.
type listed []Change

func (l listed) put(c Change) listed {
	return append(l.remove(c.Key()), c)
}

func (l listed) remove(k Key) listed {
	return slices.DeleteFunc(slices.Clone(l), func(c Change) bool { return c.Key() == k })
}

// ordered is the list by start and key.
func (l listed) ordered() listed {
	out := slices.Clone(l)
	slices.SortFunc(out, func(a, b Change) int {
		return cmp.Or(a.StartedAt.Compare(b.StartedAt), cmp.Compare(a.Source, b.Source), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// of are the keys of the changes that name the service and start at or before
// the moment, oldest first. An empty name asks for those of the environment.
func (l listed) of(service string, moment time.Time) []Key {
	var keys []Key
	for _, c := range l.ordered() {
		named := slices.DeleteFunc(slices.Clone(c.Services), func(s string) bool { return s == "" })
		hit := slices.Contains(named, service) || service == "" && len(named) == 0
		if hit && !c.StartedAt.After(moment) {
			keys = append(keys, c.Key())
		}
	}
	return keys
}

// dropBefore takes out the oldest changes that started before the moment.
func (l listed) dropBefore(moment time.Time, limit int) (listed, int) {
	dropped := 0
	for _, c := range l.ordered() {
		if dropped == limit || !c.StartedAt.Before(moment) {
			break
		}
		l = l.remove(c.Key())
		dropped++
	}
	return l, dropped
}

// indexDay is the middle of the time in which the tests' changes start.
var indexDay = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// drawIndexed draws a change out of few keys, services and moments, so that
// updates, equal starts and moves between services are common.
func drawIndexed(t *rapid.T) Change {
	c := Change{
		ID:          fmt.Sprintf("c%d", rapid.IntRange(0, 11).Draw(t, "id")),
		Source:      rapid.SampledFrom([]string{"ci", "flags"}).Draw(t, "source"),
		Kind:        rapid.SampledFrom([]ChangeKind{KindDeploy, KindConfig, KindOther, "strange"}).Draw(t, "kind"),
		Environment: rapid.SampledFrom([]string{"", "staging"}).Draw(t, "environment"),
		StartedAt:   indexDay.Add(time.Duration(rapid.IntRange(-40, 40).Draw(t, "minute")) * time.Minute),
	}
	for range rapid.IntRange(0, 3).Draw(t, "services") {
		c.Services = append(c.Services, rapid.SampledFrom([]string{"a", "b", "c", ""}).Draw(t, "service"))
	}
	return c
}

// keysOf names the slots.
func (x *ChangeIndex) keysOf(list []dated) []Key {
	var keys []Key
	for _, d := range list {
		keys = append(keys, x.keyOf(d.ref))
	}
	return keys
}

// disagree says in what the index differs from the list, or nothing.
func (x *ChangeIndex) disagree(l listed, moment time.Time) string {
	if x.Len() != len(l) {
		return fmt.Sprintf("holds %d changes, want %d", x.Len(), len(l))
	}
	for _, service := range []string{"a", "b", "c"} {
		if diff := gocmp.Diff(l.of(service, moment), x.keysOf(x.of(service, moment.UnixMilli()))); diff != "" {
			return fmt.Sprintf("changes of %s until %s (-want +got):\n%s", service, moment, diff)
		}
		if number := x.number(service); number >= 0 {
			fresh := indexOfOne(x.lists[number])
			if fresh.newest[0] != x.newest[number] || fresh.several[0] != x.several[number] || fresh.lately[0] != x.lately[number] {
				return fmt.Sprintf("the end of the list of %s is not what is noted of it", service)
			}
		}
	}
	if diff := gocmp.Diff(l.of("", moment), x.keysOf(until(x.wide, moment.UnixMilli()))); diff != "" {
		return fmt.Sprintf("changes of the environment until %s (-want +got):\n%s", moment, diff)
	}
	var newest []Key
	for _, c := range slices.Backward(l.ordered()) {
		if !c.StartedAt.After(moment) {
			newest = append(newest, c.Key())
		}
	}
	var got []Key
	x.time.latest(x, moment.UnixMilli(), func(ref uint32) bool { got = append(got, x.keyOf(ref)); return true })
	if diff := gocmp.Diff(newest, got); diff != "" {
		return fmt.Sprintf("newest first until %s (-want +got):\n%s", moment, diff)
	}
	oldest := time.Time{}
	if len(l) > 0 {
		oldest = l.ordered()[0].StartedAt
	}
	if !x.Oldest().Equal(oldest) {
		return fmt.Sprintf("oldest %s, want %s", x.Oldest(), oldest)
	}
	return x.miscounts(l, moment)
}

// miscounts compares the counts per kind since the beginning.
func (x *ChangeIndex) miscounts(l listed, moment time.Time) string {
	var want [kindCodes]uint32
	total := uint32(0)
	for _, c := range l {
		if !c.StartedAt.After(moment) {
			want[kindCode(c.Kind)]++
			total++
		}
	}
	kinds, all := x.time.count(x, indexDay.Add(-24*time.Hour).UnixMilli(), moment.UnixMilli())
	if kinds != want || all != total {
		return fmt.Sprintf("counts until %s: %v (%d), want %v (%d)", moment, kinds, all, want, total)
	}
	return ""
}

func TestTheIndexHoldsWhatAPlainListHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, l := NewChangeIndex(), listed{}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0:
				drawn := drawIndexed(t)
				k := drawn.Key()
				known := slices.ContainsFunc(l, func(c Change) bool { return c.Key() == k })
				if x.Remove(k) != known {
					t.Fatalf("Remove(%v) did not say %v", k, known)
				}
				l = l.remove(k)
			case 1:
				moment := indexDay.Add(time.Duration(rapid.IntRange(-45, 45).Draw(t, "before")) * time.Minute)
				limit := rapid.IntRange(0, 4).Draw(t, "limit")
				var want int
				if l, want = l.dropBefore(moment, limit); x.DropBefore(moment, limit) != want {
					t.Fatalf("DropBefore did not drop %d", want)
				}
			default:
				c := drawIndexed(t)
				x.Put(c)
				l = l.put(c)
			}
			moment := indexDay.Add(time.Duration(rapid.IntRange(-45, 45).Draw(t, "moment")) * time.Minute)
			if wrong := x.disagree(l, moment); wrong != "" {
				t.Fatal(wrong)
			}
		}
		for _, c := range l {
			if got, ok := x.Change(c.Key()); !ok || !gocmp.Equal(got, c) {
				t.Fatalf("Change(%v) = %+v, %v; want %+v", c.Key(), got, ok, c)
			}
		}
	})
}

// Whether a change's whole value is held must not depend on the order in which
// it was put and others were released.
func TestReleaseForgetsExactlyTheWholeValuesBeforeTheMoment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, l := NewChangeIndex(), listed{}
		released := map[Key]bool{}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			if rapid.IntRange(0, 3).Draw(t, "step") > 0 {
				c := drawIndexed(t)
				x.Put(c)
				l = l.put(c)
				delete(released, c.Key())
				continue
			}
			moment := indexDay.Add(time.Duration(rapid.IntRange(-45, 45).Draw(t, "moment")) * time.Minute)
			want := 0
			for _, c := range l {
				if c.StartedAt.Before(moment) && !released[c.Key()] {
					released[c.Key()] = true
					want++
				}
			}
			got := 0
			for n := 1; n > 0; got += n { // In small portions, as the runner does.
				n = x.Release(moment, 2)
			}
			if got != want {
				t.Fatalf("released %d, want %d", got, want)
			}
		}
		for _, c := range l {
			if _, held := x.Change(c.Key()); held == released[c.Key()] {
				t.Fatalf("%v held: %v, released: %v", c.Key(), held, released[c.Key()])
			}
		}
	})
}
