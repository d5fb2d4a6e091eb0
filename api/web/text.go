package web

import (
	"net/url"
	"strings"
	"unicode"
)

// Bounds of foreign text on a page, in letters.
const (
	headingLetters = 160
	lineLetters    = 300
	blockLetters   = 4000
)

// plain makes foreign text safe to read: control characters and line breaks
// become spaces, marks that reverse the reading order or take no room go, and
// what is longer than limit letters ends in an ellipsis. Escaping is left to the
// templates.
func plain(text string, limit int) string {
	var out strings.Builder
	letters, space := 0, false
	for _, r := range text {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			space = letters > 0
			continue
		case unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs), r == unicode.ReplacementChar:
			continue
		}
		if letters >= limit {
			out.WriteString("…")
			break
		}
		if space {
			out.WriteByte(' ')
			letters++
			space = false
		}
		out.WriteRune(r)
		letters++
	}
	return out.String()
}

// heading and line shorten foreign text to what their place holds.
func heading(text string) string { return plain(text, headingLetters) }
func line(text string) string    { return plain(text, lineLetters) }

// label shortens a name for a picture, keeping its end, which tells services of
// one family apart.
func label(name string, letters int) string {
	clean := []rune(plain(name, lineLetters))
	if len(clean) <= letters {
		return string(clean)
	}
	head := letters / 2
	tail := letters - head - 1
	return string(clean[:head]) + "…" + string(clean[len(clean)-tail:])
}

// words turns a code word into plain words.
func words(code string) string { return strings.ReplaceAll(line(code), "_", " ") }

// outward returns an address that may be linked to, empty for one that is not
// plain HTTP: a sender's link must not run anything.
func outward(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return u.String()
}

// changePath, incidentPath and servicePath are the addresses of pages. Names
// may hold slashes, which travel escaped.
func changePath(source, id string) string {
	return "/changes/" + url.PathEscape(id) + "?source=" + url.QueryEscape(source)
}
func incidentPath(id string) string  { return "/incidents/" + url.PathEscape(id) }
func servicePath(name string) string { return "/services/" + url.PathEscape(name) }

// refPath is the page of what evidence refers to, empty when there is none.
func refPath(ref string) string {
	kind, name, _ := strings.Cut(ref, ":")
	switch kind {
	case "service":
		return servicePath(name)
	case "change":
		source, id, found := strings.Cut(name, "/")
		if !found {
			return ""
		}
		return changePath(source, id)
	case "http", "https":
		return outward(ref)
	default:
		return ""
	}
}

// count says how many of something there are.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return group(n) + " " + many
}

// names are some of many names; More counts the rest, which Rest leads to where a
// page has a place for it.
type names struct {
	Names []string
	More  int
	Rest  string
}

// few leaves as many names as a row has room for.
func few(all []string) names {
	shown := min(len(all), maxRowServices)
	return names{Names: all[:shown], More: len(all) - shown}
}
