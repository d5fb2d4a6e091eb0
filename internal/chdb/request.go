package chdb

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// maxStatementBytes bounds the SQL of a request. Data of an insert does not
// count: it has the body to itself.
const maxStatementBytes = 8 << 20

// request is what a request of ClickHouse's HTTP interface asks for.
type request struct {
	statement
	database string
	settings map[string]string
	// insert means that the body holds the data of the statement.
	insert bool
	// revision is the client's version of the native protocol.
	revision string
}

// notSettings are the URL parameters that are no settings of a session. Those
// mapped to false mean nothing here.
var notSettings = map[string]bool{
	"query": true, "database": true, "default_format": true, "client_protocol_version": true,
	// The session's own comment is how its statement is found to be stopped,
	// and there is no query log that could show another.
	"log_comment": false,
	"query_id":    false, "quota_key": false, "user": false, "password": false, "role": false,
	"session_timeout": false, "session_check": false, "wait_end_of_query": false, "buffer_size": false,
}

var settingName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)

// parseRequest reads the URL and, unless the statement came with it, the body.
func parseRequest(req *http.Request, defaultDatabase string) (*request, error) {
	values := req.URL.Query()
	err := refuse(req, values)
	if err != nil {
		return nil, err
	}
	r := &request{database: values.Get("database"), settings: map[string]string{}, revision: values.Get("client_protocol_version")}
	if r.database == "" {
		r.database = defaultDatabase
	}
	if err := r.sort(values); err != nil {
		return nil, err
	}
	if r.format = values.Get("default_format"); r.format == "" {
		r.format = "TabSeparated"
	}
	if r.sql = values.Get("query"); r.sql != "" {
		r.insert = true
		r.sql, r.format = cutFormat(r.sql, "Native")
		return r, nil
	}
	r.sql, err = readStatement(req.Body)
	return r, err
}

// refuse names what a server could do and this engine cannot.
func refuse(req *http.Request, values url.Values) error {
	for _, name := range []string{"compress", "decompress"} {
		if v := values.Get(name); v != "" && v != "0" {
			return fmt.Errorf("parameter %s: the embedded engine speaks uncompressed only: set Compression to CompressionNone", name)
		}
	}
	if req.Header.Get("Content-Encoding") != "" {
		return errors.New("header Content-Encoding: the embedded engine speaks uncompressed only: set Compression to CompressionNone")
	}
	if strings.HasPrefix(req.Header.Get("Content-Type"), "multipart/") {
		return errors.New("header Content-Type: the embedded engine takes no external tables: put the rows into a table first")
	}
	if values.Has("session_id") {
		return errors.New("parameter session_id: the embedded engine keeps no sessions between requests: pass settings with each")
	}
	return nil
}

// sort tells parameters of the statement from settings of the session.
func (r *request) sort(values url.Values) error {
	for name, list := range values {
		parameter, isParameter := strings.CutPrefix(name, "param_")
		_, isOther := notSettings[name]
		switch {
		case isParameter:
			if r.params == nil {
				r.params = map[string]string{}
			}
			r.params[parameter] = list[0]
		case isOther:
		case !settingName.MatchString(name):
			return fmt.Errorf("parameter %q is not the name of a setting", name)
		default:
			r.settings[name] = list[0]
		}
	}
	return nil
}

func readStatement(body io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(body, maxStatementBytes+1))
	if err != nil {
		return "", fmt.Errorf("read the statement: %w", err)
	}
	if len(text) > maxStatementBytes {
		return "", fmt.Errorf("the statement is longer than %d bytes: send data as a batch", maxStatementBytes)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return "", errors.New("the request has no statement")
	}
	return string(text), nil
}

var formatClause = regexp.MustCompile(`(?is)\s+FORMAT\s+([A-Za-z0-9_]+)\s*;?\s*$`)

// cutFormat takes the FORMAT clause off the end of an INSERT, because the
// engine wants the two apart.
func cutFormat(sql, otherwise string) (rest, format string) {
	match := formatClause.FindStringSubmatchIndex(sql)
	if match == nil {
		return sql, otherwise
	}
	return sql[:match[0]], sql[match[2]:match[3]]
}

var leadingComment = regexp.MustCompile(`^(?s:\s+|\(|--[^\n]*(?:\n|$)|#[! ][^\n]*(?:\n|$)|/\*.*?\*/)+`)

var leadingWords = regexp.MustCompile(`^[A-Za-z]+(?:\s+[A-Za-z]+)?`)

// keywords are the first two words of a statement in capitals, comments and
// brackets skipped.
func keywords(sql string) (first, second string) {
	words := strings.Fields(strings.ToUpper(leadingWords.FindString(leadingComment.ReplaceAllString(sql, ""))))
	switch len(words) {
	case 0:
		return "", ""
	case 1:
		return words[0], ""
	default:
		return words[0], words[1]
	}
}

// streams tells whether the engine can hand out the result in chunks: it can
// for queries, and answers everything else (SHOW, DESCRIBE, DDL) whole.
func (s statement) streams() bool {
	first, _ := keywords(s.sql)
	return first == "SELECT" || first == "WITH"
}

// altersSession tells whether the statement leaves something behind in its
// session, which the next request to use the connection must not see.
func (s statement) altersSession() bool {
	first, second := keywords(s.sql)
	return first == "SET" || first == "USE" || first == "CREATE" && second == "TEMPORARY"
}
