package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// eventBytes is the usual size of a change event with a commit message, links
// and labels.
const eventBytes = 1600

// generator makes varied change events of the contract. The same seed makes
// the same events.
type generator struct {
	random *rand.Rand
	base   time.Time
	n      int
}

func newGenerator(seed uint64) *generator {
	return &generator{
		random: rand.New(rand.NewPCG(seed, 0x0c8a76)), //nolint:gosec // Repeatable on purpose.
		base:   time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC),
	}
}

// The vocabulary of commit messages and titles.
var (
	verbs  = strings.Fields("raise lower retry drop cache batch shard rename split guard trace pin bump revert tune warm drain cap")
	nouns  = strings.Fields("connection pool timeout limit ledger socket quota token index queue worker schema flag header region replica budget breaker")
	kinds  = strings.Fields("deploy deploy deploy deploy config feature_flag infrastructure schema_migration scaling")
	states = strings.Fields("succeeded succeeded succeeded in_progress failed")
)

// next returns the key and the value of one message.
func (g *generator) next() (key, value []byte) {
	g.n++
	r := g.random
	service := fmt.Sprintf("service-%04d", r.IntN(3000))
	started := g.base.Add(time.Duration(g.n) * 40 * time.Millisecond)
	var b strings.Builder
	b.Grow(eventBytes + 256)
	fmt.Fprintf(&b, `{"id":"chg-%08d-%04x","source":"argo-cd-%d","kind":%q,"title":%q,"services":[%q],"environment":"production",`,
		g.n, r.IntN(1<<16), r.IntN(4), pick(r, kinds), g.words(7), service)
	fmt.Fprintf(&b, `"regions":["eu-west-%d"],"started_at":%q,"finished_at":%q,"status":%q,"version":"v%d.%d.%d","previous_version":"v%d.%d.0",`,
		1+r.IntN(3), started.Format(time.RFC3339Nano), started.Add(time.Duration(30+r.IntN(600))*time.Second).Format(time.RFC3339Nano),
		pick(r, states), r.IntN(9), r.IntN(80), r.IntN(900), r.IntN(9), r.IntN(80))
	fmt.Fprintf(&b, `"actor":{"id":"user-%d","type":"human"},"links":{"diff":"https://git.example.com/shop/%s/compare/%012x...%012x","run":"https://ci.example.com/runs/%d"},`,
		r.IntN(800), service, r.Uint64N(1<<48), r.Uint64N(1<<48), r.IntN(1e7))
	fmt.Fprintf(&b, `"labels":{"team":"team-%d","cluster":"prod-%d","tier":"%d","language":"go","pipeline":"p-%d","shard":"s%d","ticket":"CHG%07d"},`,
		r.IntN(60), r.IntN(12), 1+r.IntN(4), r.IntN(900), r.IntN(64), r.IntN(1e7))
	g.commit(&b, started)
	return []byte(service), []byte(b.String())
}

// commit ends the event with one commit whose message fills it up.
func (g *generator) commit(b *strings.Builder, started time.Time) {
	r := g.random
	fmt.Fprintf(b, `"commits":[{"sha":"%016x%016x%08x","author":{"name":"Dev %d","email":"dev%d@example.com","login":"dev%d"},"authored_at":%q,"additions":%d,"deletions":%d,"files":["cmd/main.go","internal/pool/pool_%d.go"],"message":"`,
		r.Uint64(), r.Uint64(), r.Uint32(), r.IntN(300), r.IntN(300), r.IntN(300),
		started.Add(-time.Hour).Format(time.RFC3339), r.IntN(500), r.IntN(300), r.IntN(900))
	const end = `"}]}`
	for b.Len() < eventBytes-len(end)-8 {
		b.WriteString(pick(r, verbs) + " the " + pick(r, nouns) + " ")
	}
	b.WriteString(end)
}

func (g *generator) words(n int) string {
	words := make([]string, n)
	for i := range words {
		words[i] = pick(g.random, nouns)
	}
	return pick(g.random, verbs) + " " + strings.Join(words, " ")
}

// pick draws one of some values.
func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }
