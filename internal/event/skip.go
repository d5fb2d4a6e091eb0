package event

import "fmt"

// skip checks and passes over a value of any type, which stands depth levels
// below the whole text.
func (s *scanner) skip(depth int) *FieldError {
	switch c := s.peek(); {
	case c == '"':
		_, fe := s.str()
		return fe
	case c == '{':
		return s.skipObject(depth + 1)
	case c == '[':
		return s.skipArray(depth + 1)
	case c == '-' || c-'0' <= 9:
		_, fe := s.number()
		return fe
	case c == 't':
		return s.word("true")
	case c == 'f':
		return s.word("false")
	case c == 'n':
		return s.word("null")
	}
	return s.unexpected("a value")
}

// skipObject passes over an object from its bracket on.
func (s *scanner) skipObject(depth int) *FieldError {
	if depth > MaxDepth {
		return tooDeep()
	}
	s.at++
	for first := true; ; first = false {
		more, fe := s.next('}', first)
		if !more || fe != nil {
			return fe
		}
		if _, fe = s.key(); fe == nil {
			fe = s.skip(depth)
		}
		if fe != nil {
			return fe
		}
	}
}

// skipArray passes over an array from its bracket on.
func (s *scanner) skipArray(depth int) *FieldError {
	if depth > MaxDepth {
		return tooDeep()
	}
	s.at++
	for first := true; ; first = false {
		more, fe := s.next(']', first)
		if !more || fe != nil {
			return fe
		}
		if fe = s.skip(depth); fe != nil {
			return fe
		}
	}
}

func tooDeep() *FieldError {
	return &FieldError{Problem: fmt.Sprintf("is nested deeper than the limit of %d", MaxDepth), Mend: "flatten it"}
}
