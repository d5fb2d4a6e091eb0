package web

import "context"

// Need is what a page asks of its visitor.
type Need int

// What pages ask for. The zero value lets only an administrator in, so that a
// page that forgets to say is closed.
const (
	NeedAdmin Need = iota
	// NeedNothing lets everybody in.
	NeedNothing
	// NeedReader asks for someone who may read.
	NeedReader
	// NeedJudge asks for someone who may judge findings.
	NeedJudge
)

// Visitor is who looks at a page.
type Visitor struct {
	// Name is that of the token, empty for someone who has not signed in.
	Name string
	// Role is that of the token: reader, judge or admin.
	Role string
	// SignedIn tells a session from a public reader.
	SignedIn bool
	// FormToken proves that a form came from a page of this session. It is
	// masked anew for every page, so that compression tells nothing about it.
	FormToken string
	// CanRead, CanJudge and CanAdminister are what the role covers.
	CanRead, CanJudge, CanAdminister bool
}

type visitorKey struct{}

// WithVisitor attaches the visitor to the context of a request.
func WithVisitor(ctx context.Context, v Visitor) context.Context {
	return context.WithValue(ctx, visitorKey{}, v)
}

// visitorOf returns the visitor of a request, a stranger when none is attached.
func visitorOf(ctx context.Context) Visitor {
	v, _ := ctx.Value(visitorKey{}).(Visitor)
	return v
}
