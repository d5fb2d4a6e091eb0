package api

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"
)

// chatPath is where Slack sends the buttons that people press. It is no part of
// the OpenAPI document: Slack defines what it takes.
const chatPath = "/slack/interactions"

// Judge keeps a verdict that someone gave elsewhere, under a name that says who
// and where. The version of the finding that was seen must still be the newest.
type Judge func(ctx context.Context, by, incident string, v VerdictRequest) error

// routeChat mounts the door for chat. It is open because the handler checks the
// signature of each request itself, over its very bytes.
func (s *Server) routeChat() {
	if s.deps.Chat == nil {
		return
	}
	s.pages[http.MethodPost+" "+chatPath] = accessOpen
	s.engine.POST(chatPath, gin.WrapH(s.deps.Chat(s.judgeAs)))
}

// judgeAs is judge for someone whom another system vouches for. That system saw
// the finding of v.FindingVersion, which takes the place of an ETag.
func (s *Server) judgeAs(ctx context.Context, by, incident string, v VerdictRequest) error {
	if v.FindingVersion <= 0 {
		return invalidInput.with("finding_version: missing", FieldProblem{
			Location: "body", Path: "finding_version", Message: "missing", Mend: "say which version of the finding was judged",
		})
	}
	known := *requestOf(ctx)
	known.caller = &caller{Token: Token{Name: by, Role: RoleJudge}}
	_, err := s.judge(withRequest(ctx, &known), incident, "*", &v)
	return err
}
