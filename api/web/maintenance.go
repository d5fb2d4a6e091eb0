package web

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Window is an announced maintenance window. State is planned, running or over.
type Window struct {
	ID, State            string
	Services             []string
	Environment          string
	From, To             time.Time
	Reason               string
	CreatedBy, ChangedBy string
}

// Announcement is a window as a visitor asks for it. The zero From is as soon as
// may be.
type Announcement struct {
	Services    []string
	Environment string
	From, To    time.Time
	Reason      string
}

// windowRow is a window on the administration page.
type windowRow struct {
	ID, State, Sign string
	Services        names
	Environment     string
	From, To        moment
	Reason, By      string
	// Endable tells that it can still be ended early.
	Endable bool
}

// windowSigns stand beside the words of a state.
var windowSigns = map[string]string{"planned": "◷", "running": "▮▮", "over": "✓"}

// windows lists the announced windows.
func (s *Site) windows(r *http.Request, body *adminBody) error {
	if s.deps.Windows == nil {
		return nil
	}
	all, err := s.deps.Windows.Windows(r.Context())
	if err != nil {
		return err
	}
	body.CanAnnounce = true
	for i := range all {
		w := &all[i]
		row := windowRow{
			ID: w.ID, State: w.State, Sign: windowSigns[w.State], Services: few(w.Services),
			Environment: line(w.Environment), From: s.at(w.From), To: s.at(w.To), Reason: plain(w.Reason, lineLetters), By: line(w.CreatedBy), Endable: w.State != "over",
		}
		if w.ChangedBy != w.CreatedBy {
			row.By += ", ended by " + line(w.ChangedBy)
		}
		body.Windows = append(body.Windows, row)
	}
	return nil
}

// announce takes the form of a new window.
func (s *Site) announce(w http.ResponseWriter, r *http.Request) error {
	from, wrongFrom := clockValue(r.PostForm, "from")
	to, wrongTo := clockValue(r.PostForm, "to")
	if s.deps.Windows == nil || cmp.Or(wrongFrom, wrongTo) != "" {
		return s.wrongAddress(w, r, cmp.Or(wrongFrom, wrongTo, "Maintenance windows cannot be announced here."))
	}
	a := Announcement{Environment: strings.TrimSpace(r.PostFormValue("environment")), From: from, To: to, Reason: strings.TrimSpace(r.PostFormValue("reason"))}
	for name := range strings.FieldsFuncSeq(r.PostFormValue("services"), func(c rune) bool { return c == ',' || c == '\n' }) {
		if name = strings.TrimSpace(name); name != "" {
			a.Services = append(a.Services, name)
		}
	}
	if len(a.Services) == 0 && r.PostFormValue("everything") == "" {
		return s.wrongAddress(w, r, "Name the services, or tick that all of the environment is meant.")
	}
	if err := s.deps.Windows.Announce(r.Context(), &a); err != nil {
		return err
	}
	http.Redirect(w, r, "/admin#h-windows", http.StatusSeeOther)
	return nil
}

// endWindow ends a window early.
func (s *Site) endWindow(w http.ResponseWriter, r *http.Request) error {
	if s.deps.Windows == nil {
		return s.wrongAddress(w, r, "There are no maintenance windows here.")
	}
	if err := s.deps.Windows.EndWindow(r.Context(), r.PostFormValue("window")); err != nil {
		return err
	}
	http.Redirect(w, r, "/admin#h-windows", http.StatusSeeOther)
	return nil
}

// NameRule says which service a sender's value stands for. An empty Source or
// Attribute fits any.
type NameRule struct{ Source, Attribute, Value, Service string }

// namesBody is how senders' names become services, and what a sample becomes.
type namesBody struct {
	Rules        []NameRule
	More         int
	Labels       string
	Environments []labelRow
	// The sample that was tried, and what it becomes; Tried tells that one was.
	Source, Attribute, Value string
	Tried                    bool
	Result                   string
	ByRule                   bool
}

// maxNameRules bounds the rules that the page lists.
const maxNameRules = 200

// names prepares the rules and tries the sample of the address.
func (s *Site) names(values url.Values) *namesBody {
	if s.deps.Names == nil {
		return nil
	}
	rules := s.deps.Names.Rules()
	b := &namesBody{
		More: max(0, len(rules)-maxNameRules), Labels: strings.Join(s.deps.Names.AlertLabels(), ", "), Environments: labelRows(s.deps.Names.Environments()),
		Source: values.Get("source"), Attribute: values.Get("attribute"), Value: values.Get("value"),
	}
	for _, r := range rules[:min(len(rules), maxNameRules)] {
		b.Rules = append(b.Rules, NameRule{cmp.Or(line(r.Source), "any"), cmp.Or(line(r.Attribute), "any"), line(r.Value), line(r.Service)})
	}
	if b.Value != "" {
		b.Tried = true
		b.Result, b.ByRule = s.deps.Names.Name(b.Source, b.Attribute, b.Value)
		b.Result = line(b.Result)
	}
	return b
}
