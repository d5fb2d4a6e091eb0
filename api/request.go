package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strings"

	"github.com/gin-gonic/gin"
)

// request is what the middlewares learn about a request and pass on.
type request struct {
	id string
	// caller is nil while nobody proved to be anyone.
	caller *caller
	// session is that of a signed-in visitor, nil for callers with a token.
	session *session
	// show, when set, shows problems as pages.
	show func(*gin.Context, *Problem)
}

type requestKey struct{}

// withRequest attaches what is known about the request.
func withRequest(ctx context.Context, r *request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// requestOf returns what is known about the request, never nil.
func requestOf(ctx context.Context) *request {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		return r
	}
	return &request{}
}

// maxRequestID is the longest request id that is taken over from a client.
const maxRequestID = 64

// requestID takes over the id that a proxy or client gave, if it is harmless in
// a log and a header, and draws one otherwise.
func requestID(given string) string {
	harmless := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r)
	}
	if given != "" && len(given) <= maxRequestID && strings.TrimFunc(given, harmless) == "" {
		return given
	}
	var raw [8]byte
	_, _ = rand.Read(raw[:]) // Documented never to fail.
	return hex.EncodeToString(raw[:])
}
