package query

import "time"

// NoticeState is how far news that a target could not be told has come.
type NoticeState string

// The states. News that was given up waits for a person, who asks for another
// attempt or dismisses it; it ends as delivered or dismissed.
const (
	NoticeGivenUp   NoticeState = "given_up"
	NoticeAsked     NoticeState = "asked"
	NoticeDismissed NoticeState = "dismissed"
	NoticeDelivered NoticeState = "delivered"
)

// NoticeWord is one thing that was said about news for a target: by the
// notifier with its attempts and the reason, or by a person.
type NoticeWord struct {
	Target, Incident string
	At               time.Time
	State            NoticeState
	Attempts         int
	Reason           string
	By               string
}

// Undelivered is news about an incident that a target could not be told. What is
// told after another attempt is the state of the incident at that moment.
type Undelivered struct {
	// Target names the room or address, as notifications do.
	Target   string `json:"target"`
	Incident string `json:"incident"`
	// State is given_up, or asked while another attempt is to be made.
	State NoticeState `json:"state"`
	// GivenUpAt, Attempts and Reason are of the last time.
	GivenUpAt time.Time `json:"given_up_at"`
	Attempts  int       `json:"attempts"`
	Reason    string    `json:"reason"`
	// AskedBy is who asked for another attempt.
	AskedBy string `json:"asked_by,omitempty"`
}
