package correlate

// origins hold, for each service that could explain a symptom, how well a fault
// in it explains all alerts and all silence. All likelihoods are relative to
// chance and share one scale. Weights by choice of the first symptom are lists
// of one number for each of frame.firsts.
type origins struct {
	list []origin
	// place[node] is the place in list plus one; strangers does the same for names
	// that the graph does not know.
	place     []int32
	strangers map[string]int
	// blind is the explanation by a fault whose spread the graph does not show,
	// the same for every service.
	blind []float64
	// unlinked is the explanation by a service which the graph knows and links
	// to no symptom, wide that by a fault everywhere in the environment.
	unlinked, wide explanation
	// none is the explanation by no recorded change: a fault in any service, or
	// one that strikes from outside.
	none  float64
	nodes float64
	frame *frame
}

// origin is one service with its explanation of the incident; seen is the
// explanation as far as the graph shows it.
type origin struct {
	explanation
	node int32
	// via is the service that the origin calls and would have broken, where
	// that explains more than a fault in itself; -1 otherwise.
	via   int32
	links []link
	seen  []float64
	// own is seen without what the origin may have broken; nil where it was entered
	// for that alone.
	own []float64
	// quiet is the likelihood of the silence around it; see frame.quiet.
	quiet []float64
	// busy is how much less one change of the service is suspect because it
	// changes often, in log odds.
	busy float64
}

// explanation is how well a fault explains the incident, the chance that the
// graph is blind included: in sum, and by the symptoms that may have been first,
// as far as they count.
type explanation struct {
	total  float64
	onsets []onsetWeight
}

// onsetWeight is the likelihood that a fault showed first as the symptom and
// explains all others from there, summed over how far it spread and how noisy
// the alerting is.
type onsetWeight struct {
	symptom int
	weight  float64
}

// at returns the place of the node in the list, -1 if it is no origin.
func (o *origins) at(node int32) int { return int(o.place[node]) - 1 }

// enter appends an origin and returns its place.
func (o *origins) enter(one origin) int {
	at := len(o.list)
	o.list = append(o.list, one)
	if one.node >= 0 {
		o.place[one.node] = int32(at) + 1
	}
	return at
}

func sumOf(list []float64) float64 {
	sum := 0.0
	for _, w := range list {
		sum += w
	}
	return sum
}
