package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/danielgtaylor/huma/v2"
)

// payload is an encoded answer that the OpenAPI document describes as T.
// Handlers encode once: the bytes make the ETag and go out as they are.
type payload[T any] []byte

// Schema describes the payload as T.
func (payload[T]) Schema(registry huma.Registry) *huma.Schema {
	return registry.Schema(reflect.TypeFor[T](), true, "")
}

func (p payload[T]) encoded() []byte { return p }

// reply is an answer with a validator.
type reply[T any] struct {
	Status       int
	ETag         string `header:"ETag" doc:"Strong validator of this answer; send it back as If-None-Match."`
	CacheControl string `header:"Cache-Control" doc:"Keep privately, ask again before use."`
	Body         payload[T]
}

// pageReply is a page of a list.
type pageReply[T any] struct {
	Status       int
	ETag         string `header:"ETag" doc:"Strong validator of this answer; send it back as If-None-Match."`
	CacheControl string `header:"Cache-Control" doc:"Keep privately, ask again before use."`
	Link         string `header:"Link" doc:"Address of the next page with rel=\"next\"; absent on the last page."`
	Body         payload[Page[T]]
}

// Page is one page of a list.
type Page[T any] struct {
	Items []T `json:"items"`
	// NextCursor asks for the next page; absent on the last one.
	NextCursor string `json:"next_cursor,omitempty"`
}

// Conditional is embedded in the input of routes whose answers have an ETag.
type Conditional struct {
	IfNoneMatch string `header:"If-None-Match" doc:"ETags that the client holds. If one is still valid the answer is 304 without a body." example:"\"inc-7f3a-12-0-0\""`
}

// revalidate is the Cache-Control of every answer with an ETag.
const revalidate = "private, no-cache"

// encode writes JSON without escaping HTML: the answers are data, never markup,
// and are served with nosniff.
func encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode the answer: %w", err)
	}
	return buf.Bytes(), nil
}

// jsonFormat is the only format: encoded payloads pass, all else is encoded.
func jsonFormat() huma.Format {
	return huma.Format{
		Marshal: func(w io.Writer, v any) error {
			body, ok := v.(interface{ encoded() []byte })
			if ok {
				_, err := w.Write(body.encoded())
				return err
			}
			raw, err := encode(v)
			if err != nil {
				return err
			}
			_, err = w.Write(raw)
			return err
		},
		Unmarshal: json.Unmarshal,
	}
}

// tag makes a strong ETag from what identifies an answer.
func tag(parts ...any) string {
	text := make([]string, len(parts))
	for i, part := range parts {
		text[i] = url.PathEscape(fmt.Sprint(part))
	}
	return `"` + strings.Join(text, "-") + `"`
}

// bodyTag makes a strong ETag from the bytes of an answer.
func bodyTag(body []byte) string {
	return `"` + strconv.FormatUint(xxhash.Sum64(body), 16) + `"`
}

// holds reports whether one of the ETags that the client sent is still valid,
// by the weak comparison that RFC 9110 section 13.1.2 asks for.
func (c *Conditional) holds(etag string) bool {
	if c.IfNoneMatch == "*" {
		return true
	}
	for given := range strings.SplitSeq(c.IfNoneMatch, ",") {
		if strings.TrimPrefix(strings.TrimSpace(given), "W/") == etag {
			return true
		}
	}
	return false
}

// tagged answers with a value whose ETag is known before it is encoded.
func tagged[T any](c *Conditional, etag string, value *T) (*reply[T], error) {
	if c.holds(etag) {
		return &reply[T]{Status: http.StatusNotModified, ETag: etag, CacheControl: revalidate}, nil
	}
	body, err := encode(value)
	if err != nil {
		return nil, err
	}
	return &reply[T]{Status: http.StatusOK, ETag: etag, CacheControl: revalidate, Body: body}, nil
}

// hashed answers with a value whose ETag is made from its encoding.
func hashed[T any](c *Conditional, value *T) (*reply[T], error) {
	body, err := encode(value)
	if err != nil {
		return nil, err
	}
	return encodedReply[T](c, bodyTag(body), body), nil
}

// encodedReply answers with bytes that are encoded already.
func encodedReply[T any](c *Conditional, etag string, body []byte) *reply[T] {
	r := &reply[T]{Status: http.StatusOK, ETag: etag, CacheControl: revalidate, Body: body}
	if c.holds(etag) {
		r.Status, r.Body = http.StatusNotModified, nil
	}
	return r
}

// paged answers with one page of a list, found at here.
func paged[T any](c *Conditional, here *url.URL, items []T, next string) (*pageReply[T], error) {
	if items == nil {
		items = []T{}
	}
	r, err := hashed(c, &Page[T]{Items: items, NextCursor: next})
	if err != nil {
		return nil, err
	}
	return &pageReply[T]{
		Status: r.Status, ETag: r.ETag, CacheControl: r.CacheControl, Link: nextLink(here, next), Body: r.Body,
	}, nil
}

// nextLink points at the page behind the cursor, empty without one.
func nextLink(here *url.URL, next string) string {
	if next == "" {
		return ""
	}
	values := here.Query()
	values.Set("cursor", next)
	there := url.URL{Path: here.Path, RawPath: here.RawPath, RawQuery: values.Encode()}
	return "<" + there.String() + `>; rel="next"`
}
