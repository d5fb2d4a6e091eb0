// Package policy judges changes by rules: before a deploy as a gate, and
// afterwards to find what went through against the rules.
//
// # Rules
//
// A rule is data: it says in CEL to which changes it applies (when) and what it
// asks of them (require), whether its failure denies or warns, why, and what
// would mend it. A file of rules is compiled once; what is wrong with it is
// reported with line, column and mend. The rules that ship ask for the approval
// of a senior engineer, by tier and kind, for changes in which AI had a part and
// for those of unknown origin: see rules.yaml and docs/policy.md.
//
// # Approvals
//
// Rules do not have to reason about time and identity. Each approval comes with
// what is known of it: whether it is a person's, a senior's, someone else's than
// the author's, given before the change began, and given after the last commit.
// An approval counts when all of these but seniority hold. See [Approvals].
//
// # Failing closed
//
// A rule that cannot be judged, because its expression fails or costs too much,
// fails as its outcome says. An expression sees values only: it has no clock, no
// network and no files, and its cost is bounded.
package policy
