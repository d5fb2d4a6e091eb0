// Package correlate is the centre of Faultline: the nouns that every other
// package speaks (Change, Alert, Topology, Incident, Finding) and the pure
// engine that links an incident to the change that most likely caused it.
//
// Nothing in here knows of Kafka, ClickHouse, HTTP or the wall clock. The
// engine takes values and a moment of judgement and returns values; only the
// runner, which drives the engine in a live process, uses context and
// goroutines, and it reaches the world through ports of one to three methods
// that are declared beside it.
//
// # The question
//
// Given alerts that belong together, a call graph and a feed of changes, which
// hypothesis explains the alerts best: "change c did it", for each candidate
// c, or "no recorded change did"? Every kind of evidence adds a term in log
// odds against the background, so that the sum is a posterior, the terms are
// the explanation, and calibration can be checked on labelled cases.
//
// # What is never used
//
// Whether a change was made with the help of AI is not evidence. Were it so,
// the figures that compare outage rates of AI-assisted and other changes would
// measure the engine's own opinion. A property test flips every AI field of
// random cases and demands identical findings.
package correlate
