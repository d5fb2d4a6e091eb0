package chdb

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/ClickHouse/ch-go/proto"
)

type transport struct{ engine *Engine }

var reserved = map[string]bool{"database": true, "query": true, "default_format": true, "client_protocol_version": true, "query_id": true, "quota_key": true}

// RoundTrip runs one request.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	defer req.Body.Close()
	values := req.URL.Query()
	settings, params := map[string]string{}, map[string]string{}
	for name, list := range values {
		if p, ok := strings.CutPrefix(name, "param_"); ok {
			params[p] = list[0]
		} else if !reserved[name] {
			settings[name] = list[0]
		}
	}
	database := values.Get("database")
	if database == "" {
		database = t.engine.config.Database
	}
	c, err := t.engine.acquire(req.Context())
	if err != nil {
		return nil, err
	}
	release := func() { t.engine.free <- c }
	if err := c.configure(database, settings); err != nil {
		release()
		return failed(req, err), nil
	}
	if sql := values.Get("query"); sql != "" {
		defer release()
		if err := c.insert(statement{sql: sql, params: params}, req.Body); err != nil {
			return failed(req, err), nil
		}
		return answer(req, nil), nil
	}
	text, err := io.ReadAll(req.Body)
	if err != nil {
		release()
		return nil, err
	}
	sql := string(text)
	if strings.HasPrefix(sql, "SELECT displayName(), version(), revision(), timezone()") {
		release()
		return answer(req, t.engine.hello(values)), nil
	}
	defer release()
	format := values.Get("default_format")
	out, err := c.run(statement{sql: sql, params: params}, format)
	if err != nil {
		return failed(req, err), nil
	}
	return answer(req, out), nil
}

func (e *Engine) hello(values url.Values) []byte {
	revision, _ := strconv.Atoi(values.Get("client_protocol_version"))
	var buf proto.Buffer
	name, version, zone := new(proto.ColStr), new(proto.ColStr), new(proto.ColStr)
	name.Append("embedded")
	version.Append(e.version)
	zone.Append("UTC")
	number := proto.ColUInt32{0}
	block := proto.Block{Columns: 4, Rows: 1}
	_ = block.EncodeBlock(&buf, revision, []proto.InputColumn{
		{Name: "displayName()", Data: name}, {Name: "version()", Data: version}, {Name: "revision()", Data: &number}, {Name: "timezone()", Data: zone},
	})
	return buf.Buf
}

var formatClause = regexp.MustCompile(`(?is)\s+FORMAT\s+(\w+)\s*;?\s*$`)
var codePrefix = regexp.MustCompile(`Code: (\d+)\.`)

func (c *connection) insert(s statement, body io.Reader) error {
	format := "Native"
	if m := formatClause.FindStringSubmatchIndex(s.sql); m != nil {
		format = s.sql[m[2]:m[3]]
		s.sql = s.sql[:m[0]]
	}
	lib := c.engine.lib
	stream := lib.start(lib.insert, c.slot, s, format)
	defer lib.insertDestroy(stream)
	if text := textAt(lib.insertError(stream)); text != "" {
		return exception(text)
	}
	buf := make([]byte, 256<<10)
	for {
		n, err := body.Read(buf)
		if n > 0 && lib.insertAppend(stream, &buf[0], uintptr(n)) != 0 {
			return exception(textAt(lib.insertError(stream)))
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			lib.insertCancel(stream)
			return err
		}
	}
	result := lib.insertDone(stream)
	defer lib.resultDestroy(result)
	if text := lib.failure(result); text != "" {
		return exception(text)
	}
	return nil
}

func answer(req *http.Request, body []byte) *http.Response {
	return &http.Response{
		Status: "200 OK", StatusCode: 200, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Request: req, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}
}

func failed(req *http.Request, err error) *http.Response {
	res := answer(req, []byte(err.Error()))
	res.StatusCode, res.Status = 500, "500 Internal Server Error"
	if m := codePrefix.FindStringSubmatch(err.Error()); m != nil {
		res.Header.Set("X-ClickHouse-Exception-Code", m[1])
	}
	_ = fmt.Sprint
	return res
}
