package eval

import (
	"time"

	"github.com/faultline/faultline/correlate"
)

// Prepared is a case whose graph and index are built once, so that engines with
// different weights can be asked about it again and again. It keeps what the
// view holds and lets go of the record.
type Prepared struct {
	label    Case
	delay    DelayBucket
	alike    twins
	input    correlate.Input
	withheld Parts
	// counts is how many cases it counts for where weights are learnt.
	counts float64
}

// Prepare builds what an engine reads of the case as it stood at c.At.
func Prepare(c *Case, withheld Parts) *Prepared {
	view := c.View(withheld)
	return &Prepared{
		label: Case{Name: c.Name, Kind: c.Kind, Causes: c.Causes}, delay: delayBucket(c),
		alike: twinsIn(&view), input: inputOf(&view), withheld: withheld, counts: 1,
	}
}

// Finding asks the ranker's engine about the case.
func (p *Prepared) Finding(r *EngineRanker) correlate.Finding {
	return r.engineFor(p.withheld).Attribute(p.input)
}

// Judge asks the ranker about the case and scores the answer.
func (p *Prepared) Judge(r *EngineRanker) Outcome {
	_, o := p.FindingAndJudge(r)
	return o
}

// FindingAndJudge is Judge with the whole answer, which is asked for once.
func (p *Prepared) FindingAndJudge(r *EngineRanker) (correlate.Finding, Outcome) {
	begin := time.Now()
	f := p.Finding(r)
	took := time.Since(begin)
	o := judge(&p.label, p.alike, Answer{Suspects: asSuspects(f.Suspects), NoChange: f.NoChangeProbability})
	o.Ranker, o.Delay, o.Took = r.Name(), p.delay, took
	return f, o
}
