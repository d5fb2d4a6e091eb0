package api

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// agentsPath is where assistants speak the Model Context Protocol. It is no
// part of the OpenAPI document: the protocol describes itself.
const agentsPath = "/mcp"

// routeAgents mounts the door for assistants for those who may read.
func (s *Server) routeAgents() {
	if s.deps.Agents == nil {
		return
	}
	s.pages[http.MethodPost+" "+agentsPath] = accessRead
	s.engine.POST(agentsPath, gin.WrapH(s.deps.Agents(s.Handler())))
}
