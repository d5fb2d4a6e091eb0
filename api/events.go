package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"github.com/faultline/faultline/internal/event"
)

// contractFormat is the name of the contract's own JSON.
const contractFormat = "faultline"

// pagerDutyChangeFormat is the name of the format of PagerDuty's change events.
const pagerDutyChangeFormat = "pagerduty-change"

// maxListedRejections bounds the refused elements that one answer lists; all
// are counted.
const maxListedRejections = 1000

// Receipt is the answer to a delivery: what is durable now.
type Receipt struct {
	Accepted   int `json:"accepted"`
	Duplicates int `json:"duplicates"`
	// RejectedCount counts all, Rejected lists the first thousand.
	RejectedCount int         `json:"rejected_count"`
	Rejected      []Rejection `json:"rejected"`
}

// Rejection is one refused element.
type Rejection struct {
	Line    int    `json:"line"`
	Path    string `json:"path"`
	Problem string `json:"problem"`
	Mend    string `json:"mend,omitempty"`
	// Reason is path, problem and mend as one sentence.
	Reason string `json:"reason"`
}

// Delivery is the input of the routes that take events. It reads its body
// itself, to bound size, time and memory and to answer each in its own words.
type Delivery struct {
	gin *gin.Context
	// limit bounds the body.
	limit bodyLimit
}

// bodyLimit is the largest body of a route, and the setting that says so.
type bodyLimit struct {
	bytes   int64
	setting string
}

// limitOf is the limit of the routes for one kind of event. A topology snapshot
// describes a whole company at once and cannot be split.
func (s *Server) limitOf(kind event.Kind) bodyLimit {
	if kind == event.KindTopology {
		return bodyLimit{s.cfg.MaxTopologyBytes, "api.max_topology_bytes"}
	}
	return bodyLimit{s.cfg.MaxBodyBytes, "api.max_body_bytes"}
}

// Resolve keeps the request for the handler.
func (d *Delivery) Resolve(ctx huma.Context) []error {
	d.gin = humagin.Unwrap(ctx)
	return nil
}

// webhookDelivery is a delivery in a vendor's format.
type webhookDelivery struct {
	Delivery
	Format string `path:"format" maxLength:"64" doc:"Name of the vendor's format." example:"alertmanager"`
}

type receiptReply struct {
	Body Receipt
}

func (s *Server) routeEvents() {
	s.routeKind(event.KindChange, "/v1/changes", "sendChanges", "Send changes",
		"Takes changes to production. The same source and id again is an update of the same change.")
	s.routeKind(event.KindAlert, "/v1/alerts", "sendAlerts", "Send alerts",
		"Takes alerts, firing and resolved.")
	s.routeKind(event.KindTopology, "/v1/topology", "sendTopology", "Send topology snapshots",
		"Takes snapshots of services and of who calls whom. Snapshots of several sources merge.")
	register(s, route{
		method: http.MethodPost, path: "/v1/webhooks/{format}", id: "sendWebhook", tag: tagEvents, access: accessDeliver,
		summary: "Deliver a vendor's webhook", status: http.StatusAccepted, example: exampleReceipt(),
		about:    "Takes a payload as the vendor sends it. An unknown format is answered with the known ones under `choices`." + aboutDelivery,
		problems: append(deliveryProblems(), badSignature, unknownFormat), body: webhookBody(),
	}, func(ctx context.Context, in *webhookDelivery) (*receiptReply, error) {
		return s.take(ctx, &in.Delivery, "", in.Format)
	})
	register(s, route{
		method: http.MethodPost, path: "/v2/change/enqueue", id: "sendPagerDutyChange", tag: tagEvents, access: accessDeliver, format: pagerDutyChangeFormat,
		summary: "Deliver a change event as PagerDuty takes it", status: http.StatusAccepted, example: exampleReceipt(),
		about: "The path under which PagerDuty's Events API v2 takes change events: senders that can set nothing but the host of that API " +
			"send here what `/v1/webhooks/pagerduty-change` takes. The `routing_key` is the proof where that format has a secret." + aboutDelivery,
		problems: append(deliveryProblems(), badSignature), body: webhookBody(),
	}, func(ctx context.Context, in *Delivery) (*receiptReply, error) {
		return s.take(ctx, in, "", pagerDutyChangeFormat)
	})
}

// aboutDelivery is what all routes that take events have in common.
const aboutDelivery = "\n\nThe answer comes when the events are durable, and counts them. What was stored before counts as a duplicate, " +
	"so a request may be repeated without harm: events are identified by their content and there is no need for an Idempotency-Key. " +
	"Events that cannot be used are listed with their line and field while the others are taken; when none can be used the answer is 422."

func deliveryProblems() []problemType {
	return []problemType{invalidBody, bodyTimeout, bodyTooLarge, unsupportedEncoding, overloaded}
}

func (s *Server) routeKind(kind event.Kind, path, id, summary, about string) {
	register(s, route{
		method: http.MethodPost, path: path, id: id, tag: tagEvents, access: accessSend, summary: summary,
		about: about + " The body is one object, an array, or NDJSON; it is told apart by its content, not by its Content-Type." + aboutDelivery, status: http.StatusAccepted,
		example: exampleReceipt(), problems: deliveryProblems(), body: eventBody(kind),
	}, func(ctx context.Context, in *Delivery) (*receiptReply, error) {
		return s.take(ctx, in, kind, contractFormat)
	})
}

// take hands a delivery to the intake and answers with its receipt. Waiting for
// memory, reading the body and storing the events are bounded one by one, so
// that a slow sender does not eat the time of the store.
func (s *Server) take(ctx context.Context, in *Delivery, kind event.Kind, format string) (*receiptReply, error) {
	var receipt event.Receipt
	in.limit = s.limitOf(kind)
	err := s.withBody(ctx, in, func(ctx context.Context, body []byte) (err error) {
		receipt, err = s.deps.Intake.Accept(ctx, kind, format, in.gin.Request.Header, body)
		return err
	})
	if errors.Is(err, context.DeadlineExceeded) {
		// Whether the events are durable is not known; sending them again is safe.
		return nil, storeUnavailable.with("the store did not answer in time; send the same request again").retryAfter(storePause)
	}
	if err != nil {
		return nil, fmt.Errorf("accept %s events: %w", format, err)
	}
	if kind == event.KindTopology && receipt.Accepted > 0 {
		s.graphs.tell()
	}
	return answerReceipt(&receipt)
}

// withBody reads a body within the budget of all bodies and hands it on, within
// the time of a request.
func (s *Server) withBody(ctx context.Context, in *Delivery, use func(ctx context.Context, body []byte) error) error {
	if in.limit.bytes == 0 {
		in.limit = s.limitOf("")
	}
	weight := in.limit.weight(in.gin.Request)
	waiting, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	err := s.bodies.Acquire(waiting, weight)
	cancel()
	if err != nil {
		return overloaded.with("too many large requests are being handled; try again").retryAfter(time.Second)
	}
	defer s.bodies.Release(weight)
	body, err := s.readBody(in.gin, in.limit)
	if err != nil {
		return err
	}
	ctx, cancel = context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	return use(ctx, body)
}

// decodeInto reads one JSON object strictly: a misspelt field that is ignored
// would do something else than what was meant.
func decodeInto(body []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	if err == nil && dec.More() {
		err = errors.New("there is more than one value")
	}
	if err == nil {
		return nil
	}
	field := FieldProblem{Location: "body", Message: strings.TrimPrefix(err.Error(), "json: "), Mend: "send one JSON object as /openapi.json describes it"}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		field.Path, field.Message = wrong.Field, "is a "+wrong.Value
	}
	return invalidInput.with(field.Message, field)
}

// weight is how much of the body budget a request takes.
func (l bodyLimit) weight(r *http.Request) int64 {
	if r.ContentLength >= 0 && r.ContentLength <= l.bytes {
		return r.ContentLength
	}
	return l.bytes
}

// readBody reads a body that is bounded in size and time.
func (s *Server) readBody(c *gin.Context, limit bodyLimit) ([]byte, error) {
	r := c.Request
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return nil, unsupportedEncoding.with("the body is encoded as "+encoding,
			FieldProblem{Location: "header", Path: "Content-Encoding", Message: encoding + " is not supported", Mend: "send the body as it is"})
	}
	if r.ContentLength > limit.bytes {
		s.drain(c)
		return nil, limit.exceeded()
	}
	// Without a deadline support (in tests without a connection) the server's
	// own read timeout holds.
	control := http.NewResponseController(c.Writer)
	_ = control.SetReadDeadline(s.deps.Now().Add(s.cfg.BodyTimeout))
	buf := bytes.NewBuffer(make([]byte, 0, max(bytes.MinRead, r.ContentLength+bytes.MinRead)))
	_, err := buf.ReadFrom(http.MaxBytesReader(c.Writer, r.Body, limit.bytes))
	_ = control.SetReadDeadline(time.Time{})
	if err != nil {
		problem := s.bodyProblem(err, limit)
		if problem.Status == http.StatusRequestEntityTooLarge {
			s.drain(c)
		}
		return nil, problem
	}
	if len(bytes.TrimSpace(buf.Bytes())) == 0 {
		return nil, invalidBody.with("the body is empty",
			FieldProblem{Location: "body", Message: "empty", Mend: "send an object, an array or NDJSON"})
	}
	return buf.Bytes(), nil
}

// What is read of a body that is too large, and thrown away.
const (
	drainBytes = 64 << 20
	drainTime  = 5 * time.Second
)

// drain reads on when a body is too large. Many clients look for an answer only
// once they have sent everything, and would see nothing but a connection that
// is reset. A client that waits for leave to send needs none of it.
func (s *Server) drain(c *gin.Context) {
	if c.Request.Header.Get("Expect") != "" {
		return
	}
	control := http.NewResponseController(c.Writer)
	_ = control.SetReadDeadline(s.deps.Now().Add(min(drainTime, s.cfg.BodyTimeout)))
	// Whatever goes wrong here, the answer is the same.
	_, _ = io.CopyN(io.Discard, c.Request.Body, drainBytes)
	_ = control.SetReadDeadline(time.Time{})
}

// bodyProblem says why a body could not be read.
func (s *Server) bodyProblem(err error, limit bodyLimit) *Problem {
	var large *http.MaxBytesError
	var network net.Error
	switch {
	case errors.As(err, &large):
		return limit.exceeded()
	case errors.As(err, &network) && network.Timeout():
		return bodyTimeout.with(fmt.Sprintf("the body did not arrive within %s", s.cfg.BodyTimeout))
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, context.Canceled):
		return clientGone.with("the body ended early")
	default:
		return badRequest.with("the body could not be read to its end")
	}
}

func (l bodyLimit) exceeded() *Problem {
	return bodyTooLarge.with(fmt.Sprintf("the limit is %d bytes (%s)", l.bytes, l.setting),
		FieldProblem{
			Location: "body", Message: fmt.Sprintf("larger than %d bytes", l.bytes),
			Mend: "split it into several requests",
		})
}

// answerReceipt renders what the intake did; a delivery of which nothing could
// be used is a problem.
func answerReceipt(receipt *event.Receipt) (*receiptReply, error) {
	listed := receipt.Rejected[:min(len(receipt.Rejected), maxListedRejections)]
	if len(listed) > 0 && receipt.Accepted == 0 && receipt.Duplicates == 0 {
		fields := make([]FieldProblem, len(listed))
		kind := bodyTooLarge
		for i, r := range listed {
			fields[i] = fieldProblem(r.Line, r.Err)
			if !r.Err.Large {
				kind = invalidBody
			}
		}
		return nil, kind.with(fmt.Sprintf("none of %d could be used; the first: %s", len(receipt.Rejected), strings.TrimSpace(listed[0].Err.Error())), fields...)
	}
	body := Receipt{
		Accepted: receipt.Accepted, Duplicates: receipt.Duplicates,
		RejectedCount: len(receipt.Rejected), Rejected: make([]Rejection, len(listed)),
	}
	for i, r := range listed {
		body.Rejected[i] = Rejection{Line: r.Line, Path: r.Err.Path, Problem: r.Err.Problem, Mend: r.Err.Mend, Reason: r.Err.Error()}
	}
	return &receiptReply{Body: body}, nil
}
