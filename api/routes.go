package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// route declares one route: where it is, who may call it and what the
// document says about it. The document's parameters and schemas come from the
// types of its handler.
type route struct {
	method, path string
	// id is the operation's name in generated clients.
	id      string
	tag     string
	access  access
	summary string
	about   string
	// status is that of success, 200 when zero.
	status int
	// media is the media type of success, JSON when empty.
	media string
	// example is an answer.
	example any
	// problems are those that this route alone can have; the ones that all
	// routes of its access share are added.
	problems []problemType
	// cached says that answers carry an ETag.
	cached bool
	// endless says that the answer is a stream.
	endless bool
	// body documents the request body, nil for none.
	body *huma.RequestBody
	// format is the vendor's format of a route that takes only one; elsewhere the
	// path names it.
	format string
}

// routeTable finds a route's declaration by method and template.
type routeTable map[string]route

// access is who may call a route; an undeclared one is for admins only, which
// cannot happen as long as register is the only way to add one.
func (t routeTable) access(method, template string) access { return t[method+" "+template].access }

// format is the vendor's format that a route takes, empty if its path names one.
func (t routeTable) format(method, template string) string { return t[method+" "+template].format }

// ownTime reports whether the handler bounds its time itself.
func (t routeTable) ownTime(method, template string) bool {
	r := t[method+" "+template]
	return r.endless || r.body != nil
}

// register declares a route and its handler.
func register[I, O any](s *Server, r route, handle func(context.Context, *I) (*O, error)) {
	op := r.operation()
	huma.Register(s.huma, *op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, s.answer(ctx, err)
		}
		return out, nil
	})
	s.routes[r.method+" "+ginTemplate(r.path)] = r
	if r.body == nil {
		return
	}
	// Set after registering, so that the framework documents the body but leaves
	// reading it to the handler.
	item := s.document.Paths[r.path]
	for _, documented := range []*huma.Operation{item.Post, item.Put} {
		if documented != nil && documented.Method == r.method {
			documented.RequestBody = r.body
		}
	}
}

// operation is the route in the words of OpenAPI.
func (r *route) operation() *huma.Operation {
	op := &huma.Operation{
		OperationID: r.id, Method: r.method, Path: r.path, Tags: []string{r.tag},
		Summary: r.summary, Description: r.about + r.aboutProblems() + r.access.about(),
		DefaultStatus: r.successStatus(), Responses: map[string]*huma.Response{},
		Security:                     r.access.security(),
		RejectUnknownQueryParameters: true,
		Extensions:                   map[string]any{"x-faultline-role": string(r.access.role())},
	}
	media := r.media
	if media == "" {
		media = "application/json"
	}
	op.Responses[strconv.Itoa(r.successStatus())] = &huma.Response{
		Description: "Success", Content: map[string]*huma.MediaType{media: {Example: r.example}},
	}
	if r.cached {
		op.Responses["304"] = &huma.Response{Description: "The client's copy is still valid; no body"}
	}
	documentProblems(op, r.allProblems())
	return op
}

// aboutProblems names the problems that not every route has.
func (r *route) aboutProblems() string {
	if len(r.problems) == 0 {
		return ""
	}
	slugs := make([]string, len(r.problems))
	for i, p := range r.problems {
		slugs[i] = "`" + p.slug + "`"
	}
	return "\n\nProblems of its own: " + strings.Join(slugs, ", ") + "."
}

func (r *route) successStatus() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}

// allProblems adds those that every route of this access can have.
func (r *route) allProblems() []problemType {
	all := append([]problemType{internalError}, r.problems...)
	if r.access == accessOpen {
		return all
	}
	all = append(all, badRequest, unauthorized, forbidden, rateLimited)
	if r.access == accessMetrics {
		return all
	}
	all = append(all, storeUnavailable)
	if !r.endless {
		all = append(all, timedOut)
	}
	return all
}

// about says in words what the access asks for.
func (a access) about() string {
	switch a {
	case accessOpen:
		return "\n\nNeeds no token."
	case accessRead:
		return "\n\nNeeds a token with the role `reader`, `agent`, `judge` or `admin`, unless reading is public (`api.public_read`)."
	case accessSend:
		return "\n\nNeeds a token with the role `ingest` or `admin`, always."
	case accessDeliver:
		return "\n\nNeeds a token with the role `ingest` or `admin`, as a bearer token or as the password of basic credentials; or, for a format whose signing secret is configured, the vendor's signature."
	case accessMetrics:
		return "\n\nOpen, as is usual for Prometheus, unless metrics are set to private: then a token with the role `reader`."
	case accessJudge:
		return "\n\nNeeds a token with the role `judge` or `admin`, always."
	case accessPropose:
		return "\n\nNeeds a token with the role `agent`, `judge` or `admin`, always."
	case accessAdmin:
		return "\n\nNeeds a token with the role `admin`."
	default:
		return ""
	}
}

// security is the same for machines. An empty entry means "or none".
func (a access) security() []map[string][]string {
	token := map[string][]string{bearerScheme: {}}
	switch a {
	case accessOpen:
		return []map[string][]string{}
	case accessRead, accessMetrics:
		return []map[string][]string{token, {}}
	case accessDeliver:
		return []map[string][]string{token, {basicScheme: {}}, {}}
	case accessSend, accessAdmin, accessJudge, accessPropose:
		return []map[string][]string{token}
	default:
		return []map[string][]string{token}
	}
}
