// Package simulate makes labelled outages in a synthetic company: a call graph
// with hubs, a day's routine changes, faults that spread and alerts that come
// late, and the traps that real outages set for whoever looks for the guilty
// change. The sizes and delays follow published figures, each named where it
// stands.
//
// A case is a function of the options and its number alone, so that the cases
// of one seed are the same on every machine, and are written one by one without
// being held in memory.
//
// Nothing but the evidence tells the guilty change: it is made by the same code
// as every routine change, its id is random, and all lists are shuffled.
package simulate
