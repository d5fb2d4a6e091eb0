package query

import "testing"

func TestTheNewestWordSaysWhoCommands(t *testing.T) {
	said := []Command{{Commander: "ada"}, {Commander: "grace"}}
	for want, history := range map[string][]Command{"": nil, "ada": said[:1], "grace": said} {
		if got := CommanderOf(history); got != want {
			t.Errorf("%q commands by %+v, want %q", got, history, want)
		}
	}
	if got := CommanderOf(append(said, Command{})); got != "" {
		t.Errorf("%q commands after everyone stepped down", got)
	}
}
