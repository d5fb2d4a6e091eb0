// Package eval judges rankers on labelled outages: it reads case files, hides
// what could not be known at the moment of judgement, asks the engine and the
// rules that people use today, and scores their answers.
//
// The order of things is fixed and typed, so that no ranker can be helped by
// accident:
//
//	Case (with its label) --View--> what was observable --Rank--> Answer --score--> Report
//
// A View carries neither the guilty changes nor the kind of the case, and
// nothing that happened after the case's moment of judgement. A ranker is given
// a View and nothing else.
package eval
