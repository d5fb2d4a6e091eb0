package web

import (
	"net/http"
	"net/url"
	"strings"
)

// maxForm bounds what a form may send, in bytes.
const maxForm = 64 << 10

// signInPath is the address of the sign-in page that leads on to next.
func signInPath(next string) string {
	if next == "" || next == "/" {
		return "/sign-in"
	}
	return "/sign-in?next=" + url.QueryEscape(next)
}

// localPath returns where to go after signing in. Only a path of this site is
// accepted: "//host" and "/\host" lead elsewhere, and "%2f" is no path from the root.
func localPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(u.Path, "//") || strings.Contains(next, `\`) {
		return "/"
	}
	return u.RequestURI()
}

// signInBody is what the sign-in page shows.
type signInBody struct {
	Next string
	// Provider is the name of the identity provider, Elsewhere the way there.
	Provider, Elsewhere string
	// Refused says why the last try failed.
	Refused string
}

func (s *Site) signInPage(w http.ResponseWriter, r *http.Request) error {
	return s.showSignIn(w, r, http.StatusOK, &signInBody{Next: localPath(r.URL.Query().Get("next"))})
}

func (s *Site) showSignIn(w http.ResponseWriter, r *http.Request, status int, body *signInBody) error {
	if s.deps.SignOn != nil {
		body.Provider = line(s.deps.SignOn.ProviderName())
		body.Elsewhere = "/sign-in/provider?next=" + url.QueryEscape(body.Next)
	}
	return s.show(w, r, &view{page: "signin", title: "Sign in", status: status, body: body})
}

// signIn takes the token of the form. A refused one shows the form again; the
// token is never sent back.
func (s *Site) signIn(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	next := localPath(r.PostFormValue("next"))
	if err := s.deps.Door.SignIn(w, r, strings.TrimSpace(r.PostFormValue("token"))); err != nil {
		return s.showSignIn(w, r, http.StatusUnauthorized, &signInBody{Next: next, Refused: capital(err.Error()) + "."})
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
	return nil
}

// beginSignOn sends the visitor to the identity provider.
func (s *Site) beginSignOn(w http.ResponseWriter, r *http.Request) error {
	next := localPath(r.URL.Query().Get("next"))
	if s.deps.SignOn == nil {
		return s.showSignIn(w, r, http.StatusNotFound, &signInBody{Next: next, Refused: "No identity provider is configured here; sign in with a token."})
	}
	address, err := s.deps.SignOn.BeginSignOn(w, r, next)
	if err != nil {
		return s.showSignIn(w, r, http.StatusServiceUnavailable, &signInBody{Next: next, Refused: sentence(err)})
	}
	http.Redirect(w, r, address, http.StatusSeeOther)
	return nil
}

// finishSignOn lets in whom the identity provider sends back, or shows the form
// with what stands in the way.
func (s *Site) finishSignOn(w http.ResponseWriter, r *http.Request) error {
	if s.deps.SignOn == nil {
		return s.beginSignOn(w, r)
	}
	next, err := s.deps.SignOn.FinishSignOn(w, r)
	if err != nil {
		return s.showSignIn(w, r, http.StatusUnauthorized, &signInBody{Next: "/", Refused: sentence(err)})
	}
	http.Redirect(w, r, localPath(next), http.StatusSeeOther)
	return nil
}

// sentence makes an error's words one that ends.
func sentence(err error) string { return capital(strings.TrimSuffix(line(err.Error()), ".")) + "." }

func (s *Site) signOut(w http.ResponseWriter, r *http.Request) error {
	s.deps.Door.SignOut(w, r)
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	return nil
}
