package correlate

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// indexed is a deploy for the tests of the index.
func indexed(id string, minute int, services ...string) Change {
	return Change{
		ID: id, Source: "ci", Kind: KindDeploy, Services: services,
		StartedAt: indexDay.Add(time.Duration(minute) * time.Minute), Title: "deploy " + id,
	}
}

// idsOf are the ids of a service's changes until the minute, oldest first.
func idsOf(x *ChangeIndex, service string, minute int) []string {
	ids := []string{}
	for _, k := range x.keysOf(x.of(service, indexDay.Add(time.Duration(minute)*time.Minute).UnixMilli())) {
		ids = append(ids, k.ID)
	}
	return ids
}

func TestAnUpdateReplacesTheChangeEverywhere(t *testing.T) {
	x := NewChangeIndex(indexed("one", 0, "cart"), indexed("two", 1, "cart"))
	moved := indexed("one", 5, "pay", "web")
	moved.Kind = KindConfig
	x.Put(moved)
	if x.Len() != 2 {
		t.Errorf("an update made %d changes of two", x.Len())
	}
	for service, want := range map[string][]string{"cart": {"two"}, "pay": {"one"}, "web": {"one"}} {
		if diff := gocmp.Diff(want, idsOf(x, service, 60)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", service, diff)
		}
	}
	kinds, total := x.time.count(x, indexDay.UnixMilli(), indexDay.Add(time.Hour).UnixMilli())
	if total != 2 || kinds[kindCode(KindConfig)] != 1 || kinds[kindCode(KindDeploy)] != 1 {
		t.Errorf("counted %d: %v", total, kinds)
	}
}

func TestTheSameChangeAgainIsHeldOnce(t *testing.T) {
	x := NewChangeIndex()
	for range 5 {
		x.Put(indexed("one", 0, "cart", "cart", "", "pay"))
	}
	if x.Len() != 1 || len(idsOf(x, "cart", 0)) != 1 || len(idsOf(x, "pay", 0)) != 1 {
		t.Errorf("holds %d; cart %v, pay %v", x.Len(), idsOf(x, "cart", 0), idsOf(x, "pay", 0))
	}
}

func TestTheSameIDOfTwoSourcesIsTwoChanges(t *testing.T) {
	other := indexed("one", 0, "cart")
	other.Source = "flags"
	x := NewChangeIndex(indexed("one", 0, "cart"), other)
	if x.Len() != 2 || !x.Remove(other.Key()) || x.Len() != 1 {
		t.Errorf("holds %d after one of two was removed", x.Len())
	}
	if got, ok := x.Change(Key{Source: "ci", ID: "one"}); !ok || got.Source != "ci" {
		t.Errorf("the other source's change is gone: %+v, %v", got, ok)
	}
}

func TestALateChangeStandsWhereItBelongsInTime(t *testing.T) {
	x := NewChangeIndex()
	for _, minute := range []int{30, 50, 40, -700, 10, 20} {
		x.Put(indexed(fmt.Sprintf("at%d", minute), minute, "cart"))
	}
	if diff := gocmp.Diff([]string{"at-700", "at10", "at20", "at30", "at40", "at50"}, idsOf(x, "cart", 60)); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	if diff := gocmp.Diff([]string{"at-700", "at10", "at20"}, idsOf(x, "cart", 29)); diff != "" {
		t.Errorf("what starts later is seen (-want +got):\n%s", diff)
	}
	if want := indexDay.Add(-700 * time.Minute); !x.Oldest().Equal(want) {
		t.Errorf("the oldest starts at %v, want %v", x.Oldest(), want)
	}
}

// Two changes of one millisecond have the same order on every replica, however
// they arrived.
func TestEqualStartsAreOrderedByKeyNotByArrival(t *testing.T) {
	for _, order := range [][]string{{"a", "b", "c"}, {"c", "b", "a"}, {"b", "c", "a"}} {
		x := NewChangeIndex()
		for _, id := range order {
			x.Put(indexed(id, 0, "cart"))
		}
		if diff := gocmp.Diff([]string{"a", "b", "c"}, idsOf(x, "cart", 0)); diff != "" {
			t.Errorf("put as %v (-want +got):\n%s", order, diff)
		}
	}
}

func TestAChangeWithoutServicesIsOneOfTheWholeEnvironment(t *testing.T) {
	x := NewChangeIndex(indexed("everything", 0), indexed("nameless", 1, ""), indexed("cart", 2, "cart"))
	if diff := gocmp.Diff([]Key{{"ci", "everything"}, {"ci", "nameless"}}, x.keysOf(x.wide)); diff != "" {
		t.Errorf("environment-wide (-want +got):\n%s", diff)
	}
	x.Put(indexed("everything", 0, "cart"))
	if len(x.wide) != 1 || len(idsOf(x, "cart", 5)) != 2 {
		t.Error("a change that has learnt its service is still taken for one of everything")
	}
}

func TestDropBeforeTakesTheOldestFirstAndKeepsItsLimit(t *testing.T) {
	x := NewChangeIndex()
	for minute := range 20 {
		x.Put(indexed(fmt.Sprintf("%02d", minute), minute, "cart"))
	}
	if n := x.DropBefore(indexDay.Add(10*time.Minute), 4); n != 4 {
		t.Errorf("dropped %d, want the limit of 4", n)
	}
	if ids := idsOf(x, "cart", 60); ids[0] != "04" {
		t.Errorf("the oldest left is %s, want 04", ids[0])
	}
	if n := x.DropBefore(indexDay.Add(10*time.Minute), 100); n != 6 || x.Len() != 10 {
		t.Errorf("dropped %d, left %d; want 6 and 10: a change that starts at the moment stays", n, x.Len())
	}
	if n := x.DropBefore(indexDay.Add(24*time.Hour), 100); n != 10 || x.Len() != 0 || !x.Oldest().IsZero() {
		t.Errorf("dropped %d, left %d", n, x.Len())
	}
}

func TestAReleasedChangeIsStillRankedByItsOutline(t *testing.T) {
	c := indexed("one", 0, "cart", "pay")
	end := c.StartedAt.Add(90 * time.Second)
	c.Kind, c.Environment, c.FinishedAt = KindSchemaMigration, "staging", &end
	x := NewChangeIndex(c)
	if n := x.Release(indexDay.Add(time.Minute), 10); n != 1 {
		t.Fatalf("released %d", n)
	}
	if _, held := x.Change(c.Key()); held {
		t.Error("the whole value is still held")
	}
	want := Change{
		ID: "one", Source: "ci", Kind: KindSchemaMigration, Services: []string{"cart", "pay"}, Environment: "staging",
		StartedAt: c.StartedAt, FinishedAt: &end,
	}
	if diff := gocmp.Diff(want, x.outline(x.of("cart", indexDay.UnixMilli())[0].ref)); diff != "" {
		t.Errorf("outline (-want +got):\n%s", diff)
	}
	x.Put(c)
	if got, held := x.Change(c.Key()); !held || got.Title != c.Title {
		t.Error("an update brings the whole value back")
	}
}

func TestTheSpanOfARolloutCannotOverflow(t *testing.T) {
	long, back := indexed("long", 0, "cart"), indexed("back", 0, "cart")
	year, before := long.StartedAt.AddDate(1, 0, 0), back.StartedAt.Add(-time.Hour)
	long.FinishedAt, back.FinishedAt = &year, &before
	x := NewChangeIndex(long, back)
	for _, d := range x.of("cart", indexDay.UnixMilli()) {
		span := x.at(d.ref).span
		if x.spanOf(d) != span {
			t.Errorf("the list says %d ms, the index %d", x.spanOf(d), span)
		}
		if id := x.keyOf(d.ref).ID; id == "long" && span != 1<<32-1 || id == "back" && span != 0 {
			t.Errorf("%s has a span of %d ms", id, span)
		}
	}
}

func TestAnEmptyOrNilIndexAnswers(t *testing.T) {
	var none *ChangeIndex
	if none.Len() != 0 || none.of("cart", 0) != nil {
		t.Error("a nil index must behave as an empty one")
	}
	if _, ok := none.Change(Key{}); ok {
		t.Error("a nil index holds a change")
	}
	x := NewChangeIndex()
	if x.Remove(Key{Source: "ci", ID: "one"}) || x.DropBefore(indexDay, 5) != 0 || x.Release(indexDay, 5) != 0 || !x.Oldest().IsZero() {
		t.Error("an empty index holds something")
	}
}

// An id of a megabyte must neither be stored whole nor be lost.
func TestAnAbsurdlyLongIDIsCutAndStillFound(t *testing.T) {
	c := indexed(strings.Repeat("x", 1<<20), 0, "cart")
	x := NewChangeIndex(c)
	x.Put(c)
	if x.Len() != 1 || len(x.keyOf(x.of("cart", indexDay.UnixMilli())[0].ref).ID) != 1<<16-1 {
		t.Errorf("holds %d", x.Len())
	}
	if !x.Remove(c.Key()) || x.Len() != 0 {
		t.Error("a change with a long id cannot be removed")
	}
}

// Hashes of 64 bits collide once in a great while; the table must survive it.
// The test plants collisions, since none can be found.
func TestKeysWhoseHashesCollideAreToldApart(t *testing.T) {
	x := NewChangeIndex(indexed("first", 0, "cart"), indexed("second", 1, "cart"))
	first, _ := x.find(Key{"ci", "first"})
	// "third" hashes to where "first" is put by hand.
	home := hashKey(Key{"ci", "third"})
	x.byKey[home] = first
	x.Put(indexed("third", 2, "cart"))
	third, ok := x.find(Key{"ci", "third"})
	if !ok || x.keyOf(third).ID != "third" || x.byKey[home+1] != third {
		t.Fatalf("the colliding key is not under the next hash: %v", x.byKey)
	}
	if !x.Remove(Key{"ci", "third"}) || x.Len() != 2 {
		t.Error("the colliding key cannot be removed")
	}
	if _, ok := x.find(Key{"ci", "third"}); ok {
		t.Error("the removed key is still found")
	}
}

func TestAGapInAChainOfCollisionsIsClosed(t *testing.T) {
	x := NewChangeIndex(indexed("first", 0, "cart"), indexed("second", 1, "cart"))
	first, _ := x.find(Key{"ci", "first"})
	second, _ := x.find(Key{"ci", "second"})
	// As if both hashed to the same place: second stands right after first.
	delete(x.byKey, hashKey(Key{"ci", "second"}))
	x.byKey[hashKey(Key{"ci", "first"})+1] = second
	x.forgetKey(first)
	if at, ok := x.find(Key{"ci", "second"}); !ok || at != second {
		t.Error("the key behind the gap is lost")
	}
}

// Slots, ids and chunks are used again, so that a feed which runs for months in
// a window of days does not grow.
func TestALongRunningWindowDoesNotGrow(t *testing.T) {
	x := NewChangeIndex()
	const window, rounds = 2000, 40
	at := indexDay
	grown := 0
	for n := range window * rounds {
		at = at.Add(time.Second)
		c := indexed(fmt.Sprintf("pipeline-%0400d", n), 0, fmt.Sprintf("s%d", n%50), "shared")
		c.StartedAt = at
		x.Put(c)
		x.DropBefore(at.Add(-window*time.Second), 10)
		if n == 2*window {
			grown = len(x.arena.chunks)
		}
	}
	if x.Len() > window+1 || x.slots.n > window+16 {
		t.Errorf("holds %d changes in %d slots, want about %d", x.Len(), x.slots.n, window)
	}
	if len(x.arena.chunks) > grown+2 {
		t.Errorf("the ids take %d chunks, %d at the beginning", len(x.arena.chunks), grown)
	}
	if len(x.multi) != x.Len() {
		t.Errorf("services of %d changes are kept, of %d", len(x.multi), x.Len())
	}
	if len(x.byKey) != x.Len() || len(x.time.buckets) > window/600+2 {
		t.Errorf("%d keys and %d buckets for %d changes", len(x.byKey), len(x.time.buckets), x.Len())
	}
}

// bytesEach measures what the heap holds for each of n things that make builds.
func bytesEach(n int, make func() any) float64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	held := make()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(held)
	return float64(after.HeapAlloc-min(before.HeapAlloc, after.HeapAlloc)) / float64(n)
}

// Ten million changes fit into four gigabytes only if a light entry stays
// small.
func TestAReleasedChangeCostsFewBytes(t *testing.T) {
	const n, limit = 200_000, 160
	each := bytesEach(n, func() any {
		x := NewChangeIndex()
		for i := range n {
			c := indexed(fmt.Sprintf("run-%012d", i), 0, fmt.Sprintf("service-%d", i%2000))
			c.StartedAt = indexDay.Add(time.Duration(i) * 100 * time.Millisecond)
			x.Put(c)
			if i%1000 == 999 {
				x.Release(indexDay.Add(24*time.Hour), 1000)
			}
		}
		x.Release(indexDay.Add(24*time.Hour), n)
		return x
	})
	if each > limit {
		t.Errorf("a released change costs %.0f bytes, want at most %d", each, limit)
	}
}

func TestInterningNamesSharesTheLastCodeWhenThereAreTooMany(t *testing.T) {
	names := newInterner()
	if first := names.code("ci"); names.code("") != 0 || names.name(first) != "ci" || names.code("ci") != first {
		t.Error("a name has more than one code")
	}
	for i := range 1 << 17 {
		names.code(fmt.Sprint(i))
	}
	if code := names.code("one too many"); code != 1<<16-1 || len(names.list) != 1<<16 {
		t.Errorf("code %d, %d names kept", code, len(names.list))
	}
	if names.name(names.code("ci")) != "ci" {
		t.Error("the early names are lost")
	}
}

func TestBucketsRoundTowardsThePast(t *testing.T) {
	for ms, want := range map[int64]int64{0: 0, bucketMS - 1: 0, bucketMS: 1, -1: -1, -bucketMS: -1, -bucketMS - 1: -2} {
		if got := bucketOf(ms); got != want {
			t.Errorf("bucketOf(%d) = %d, want %d", ms, got, want)
		}
	}
	x := NewChangeIndex()
	for _, year := range []int{1960, 1970, 2026} { // Clocks are wrong at times.
		c := indexed(fmt.Sprint(year), 0, "cart")
		c.StartedAt = time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		x.Put(c)
	}
	if diff := gocmp.Diff([]string{"1960", "1970", "2026"}, idsOf(x, "cart", 0)); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestKindsAreNumberedByTheirPlaceInTheContract(t *testing.T) {
	if !slices.Equal(ChangeKinds(), changeKinds[:]) || len(changeKinds) >= kindCodes {
		t.Error("the codes do not cover the kinds of the contract")
	}
	for i, kind := range ChangeKinds() {
		if kindCode(kind) != uint8(i) {
			t.Errorf("%s has code %d, want %d", kind, kindCode(kind), i)
		}
	}
	if kindCode("strange") != kindCodes-1 {
		t.Error("an unknown kind needs the last code")
	}
}

func TestChangesAroundAreOfTheServicesTheEnvironmentAndTheTime(t *testing.T) {
	staging := indexed("staging", 5, "cart")
	staging.Environment = "staging"
	x := NewChangeIndex(
		indexed("near", 5, "cart"), indexed("both", 6, "cart", "pay"), indexed("wide", 7), indexed("far", 5, "ledger"),
		indexed("later", 20, "cart"), indexed("early", -60, "cart"), indexed("ancient", -2*24*60, "cart"), staging,
	)
	var seen []string
	x.eachAround([]string{"cart", "pay"}, DefaultEnvironment, indexDay.UnixMilli(), indexDay.Add(10*time.Minute).UnixMilli(),
		func(c *Change) { seen = append(seen, c.ID) })
	slices.Sort(seen)
	if diff := gocmp.Diff([]string{"both", "early", "near", "wide"}, seen); diff != "" {
		t.Errorf("visited (-want +got):\n%s", diff)
	}
}
