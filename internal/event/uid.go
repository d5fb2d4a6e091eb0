package event

import (
	"encoding/binary"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/faultline/faultline/correlate"
)

// changeUID identifies one statement about a change by what it says: xxHash64
// over the kind, the identity and the bytes. The same bytes delivered twice,
// by whatever door, have one UID; an update has another.
func changeUID(d *xxhash.Digest, c *correlate.Change, raw []byte) uint64 {
	return newHash(d, KindChange).part(c.Source).part(c.ID).sum(raw)
}

// alertUID identifies one statement about an alert episode.
func alertUID(d *xxhash.Digest, a *correlate.Alert, raw []byte) uint64 {
	return newHash(d, KindAlert).part(a.Source).part(a.Fingerprint).moment(a.StartedAt).sum(raw)
}

// topologyUID identifies one snapshot.
func topologyUID(d *xxhash.Digest, t *correlate.Topology, raw []byte) uint64 {
	return newHash(d, KindTopology).part(t.Source).moment(t.ObservedAt).sum(raw)
}

// hash feeds parts to xxHash64, each preceded by its length so that no two
// different lists of parts are the same input.
type hash struct{ digest *xxhash.Digest }

func newHash(d *xxhash.Digest, kind Kind) hash {
	d.Reset()
	h := hash{digest: d}
	return h.part(string(kind))
}

// part adds a text. Writing to a Digest never fails.
func (h hash) part(s string) hash {
	h.size(uint64(len(s)))
	_, _ = h.digest.WriteString(s)
	return h
}

// moment adds a time by its milliseconds since 1970.
func (h hash) moment(at time.Time) hash {
	h.size(uint64(at.UnixMilli()))
	return h
}

func (h hash) size(n uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	_, _ = h.digest.Write(b[:])
}

// sum adds the bytes of the event and ends the hash.
func (h hash) sum(raw []byte) uint64 {
	_, _ = h.digest.Write(raw)
	return h.digest.Sum64()
}
