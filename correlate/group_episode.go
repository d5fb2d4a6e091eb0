package correlate

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"hash/fnv"
	"math"
	"time"
)

// LabelDeclaredIncident marks an alert that stands for an incident which a
// person or an incident tool declared. Its value is the id there. Such an alert
// attaches to the incident that is going on near its service, and alerts with
// the same id belong together wherever they are.
const LabelDeclaredIncident = "declared_incident"

// forever is later than every moment of an alert, in Unix milliseconds.
const forever = math.MaxInt64

// episode is one alert as the grouper sees it. Times are Unix milliseconds.
type episode struct {
	key   episodeKey
	alert Alert
	// said is the alert as its own statements tell it, where something that told
	// only of an end has ended it; otherwise nil.
	said *Alert
	// id is the id of the incident that this alert would found.
	id string
	// start is when the alert began to count: its own start, or the end of the
	// maintenance window that muted it.
	start int64
	// end is when it stopped or, while it fires, when it will be given up.
	end      int64
	firing   bool
	severity Severity
	family   family
	declared string
	follower bool
	// noData says that the alert tells of missing data; see group_blind.go.
	noData bool
	site   *site

	// peers are earlier episodes of the same kind that this one is linked to:
	// at least one of each group of them, not all. best is the earliest anchor
	// that a follower is linked to.
	peers  []*episode
	best   *episode
	region *region
	// rank is the position in the list being grouped, and only valid there.
	rank int32
	// emitted is the greatest revision returned for id, 0 if never, and shown
	// as what.
	emitted int64
	shown   shown
	// touched is when the last news of the episode came.
	touched int64
}

// shown is what the last row returned for an id said.
type shown uint8

const (
	shownUnknown shown = iota
	shownLiving
	shownMerged
)

// episodeKey is AlertKey with a comparable time.
type episodeKey struct {
	fingerprint string
	startMS     int64
}

func keyOfAlert(a *Alert) episodeKey {
	fingerprint := a.Fingerprint
	if fingerprint == "" {
		fingerprint = a.DefaultFingerprint()
	}
	return episodeKey{fingerprint: fingerprint, startMS: a.StartedAt.UnixMilli()}
}

func (k episodeKey) alertKey() AlertKey {
	return AlertKey{Fingerprint: k.fingerprint, StartedAt: time.UnixMilli(k.startMS).UTC()}
}

// family is the sort of trouble that a signal tells of. Across services only
// alerts of one family are linked: a jailbroken assistant and a slow database
// next to it are two incidents.
type family uint8

const (
	familyOperation family = iota
	familyAISafety
	familySecurity
)

func familyOf(s Signal) family {
	switch s {
	case SignalAISafety:
		return familyAISafety
	case SignalSecurity:
		return familySecurity
	default:
		return familyOperation
	}
}

func newEpisode(a *Alert) *episode {
	key := keyOfAlert(a)
	e := &episode{key: key, alert: *a, id: incidentID(key)}
	e.alert.Fingerprint = key.fingerprint
	return e
}

// told is the alert as its own statements tell it.
func (e *episode) told() Alert {
	if e.said != nil {
		return *e.said
	}
	return e.alert
}

// incidentID is "inc-" and 16 hexadecimal digits of an FNV-1a hash of the
// founding alert's identity.
func incidentID(k episodeKey) string {
	h := fnv.New64a()
	var start [8]byte
	binary.BigEndian.PutUint64(start[:], uint64(k.startMS))
	_, _ = h.Write(start[:])
	_, _ = h.Write([]byte(k.fingerprint))
	return "inc-" + hex.EncodeToString(h.Sum(nil))
}

// derive fills what follows from the alert, the ends of its series and the
// settings alone. An alert without severity counts as high: better an incident
// too many than an outage that nobody saw.
func (e *episode) derive(cfg *GroupConfig, ends []time.Time) {
	e.alert, e.said = e.told(), nil
	if at, ok := firstEnd(ends, e.alert.StartedAt); ok {
		told := e.alert
		e.alert, e.said = told.endedBy(at), &told
	}
	a := &e.alert
	e.severity = cmp.Or(a.Severity, SeverityHigh)
	e.family = familyOf(a.Signal)
	e.declared = ""
	if id := a.Labels[LabelDeclaredIncident]; id != "" {
		e.declared = e.environment() + "\x00" + a.Source + "\x00" + id
	}
	e.noData = e.declared == "" && tellsOfNoData(a)
	e.firing = a.Status != AlertResolved && a.ResolvedAt == nil
	e.end = e.key.startMS
	if a.ObservedAt != nil {
		e.end = max(e.end, a.ObservedAt.UnixMilli())
	}
	switch {
	case e.firing:
		e.end += cfg.StaleAfter.Milliseconds()
	case a.ResolvedAt != nil:
		e.end = max(e.key.startMS, a.ResolvedAt.UnixMilli())
	}
	e.start = e.key.startMS
	for i := 0; i < len(cfg.Maintenance); i++ {
		m := &cfg.Maintenance[i]
		if m.covers(e.environment(), a.Service, e.start) {
			e.start = m.To.UnixMilli()
			i = -1
		}
	}
}

func (e *episode) environment() string { return cmp.Or(e.alert.Environment, DefaultEnvironment) }

// founds reports whether the alert alone would be an incident.
func (e *episode) founds() bool { return e.declared != "" || e.severity != SeverityInfo }

// heldUntil is the moment until which the alert vouches that its trouble goes
// on, but at most the given time after its start: an alert that nobody cleared
// for days must not swallow every later incident.
func (e *episode) heldUntil(carry time.Duration) int64 {
	return min(e.end, e.start+carry.Milliseconds())
}

// compareEpisodes orders by the moment from which alerts count, then by
// identity.
func compareEpisodes(a, b *episode) int {
	return cmp.Or(
		cmp.Compare(a.start, b.start),
		cmp.Compare(a.key.startMS, b.key.startMS),
		cmp.Compare(a.key.fingerprint, b.key.fingerprint),
	)
}
