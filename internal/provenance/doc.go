// Package provenance tells what part AI had in a change, as far as markers
// show it: nothing is ever inferred from the style of the code.
//
// # Sources, strong to weak
//
//  1. records that an agent wrote line by line: notes of the Git AI Standard
//     and records of Agent Trace, sent along with the change (see [NotesField]
//     and [TraceField]);
//  2. what the sender declares, and an actor that is an agent;
//  3. the author of a commit: products commit under addresses of their own;
//  4. trailers and footers of the message, co-authors among them;
//  5. the pull request: who opened it, what its text links to;
//  6. labels and the prefix of the branch.
//
// The first that speaks fixes the class, all that is found is kept as evidence.
// What nobody marked is [correlate.ProvenanceUnknown]: the absence of a marker
// proves no human, since half of the commits that agents help with carry none.
//
// # Traps
//
// Only whole addresses count, never a vendor's domain: its employees write code
// too. People are called Devin, Jules and Claude. Trailers above "This reverts
// commit", in quotations, in code blocks and in unticked forms belong to someone
// else. Ordinary automation is no AI unless it carries a marker of its own; its
// messages quote the release notes of AI packages all day long. Who committed
// (rebased, amended) another's work did not write it.
//
// # Rules
//
// The markers are data, in rules.yaml, with a version, so that they can be
// corrected without touching code and applied again to history.
package provenance
