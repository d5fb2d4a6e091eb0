package query

import "time"

// Command is one word about who commands an incident. Nothing is overwritten:
// the newest word counts.
type Command struct {
	ID       string `json:"id"`
	Incident string `json:"incident"`
	// Commander is the name of the person, empty when nobody commands any more.
	Commander string    `json:"commander"`
	SetBy     string    `json:"set_by"`
	SetAt     time.Time `json:"set_at"`
}

// CommanderOf is who commands by all that was said, the oldest first; empty for
// nobody.
func CommanderOf(said []Command) string {
	if len(said) == 0 {
		return ""
	}
	return said[len(said)-1].Commander
}
