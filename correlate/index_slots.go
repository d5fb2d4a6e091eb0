package correlate

// lightChange is what ranking reads of every candidate, 32 bytes without
// pointers. start is in Unix milliseconds; span is the length of the rollout in
// milliseconds, 0 when unknown.
type lightChange struct {
	start   int64
	key     keyRef
	span    uint32
	service int32
	source  uint16
	env     uint16
	kind    uint8
	live    bool
}

// end is when the change was over, as far as that is known.
func (e *lightChange) end() int64 { return e.start + int64(e.span) }

// Values of lightChange.service for changes that are not of one service.
const (
	serviceWide  = -1
	serviceMulti = -2
)

// slots holds the light changes in chunks of equal length, so that growing never
// copies what is there: with ten million changes that would be a pause of a
// tenth of a second.
type slots struct {
	chunks []*[chunkSlots]lightChange
	n      int
}

const (
	chunkBits  = 14
	chunkSlots = 1 << chunkBits
)

// add reserves one more slot.
func (s *slots) add() uint32 {
	if s.n == len(s.chunks)*chunkSlots {
		s.chunks = append(s.chunks, new([chunkSlots]lightChange))
	}
	s.n++
	return uint32(s.n - 1)
}

// at is the light change of a slot.
func (x *ChangeIndex) at(ref uint32) *lightChange {
	return &x.slots.chunks[ref>>chunkBits][ref&(chunkSlots-1)]
}

// dated is a slot in a list of changes, with what ranking asks of every change
// first: reading that out of the list spares it a look at a far place of memory
// for each of ten thousand changes. It is 16 bytes.
type dated struct {
	start int64
	ref   uint32
	// rest holds the kind in its lowest bits, then whether the change is one of
	// several services, then the span in milliseconds as far as it fits.
	rest uint32
}

const (
	datedKindBits = 4
	datedMulti    = 1 << datedKindBits
	datedSpanBit  = datedKindBits + 1
	datedSpanMax  = 1<<(32-datedSpanBit) - 1
)

func (e *lightChange) dated(ref uint32) dated {
	d := dated{start: e.start, ref: ref, rest: uint32(e.kind) | min(e.span, datedSpanMax)<<datedSpanBit}
	if e.service == serviceMulti {
		d.rest |= datedMulti
	}
	return d
}

func (d dated) kind() uint8 { return uint8(d.rest & (1<<datedKindBits - 1)) }

func (d dated) multi() bool { return d.rest&datedMulti != 0 }

// spanOf is the length of the rollout in milliseconds.
func (x *ChangeIndex) spanOf(d dated) uint32 {
	if span := d.rest >> datedSpanBit; span < datedSpanMax {
		return span
	}
	return x.at(d.ref).span
}
