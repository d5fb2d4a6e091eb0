// Package outages turns a list of public outages, told as facts in
// outages.yaml, into labelled cases that anyone can make again: each outage with
// its true delays, services, calls and guilty change is placed in a synthetic
// company with routine changes, stray alerts and responders who change things.
//
// The weights that ship have never been tuned on these cases: that is what the
// list is for, so it must stay so.
//
// A case is a function of the options and the outage alone: another outage in
// the list changes nothing in the others. Nothing but the evidence tells the
// guilty change: it is made by the same code as routine changes, every kind of
// it occurs among those, its id is random, and all lists are shuffled.
package outages
