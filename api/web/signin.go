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
// accepted: "//host" and "/\host" lead elsewhere.
func localPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") || strings.Contains(next, `\`) {
		return "/"
	}
	return u.RequestURI()
}

// signInBody is what the sign-in page shows.
type signInBody struct {
	Next string
	// Refused says why the last try failed.
	Refused string
}

func (s *Site) signInPage(w http.ResponseWriter, r *http.Request) error {
	return s.showSignIn(w, r, http.StatusOK, &signInBody{Next: localPath(r.URL.Query().Get("next"))})
}

func (s *Site) showSignIn(w http.ResponseWriter, r *http.Request, status int, body *signInBody) error {
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

func (s *Site) signOut(w http.ResponseWriter, r *http.Request) error {
	s.deps.Door.SignOut(w, r)
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	return nil
}
