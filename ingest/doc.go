// Package ingest takes events in, from Kafka and by HTTP, and makes them
// durable before their sender may forget them.
//
//	Kafka partitions ──► readers ──► decoders ──► batchers ──► flushers ──► store
//	   ▲                 one each    one a core   one a topic  one a topic    │
//	   │                                                          │           │
//	   └────────────── offsets, only after ───────────────────────┴───────────┘
//
//	HTTP body ──► decoder ──► group of concurrent bodies ──► store ──► answer
//
// # Promises
//
// Nothing is lost: offsets are committed, and requests answered, after the
// store has acknowledged the rows. Nothing is doubled: a redelivered event has
// the same UID, by which the store's readers count it once. Nothing stops a
// partition: what cannot be decoded, and rows that the store refuses, go to the
// dead letters with their bytes, and the offset passes once the letter is safe.
//
// When the store is away, inserts are repeated with growing pauses, the buffers
// fill up, and reading stops until it is back. Memory is bounded by the buffers
// throughout.
//
// # Generations
//
// A Consumer works in sessions, one for each assignment of partitions by the
// group. A session commits under the number of its own generation only, which
// the group refuses once the partitions belong to somebody else; a late commit
// can therefore not rewind the next owner. When partitions are taken away,
// what was read is still made durable and committed, within a time limit.
//
// # Order
//
// Decoding runs in parallel; runs of one partition are batched, stored and
// committed in the order in which they were read. Events themselves need no
// order: the fold of a change or an alert episode does not depend on it.
package ingest
