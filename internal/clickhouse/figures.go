package clickhouse

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"golang.org/x/sync/errgroup"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/assent"
	"github.com/faultline/faultline/internal/query"
)

// figureClasses are the classes by their code less one; code 0 is unknown. The
// statements know that AI had a part in codes 2 to 5.
var figureClasses = []correlate.ProvenanceClass{
	correlate.ProvenanceHuman, correlate.ProvenanceAssisted, correlate.ProvenanceAuthored,
	correlate.ProvenanceOperated, correlate.ProvenanceAdvised, correlate.ProvenanceAutomation,
}

// figureApart are the reasons to stand apart by their code.
var figureApart = []query.Apart{query.NotApart, query.ApartRollback, query.ApartDuring, query.ApartImmature}

// figureApprovals are the words for an approval by their code.
var figureApprovals = []string{"none", "other", "senior"}

// A long period is counted in two halves at a time: a statement of the embedded
// engine keeps one core busy.
const (
	longPeriod = 8 * 7 * 24 * time.Hour
	startMoves = time.Hour
)

// stretch is a part of a period with the events that are read for it.
type stretch struct {
	query.Period
	since, until time.Time
	// movers are the hashed ids of the changes that have events in both halves,
	// since their start was corrected over the middle; ofMovers counts those
	// alone, otherwise they are left out.
	movers   []uint64
	ofMovers bool
}

// wholeOf is a period with the events that are read for it.
func wholeOf(p query.Period) stretch {
	return stretch{Period: p, since: p.From.Add(-startMoves), until: p.To.Add(startMoves)}
}

// halves cuts a period in two that share no event.
func halves(p query.Period) (first, second stretch) {
	first, second = wholeOf(p), wholeOf(p)
	middle := p.From.Add(p.To.Sub(p.From) / 2).Truncate(time.Millisecond)
	first.To, first.until, second.From, second.since = middle, middle, middle, middle
	return first, second
}

// overStretches counts the parts of a period side by side. A change whose start was
// corrected over the middle of a long one has its events in both halves, and neither
// could tell when it began. Mostly there is none, so the halves are counted while
// that is looked up; otherwise they are counted again without those changes, which
// are a part of their own that reads the whole period.
func overStretches[T any](ctx context.Context, s *Store, p query.Period, count func(context.Context, *stretch) (T, error)) ([]T, error) {
	if p.To.Sub(p.From) < longPeriod {
		return sideBySide(ctx, []stretch{wholeOf(p)}, count)
	}
	first, second := halves(p)
	var movers []uint64
	var counts []T
	both, aside := errgroup.WithContext(ctx)
	both.Go(func() (err error) {
		movers, err = s.movers(aside, &first, &second)
		return err
	})
	both.Go(func() (err error) {
		counts, err = sideBySide(aside, []stretch{first, second}, count)
		return err
	})
	if err := both.Wait(); err != nil || len(movers) == 0 {
		return counts, err
	}
	apart := wholeOf(p)
	first.movers, second.movers, apart.movers, apart.ofMovers = movers, movers, movers, true
	return sideBySide(ctx, []stretch{first, second, apart}, count)
}

// sideBySide counts each stretch, all at once, in their order.
func sideBySide[T any](ctx context.Context, parts []stretch, count func(context.Context, *stretch) (T, error)) ([]T, error) {
	counts := make([]T, len(parts))
	all, ctx := errgroup.WithContext(ctx)
	for i := range parts {
		all.Go(func() (err error) {
			counts[i], err = count(ctx, &parts[i])
			return err
		})
	}
	return counts, all.Wait()
}

// movers are the hashed ids of changes with events in both halves.
func (s *Store) movers(ctx context.Context, first, second *stretch) (keys []uint64, err error) {
	err = s.query(ctx, "find changes that moved over the middle", s.sql["figures_movers"], []any{
		named("since", first.since), named("middle", second.since), named("until", second.until),
	}, func(rows driver.Rows) error {
		var key uint64
		err := rows.Scan(&key)
		keys = append(keys, key)
		return err
	})
	return keys, err
}

// counting are the parameters that every statement about a stretch has.
func (st *stretch) counting() []any {
	return []any{
		named("from", st.From), named("to", st.To), named("mature", st.Mature), named("since", st.since), named("until", st.until),
		named("classes", texts(figureClasses)), named("kinds", texts(correlate.ChangeKinds())),
		named("movers", st.movers), named("of_movers", st.ofMovers),
	}
}

// ChangeCells counts the changes of a period: cells by all that figures compare
// by, and weeks by class. A change whose blame is given is named in its cell.
func (s *Store) ChangeCells(ctx context.Context, p query.Period, blame query.Blame) (cells, weeks []query.ChangeCell, err error) {
	known := hashBlame(blame)
	counts, err := overStretches(ctx, s, p, func(ctx context.Context, st *stretch) ([]cellCount, error) {
		return s.countCells(ctx, st, known.hashes())
	})
	if err != nil {
		return nil, nil, err
	}
	cells, weeks = known.gather(slices.Concat(counts...))
	return cells, weeks, nil
}

// cellKey is what the changes of a cell have in common, and cellCount how many
// they are, or the one that incidents were laid on.
type (
	cellKey struct {
		ofCells, class, apart, kind, size, tier uint8
		team                                    string
		week                                    int64
	}
	cellCount struct {
		cellKey
		blamed, n uint64
	}
)

func (s *Store) countCells(ctx context.Context, st *stretch, blamed []uint64) (counts []cellCount, err error) {
	err = s.query(ctx, "count changes", s.sql["figures_cells"], append(st.counting(), named("blamed", blamed)), func(rows driver.Rows) error {
		var c cellCount
		err := rows.Scan(&c.ofCells, &c.class, &c.apart, &c.kind, &c.size, &c.tier, &c.team, &c.week, &c.blamed, &c.n)
		counts = append(counts, c)
		return err
	})
	return counts, err
}

// cell is without a count.
func (k *cellKey) cell() query.ChangeCell {
	cell := query.ChangeCell{Class: classOf(k.class), Apart: figureApart[k.apart]}
	if k.ofCells == 0 {
		cell.Week = time.UnixMilli(k.week).UTC()
		return cell
	}
	cell.Kind, cell.Size, cell.Tier, cell.Team = kindOf(k.kind), query.Sizes()[k.size], int(k.tier), k.team
	return cell
}

// gather sums what was counted of each cell, in the order in which they came.
func (b *blamed) gather(counts []cellCount) (cells, weeks []query.ChangeCell) {
	index := make(map[cellKey]int, len(counts))
	for i := range counts {
		c := &counts[i]
		list := &cells
		if c.ofCells == 0 {
			list = &weeks
		}
		at, met := index[c.cellKey]
		if !met {
			at = len(*list)
			index[c.cellKey] = at
			*list = append(*list, c.cell())
		}
		cell := &(*list)[at]
		cell.N += int(c.n)
		if c.blamed != 0 {
			cell.Confirmed = append(cell.Confirmed, b.confirmed[c.blamed]...)
			cell.Suspected = append(cell.Suspected, b.suspected[c.blamed]...)
		}
	}
	return cells, weeks
}

// ApprovalCells counts the AI-assisted changes of a period by whether a senior,
// or somebody else than the author, approved them before they started. A cell of
// a long period may come in several parts, each with a sample of its own.
func (s *Store) ApprovalCells(ctx context.Context, p query.Period, levels *assent.Levels, blame query.Blame) ([]query.ApprovalCell, error) {
	known := hashBlame(query.Blame{Confirmed: blame.Confirmed})
	cells, err := overStretches(ctx, s, p, func(ctx context.Context, st *stretch) ([]query.ApprovalCell, error) {
		return s.countApprovals(ctx, st, levels, known)
	})
	if err != nil {
		return nil, err
	}
	return slices.Concat(cells...), nil
}

func (s *Store) countApprovals(ctx context.Context, st *stretch, levels *assent.Levels, known *blamed) (cells []query.ApprovalCell, err error) {
	params := append(st.counting(), named("levels", levels.SeniorWords()), named("machines", levels.MachineWords()), named("confirmed", known.hashes()))
	err = s.query(ctx, "count approvals", s.sql["figures_approvals"], params, func(rows driver.Rows) error {
		var kind, size, tier, approval uint8
		var n uint64
		var hashes []uint64
		var cell query.ApprovalCell
		if err := rows.Scan(&kind, &size, &tier, &approval, &n, &hashes, &cell.LeadSeconds, &cell.Commits, &cell.Lines); err != nil {
			return err
		}
		cell.Kind, cell.Size, cell.Tier = kindOf(kind), query.Sizes()[size], int(tier)
		cell.Approval, cell.N = figureApprovals[approval], int(n)
		for _, hash := range hashes {
			cell.Confirmed = append(cell.Confirmed, known.confirmed[hash]...)
		}
		cells = append(cells, cell)
		return nil
	})
	return cells, err
}

// IncidentFacts answers the incidents that began in a period, by their start,
// merged ones among them.
func (s *Store) IncidentFacts(ctx context.Context, p query.Period) ([]query.IncidentFact, error) {
	var facts []query.IncidentFact
	err := s.query(ctx, "list incidents for figures", s.sql["figures_incidents"], []any{named("from", p.From), named("to", p.To)}, func(rows driver.Rows) error {
		var f query.IncidentFact
		var severity, status, verdict string
		var alerts, version uint32
		if err := rows.Scan(&f.ID, &f.Title, &severity, &status, &f.MergedInto, &f.StartedAt, &f.ResolvedAt, &f.Services, &alerts, &verdict, &f.NoChangeProbability, &version); err != nil {
			return err
		}
		f.Severity, f.Status, f.Verdict = correlate.Severity(severity), correlate.IncidentStatus(status), correlate.Verdict(verdict)
		f.Alerts, f.FindingVersion = int(alerts), int(version)
		facts = append(facts, f)
		return nil
	})
	return facts, err
}

// JudgementsWithin answers everything that people said about the incidents of
// a period, the oldest first.
func (s *Store) JudgementsWithin(ctx context.Context, p query.Period) ([]correlate.Judgement, error) {
	var all []correlate.Judgement
	err := s.query(ctx, "list verdicts for figures", s.sql["figures_verdicts"], []any{named("from", p.From), named("to", p.To)}, func(rows driver.Rows) error {
		j, err := scanJudgement(rows)
		all = append(all, j)
		return err
	})
	return all, err
}

// SuspectFacts answers the first suspects of the incidents of a period: of the
// newest version of each finding and of the versions that people judged.
func (s *Store) SuspectFacts(ctx context.Context, p query.Period, ranks int) ([]query.SuspectFact, error) {
	var all []query.SuspectFact
	err := s.query(ctx, "list suspects for figures", s.sql["figures_suspects"], []any{named("from", p.From), named("to", p.To), named("ranks", ranks)}, func(rows driver.Rows) error {
		var f query.SuspectFact
		var version, rank uint32
		err := rows.Scan(&f.Incident, &version, &rank, &f.Change.Source, &f.Change.ID, &f.Probability)
		f.Version, f.Rank = int(version), int(rank)
		all = append(all, f)
		return err
	})
	return all, err
}

// ServiceMoments answers when the changes of each class to some services began
// in a period, rollbacks left out.
func (s *Store) ServiceMoments(ctx context.Context, p query.Period, services []string) ([]query.ServiceMoments, error) {
	if len(services) == 0 {
		return nil, nil
	}
	var all []query.ServiceMoments
	err := s.query(ctx, "list moments of changes", s.sql["figures_times"], []any{
		named("from", p.From), named("to", p.To), named("since", p.From.Add(-startMoves)), named("until", p.To.Add(startMoves)),
		named("classes", texts(figureClasses)), named("services", slices.Clone(services)),
	}, func(rows driver.Rows) error {
		var m query.ServiceMoments
		var class uint8
		var moments []int64
		if err := rows.Scan(&m.Service, &class, &moments); err != nil {
			return err
		}
		m.Class, m.At = classOf(class), make([]time.Time, len(moments))
		for i, at := range moments {
			m.At[i] = time.UnixMilli(at).UTC()
		}
		all = append(all, m)
		return nil
	})
	return all, err
}

// blamed is the changes that incidents were laid on, by the hashes that the
// statements know them by.
type blamed struct {
	confirmed, suspected map[uint64][]correlate.Key
}

func hashBlame(b query.Blame) *blamed {
	hash := func(keys []correlate.Key) map[uint64][]correlate.Key {
		known := make(map[uint64][]correlate.Key, len(keys))
		for _, key := range keys {
			h := hashOf(key.ID) ^ hashOf(key.Source)
			if !slices.Contains(known[h], key) {
				known[h] = append(known[h], key)
			}
		}
		return known
	}
	return &blamed{confirmed: hash(b.Confirmed), suspected: hash(b.Suspected)}
}

// hashes are those of all.
func (b *blamed) hashes() []uint64 {
	out := slices.AppendSeq(make([]uint64, 0, len(b.confirmed)+len(b.suspected)), maps.Keys(b.confirmed))
	return slices.AppendSeq(out, maps.Keys(b.suspected))
}

func classOf(code uint8) correlate.ProvenanceClass {
	if code == 0 {
		return correlate.ProvenanceUnknown
	}
	return figureClasses[code-1]
}

func kindOf(code uint8) correlate.ChangeKind {
	if code == 0 {
		return correlate.KindOther
	}
	return correlate.ChangeKinds()[code-1]
}
