package simulate

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// Options size the company and its troubles.
type Options struct {
	// Seed makes cases reproducible: equal options give equal bytes.
	Seed uint64
	// Services is the number of services, at least MinServices.
	Services int
	// ChangesPerDay is the average over a week; working hours see two to three
	// times as many, weekends a quarter.
	ChangesPerDay int
	// Days is the length of the period over which the incidents are spread.
	Days int
	// Incidents is the number of cases.
	Incidents int
	// NoChangeShare is the share of incidents without a guilty change in the
	// feed, from 0 to 1.
	NoChangeShare float64
}

// Limits of the options.
const (
	MinServices = 10
	MaxServices = 20_000
	MaxChanges  = 100_000
)

// DefaultOptions returns a company of middle size. Between 35% and 45% of
// incidents have no change to blame by published counts.
func DefaultOptions() Options {
	return Options{Seed: 1, Services: 300, ChangesPerDay: 500, Days: 30, Incidents: 100, NoChangeShare: 0.4}
}

// validate names the option that is out of bounds.
func (o *Options) validate() error {
	switch {
	case o.Services < MinServices || o.Services > MaxServices:
		return fmt.Errorf("services must be from %d to %d, not %d", MinServices, MaxServices, o.Services)
	case o.ChangesPerDay < 1 || o.ChangesPerDay > MaxChanges:
		return fmt.Errorf("changes-per-day must be from 1 to %d, not %d", MaxChanges, o.ChangesPerDay)
	case o.Days < 1:
		return fmt.Errorf("days must be at least 1, not %d", o.Days)
	case o.Incidents < 1:
		return fmt.Errorf("incidents must be at least 1, not %d", o.Incidents)
	case !(o.NoChangeShare >= 0 && o.NoChangeShare <= 1):
		return errors.New("no-change-share must be from 0 to 1")
	}
	return nil
}

// firstDay is where simulated time begins, a Monday.
var firstDay = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// world is the company with what is derived from it once.
type world struct {
	*company
	options Options
	// hubs are the services with the most callers, front those at the edge.
	hubs, front []int
}

func newWorld(o Options) *world {
	w := &world{company: newCompany(newDraw(o.Seed, 0), o.Services), options: o}
	order := make([]int, o.Services)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return len(w.callers[b]) - len(w.callers[a]) })
	w.hubs = order[:max(2, o.Services/100)]
	for i := range w.services {
		if w.services[i].level < 0.2 && len(w.callees[i]) > 0 {
			w.front = append(w.front, i)
		}
	}
	if len(w.front) == 0 {
		w.front = order
	}
	return w
}

// Run writes the cases to out, one JSON object a line. At most one case is held
// in memory.
func Run(ctx context.Context, o Options, out io.Writer) error {
	if err := o.validate(); err != nil {
		return err
	}
	w := newWorld(o)
	buffered := bufio.NewWriterSize(out, 1<<20)
	encoder := json.NewEncoder(buffered)
	encoder.SetEscapeHTML(false)
	for number := range o.Incidents {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("simulate: %w", err)
		}
		if err := encoder.Encode(w.incident(number).Case); err != nil {
			return fmt.Errorf("write case %d: %w", number, err)
		}
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("write cases: %w", err)
	}
	return nil
}
