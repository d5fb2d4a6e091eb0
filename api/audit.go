package api

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/faultline/faultline/internal/query"
)

// AuditKeeper keeps and tells who did what; AuditEntries answers newest first.
type AuditKeeper interface {
	AuditEntries(ctx context.Context, limit int) ([]query.AuditEntry, error)
	SaveAudit(ctx context.Context, entry query.AuditEntry) error
}

// audit keeps that somebody did something, where an audit is kept.
func (s *Server) audit(ctx context.Context, actor, action, target, detail string) error {
	if s.deps.Audit == nil {
		return nil
	}
	entry := query.AuditEntry{At: s.deps.Now().UTC().Truncate(time.Millisecond), ID: uuid.NewString(), Actor: actor, Action: action, Target: target, Detail: detail}
	if err := s.deps.Audit.SaveAudit(ctx, entry); err != nil {
		return fmt.Errorf("keep in the audit: %w", err)
	}
	return nil
}
