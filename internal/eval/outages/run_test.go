package outages

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/faultline/faultline/internal/eval"
)

func TestOptionsOutOfBoundsAreNamed(t *testing.T) {
	for want, opts := range map[string]Options{
		"services must be":        {Services: 3, ChangesPerDay: 10},
		"from 20 to 400":          {Services: 401, ChangesPerDay: 10},
		"changes-per-day must be": {Services: 50},
		"from 1 to 20000":         {Services: 50, ChangesPerDay: 20_001},
	} {
		if err := Run(t.Context(), opts, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", opts, err, want)
		}
	}
}

func TestTheLargestCompanyHasNamesEnough(t *testing.T) {
	all := list(t)
	opts := Options{Seed: 1, Services: MaxServices, ChangesPerDay: 5}
	for i := range all {
		c := newCompany(newDraw(1, all[i].ID), &all[i], opts.Services)
		if len(c.routine) != MaxServices {
			t.Fatalf("%s: %d services", all[i].ID, len(c.routine))
		}
		seen := map[string]bool{}
		for _, name := range append(c.routine, c.named...) {
			if seen[name] {
				t.Fatalf("%s: two services are called %s", all[i].ID, name)
			}
			seen[name] = true
		}
	}
}

func TestAStopIsHeededBetweenCases(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	number := 0
	err := Each(ctx, smallest(1), func(eval.Case) error {
		if number++; number == 2 {
			stop()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || number != 2 {
		t.Errorf("%d cases, %v", number, err)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestAFailedWriteNamesTheCase(t *testing.T) {
	err := Run(t.Context(), smallest(1), fullDisk{})
	if err == nil || !strings.Contains(err.Error(), "facebook-2021-10-04#1") || !strings.Contains(err.Error(), "disk full") {
		t.Error(err)
	}
}

func TestDrawsFollowTheirDistributions(t *testing.T) {
	d := newDraw(1, "x")
	const n = 20_000
	count, first := 0, 0
	for range n {
		count += d.count(0.95)
		if weighted(d, []share[int]{{0, 3}, {1, 1}}) == 0 {
			first++
		}
	}
	if mean := float64(count) / n; mean < 0.92 || mean > 0.98 {
		t.Errorf("mean count %.3f", mean)
	}
	if part := float64(first) / n; part < 0.73 || part > 0.77 {
		t.Errorf("three of four: %.3f", part)
	}
}

func TestTheErrorOfAVisitorEndsTheRun(t *testing.T) {
	enough, number := errors.New("enough"), 0
	err := Each(t.Context(), smallest(1), func(eval.Case) error {
		number++
		return enough
	})
	if !errors.Is(err, enough) || number != 1 {
		t.Errorf("%d cases, %v", number, err)
	}
}

func TestEveryOutageHasAStreamOfItsOwn(t *testing.T) {
	seen := map[uint64]string{}
	all := list(t)
	for i := range all {
		for seed := uint64(1); seed <= 3; seed++ {
			first := newDraw(seed, all[i].ID).Uint64()
			if other := seen[first]; other != "" {
				t.Errorf("%s draws as %s does", all[i].ID, other)
			}
			seen[first] = all[i].ID
		}
	}
}

func TestCallsInACircleEndTheSearchForACause(t *testing.T) {
	o := Outage{
		Changes: []Change{{Service: "base"}},
		Alerts:  []Alert{{Service: "site"}},
		Calls:   []string{"site>shop", "shop>base", "base>site"},
	}
	if err := o.checkCalls(); err != nil {
		t.Error(err)
	}
}
