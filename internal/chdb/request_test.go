package chdb

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestKeywordsAreFoundBehindCommentsAndBrackets(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT 1":                              "SELECT",
		"  select\n1":                           "SELECT",
		"-- SET x = 1\nSELECT 1":                "SELECT",
		"/* SET\n x */ (SELECT 1) UNION ALL":    "SELECT",
		"# note\nSET x = 1":                     "SET X",
		"create temporary TABLE t":              "CREATE TEMPORARY",
		"CREATE/* odd */TABLE t":                "CREATE",
		"":                                      "",
		"-- only a comment":                     "",
		"WITH 1 AS x SELECT x":                  "WITH",
		"/* a */ -- b\n /* c */\tINSERT INTO t": "INSERT INTO",
	} {
		first, second := keywords(sql)
		if got := strings.TrimSpace(first + " " + second); got != want {
			t.Errorf("%q: %q, want %q", sql, got, want)
		}
	}
}

func TestStatementsTakeTheRightWay(t *testing.T) {
	for sql, want := range map[string]struct{ streams, altersSession bool }{
		"SELECT 1":                           {true, false},
		"WITH 1 AS x SELECT x":               {true, false},
		"SHOW TABLES":                        {false, false},
		"INSERT INTO t SELECT 1":             {false, false},
		"SET max_threads = 1":                {false, true},
		"USE other":                          {false, true},
		"CREATE TEMPORARY TABLE t (x UInt8)": {false, true},
		"CREATE TABLE t (x UInt8)":           {false, false},
	} {
		s := statement{sql: sql}
		if s.streams() != want.streams || s.altersSession() != want.altersSession {
			t.Errorf("%q: streams %v, alters session %v", sql, s.streams(), s.altersSession())
		}
	}
}

func TestOnlyATrailingFormatClauseIsCut(t *testing.T) {
	for sql, want := range map[string][2]string{
		"INSERT INTO t (a, b) FORMAT Native":        {"INSERT INTO t (a, b)", "Native"},
		"INSERT INTO t\n format\tJSONEachRow ;\n":   {"INSERT INTO t", "JSONEachRow"},
		"INSERT INTO t (a)":                         {"INSERT INTO t (a)", "Native"},
		"INSERT INTO format (format) FORMAT CSV":    {"INSERT INTO format (format)", "CSV"},
		"INSERT INTO t SETTINGS x = 1 FORMAT Avro":  {"INSERT INTO t SETTINGS x = 1", "Avro"},
		"INSERT INTO t (`FORMAT Native`)":           {"INSERT INTO t (`FORMAT Native`)", "Native"},
		"INSERT INTO t (a) FORMAT Native; SELECT 1": {"INSERT INTO t (a) FORMAT Native; SELECT 1", "Native"},
	} {
		if rest, format := cutFormat(sql, "Native"); rest != want[0] || format != want[1] {
			t.Errorf("%q: %q and %q", sql, rest, format)
		}
	}
}

func newRequest(t *testing.T, query url.Values, header http.Header, text string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://embedded/?"+query.Encode(), strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		req.Header = header
	}
	return req
}

func TestParametersAndSettingsAreToldApart(t *testing.T) {
	query := url.Values{
		"database": {"incidents"}, "default_format": {"Native"}, "client_protocol_version": {"54460"},
		"param_x": {"1"}, "param_param_y": {"2"}, "max_threads": {"3"}, "query_id": {"q"}, "log_comment": {"mine"},
	}
	got, err := parseRequest(newRequest(t, query, nil, "SELECT 1"), "faultline")
	if err != nil {
		t.Fatal(err)
	}
	want := &request{
		statement: statement{sql: "SELECT 1", format: "Native", params: map[string]string{"x": "1", "param_y": "2"}},
		database:  "incidents", settings: map[string]string{"max_threads": "3"}, revision: "54460",
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(request{}, statement{})); diff != "" {
		t.Error(diff)
	}
	insert, err := parseRequest(newRequest(t, url.Values{"query": {"INSERT INTO t FORMAT CSV"}}, nil, "data"), "faultline")
	if err != nil || !insert.insert || insert.sql != "INSERT INTO t" || insert.format != "CSV" || insert.database != "faultline" {
		t.Errorf("got %+v, %v", insert, err)
	}
}

func TestRequestsThatCannotBeServedNameTheMend(t *testing.T) {
	for want, req := range map[string]*http.Request{
		"parameter compress":      newRequest(t, url.Values{"compress": {"1"}}, nil, "SELECT 1"),
		"parameter decompress":    newRequest(t, url.Values{"decompress": {"1"}}, nil, "SELECT 1"),
		"header Content-Encoding": newRequest(t, nil, http.Header{"Content-Encoding": {"gzip"}}, "x"),
		"header Content-Type":     newRequest(t, nil, http.Header{"Content-Type": {"multipart/form-data; boundary=x"}}, "x"),
		"parameter session_id":    newRequest(t, url.Values{"session_id": {"s"}}, nil, "SELECT 1"),
		"not the name":            newRequest(t, url.Values{"x = 1, y": {"2"}}, nil, "SELECT 1"),
		"no statement":            newRequest(t, nil, nil, " \n"),
		"longer than":             newRequest(t, nil, nil, strings.Repeat("x", maxStatementBytes+1)),
	} {
		if _, err := parseRequest(req, "faultline"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := parseRequest(newRequest(t, url.Values{"compress": {"0"}}, nil, "SELECT 1"), "faultline"); err != nil {
		t.Errorf("no compression is refused: %v", err)
	}
}

func TestTheShorterOfDeadlineAndSettingLimitsTheTime(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 9500*time.Millisecond)
	defer cancel()
	for set, want := range map[string]string{"": "10", "0": "10", "15": "10", "10": "10", "3": "3", "0.5": "0.5", "nonsense": "10"} {
		settings := map[string]string{"max_execution_time": set}
		if limitTime(ctx, settings); settings["max_execution_time"] != want {
			t.Errorf("set to %q: limited to %q, want %q", set, settings["max_execution_time"], want)
		}
	}
	settings := map[string]string{}
	if limitTime(t.Context(), settings); len(settings) != 0 {
		t.Errorf("without a deadline: %v", settings)
	}
}

// TestQuotedTextCannotEndItsQuotes reads quoted text the way SQL is read.
func TestQuotedTextCannotEndItsQuotes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		for quote, quoted := range map[rune]string{'\'': literal(text), '`': identifier(text)} {
			if got, rest := unquote(quoted, quote); got != text || rest != "" {
				t.Fatalf("%q is read as %q, then %q", quoted, got, rest)
			}
		}
	})
}

func unquote(quoted string, quote rune) (text, rest string) {
	var out strings.Builder
	escaped := false
	for i, r := range quoted {
		switch {
		case i == 0 && r == quote:
		case escaped:
			out.WriteRune(r)
			escaped = false
		case r == '\\':
			escaped = true
		case r == quote:
			return out.String(), quoted[i+1:]
		default:
			out.WriteRune(r)
		}
	}
	return out.String(), "no closing quote"
}

func TestExceptionsKnowTheirCode(t *testing.T) {
	for text, want := range map[string]int{
		"Code: 47. DB::Exception: Unknown expression":         47,
		"DB::Exception: Code: 47. in the middle":              0,
		"Code: 99999999999999999999. DB::Exception: overflow": 0,
		"No active streaming query":                           0,
	} {
		if got := exception(text).code(); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
	var e exception
	if err := failed(t.Context(), "Error: Code: 5. x"); !errors.As(err, &e) || e.code() != 5 {
		t.Errorf("the library's own prefix stays: %v", err)
	}
}

func FuzzRequests(f *testing.F) {
	f.Add("default_format=Native", "SELECT 1")
	f.Add("query=INSERT+INTO+t+FORMAT+Native&param_x=1&max_threads=1", "data")
	f.Add("%zz&=&;", "-- \x00")
	f.Add("a.b=1&a%20b=2", "/* */ ((( SET")
	f.Fuzz(func(t *testing.T, query, text string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://embedded/", strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		req.URL.RawQuery = query
		r, err := parseRequest(req, "faultline")
		if err != nil {
			return
		}
		for name := range r.settings {
			if !settingName.MatchString(name) {
				t.Errorf("%q passes as the name of a setting", name)
			}
		}
		r.streams()
		r.altersSession()
	})
}
