package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// A machine that needs a minute for each of ten steps is slow, not stuck.
func TestAWaitGoesOnForAsLongAsThereIsHeadway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, told := time.Now(), []string{}
		p := newPatience(2*time.Minute, 100*time.Millisecond)
		p.tell = func(far string) { told = append(told, far) }
		err := p.until(t.Context(), func(context.Context) (string, bool, error) {
			minutes := int(time.Since(began) / time.Minute)
			return fmt.Sprintf("%d of 10", minutes), minutes == 10, nil
		})
		if err != nil || time.Since(began) < 10*time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		if len(told) != 39 || told[0] != "0 of 10" || told[38] != "9 of 10" {
			t.Errorf("told every 15 seconds of 10 minutes: %d %q", len(told), told)
		}
	})
}

// One slow read must not end a demo, even if every second one is slow.
func TestAReadThatTheStoreDoesNotAnswerIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks := 0
		err := newPatience(time.Minute, time.Second).until(t.Context(), func(context.Context) (string, bool, error) {
			looks++
			switch looks % 3 {
			case 1:
				return "", true, fmt.Errorf("list incidents: statement stopped: %w", context.DeadlineExceeded)
			case 2:
				return "", false, fmt.Errorf("list incidents: %w", event.ErrUnavailable)
			}
			return fmt.Sprint(looks), looks == 90, nil
		})
		if err != nil || looks != 90 {
			t.Errorf("%v after %d looks", err, looks)
		}
	})
}

func TestAWaitInVainSaysHowFarThingsGotAndWhatWasInTheWay(t *testing.T) {
	slow := fmt.Errorf("list incidents: %w", context.DeadlineExceeded)
	cases := map[string]struct {
		look func(look int) (string, bool, error)
		want []string
		not  string
	}{
		"stuck":           {func(int) (string, bool, error) { return "3 of 7", false, nil }, []string{"3 of 7: nothing has moved on for 1m1s"}, "the last look failed"},
		"never answered":  {func(int) (string, bool, error) { return "", false, slow }, []string{"nothing was seen: nothing has moved on", "the last look failed: list incidents: "}, "3 of 7"},
		"away in the end": {func(look int) (string, bool, error) { return "3 of 7", false, map[bool]error{true: slow}[look > 5] }, []string{"3 of 7: nothing", "the last look failed: list incidents: "}, "nothing was seen"},
		"away, then back": {func(look int) (string, bool, error) { return "3 of 7", false, map[bool]error{true: slow}[look < 5] }, []string{"3 of 7: nothing"}, "the last look failed"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				looks := 0
				err := newPatience(time.Minute, 600*time.Millisecond).until(t.Context(), func(context.Context) (string, bool, error) {
					looks++
					return c.look(looks)
				})
				if !errors.Is(err, errStill) || !errors.Is(err, ErrDependency) {
					t.Fatalf("%v", err)
				}
				for _, want := range c.want {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("%q is not in %q", want, err)
					}
				}
				if strings.Contains(err.Error(), c.not) {
					t.Errorf("%q is in %q", c.not, err)
				}
			})
		})
	}
}

func TestAWaitEndsWithItsContextAndAtAnErrorThatNoWaitMends(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	looks := 0
	err := newPatience(time.Hour, time.Millisecond).until(ctx, func(ctx context.Context) (string, bool, error) {
		if looks++; looks == 2 {
			cancel()
			return "", false, fmt.Errorf("read: %w: %w", event.ErrUnavailable, ctx.Err())
		}
		return "1 of 2", false, nil
	})
	if !errors.Is(err, context.Canceled) || looks != 2 || err.Error() != "1 of 2: context canceled" {
		t.Errorf("%v after %d looks", err, looks)
	}
	wrong := errors.New("unknown column")
	err = newPatience(time.Hour, time.Millisecond).until(t.Context(), func(context.Context) (string, bool, error) { return "", false, wrong })
	if !errors.Is(err, wrong) || errors.Is(err, ErrDependency) {
		t.Errorf("%v", err)
	}
}

// A finding that the correlator has not had the time to change is not the last
// one: six seconds of a machine that stands still prove nothing.
func TestAFindingIsFinalAfterTimeAndLooks(t *testing.T) {
	at := func(version int) foundIncident { return foundIncident{finding: correlate.Finding{Version: version}} }
	start := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	l := standing{since: start}
	if l.see(foundIncident{}, false, start); !strings.Contains(l.far(), "no finding yet") {
		t.Errorf("%s", l.far())
	}
	l.see(at(3), false, start)
	for range 2 * settledLooks {
		l.see(at(3), false, start.Add(time.Minute))
	}
	if l.final(start.Add(time.Minute)) || !strings.Contains(l.far(), "the outage goes on, its latest finding is version 3") {
		t.Errorf("final while alerts fire: %s", l.far())
	}
	l.see(at(4), true, start.Add(time.Minute))
	if late := start.Add(time.Hour); l.final(late) || !strings.Contains(l.far(), "the outage is over, its latest finding is version 4") {
		t.Errorf("final after one look: %s", l.far())
	}
	for range settledLooks {
		l.see(at(4), true, start.Add(time.Minute))
	}
	if l.final(start.Add(time.Minute+settled)) || !l.final(start.Add(time.Minute+settled+time.Millisecond)) {
		t.Error("not final after the time and the looks, or before")
	}
}
