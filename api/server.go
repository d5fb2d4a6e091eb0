package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/faultline/faultline/api/web"
)

// maxHeaderBytes bounds the request line and headers.
const maxHeaderBytes = 64 << 10

// maxPastGraphs is how many call graphs of the past are read at one time.
const maxPastGraphs = 2

// Server is the API. New makes it, Run serves until its context ends.
type Server struct {
	cfg  Config
	deps Deps
	log  *slog.Logger

	ring    *keyring
	gate    gate
	metrics *metrics
	bodies  *semaphore.Weighted
	graphs  *graphCache
	// pastGraphs bounds how many call graphs of the past are read at one time.
	pastGraphs *semaphore.Weighted
	// judging lets one verdict in at a time.
	judging  *semaphore.Weighted
	hub      *hub
	ready    *readiness
	sessions *sessions
	people   *people
	site     *web.Site
	pages    pageAccess

	engine   *gin.Engine
	huma     huma.API
	document *huma.OpenAPI
	routes   routeTable
	// spec is the encoded document.
	spec []byte
}

// New checks the configuration and builds the server. It opens nothing and
// starts nothing.
func New(cfg Config, deps Deps) (*Server, error) {
	if err := deps.complete(); err != nil {
		return nil, err
	}
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("API settings: %w", err)
	}
	ring, err := newKeyring(&cfg, deps.Now)
	if err != nil {
		return nil, fmt.Errorf("API tokens: %w", err)
	}
	m, err := newMetrics(deps.Registerer)
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, deps: deps, log: deps.Log, ring: ring, metrics: m, routes: routeTable{},
		gate:   gate{publicRead: cfg.PublicRead, privateMetrics: cfg.PrivateMetrics, signatures: deps.Signatures},
		bodies: semaphore.NewWeighted(cfg.BodyBudgetBytes),
		graphs: newGraphCache(deps.Store, cfg.TopologyAge, deps.Now), pastGraphs: semaphore.NewWeighted(maxPastGraphs),
		judging: semaphore.NewWeighted(1),
		hub:     newHub(deps.Store, cfg.Stream, deps.Log, m, deps.Now),
		ready:   newReadiness(deps.Probes, deps.Log, deps.Now),
	}
	s.people = newPeople(deps.SignOn, &cfg)
	s.sessions = newSessions(cfg.SessionSecret, cfg.SessionLife, ring, s.people, deps.Now)
	if s.site, err = s.newSite(); err != nil {
		return nil, err
	}
	s.build()
	if s.spec, err = encodeDocument(s.document); err != nil {
		return nil, err
	}
	return s, nil
}

// build makes the router, its layers and all routes.
func (s *Server) build() {
	gin.SetMode(gin.ReleaseMode)
	s.engine = gin.New()
	s.engine.RedirectTrailingSlash = false
	s.engine.HandleMethodNotAllowed = true
	// Ids and service names may hold slashes, sent as %2F.
	s.engine.UseRawPath = true
	s.engine.Use(s.observe, harden, s.dress, s.rescue, sane, s.authorize, s.throttle, s.limitTime)
	s.engine.NoRoute(noRoute)
	s.engine.NoMethod(noMethod)
	s.document = newDocument()
	s.huma = humagin.New(s.engine, huma.Config{
		OpenAPI: s.document, Transformers: []huma.Transformer{present},
		Formats:       map[string]huma.Format{"application/json": jsonFormat(), "json": jsonFormat()},
		DefaultFormat: "application/json",
	})
	s.routeEvents()
	s.routeIncidents()
	s.routeFindings()
	s.routeVerdicts()
	s.routeProposals()
	s.routeCommander()
	s.routeCounts()
	s.routeRetrospective()
	s.routeChanges()
	s.routeProvenance()
	s.routePolicy()
	s.routeMaintenance()
	s.routeServices()
	s.routeStream()
	s.routeFigures()
	s.routeReports()
	s.routeLetters()
	s.routeOps()
	s.routePages()
	s.routeAgents()
	s.routeChat()
	finishDocument(s.document)
}

// ginTemplate writes {id} as :id.
func ginTemplate(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}

// Handler returns the API without a listener. The stream needs Serve or Run
// beside it.
func (s *Server) Handler() http.Handler { return headAsGet(s.engine) }

// Run listens on the configured address and serves until the context ends.
func (s *Server) Run(ctx context.Context) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", s.cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen for the API: %w", err)
	}
	return s.Serve(ctx, l)
}

// Serve serves on a listener, which it closes, until the context ends. Then it
// ends the streams, waits for the requests in flight no longer than the
// shutdown timeout, cuts what is left, and returns nil.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: s.cfg.HeaderTimeout,
		ReadTimeout:       s.cfg.HeaderTimeout + s.cfg.BodyTimeout,
		WriteTimeout:      s.cfg.BodyTimeout + 2*s.cfg.Timeout + s.cfg.HeaderTimeout,
		IdleTimeout:       2 * s.cfg.BodyTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	s.log.LogAttrs(ctx, slog.LevelInfo, "API listens", slog.String("address", l.Addr().String()))
	group, serving := errgroup.WithContext(ctx)
	group.Go(func() error {
		s.hub.run(serving)
		return nil
	})
	group.Go(func() error { return s.accept(srv, l) })
	group.Go(func() error {
		<-serving.Done()
		return s.shut(context.WithoutCancel(ctx), srv)
	})
	return group.Wait()
}

// accept serves until the server is shut down.
func (s *Server) accept(srv *http.Server, l net.Listener) error {
	var err error
	if s.cfg.TLSCertFile != "" {
		err = srv.ServeTLS(l, s.cfg.TLSCertFile, s.cfg.TLSKeyFile)
	} else {
		err = srv.Serve(l)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve the API: %w", err)
}

// shut waits for the requests in flight and cuts those that take too long.
func (s *Server) shut(ctx context.Context, srv *http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.ShutdownTimeout)
	defer cancel()
	err := srv.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.LogAttrs(ctx, slog.LevelWarn, "requests were cut at shutdown", slog.Duration("waited", s.cfg.ShutdownTimeout))
		err = srv.Close()
	}
	if err != nil {
		return fmt.Errorf("stop the API: %w", err)
	}
	return nil
}
