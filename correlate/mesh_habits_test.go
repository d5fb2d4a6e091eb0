package correlate

import "time"

// meshFault is what the new version of the guilty service does.
type meshFault uint8

const (
	meshException meshFault = iota // Fails after some of its calls.
	meshDelay                      // Answers late; some callers give up.
	meshHang                       // Never answers.
	meshHog                        // Burns processor time.
	meshNetwork                    // Does not get its requests.
	meshMemory                     // Grows, is killed, starts anew.
	meshBadCalls                   // Sends what it calls requests that fail there.
)

var meshFaultNames = []string{"exception", "delay", "hang", "hog", "network", "memory", "bad-calls"}

// meshHabits are the ranges that a case is drawn from.
type meshHabits struct {
	services      [2]int
	depth         float64 // 0: everything hangs on the entry, 1: a chain.
	faults        []meshFault
	steps         []time.Duration
	load          [2]float64 // Requests per second, drawn evenly in its logarithm.
	styles        []int
	silent        float64 // Share of cases whose faulty instances count no errors.
	together      float64 // Share of cases whose rollouts begin within a minute.
	missing       float64 // Share of services without series.
	anew          float64 // Share of cases with instances that begin with the rollout.
	unnamed       float64 // Share of cases whose rollouts do not list instances.
	alerting      []meshAlerting
	views         []meshView
	instances     [2]int
	entryTolerant float64 // Share of calls whose failure the caller survives.
	missed        float64 // Share of hurt services that do not alert where all may.
	least, delay  float64 // Seconds until the first alert: at least, and on average beyond.
	stages        int     // Most stages of a rollout.
}

// meshAlerting is who raises alerts.
type meshAlerting uint8

const (
	alertAll    meshAlerting = iota // Whoever's requests or calls got worse, some missed.
	alertEntry                      // The entry alone.
	alertCaller                     // Callers of the faulty service and up, never itself.
	alertModule                     // One service that some localiser named, often the guilty one.
)

// meshView is what series there are.
type meshView uint8

const (
	viewBoth     meshView = iota // Inbound, and outbound by peer.
	viewServer                   // Inbound only.
	viewClient                   // Outbound by peer only.
	viewPeerless                 // Inbound, and outbound in one.
	viewService                  // By service and version, not instance.
)

// meshHabitsTuning served to choose the structure of the model.
func meshHabitsTuning() meshHabits {
	return meshHabits{
		services: [2]int{10, 12}, depth: 0.4, instances: [2]int{2, 5},
		faults: []meshFault{meshException, meshException, meshDelay, meshHang, meshHog, meshNetwork, meshMemory},
		steps:  []time.Duration{15 * time.Second, 30 * time.Second}, load: [2]float64{5, 100}, styles: []int{0, 1},
		silent: 0.4, together: 0.3, missing: 0.1, anew: 0.6, unnamed: 0.3,
		alerting: []meshAlerting{alertAll, alertEntry, alertCaller, alertModule},
		views:    []meshView{viewBoth, viewBoth, viewServer, viewPeerless}, entryTolerant: 0.15,
		missed: 0.2, least: 20, delay: 180,
	}
}

// meshHabitsWide served for development too: every fault, view and notation.
func meshHabitsWide() meshHabits {
	return meshHabits{
		services: [2]int{10, 13}, depth: 0.5, instances: [2]int{3, 6},
		faults: []meshFault{meshException, meshDelay, meshHang, meshHog, meshNetwork, meshMemory, meshBadCalls},
		steps:  []time.Duration{15 * time.Second, 30 * time.Second}, load: [2]float64{5, 200}, styles: []int{0, 1, 2, 3},
		silent: 0.5, together: 0.3, missing: 0.1, anew: 0.6, unnamed: 0.4,
		alerting: []meshAlerting{alertAll, alertEntry, alertCaller, alertModule},
		views:    []meshView{viewBoth, viewServer, viewClient, viewPeerless, viewService}, entryTolerant: 0.2,
		missed: 0.25, least: 20, delay: 180, stages: 2,
	}
}

// meshHabitsJudging differs in every range. Nothing was chosen on it, but its
// figures were looked at.
func meshHabitsJudging() meshHabits {
	return meshHabits{
		services: [2]int{9, 14}, depth: 0.6, instances: [2]int{3, 8},
		faults: []meshFault{meshException, meshDelay, meshHang, meshHog, meshNetwork, meshMemory, meshBadCalls},
		steps:  []time.Duration{20 * time.Second, 60 * time.Second}, load: [2]float64{3, 300}, styles: []int{2, 3},
		silent: 0.5, together: 0.4, missing: 0.15, anew: 0.7, unnamed: 0.4,
		alerting: []meshAlerting{alertAll, alertEntry, alertCaller, alertModule},
		views:    []meshView{viewBoth, viewServer, viewClient, viewPeerless, viewService}, entryTolerant: 0.25,
		missed: 0.2, least: 20, delay: 180,
	}
}

// meshHabitsLast differs from both and was written before the model was looked at
// again: rollouts in stages, other faults in the majority, shallower and deeper
// shops, larger fleets, other notations, quicker alarms of which more are missed.
func meshHabitsLast() meshHabits {
	return meshHabits{
		services: [2]int{8, 16}, depth: 0.75, instances: [2]int{4, 10},
		faults: []meshFault{
			meshException, meshException, meshDelay, meshDelay, meshHang, meshHog, meshNetwork, meshMemory, meshBadCalls, meshBadCalls,
		},
		steps: []time.Duration{10 * time.Second, 45 * time.Second}, load: [2]float64{8, 150}, styles: []int{2, 4},
		silent: 0.35, together: 0.25, missing: 0.2, anew: 0.8, unnamed: 0.5,
		alerting: []meshAlerting{alertAll, alertAll, alertEntry, alertCaller, alertModule},
		views:    []meshView{viewBoth, viewServer, viewClient, viewPeerless, viewService}, entryTolerant: 0.35,
		missed: 0.35, least: 10, delay: 120, stages: 3,
	}
}

// meshHabitsFourth was written before alerts and series were weighed against each
// other, and is unlike the three above: large fleets with long-lived rollouts in many
// stages, slow and seldom alarms, sparse samples, hardly any lists of instances,
// and callers that mostly survive what they call.
func meshHabitsFourth() meshHabits {
	return meshHabits{
		services: [2]int{12, 16}, depth: 0.9, instances: [2]int{6, 14},
		faults: []meshFault{meshException, meshDelay, meshHang, meshHang, meshHog, meshHog, meshNetwork, meshMemory, meshBadCalls},
		steps:  []time.Duration{25 * time.Second, 60 * time.Second}, load: [2]float64{2, 60}, styles: []int{0, 1, 3, 4},
		silent: 0.6, together: 0.35, missing: 0.3, anew: 0.4, unnamed: 0.7,
		alerting: []meshAlerting{alertAll, alertAll, alertAll, alertCaller, alertEntry, alertModule, alertModule},
		views:    []meshView{viewBoth, viewServer, viewServer, viewClient, viewPeerless, viewService}, entryTolerant: 0.5,
		missed: 0.45, least: 30, delay: 300, stages: 4,
	}
}
