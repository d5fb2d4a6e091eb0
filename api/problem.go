package api

import (
	"net/http"
	"strconv"
	"time"
)

// Problem is the answer to a request that failed, as RFC 9457 describes it.
type Problem struct {
	// Type is a stable relative reference such as /problems/incident-not-found.
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Detail tells about this occurrence; Instance is the id of the request.
	Detail   string `json:"detail,omitempty"`
	Instance string `json:"instance,omitempty"`
	// Errors lists the fields at fault.
	Errors []FieldProblem `json:"errors,omitempty"`
	// Choices lists the values that would have been accepted, where they are few:
	// the known formats, or the sources that share an id.
	Choices []string `json:"choices,omitempty"`

	header http.Header
}

// FieldProblem tells what is wrong with one field and how to mend it.
type FieldProblem struct {
	// Location is body, query, path or header.
	Location string `json:"location"`
	// Line is the 1-based line of NDJSON, or position in an array.
	Line int `json:"line,omitempty"`
	// Path is the field, dotted with indexes, or the name of the parameter.
	Path    string `json:"path"`
	Message string `json:"message"`
	Mend    string `json:"mend,omitempty"`
}

// problemType is one kind of problem. Its slug is part of the API and never
// changes its meaning.
type problemType struct {
	slug   string
	status int
	title  string
}

// problemTypes lists every kind of problem, for the documentation and its test.
func problemTypes() []problemType {
	return []problemType{
		badRequest, invalidParameter, invalidBody, unauthorized, badSignature, forbidden, routeNotFound,
		incidentNotFound, reportNotFound, findingNotFound, changeNotFound, serviceNotFound, unknownFormat, methodNotAllowed,
		bodyTimeout, ambiguousChange, incidentMerged, proposalNotFound, proposalSettled, tooManyProposals, letterNotFound, preconditionFailed, bodyTooLarge, unsupportedEncoding, invalidInput, preconditionRequired, rateLimited, clientGone, internalError,
		rulesMissing, windowNotFound, storeUnavailable, tooManyStreams, overloaded, timedOut,
	}
}

// The kinds of problem.
var (
	badRequest           = problemType{"bad-request", http.StatusBadRequest, "The request cannot be read"}
	invalidParameter     = problemType{"invalid-parameter", http.StatusUnprocessableEntity, "A parameter is not valid"}
	invalidBody          = problemType{"invalid-body", http.StatusUnprocessableEntity, "No event in the body is valid"}
	unauthorized         = problemType{"unauthorized", http.StatusUnauthorized, "A valid token is needed"}
	badSignature         = problemType{"bad-signature", http.StatusUnauthorized, "The delivery is not signed as configured"}
	forbidden            = problemType{"forbidden", http.StatusForbidden, "The token may not do this"}
	routeNotFound        = problemType{"route-not-found", http.StatusNotFound, "There is no such route"}
	reportNotFound       = problemType{"report-not-found", http.StatusNotFound, "There is no such report"}
	incidentNotFound     = problemType{"incident-not-found", http.StatusNotFound, "There is no such incident"}
	findingNotFound      = problemType{"finding-not-found", http.StatusNotFound, "There is no such finding"}
	changeNotFound       = problemType{"change-not-found", http.StatusNotFound, "There is no such change"}
	windowNotFound       = problemType{"window-not-found", http.StatusNotFound, "There is no such maintenance window"}
	serviceNotFound      = problemType{"service-not-found", http.StatusNotFound, "There is no such service"}
	unknownFormat        = problemType{"unknown-format", http.StatusNotFound, "There is no such format"}
	methodNotAllowed     = problemType{"method-not-allowed", http.StatusMethodNotAllowed, "The route does not take this method"}
	bodyTimeout          = problemType{"body-timeout", http.StatusRequestTimeout, "The body did not arrive in time"}
	ambiguousChange      = problemType{"ambiguous-change", http.StatusConflict, "Several sources know this change id"}
	incidentMerged       = problemType{"incident-merged", http.StatusConflict, "The incident is part of another"}
	letterNotFound       = problemType{"letter-not-found", http.StatusNotFound, "There is no such message"}
	proposalNotFound     = problemType{"proposal-not-found", http.StatusNotFound, "There is no such proposal"}
	proposalSettled      = problemType{"proposal-settled", http.StatusConflict, "Somebody has settled the proposal"}
	tooManyProposals     = problemType{"too-many-proposals", http.StatusConflict, "Too many proposals wait for a person"}
	preconditionFailed   = problemType{"precondition-failed", http.StatusPreconditionFailed, "It has changed since it was read"}
	invalidInput         = problemType{"invalid-input", http.StatusUnprocessableEntity, "The body cannot be used"}
	preconditionRequired = problemType{"precondition-required", http.StatusPreconditionRequired, "If-Match is needed"}
	bodyTooLarge         = problemType{"body-too-large", http.StatusRequestEntityTooLarge, "The body is too large"}
	unsupportedEncoding  = problemType{"unsupported-encoding", http.StatusUnsupportedMediaType, "The body's encoding is not supported"}
	rateLimited          = problemType{"rate-limited", http.StatusTooManyRequests, "Too many requests"}
	clientGone           = problemType{"client-gone", statusClientGone, "The client went away"}
	internalError        = problemType{"internal", http.StatusInternalServerError, "Something went wrong inside"}
	rulesMissing         = problemType{"rules-missing", http.StatusNotImplemented, "This process has no rules"}
	storeUnavailable     = problemType{"store-unavailable", http.StatusServiceUnavailable, "The store cannot be reached"}
	tooManyStreams       = problemType{"too-many-streams", http.StatusServiceUnavailable, "Too many streams are open"}
	overloaded           = problemType{"overloaded", http.StatusServiceUnavailable, "Too much is being handled"}
	timedOut             = problemType{"timeout", http.StatusGatewayTimeout, "The answer took too long"}
)

// statusClientGone is nginx's code for a client that left before its answer. It
// is seen in logs and metrics only.
const statusClientGone = 499

// with returns an occurrence of the problem.
func (t problemType) with(detail string, errs ...FieldProblem) *Problem {
	return &Problem{Type: "/problems/" + t.slug, Title: t.title, Status: t.status, Detail: detail, Errors: errs}
}

// Error returns the detail, so that a Problem can be returned as an error.
func (p *Problem) Error() string { return p.Title + ": " + p.Detail }

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders returns the headers that go with the problem.
func (p *Problem) GetHeaders() http.Header { return p.header }

// ContentType returns the media type of RFC 9457 whatever was negotiated.
func (p *Problem) ContentType(string) string { return problemMediaType }

const problemMediaType = "application/problem+json"

// offering lists the values that would have been accepted.
func (p *Problem) offering(choices []string) *Problem {
	p.Choices = choices
	return p
}

// heading adds a response header.
func (p *Problem) heading(name, value string) *Problem {
	if p.header == nil {
		p.header = http.Header{}
	}
	p.header.Set(name, value)
	return p
}

// retryAfter tells the client when to come again, in whole seconds, at least 1.
func (p *Problem) retryAfter(pause time.Duration) *Problem {
	seconds := max(1, int((pause+time.Second-1)/time.Second))
	return p.heading("Retry-After", strconv.Itoa(seconds))
}
