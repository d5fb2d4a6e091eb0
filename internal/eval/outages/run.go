package outages

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/faultline/faultline/internal/eval"
)

// Options place the outages in a company.
type Options struct {
	// Seed draws the company and everything that is not published: equal options
	// give equal bytes.
	Seed uint64
	// Services is the number of services beside those of the outage.
	Services int
	// ChangesPerDay is the number of routine changes on average.
	ChangesPerDay int
}

// Limits of the options.
const (
	MinServices = 20
	MaxServices = 400
	MaxChanges  = 20_000
)

// DefaultOptions returns a company of 300 services and 150 changes a day.
func DefaultOptions() Options { return Options{Seed: 1, Services: 300, ChangesPerDay: 150} }

// validate names the option that is out of bounds.
func (o *Options) validate() error {
	switch {
	case o.Services < MinServices || o.Services > MaxServices:
		return fmt.Errorf("services must be from %d to %d with outages, not %d", MinServices, MaxServices, o.Services)
	case o.ChangesPerDay < 1 || o.ChangesPerDay > MaxChanges:
		return fmt.Errorf("changes-per-day must be from 1 to %d with outages, not %d", MaxChanges, o.ChangesPerDay)
	}
	return nil
}

// Each calls visit with the case of each published outage, one at a time.
func Each(ctx context.Context, opts Options, visit func(eval.Case) error) error {
	if err := opts.validate(); err != nil {
		return err
	}
	list, err := Published()
	if err != nil {
		return err
	}
	parts := partsOf(list)
	for i := range list {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("outages: %w", err)
		}
		if err := visit(expand(&list[i], parts, opts)); err != nil {
			return err
		}
	}
	return nil
}

// Run writes the cases to out, one JSON object a line.
func Run(ctx context.Context, opts Options, out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return Each(ctx, opts, func(c eval.Case) error {
		if err := encoder.Encode(c); err != nil {
			return fmt.Errorf("write case %s: %w", c.Name, err)
		}
		return nil
	})
}
