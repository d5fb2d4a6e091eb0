package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/faultline/faultline/internal/event"
)

// patience waits for something that comes about step by step. It is over when
// for its length no step was made, not after so long in all: a starved machine
// takes longer for every step, but it takes them.
type patience struct {
	length time.Duration
	// pause is the time between two looks.
	pause time.Duration
	// far says how far things have got, moved when that last changed.
	far   string
	moved time.Time
	// trouble is why the last look failed, nil when it did not.
	trouble error
	// tell, unless nil, is told how far things have got after every tellPause
	// of a wait.
	tell func(far string)
	told time.Time
}

// tellPause is longer than a wait takes where nothing else is going on.
const tellPause = 15 * time.Second

func newPatience(length, pause time.Duration) *patience {
	now := time.Now()
	return &patience{length: length, pause: pause, moved: now, told: now}
}

// errStill is the end of a wait that nothing moved any more.
var errStill = errors.New("nothing has moved on")

// until looks again and again until a look says that it is done. A look tells
// how far things have got. One that the store did not answer is repeated, since
// a busy store answers later; any other error ends the wait. The error of a
// wait that ended in vain says how far things had got, and what was in the way.
func (p *patience) until(ctx context.Context, look func(context.Context) (far string, done bool, err error)) error {
	for {
		far, done, err := look(ctx)
		if done && err == nil {
			return nil
		}
		if err := p.note(far, err); err != nil {
			return err
		}
		if since := time.Since(p.moved); since > p.length {
			return p.vain(fmt.Errorf("%w for %s", errStill, since.Round(time.Second)))
		}
		select {
		case <-ctx.Done():
			return p.vain(ctx.Err())
		case <-time.After(p.pause):
		}
	}
}

// note keeps what a look has brought, and returns an error that no further look
// would mend.
func (p *patience) note(far string, err error) error {
	p.trouble = err
	if err != nil {
		if errors.Is(err, event.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
			return nil
		}
		return err
	}
	now := time.Now()
	if far != p.far {
		p.far, p.moved = far, now
	}
	if p.tell != nil && now.Sub(p.told) >= tellPause {
		p.told = now
		p.tell(far)
	}
	return nil
}

// vain is the error of a wait that has ended for the given reason.
func (p *patience) vain(why error) error {
	far := p.far
	if far == "" {
		far = "nothing was seen"
	}
	err := fmt.Errorf("%s: %w", far, why)
	if p.trouble != nil && !errors.Is(p.trouble, context.Canceled) {
		err = fmt.Errorf("%w; the last look failed: %w", err, p.trouble)
	}
	return down(err)
}
