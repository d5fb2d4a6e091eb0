package correlate

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// corpus is the text of the alerts and how common each word is among the
// examined changes.
type corpus struct {
	// said are the telling words of the alerts.
	said map[string]bool
	// signals are the signals of the grave alerts.
	signals map[Signal]bool
	// holders counts, per word, the services whose examined changes hold it.
	holders map[string]int
	docs    int
	// told is, per word, the share of the gravely alerting services of which an
	// alert says it; of all alerting services where none is grave.
	told map[string]float64
}

// fewestDocs is the number of texts below which a word's rarity is not
// believed.
const fewestDocs = 20

// readWords prepares the text of alerts and examined changes.
func (e *Engine) readWords(s *scene, list []*candidate) corpus {
	c := corpus{said: map[string]bool{}, signals: map[Signal]bool{}, holders: map[string]int{}, told: s.toldWords()}
	known := map[string]bool{}
	for i := range s.symptoms {
		for _, word := range words(s.symptoms[i].service) {
			known[word] = true
		}
	}
	for i := range s.alerts {
		if s.alerts[i].Severity.Rank() >= SeverityHigh.Rank() || s.alerts[i].Severity == "" {
			c.signals[s.alerts[i].Signal] = true
		}
		for _, word := range s.wordsOf(i) {
			if !known[word] && telling(word) {
				c.said[word] = true
			}
		}
	}
	counted := map[string]bool{}
	for i := range list {
		place := strings.Join(list[i].detail.change.Services, ",")
		if !counted[place] {
			c.docs++
		}
		counted[place] = true
		list[i].detail.words = sharedWords(&list[i].detail.change, c.said)
		for _, word := range list[i].detail.words {
			if key := place + "\x00" + word; !counted[key] {
				counted[key] = true
				c.holders[word]++
			}
		}
	}
	return c
}

// toldWords is, per word, the share of the gravely alerting services of which an
// alert says it. What all are about is the matter; what one of twenty says beside
// is mostly chance, for something is always said.
func (s *scene) toldWords() map[string]float64 {
	told, graves := map[string]float64{}, 0.0
	someGrave := slices.ContainsFunc(s.symptoms, func(y symptom) bool { return y.grave })
	for i := range s.symptoms {
		if someGrave && !s.symptoms[i].grave {
			continue
		}
		graves++
		var own []string
		for _, at := range s.symptoms[i].alerts {
			own = append(own, s.wordsOf(at)...)
		}
		slices.Sort(own)
		for _, word := range slices.Compact(own) {
			told[word]++
		}
	}
	for word := range told {
		told[word] /= graves
	}
	return told
}

// leastTold stands for the share of services that say what only lesser alerts say.
const leastTold = 0.02

// weightOf is what is left of a word's weight when so many of the alerting
// services say it.
func (c *corpus) weightOf(word string, power float64) float64 {
	return math.Pow(math.Max(c.told[word], leastTold), power)
}

// wordsOf are the words of everything an alert says about what is wrong. Many
// alerts say the same.
func (s *scene) wordsOf(alert int) []string {
	if s.said == nil {
		s.said, s.texts = make([][]string, len(s.alerts)), map[string][]string{}
	}
	if s.said[alert] == nil {
		text := alertText(&s.alerts[alert])
		list, known := s.texts[text]
		if !known {
			list = append([]string{}, words(text)...)
			s.texts[text] = list
		}
		s.said[alert] = list
	}
	return s.said[alert]
}

// alertText is everything an alert says about what is wrong.
func alertText(a *Alert) string {
	text := []string{a.Name, a.Summary, a.Description}
	keys := make([]string, 0, len(a.Labels))
	for key := range a.Labels {
		if !slices.Contains(placeLabels[:], key) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		text = append(text, a.Labels[key])
	}
	return strings.Join(text, " ")
}

// placeLabels say where an alert is, or how grave, not what is wrong.
var placeLabels = [...]string{
	"severity", "priority", "region", "zone", "env", "environment", "instance", "pod", "host", "node", "version",
	"cluster", "alertname", "team", "source", "service", "prometheus", "receiver",
}

// sharedWords are those of the said words that a change uses to say what it
// does, in order of first appearance. Nothing that could tell how it was made is
// read: neither messages beyond their first line, nor authors, branches, bodies
// and labels of pull requests.
func sharedWords(c *Change, said map[string]bool) []string {
	if len(said) == 0 {
		return nil
	}
	text := append([]string{c.Title}, c.Services...)
	for i := range c.Commits {
		subject, _, _ := strings.Cut(c.Commits[i].Message, "\n")
		text = append(text, subject)
		text = append(text, c.Commits[i].Files[:min(len(c.Commits[i].Files), maxFiles)]...)
	}
	for i := range c.PullRequests {
		text = append(text, c.PullRequests[i].Title)
	}
	for _, key := range subjectLabels {
		if value := c.Labels[key]; value != "" {
			text = append(text, value)
		}
	}
	var shared []string
	eachWord(clip(strings.Join(text, " "), maxText), func(word string) {
		if said[word] && !slices.Contains(shared, word) {
			shared = append(shared, word)
		}
	})
	return shared
}

// maxFiles and maxText bound how much of one change is read.
const (
	maxFiles = 50
	maxText  = 8192
)

func clip(text string, limit int) string { return text[:min(len(text), limit)] }

// subjectLabels are the labels of a change that name what was changed.
var subjectLabels = [...]string{
	"flag", "flag_key", "feature_flag", "key", "config_key", "setting", "parameter", "resource", "resource_type",
	"table", "migration", "component", "module", "model", "prompt", "guardrail", "endpoint", "path", "hostname",
	"certificate", "domain", "queue", "topic", "namespace", "cluster", "image", "chart", "job", "policy", "role",
}

// telling leaves out numbers, short words and words that say nothing of the
// matter.
func telling(word string) bool {
	if len(word) < 3 || slices.Contains(plainWords[:], word) {
		return false
	}
	return strings.Trim(word, "0123456789") != ""
}

// plainWords occur in any alert or change.
var plainWords = [...]string{
	"the", "and", "for", "from", "with", "are", "has", "was", "not", "above", "below", "over", "under", "than", "more",
	"high", "low", "rate", "error", "latency", "unavailable", "availability", "alert", "firing", "threshold", "percent",
	"minute", "second", "hour", "p50", "p90", "p95", "p99", "slo", "burn", "budget", "request", "response", "http",
	"service", "deploy", "release", "rollout", "config", "configuration", "change", "update", "routine", "version",
	"fix", "add", "remove", "set", "use", "new", "main", "src", "internal", "production", "prod", "feature", "chore",
	"feat", "test", "yaml", "yml", "json", "critical", "warning", "metric", "value", "current", "last", "all",
}

// textTerm counts the rare words that alerts and change share.
func (e *Engine) textTerm(v *corpus, c *candidate) (term, bool) {
	shared, weight := c.detail.words, 0.0
	for _, word := range shared {
		docs := math.Max(float64(v.docs), fewestDocs)
		rarity := math.Max(math.Log((docs+1)/(float64(v.holders[word])+0.5)), 0)
		weight += rarity * v.weightOf(word, e.weights.Text.SaidPower)
	}
	log := min(weight*e.weights.Text.PerNat, e.weights.Text.MaxLogOdds)
	if log < 0.05 {
		return term{}, false
	}
	return term{kind: EvidenceText, logOdds: log, say: func() (string, []string) {
		list := shared[:min(len(shared), 5)]
		holders := v.holders[list[0]]
		return fmt.Sprintf("The alerts and this change share rare words: %s (%q is in the changes of %s out of %d).",
			strings.Join(list, ", "), list[0], count(holders, "service"), v.docs), nil
	}}, true
}

// hit words what of the affinity the alerts show, empty for nothing, and how much
// of it counts.
func (c *corpus) hit(a *Affinity, power float64) (hit string, share float64) {
	if a.Signal != "" && c.signals[a.Signal] {
		return fmt.Sprintf("%s alerts", a.Signal), 1
	}
	for _, word := range a.Words {
		if !c.said[word] {
			continue
		}
		if w := c.weightOf(word, power); w > share {
			hit, share = fmt.Sprintf("alerts about %q", word), w
		}
	}
	return hit, share
}

// affinityTerm knows which kinds of change cause which kinds of alert.
func (e *Engine) affinityTerm(v *corpus, c *candidate) (term, bool) {
	best := term{}
	for i := range e.weights.Text.Affinities {
		a := &e.weights.Text.Affinities[i]
		hit, share := v.hit(a, e.weights.Text.SaidPower)
		if hit == "" {
			continue
		}
		factor := a.Others
		if slices.Contains(a.Kinds, c.detail.change.Kind) {
			factor = a.Factor
		}
		if log := share * math.Log(factor); math.Abs(log) > math.Abs(best.logOdds) {
			best = term{kind: EvidencePrior, logOdds: log, say: func() (string, []string) {
				often := "rarely"
				if factor > 1 {
					often = "often"
				}
				return fmt.Sprintf("Changes of kind %s are %s behind %s.", c.detail.change.Kind, often, hit), nil
			}}
		}
	}
	return best, best.say != nil
}
