package app

import "errors"

// ErrNo is the answer "no" of a command that answers a question: a failed
// check, a guilty change that did not rank first. It exits with status 1 and
// prints nothing beyond the answer itself.
var ErrNo = errors.New("the answer is no")

// ErrDependency marks an error whose cause is something outside that is down
// or missing. It exits with status 3.
var ErrDependency = errors.New("a dependency is down")

// dependencyError keeps the text of its cause and is an ErrDependency.
type dependencyError struct{ cause error }

func (e *dependencyError) Error() string { return e.cause.Error() }

func (e *dependencyError) Unwrap() []error { return []error{e.cause, ErrDependency} }

// down marks err as the fault of a dependency.
func down(err error) error {
	if err == nil {
		return nil
	}
	return &dependencyError{cause: err}
}
