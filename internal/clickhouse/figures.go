package clickhouse

import (
	"context"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

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

// ChangeCells counts the changes of a period: cells by all that figures compare
// by, and weeks by class. A change whose blame is given is named in its cell.
func (s *Store) ChangeCells(ctx context.Context, p query.Period, blame query.Blame) (cells, weeks []query.ChangeCell, err error) {
	known, confirmed, suspected := hashBlame(blame)
	err = s.query(ctx, "count changes", s.sql["figures_cells"], []any{
		named("from", p.From), named("to", p.To), named("mature", p.Mature),
		named("classes", texts(figureClasses)), named("kinds", texts(correlate.ChangeKinds())),
		named("confirmed", confirmed), named("suspected", suspected),
	}, func(rows driver.Rows) error {
		var ofCells, class, kind, size, tier, apart uint8
		var team string
		var week int64
		var n uint64
		var blamed, doubted []uint64
		if err := rows.Scan(&ofCells, &class, &kind, &size, &tier, &team, &week, &apart, &n, &blamed, &doubted); err != nil {
			return err
		}
		cell := query.ChangeCell{
			Class: classOf(class), Apart: figureApart[apart], N: int(n), Confirmed: keysOf(known, blamed), Suspected: keysOf(known, doubted),
		}
		if ofCells == 0 {
			cell.Week = time.UnixMilli(week).UTC()
			weeks = append(weeks, cell)
			return nil
		}
		cell.Kind, cell.Size, cell.Tier, cell.Team = kindOf(kind), query.Sizes()[size], int(tier), team
		cells = append(cells, cell)
		return nil
	})
	return cells, weeks, err
}

// ApprovalCells counts the AI-assisted changes of a period by whether a senior,
// or somebody else than the author, approved them before they started.
func (s *Store) ApprovalCells(ctx context.Context, p query.Period, levels *assent.Levels, blame query.Blame) ([]query.ApprovalCell, error) {
	known, confirmed, _ := hashBlame(blame)
	var cells []query.ApprovalCell
	err := s.query(ctx, "count approvals", s.sql["figures_approvals"], []any{
		named("from", p.From), named("to", p.To), named("mature", p.Mature), named("levels", levels.SeniorWords()), named("machines", levels.MachineWords()),
		named("classes", texts(figureClasses)), named("kinds", texts(correlate.ChangeKinds())), named("confirmed", confirmed),
	}, func(rows driver.Rows) error {
		var kind, size, tier, approval uint8
		var n uint64
		var blamed []uint64
		var cell query.ApprovalCell
		if err := rows.Scan(&kind, &size, &tier, &approval, &n, &blamed, &cell.LeadSeconds, &cell.Commits, &cell.Lines); err != nil {
			return err
		}
		cell.Kind, cell.Size, cell.Tier = kindOf(kind), query.Sizes()[size], int(tier)
		cell.Approval, cell.N, cell.Confirmed = figureApprovals[approval], int(n), keysOf(known, blamed)
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
		named("from", p.From), named("to", p.To), named("classes", texts(figureClasses)), named("services", slices.Clone(services)),
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

// hashBlame gives the hashes that the statements know the blamed changes by.
func hashBlame(b query.Blame) (known map[uint64][]correlate.Key, confirmed, suspected []uint64) {
	known = map[uint64][]correlate.Key{}
	hash := func(keys []correlate.Key) []uint64 {
		out := make([]uint64, len(keys))
		for i, key := range keys {
			out[i] = hashOf(key.ID) ^ hashOf(key.Source)
			if !slices.Contains(known[out[i]], key) {
				known[out[i]] = append(known[out[i]], key)
			}
		}
		return out
	}
	return known, hash(b.Confirmed), hash(b.Suspected)
}

// keysOf names the changes behind hashes.
func keysOf(known map[uint64][]correlate.Key, hashes []uint64) []correlate.Key {
	var keys []correlate.Key
	for _, hash := range hashes {
		keys = append(keys, known[hash]...)
	}
	return keys
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
