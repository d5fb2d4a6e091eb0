package clickhouse

import (
	"cmp"
	"context"
	"slices"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// A deployment often names the commit at its head and nothing more; who wrote
// it, what it says and how it was reviewed came with the push and the pull
// request, as changes to source code of their own. They are joined when they
// are read, so that it does not matter which came first. The way from a commit
// to both is in change_lookup, beside that from an id.

// maxCarried bounds the commits that a change to production is found by, and
// those that a push adds to it.
const maxCarried = 200

// commitHash is the hash under which change_lookup knows a commit.
func commitHash(sha string) uint64 { return hashOf("commit\x00" + sha) }

// isBare reports whether of a commit nothing but its hash is known.
func isBare(c *correlate.Commit) bool { return c.SHA != "" && c.Message == "" && c.Author == nil }

func isCode(c *correlate.Change) bool { return c.Environment == event.CodeEnvironment }

// joinedBy lists the commits by which a change is joined to others: all of a
// change to source code, the bare ones of another.
func joinedBy(c *correlate.Change) []string {
	var shas []string
	for i := range c.Commits {
		if commit := &c.Commits[i]; commit.SHA != "" && (isCode(c) || isBare(commit) && len(shas) < maxCarried) {
			shas = append(shas, commit.SHA)
		}
	}
	return shas
}

// bareCommits are the hashes of all commits by which changes to production are
// to be joined to source code.
func bareCommits(changes []correlate.Change) []uint64 {
	var hashes []uint64
	for i := range changes {
		if isCode(&changes[i]) {
			continue
		}
		for _, sha := range joinedBy(&changes[i]) {
			hashes = append(hashes, commitHash(sha))
		}
	}
	return hashes
}

// joinCode gives changes what is known of the commits that they carry.
func (s *Store) joinCode(ctx context.Context, changes []correlate.Change) error {
	code, err := s.codeOf(ctx, bareCommits(changes))
	if err != nil || len(code) == 0 {
		return err
	}
	for i := range changes {
		if !isCode(&changes[i]) && len(joinedBy(&changes[i])) > 0 {
			carry(&changes[i], code)
		}
	}
	return nil
}

// codeOf reads the changes to source code with these commits, and those with
// the commits of their pull requests: a review is of the branch's head, a
// deployment of what it was merged as.
func (s *Store) codeOf(ctx context.Context, hashes []uint64) ([]correlate.Change, error) {
	code, err := s.codeAt(ctx, hashes)
	if err != nil || len(code) == 0 {
		return nil, err
	}
	var further []uint64
	for i := range code {
		if len(code[i].PullRequests) == 0 {
			continue
		}
		for _, sha := range joinedBy(&code[i]) {
			if h := commitHash(sha); !slices.Contains(hashes, h) {
				further = append(further, h)
			}
		}
	}
	if len(further) == 0 {
		return code, nil
	}
	return s.codeAt(ctx, slices.Concat(hashes, further))
}

func (s *Store) codeAt(ctx context.Context, hashes []uint64) ([]correlate.Change, error) {
	if len(hashes) == 0 {
		return nil, nil
	}
	events, err := s.readChangeEvents(ctx, "read source code", "change_code", hashes)
	code := event.FoldChanges(events)
	slices.SortFunc(code, func(a, b correlate.Change) int {
		return cmp.Or(a.StartedAt.Compare(b.StartedAt), cmp.Compare(a.Source, b.Source), cmp.Compare(a.ID, b.ID))
	})
	return code, err
}

// sameRepository reports whether two changes may be of one repository: forks
// have commits in common.
func sameRepository(a, b *correlate.Change) bool {
	left, right := a.Labels[event.RepositoryLabel], b.Labels[event.RepositoryLabel]
	return left == right || left == "" || right == ""
}

// carry completes a change from the source code that it carries.
func carry(c *correlate.Change, code []correlate.Change) {
	own := joinedBy(c)
	var merged []string
	c.Commits = slices.Clone(c.Commits)
	for i := range code {
		fact := &code[i]
		if !sameRepository(c, fact) || !slices.ContainsFunc(joinedBy(fact), func(sha string) bool { return slices.Contains(own, sha) }) {
			continue
		}
		addCommits(c, fact, slices.Contains(own, fact.Version))
		if len(fact.PullRequests) > 0 && len(fact.Approvals) == 0 && len(fact.PullRequests[0].Reviews) == 0 {
			merged = append(merged, joinedBy(fact)...)
		}
	}
	for i := range code {
		if fact := &code[i]; sameRepository(c, fact) && slices.ContainsFunc(joinedBy(fact), func(sha string) bool {
			return slices.Contains(own, sha) || slices.Contains(merged, sha)
		}) {
			addPulls(c, fact)
		}
	}
}

// addCommits fills bare commits in. Where the change carries the head of a
// push, it carries the whole push.
func addCommits(c, fact *correlate.Change, whole bool) {
	for i := range fact.Commits {
		commit := &fact.Commits[i]
		at := slices.IndexFunc(c.Commits, func(known correlate.Commit) bool { return known.SHA == commit.SHA })
		switch {
		case at >= 0 && isBare(&c.Commits[at]):
			c.Commits[at] = *commit
		case at < 0 && whole && !isBare(commit) && len(c.Commits) < maxCarried:
			c.Commits = append(c.Commits, *commit)
		}
	}
}

// addPulls adds pull requests, each once with all of its reviews, and the
// approvals.
func addPulls(c, fact *correlate.Change) {
	c.PullRequests = slices.Clone(c.PullRequests)
	for _, pull := range fact.PullRequests {
		at := slices.IndexFunc(c.PullRequests, func(p correlate.PullRequest) bool { return p.Number == pull.Number && p.URL == pull.URL })
		if at < 0 {
			pull.Reviews = slices.Clone(pull.Reviews)
			c.PullRequests = append(c.PullRequests, pull)
			continue
		}
		known := &c.PullRequests[at]
		known.Reviews = append(slices.Clone(known.Reviews), pull.Reviews...)
	}
	c.Approvals = append(slices.Clone(c.Approvals), fact.Approvals...)
}

// carriers reads the changes to production that carry commits of these changes
// to source code: what is known of them has changed.
func (s *Store) carriers(ctx context.Context, changes []correlate.Change) ([]correlate.Change, error) {
	var hashes []uint64
	for i := range changes {
		if isCode(&changes[i]) {
			for _, sha := range joinedBy(&changes[i]) {
				hashes = append(hashes, commitHash(sha))
			}
		}
	}
	if len(hashes) == 0 {
		return nil, nil
	}
	var keys []uint64
	for some := range slices.Chunk(hashes, hashesAtOnce) {
		found, err := s.hashes(ctx, "look for what carries commits", "change_carriers", named("hashes", some))
		if err != nil {
			return nil, err
		}
		keys = append(keys, found...)
	}
	if len(keys) == 0 {
		return nil, nil
	}
	events, err := s.changeEvents(ctx, keys)
	if err != nil {
		return nil, err
	}
	found := slices.DeleteFunc(event.FoldChanges(events), func(c correlate.Change) bool { return len(joinedBy(&c)) == 0 })
	return found, s.joinCode(ctx, found)
}

// codeProvenances adds, for changes of which their own events tell nothing, the
// provenance of the source code that they carry, the surest of it.
func (s *Store) codeProvenances(ctx context.Context, keys []correlate.Key, given map[correlate.Key]correlate.Provenance) error {
	open := map[correlate.Key]bool{}
	var hashes []uint64
	for _, k := range keys {
		if p, known := given[k]; !known || p.Class == correlate.ProvenanceUnknown && p.Source != correlate.ProvenanceByOverride {
			open[k], hashes = true, append(hashes, hashOf(k.ID))
		}
	}
	if len(hashes) == 0 {
		return nil
	}
	events, err := s.changeEvents(ctx, hashes)
	if err != nil {
		return err
	}
	changes := slices.DeleteFunc(event.FoldChanges(events), func(c correlate.Change) bool { return !open[c.Key()] })
	code, labels, err := s.labelledCode(ctx, changes)
	if err != nil {
		return err
	}
	for i := range changes {
		if p, ok := surest(&changes[i], code, labels); ok {
			given[changes[i].Key()] = p
		}
	}
	return nil
}

// labelledCode reads the source code that changes carry, with its provenance.
func (s *Store) labelledCode(ctx context.Context, changes []correlate.Change) ([]correlate.Change, map[correlate.Key]correlate.Provenance, error) {
	code, err := s.codeOf(ctx, bareCommits(changes))
	if err != nil || len(code) == 0 {
		return nil, nil, err
	}
	keys := make([]correlate.Key, len(code))
	for i := range code {
		keys[i] = code[i].Key()
	}
	labels, err := s.ownProvenances(ctx, keys)
	return code, labels, err
}

// surest picks among the labels of the code that a change carries: AI before
// others, then the greater confidence.
func surest(c *correlate.Change, code []correlate.Change, labels map[correlate.Key]correlate.Provenance) (best correlate.Provenance, found bool) {
	own := joinedBy(c)
	for i := range code {
		fact := &code[i]
		p, labelled := labels[fact.Key()]
		carried := sameRepository(c, fact) && slices.ContainsFunc(joinedBy(fact), func(sha string) bool { return slices.Contains(own, sha) })
		if !labelled || !carried || p.Class == correlate.ProvenanceUnknown {
			continue
		}
		if !found || cmp.Or(cmp.Compare(aiFirst(p.Class), aiFirst(best.Class)), cmp.Compare(p.Confidence, best.Confidence)) > 0 {
			best, found = p, true
		}
	}
	return best, found
}

func aiFirst(class correlate.ProvenanceClass) int {
	if class.AI() {
		return 1
	}
	return 0
}
