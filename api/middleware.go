package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
)

// observe is the outermost layer: it names the request, and logs and counts it
// when it is over. Queries and headers stay out of the log, since they may hold
// secrets.
func (s *Server) observe(c *gin.Context) {
	start := s.deps.Now()
	r := &request{id: requestID(c.GetHeader("X-Request-Id"))}
	c.Request = c.Request.WithContext(withRequest(c.Request.Context(), r))
	c.Header("X-Request-Id", r.id)
	s.metrics.inFlight.Inc()
	defer s.metrics.inFlight.Dec()

	c.Next()

	took := s.deps.Now().Sub(start)
	status := c.Writer.Status()
	s.metrics.observe(c.FullPath(), c.Request.Method, status, took)
	s.log.LogAttrs(c.Request.Context(), s.accessLevel(c.FullPath(), status), "request",
		slog.String("request_id", r.id), slog.String("method", c.Request.Method), slog.String("route", c.FullPath()),
		slog.String("path", c.Request.URL.Path), slog.Int("status", status), slog.Duration("took", took),
		slog.Int("bytes", max(0, c.Writer.Size())), slog.String("caller", r.callerName()),
		slog.String("remote", c.Request.RemoteAddr))
}

// callerName names the caller in logs.
func (r *request) callerName() string {
	if r.caller == nil {
		return ""
	}
	return r.caller.Name
}

// accessLevel keeps the probes of orchestrators out of the log.
func (s *Server) accessLevel(route string, status int) slog.Level {
	quiet := s.access(http.MethodGet, route) == accessOpen || route == "/metrics"
	if quiet && route != "" && status < http.StatusInternalServerError {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// rescue answers a panic with a problem and logs where it happened. When the
// answer has begun, the connection is cut instead, so that nobody takes a
// torn answer for a whole one.
func (s *Server) rescue(c *gin.Context) {
	defer func() {
		reason := recover()
		if reason == nil {
			return
		}
		if err, ok := reason.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(reason)
		}
		s.metrics.panics.Inc()
		s.log.LogAttrs(c.Request.Context(), slog.LevelError, "panic in a handler",
			slog.String("request_id", requestOf(c.Request.Context()).id), slog.String("route", c.FullPath()),
			slog.Any("panic", reason), slog.String("stack", string(debug.Stack())))
		if c.Writer.Written() {
			panic(http.ErrAbortHandler)
		}
		refuse(c, internalError.with("the log has the reason under this instance"))
	}()
	c.Next()
}

// harden sets the headers that keep a browser from doing more with an answer
// than showing it.
func harden(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if secured(c.Request) {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	c.Next()
}

// sane refuses addresses that hold NUL bytes, broken UTF-8 or broken escapes,
// before anything below has to think about them.
func sane(c *gin.Context) {
	if !cleanText(c.Request.URL.Path) {
		refuse(c, badRequest.with("the path holds a NUL byte or is not UTF-8",
			FieldProblem{Location: "path", Path: "", Message: "NUL byte or broken UTF-8", Mend: "send plain UTF-8 text, percent-encoded"}))
		return
	}
	if c.Request.URL.RawQuery == "" {
		c.Next()
		return
	}
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		refuse(c, badRequest.with("the query cannot be parsed",
			FieldProblem{Location: "query", Message: err.Error(), Mend: "percent-encode the values and separate them by &"}))
		return
	}
	for name, all := range values {
		if !cleanText(name) || !cleanText(strings.Join(all, "")) {
			refuse(c, badRequest.with("the query holds a NUL byte or is not UTF-8",
				FieldProblem{Location: "query", Path: strings.ToValidUTF8(name, "?"), Message: "NUL byte or broken UTF-8", Mend: "send plain UTF-8 text, percent-encoded"}))
			return
		}
	}
	c.Next()
}

func cleanText(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsRune(text, 0)
}

// authorize finds out who calls and whether they may. It passes over requests
// that no route takes: those are answered alike for everybody. Open routes
// answer whatever credentials come, since a probe with an old token must not
// restart a healthy process.
func (s *Server) authorize(c *gin.Context) {
	need := s.access(c.Request.Method, c.FullPath())
	who, problem := s.whoIs(c)
	if problem != nil && need == accessOpen {
		who, problem = s.ring.nobody, nil
	}
	if problem == nil && c.FullPath() != "" {
		problem = s.gate.admit(need, cmp.Or(s.routes.format(c.Request.Method, c.FullPath()), c.Param("format")), who)
	}
	if problem != nil {
		s.metrics.refused.WithLabelValues(problem.slug()).Inc()
		refuse(c, problem)
		return
	}
	who = s.signed(c, need, who)
	requestOf(c.Request.Context()).caller = who
	who.used.Store(s.deps.Now().UnixMilli())
	c.Next()
}

// signed is who calls without a token where the signature of the request is the
// proof, and anyone else unchanged.
func (s *Server) signed(c *gin.Context, need access, who *caller) *caller {
	switch {
	case who != s.ring.nobody:
		return who
	case need == accessDeliver:
		return s.ring.signer
	case c.FullPath() == chatPath:
		return s.ring.presser
	default:
		return who
	}
}

// access is who may call a route or open a page.
func (s *Server) access(method, template string) access {
	if need, isPage := s.pages[method+" "+template]; isPage {
		return need
	}
	return s.routes.access(method, template)
}

// whoIs identifies the caller by the token of a request, or by the session of
// a page's visitor. A session counts for pages and, beyond them, only to read:
// nothing that another site could send has an effect.
func (s *Server) whoIs(c *gin.Context) (*caller, *Problem) {
	_, isPage := s.pages[c.Request.Method+" "+c.FullPath()]
	if c.GetHeader("Authorization") == "" && (isPage || c.Request.Method == http.MethodGet) {
		if x := s.sessions.open(c.Request); x != nil {
			requestOf(c.Request.Context()).session = x
			return x.who, nil
		}
	}
	return s.ring.identify(c.Request.Header)
}

// slug is the last part of the problem's type.
func (p *Problem) slug() string { return strings.TrimPrefix(p.Type, "/problems/") }

// throttle spends one request of the caller's allowance. Open routes are free to
// read: an orchestrator's probe must not starve.
func (s *Server) throttle(c *gin.Context) {
	if s.access(c.Request.Method, c.FullPath()) == accessOpen && c.Request.Method == http.MethodGet {
		c.Next()
		return
	}
	limiter := requestOf(c.Request.Context()).caller.limiter
	now := s.deps.Now()
	slot := limiter.ReserveN(now, 1)
	if pause := slot.DelayFrom(now); !slot.OK() || pause > 0 {
		slot.CancelAt(now)
		s.metrics.refused.WithLabelValues(rateLimited.slug).Inc()
		refuse(c, rateLimited.with("slow down; send many events in one array or as NDJSON").retryAfter(pause))
		return
	}
	c.Next()
}

// limitTime bounds the handling of everything but streams, which have no end,
// and deliveries, which bound each of their steps.
func (s *Server) limitTime(c *gin.Context) {
	if s.routes.ownTime(c.Request.Method, c.FullPath()) {
		c.Next()
		return
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), s.cfg.Timeout)
	defer cancel()
	c.Request = c.Request.WithContext(ctx)
	c.Next()
}

// refuse answers with a problem and ends the chain.
func refuse(c *gin.Context, p *Problem) {
	for name, values := range p.header {
		c.Writer.Header()[name] = values
	}
	if show := requestOf(c.Request.Context()).show; show != nil && !c.Writer.Written() {
		show(c, p)
		c.Abort()
		return
	}
	body, err := json.Marshal(stamp(c.Request.Context(), p))
	if err != nil {
		panic(err) // A Problem holds only strings and numbers.
	}
	c.Header("Cache-Control", "no-store")
	c.Data(p.Status, problemMediaType, body)
	c.Abort()
}

// noRoute answers addresses that no route takes.
func noRoute(c *gin.Context) {
	refuse(c, routeNotFound.with(c.Request.URL.Path+" is not a route; /openapi.json lists them all"))
}

// noMethod answers methods that a route does not take. The router has set the
// Allow header.
func noMethod(c *gin.Context) {
	refuse(c, methodNotAllowed.with("the route takes "+c.Writer.Header().Get("Allow")))
}

// headAsGet lets HEAD ask whatever GET may ask, except an endless stream.
func headAsGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead && r.URL.Path != streamPath {
			get := r.WithContext(r.Context())
			get.Method = http.MethodGet
			r = get
		}
		next.ServeHTTP(w, r)
	})
}
