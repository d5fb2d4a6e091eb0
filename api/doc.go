// Package api is the HTTP door of Faultline: it takes events in, gives
// incidents, findings, changes and the topology out, and streams what is new.
//
// Routes live under /v1 and speak JSON. Each is declared once, as a route with
// the role that it needs, and that one declaration feeds the router, the
// access check and the OpenAPI 3.1 document at /openapi.json, so none of them
// can lag behind another. A route that is not declared cannot be reached.
//
// # Reading
//
// Handlers read through ports of one to three methods (ports.go), which the
// store satisfies. Answers carry a strong ETag; a request with If-None-Match
// that still holds is answered with 304 and no body. Lists are paged by an
// opaque cursor that the store makes.
//
// # Writing
//
// Events are handed to the Intake, which checks, stores and only then returns;
// 202 therefore means durable. Events are facts identified by their content, so
// a repeated POST changes nothing and counts as duplicates. That is why there
// is no Idempotency-Key: every POST behaves as if it carried one.
//
// # Errors
//
// Every error is a Problem (RFC 9457) with a stable type, the field at fault
// and the mend. Its instance is the id of the request, under which the log has
// what a client must not see.
package api
