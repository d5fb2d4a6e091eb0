package event

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// scanner walks over one JSON text by the grammar of RFC 8259. It exists
// because decoding is a large share of what an event costs before it is stored:
// on change events of 1.6 KB it takes less than half the time of the pull
// decoder that was tried first, since strings are cut out of the text, and it
// knows the offset of every fault. A fuzz test holds it to encoding/json.
//
// Methods that begin at a token expect at to stand on it.
type scanner struct {
	raw     []byte
	text    string
	at      int
	scratch []byte
}

// reset starts on another text, which must not change afterwards.
func (s *scanner) reset(raw []byte) { s.raw, s.text, s.at = raw, view(raw), 0 }

// view is the text as a string without a copy: an event's strings are pieces of
// the bytes that came. The decoders demand that these do not change any more,
// because Raw is a part of them as well; the copy was a fifth of all memory
// that ingest allocates.
func view(raw []byte) string { return unsafe.String(unsafe.SliceData(raw), len(raw)) }

// peek is the next byte that is not white space, 0 at the end of the text. A
// NUL byte outside of strings is a fault in any case.
func (s *scanner) peek() byte {
	for s.at < len(s.raw) {
		switch c := s.raw[s.at]; c {
		case ' ', '\n', '\t', '\r':
			s.at++
		default:
			return c
		}
	}
	return 0
}

// ended reports whether nothing but white space is left.
func (s *scanner) ended() bool { return s.peek() == 0 && s.at >= len(s.raw) }

// unexpected is the fault of the byte at which the scanner stands.
func (s *scanner) unexpected(wanted string) *FieldError {
	if s.at >= len(s.raw) {
		return &FieldError{Problem: "the JSON ends too early", Mend: "send the whole document"}
	}
	return &FieldError{
		Problem: fmt.Sprintf("is not valid JSON: byte %d is %q where %s should be", s.at, s.raw[s.at], wanted),
		Mend:    "send valid JSON",
	}
}

// expect consumes one byte, which may follow white space.
func (s *scanner) expect(c byte, name string) *FieldError {
	if s.peek() != c {
		return s.unexpected(name)
	}
	s.at++
	return nil
}

// next moves to the next element of an object or array whose opening bracket is
// consumed. It is false after the last one, whose closing bracket it consumes.
func (s *scanner) next(closer byte, first bool) (bool, *FieldError) {
	switch c := s.peek(); {
	case c == closer:
		s.at++
		return false, nil
	case first:
		return true, nil
	case c == ',':
		s.at++
		return true, nil
	}
	return false, s.unexpected(fmt.Sprintf("',' or %q", closer))
}

// key reads the name of a field and its colon.
func (s *scanner) key() (string, *FieldError) {
	if s.peek() != '"' {
		return "", s.unexpected("a field name")
	}
	name, fe := s.str()
	if fe != nil {
		return "", fe
	}
	return name, s.expect(':', "':'")
}

// str reads a string. It is a piece of the text unless it holds escapes.
func (s *scanner) str() (string, *FieldError) {
	start := s.at + 1
	end := start + plain(s.raw[start:])
	if end < len(s.raw) && s.raw[end] == '"' {
		s.at = end + 1
		return s.text[start:end], nil
	}
	s.at = end
	return s.longStr(start)
}

// longStr reads on where a string is not plain ASCII.
func (s *scanner) longStr(start int) (string, *FieldError) {
	for ; s.at < len(s.raw); s.at += 1 + plain(s.raw[s.at+1:]) {
		switch c := s.raw[s.at]; {
		case c == '"':
			return s.cut(start)
		case c == '\\':
			return s.escaped(start)
		case c < ' ':
			return "", s.control()
		}
	}
	return "", s.unexpected("a string")
}

// cut ends a string without escapes.
func (s *scanner) cut(start int) (string, *FieldError) {
	v := s.text[start:s.at]
	s.at++
	if !utf8.ValidString(v) {
		return "", notUTF8()
	}
	return v, nil
}

func notUTF8() *FieldError {
	return &FieldError{Problem: "holds bytes that are not UTF-8", Mend: "send UTF-8"}
}

func (s *scanner) control() *FieldError {
	return &FieldError{
		Problem: fmt.Sprintf("is not valid JSON: byte %d is the control character %q", s.at, s.raw[s.at]),
		Mend:    fmt.Sprintf(`escape it as \u%04x`, s.raw[s.at]),
	}
}

// escaped reads on from the first backslash of a string.
func (s *scanner) escaped(start int) (string, *FieldError) {
	s.scratch = append(s.scratch[:0], s.raw[start:s.at]...)
	for {
		from := s.at
		s.at += plain(s.raw[s.at:])
		s.scratch = append(s.scratch, s.raw[from:s.at]...)
		if s.at >= len(s.raw) {
			return "", s.unexpected("a string")
		}
		switch c := s.raw[s.at]; {
		case c == '"':
			s.at++
			if !utf8.Valid(s.scratch) {
				return "", notUTF8()
			}
			return string(s.scratch), nil
		case c == '\\':
			if fe := s.escape(); fe != nil {
				return "", fe
			}
		case c < ' ':
			return "", s.control()
		default:
			s.scratch = append(s.scratch, c)
			s.at++
		}
	}
}

// escapes are the characters behind a backslash and what they stand for.
var escapes = [256]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// escape reads one escape sequence from its backslash on.
func (s *scanner) escape() *FieldError {
	s.at++
	if s.at >= len(s.raw) {
		return s.unexpected("an escape")
	}
	c := s.raw[s.at]
	if short := escapes[c]; short != 0 {
		s.scratch = append(s.scratch, short)
		s.at++
		return nil
	}
	if c != 'u' {
		return s.unexpected("an escape")
	}
	s.at++
	unit, fe := s.hex()
	if fe != nil {
		return fe
	}
	if utf16.IsSurrogate(unit) {
		unit, fe = s.lowSurrogate(unit)
	}
	s.scratch = utf8.AppendRune(s.scratch, unit)
	return fe
}

// lowSurrogate completes a pair. A surrogate on its own becomes U+FFFD, as
// other decoders have it.
func (s *scanner) lowSurrogate(high rune) (rune, *FieldError) {
	if s.at+1 >= len(s.raw) || s.raw[s.at] != '\\' || s.raw[s.at+1] != 'u' {
		return utf8.RuneError, nil
	}
	before := s.at
	s.at += 2
	low, fe := s.hex()
	if fe != nil {
		return 0, fe
	}
	if pair := utf16.DecodeRune(high, low); pair != utf8.RuneError {
		return pair, nil
	}
	s.at = before
	return utf8.RuneError, nil
}

// hex reads four hexadecimal digits.
func (s *scanner) hex() (rune, *FieldError) {
	var v rune
	for range 4 {
		if s.at >= len(s.raw) {
			return 0, s.unexpected("a hexadecimal digit")
		}
		c := s.raw[s.at]
		switch {
		case c >= '0' && c <= '9':
			v = v<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			v = v<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, s.unexpected("a hexadecimal digit")
		}
		s.at++
	}
	return v, nil
}

// number reads a number as it is written.
func (s *scanner) number() (string, *FieldError) {
	start := s.at
	if s.raw[s.at] == '-' {
		s.at++
	}
	if s.at < len(s.raw) && s.raw[s.at] == '0' {
		s.at++
	} else if s.digits() == 0 {
		return "", s.unexpected("a digit")
	}
	if s.at < len(s.raw) && s.raw[s.at] == '.' {
		s.at++
		if s.digits() == 0 {
			return "", s.unexpected("a digit")
		}
	}
	if s.at < len(s.raw) && s.raw[s.at]|0x20 == 'e' {
		s.at++
		if s.at < len(s.raw) && (s.raw[s.at] == '+' || s.raw[s.at] == '-') {
			s.at++
		}
		if s.digits() == 0 {
			return "", s.unexpected("a digit")
		}
	}
	return s.text[start:s.at], nil
}

// digits consumes digits and counts them.
func (s *scanner) digits() int {
	start := s.at
	for s.at < len(s.raw) && s.raw[s.at]-'0' <= 9 {
		s.at++
	}
	return s.at - start
}

// word consumes null, true or false.
func (s *scanner) word(w string) *FieldError {
	for i := range len(w) {
		if s.at >= len(s.raw) || s.raw[s.at] != w[i] {
			return s.unexpected(w)
		}
		s.at++
	}
	return nil
}

// plain counts the bytes of a string up to the first that is a quote, a
// backslash, a control character or not ASCII; eight at a time.
func plain(b []byte) int {
	n := 0
	for ; len(b)-n >= 8; n += 8 {
		if marks := special(binary.LittleEndian.Uint64(b[n:])); marks != 0 {
			return n + bits.TrailingZeros64(marks)/8
		}
	}
	for n < len(b) && b[n] >= ' ' && b[n] != '"' && b[n] != '\\' && b[n] < utf8.RuneSelf {
		n++
	}
	return n
}

// special sets the high bit of each byte of a word at which plain must stop.
// Borrows may set it in bytes above such a byte too, never below the lowest:
// the well-known tests for a zero byte and for a byte less than n, from
// "Bit Twiddling Hacks" by Sean Eron Anderson.
func special(w uint64) uint64 {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	quote, backslash := w^ones*'"', w^ones*'\\'
	return (w | (w-ones*' ')&^w | (quote-ones)&^quote | (backslash-ones)&^backslash) & highs
}
