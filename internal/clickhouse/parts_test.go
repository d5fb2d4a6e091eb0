package clickhouse

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// fixed is the moment about which these tests draw others.
var fixed = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// A period that is counted in halves must neither read an event twice nor leave one
// out, and every moment of it must be counted in one.
func TestHalvesCoverAPeriodOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		length := time.Duration(rapid.Int64Range(2, int64(400*24*time.Hour/time.Millisecond)).Draw(t, "length")) * time.Millisecond
		p := query.Period{From: fixed, To: fixed.Add(length), Mature: fixed.Add(time.Hour)}
		first, second := halves(p)
		if whole := wholeOf(p); !first.since.Equal(whole.since) || !second.until.Equal(whole.until) || !first.From.Equal(p.From) || !second.To.Equal(p.To) {
			t.Errorf("%+v and %+v are not %+v", first, second, whole)
		}
		middle := first.To
		if !second.From.Equal(middle) || !first.until.Equal(middle) || !second.since.Equal(middle) {
			t.Errorf("%+v and %+v do not meet", first, second)
		}
		if !middle.After(p.From) || !middle.Before(p.To) || middle.Truncate(time.Millisecond) != middle || max(middle.Sub(p.From), p.To.Sub(middle)) > length/2+time.Millisecond {
			t.Errorf("%v is cut at %v", length, middle)
		}
		if !first.Mature.Equal(p.Mature) || !second.Mature.Equal(p.Mature) {
			t.Errorf("matured at %v and %v, want %v", first.Mature, second.Mature, p.Mature)
		}
	})
}

// Cells of several parts are summed, blame is named once for each kind.
func TestGatheringSumsWhatPartsCounted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		guilty, doubtful := correlate.Key{Source: "ci", ID: "guilty"}, correlate.Key{Source: "ci", ID: "doubtful"}
		known := hashBlame(query.Blame{Confirmed: []correlate.Key{guilty, guilty}, Suspected: []correlate.Key{doubtful, guilty}})
		hash := func(k correlate.Key) uint64 { return hashOf(k.ID) ^ hashOf(k.Source) }
		var counts []cellCount
		want := map[cellKey]uint64{}
		blames := map[cellKey][2]int{}
		for range rapid.IntRange(0, 40).Draw(t, "rows") {
			c := cellCount{n: 1, blamed: rapid.SampledFrom([]uint64{0, 0, 0, hash(guilty), hash(doubtful)}).Draw(t, "blamed")}
			c.class = rapid.Uint8Range(0, 6).Draw(t, "class")
			if c.ofCells = rapid.Uint8Range(0, 1).Draw(t, "cells"); c.ofCells == 1 {
				c.kind, c.size, c.tier, c.team = rapid.Uint8Range(1, 3).Draw(t, "kind"), rapid.Uint8Range(0, 4).Draw(t, "size"), rapid.Uint8Range(0, 4).Draw(t, "tier"), "shop"
			} else {
				c.week = fixed.UnixMilli()
			}
			if c.blamed == 0 {
				c.n = rapid.Uint64Range(1, 1000).Draw(t, "n")
			}
			counts = append(counts, c)
			want[c.cellKey] += c.n
			b := blames[c.cellKey]
			switch c.blamed {
			case hash(guilty):
				blames[c.cellKey] = [2]int{b[0] + 1, b[1] + 1}
			case hash(doubtful):
				blames[c.cellKey] = [2]int{b[0], b[1] + 1}
			}
		}
		cells, weeks := known.gather(counts)
		if len(cells)+len(weeks) != len(want) {
			t.Errorf("%d cells and %d weeks of %d", len(cells), len(weeks), len(want))
		}
		for key, n := range want {
			cell := key.cell()
			list := cells
			if key.ofCells == 0 {
				list = weeks
			}
			at := slices.IndexFunc(list, func(c query.ChangeCell) bool {
				return c.Class == cell.Class && c.Kind == cell.Kind && c.Size == cell.Size && c.Tier == cell.Tier && c.Week.Equal(cell.Week)
			})
			if at < 0 || list[at].N != int(n) || len(list[at].Confirmed) != blames[key][0] || len(list[at].Suspected) != blames[key][1] {
				t.Errorf("%+v: %+v, want %d with %v", key, list, n, blames[key])
			}
		}
	})
}

// A page must go on exactly where the last one ended, and a cursor that was made
// for another list, or by hand, is refused before anything is read.
func TestACursorTravelsWholeOrNotAtAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := cursor{at: rapid.Int64().Draw(t, "at"), id: rapid.StringN(1, 20, 60).Draw(t, "id")}
		filter := rapid.Uint64().Draw(t, "filter")
		if !slices.Equal([]rune(want.id), []rune(strings.ToValidUTF8(want.id, ""))) {
			return // Ids are valid text.
		}
		text := writeCursor(want, filter)
		if got, err := readCursor(text, filter); err != nil || got != want {
			t.Errorf("%+v came back as %+v, %v", want, got, err)
		}
		if _, err := readCursor(text, filter+1); !errors.Is(err, query.ErrBadCursor) {
			t.Errorf("a cursor of another list: %v", err)
		}
		if cut := text[:len(text)-1-rapid.IntRange(0, len(text)-2).Draw(t, "cut")]; cut != "" {
			if got, err := readCursor(cut, filter); err == nil {
				t.Errorf("a torn cursor reads as %+v", got)
			}
		}
	})
	for _, bad := range []string{"?", "e30", base64.RawURLEncoding.EncodeToString([]byte(`{"f":1,"t":1,"i":""}`)), base64.RawURLEncoding.EncodeToString([]byte(`[]`))} {
		if _, err := readCursor(bad, 1); !errors.Is(err, query.ErrBadCursor) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestFiltersThatDifferHaveCursorsThatDiffer(t *testing.T) {
	seen := map[uint64]string{}
	for _, parts := range [][]any{
		{}, {""}, {"", ""}, {"a"}, {"a", ""}, {"", "a"}, {"a b"}, {"a", "b"}, {[]string{"a", "b"}}, {[]string{"a b"}}, {[]string{`a" "b`}}, {[]string{"a"}, "b"}, {int64(1)}, {int64(2)},
	} {
		name := fmt.Sprintf("%#v", parts)
		hash := filterHash(parts...)
		if other, met := seen[hash]; met {
			t.Errorf("%s and %s have one hash", name, other)
		}
		seen[hash] = name
	}
}

func TestAPageIsCutWhereItIsFull(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := rapid.SliceOfN(rapid.IntRange(0, 99), 0, 12).Draw(t, "items")
		limit := rapid.IntRange(1, 12).Draw(t, "limit")
		page := pageOf(slices.Clone(items), limit, func(n *int) string { return fmt.Sprint("after ", *n) })
		want := query.Page[int]{Items: items}
		if len(items) > limit {
			want = query.Page[int]{Items: items[:limit], Next: fmt.Sprint("after ", items[limit-1])}
		}
		if diff := cmp.Diff(want, page); diff != "" {
			t.Error(diff)
		}
	})
	for asked, want := range map[int]int{-1: query.DefaultLimit, 0: query.DefaultLimit, 1: 1, query.MaxLimit: query.MaxLimit, query.MaxLimit + 1: query.MaxLimit} {
		if got := pageLimit(asked); got != want {
			t.Errorf("a limit of %d became %d, want %d", asked, got, want)
		}
	}
}

// What was seen is remembered for as long as a look may come back to it; what is
// older may be forgotten, and memory is what is remembered, no more.
func TestWhatWasSeenIsNotTakenForNew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFollower("none")
		f.begin(fixed)
		var all []mark
		at := fixed
		for range rapid.IntRange(1, 30).Draw(t, "looks") {
			at = at.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "seconds")) * time.Second)
			for range rapid.IntRange(0, 4).Draw(t, "marks") {
				late := time.Duration(rapid.IntRange(0, int(tailOverlap/time.Second)-1).Draw(t, "late")) * time.Second
				m := mark{uid: uint64(len(all)), ingestedAt: at.Add(-late)}
				if f.seen.has(m) {
					t.Fatalf("mark %d is new, and taken for seen", m.uid)
				}
				f.found, all = append(f.found, m), append(all, m)
			}
			f.accept()
			checkSeen(t, &f, all)
		}
	})
}

func checkSeen(t *rapid.T, f *follower, all []mark) {
	newest := fixed
	size := 0
	reach := f.seen.reach(f.cursor)
	for _, m := range all {
		if m.ingestedAt.After(newest) {
			newest = m.ingestedAt
		}
		known := f.seen.has(m)
		if known {
			size++
		}
		if !known && !m.ingestedAt.Before(f.cursor.Add(-min(reach, tailOverlap))) {
			t.Errorf("mark %d of %v was forgotten at %v", m.uid, m.ingestedAt, f.cursor)
		}
	}
	if !f.cursor.Equal(newest) || f.seen.size != size || reach < tailOverlap || reach > max(sweepReach, tailOverlap) {
		t.Errorf("cursor %v, want %v; %d remembered, counted as %d; reach %v", f.cursor, newest, size, f.seen.size, reach)
	}
}

// The facts that figures count by are those of the change, for any change.
func TestFactsOfAChangeAreItsOwn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := correlate.Change{StartedAt: fixed}
		wantLines, wantLead, wantParts := 0, time.Duration(0), uint8(0)
		for range rapid.IntRange(0, 5).Draw(t, "commits") {
			commit := correlate.Commit{SHA: "1", Additions: rapid.IntRange(-3, 500).Draw(t, "additions"), Deletions: rapid.IntRange(-3, 500).Draw(t, "deletions")}
			wantLines += max(0, commit.Additions) + max(0, commit.Deletions)
			if rapid.Bool().Draw(t, "described") {
				commit.Message = "m"
				wantParts |= partCommits
			} else {
				wantParts |= partBare
			}
			if rapid.Bool().Draw(t, "timed") {
				lead := time.Duration(rapid.IntRange(-5000, 5000).Draw(t, "lead")) * time.Second
				at := fixed.Add(-lead)
				commit.AuthoredAt = &at
				wantLead = max(wantLead, lead)
			}
			c.Commits = append(c.Commits, commit)
		}
		if rapid.Bool().Draw(t, "approved") {
			c.Approvals = []correlate.Approval{{By: "ann"}}
			wantParts |= partApprovals
		}
		if rapid.Bool().Draw(t, "pulled") {
			c.PullRequests = []correlate.PullRequest{{Number: 1}}
			wantParts |= partPulls
		}
		if rapid.Bool().Draw(t, "undone") {
			c.RollbackOf = "another"
		}
		if lines(&c) != uint32(wantLines) || leadSeconds(&c) != uint32(wantLead/time.Second) || partsOf(&c) != wantParts || (undoes(&c) == 1) != (c.RollbackOf != "") {
			t.Errorf("%d lines, %d s, parts %b; want %d, %v, %b", lines(&c), leadSeconds(&c), partsOf(&c), wantLines, wantLead, wantParts)
		}
		if wantParts&(partPulls|partApprovals) == 0 && approvalsOf(&c) != nil {
			t.Errorf("approvals of a change that nobody approved: %v", approvalsOf(&c))
		}
	})
}

// Codes travel in the statements; every class, kind and size has to come back as
// itself, and none as another.
func TestCodesComeBackAsWhatTheyStandFor(t *testing.T) {
	if classOf(0) != correlate.ProvenanceUnknown || kindOf(0) != correlate.KindOther {
		t.Error("what is not told is not unknown")
	}
	var classes []correlate.ProvenanceClass
	for code := range len(figureClasses) + 1 {
		classes = append(classes, classOf(uint8(code)))
	}
	slices.Sort(classes)
	want := slices.Clone(correlate.ProvenanceClasses())
	slices.Sort(want)
	if diff := cmp.Diff(want, classes); diff != "" {
		t.Error(diff)
	}
	for i, kind := range correlate.ChangeKinds() {
		if got := kindOf(uint8(i + 1)); got != kind {
			t.Errorf("kind %d is %s, want %s", i+1, got, kind)
		}
	}
	// The statement has five bits for the kind, three for the size, two for why a
	// change stands apart.
	if len(correlate.ChangeKinds()) > 31 || len(query.Sizes()) > 7 || len(figureApart) != 4 || len(figureClasses) > 15 {
		t.Error("a code does not fit the bits that it has in figures_cells")
	}
	// It takes AI to have had a part in the classes of code 2 to 5.
	for code := uint8(0); code <= uint8(len(figureClasses)); code++ {
		assisted := strings.HasPrefix(string(classOf(code)), "ai_")
		if assisted != (code >= 2 && code <= 5) {
			t.Errorf("code %d is %s", code, classOf(code))
		}
	}
}

// The hash of a change is that of the statements, whatever its name holds.
func TestBlameOfManyChangesKeepsEach(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b query.Blame
		all := map[correlate.Key]bool{}
		for range rapid.IntRange(0, 20).Draw(t, "keys") {
			k := correlate.Key{Source: rapid.SampledFrom([]string{"ci", "", "ü"}).Draw(t, "source"), ID: rapid.String().Draw(t, "id")}
			if b.Confirmed = append(b.Confirmed, k); rapid.Bool().Draw(t, "doubted") {
				b.Suspected = append(b.Suspected, k)
			}
			all[k] = true
		}
		known := hashBlame(b)
		named := map[correlate.Key]bool{}
		for _, keys := range known.confirmed {
			for _, k := range keys {
				if named[k] {
					t.Errorf("%v is named twice", k)
				}
				named[k] = true
			}
		}
		if diff := cmp.Diff(all, named); diff != "" || len(known.hashes()) != len(known.confirmed)+len(known.suspected) {
			t.Error(diff)
		}
	})
}

func TestWordsAndMomentsAsParameters(t *testing.T) {
	if millis(time.Time{}) != 0 || millis(fixed) != fixed.UnixMilli() {
		t.Error("the zero time filters, or another does not")
	}
	if diff := cmp.Diff([]string{"deploy", "config"}, texts([]correlate.ChangeKind{correlate.KindDeploy, correlate.KindConfig})); diff != "" {
		t.Error(diff)
	}
	if identity("a", "bc") == identity("ab", "c") || identity("a", "b") == identity("b", "a") {
		t.Error("two identities are one text")
	}
}
