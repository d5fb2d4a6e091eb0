package web

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
)

// blamed is a suspect that the engine blames, and the incident that it is blamed
// for.
func blamed(tune func(*correlate.Suspect)) (*correlate.Incident, *correlate.Suspect) {
	at := time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)
	x := &correlate.Suspect{Rank: 1, Probability: 0.84, Change: correlate.Change{
		ID: "checkout-1842", Source: "argo-cd", Kind: correlate.KindDeploy, Title: "Deploy checkout 4.12.0", Services: []string{"checkout"}, Environment: "production",
		Regions: []string{"eu-west-1"}, StartedAt: at.Add(-8 * time.Minute), Version: "4.12.0", PreviousVersion: "4.11.3", Links: &correlate.ChangeLinks{Rollback: "https://cd.example/checkout/rollback/4.11.3"},
	}}
	if tune != nil {
		tune(x)
	}
	return &correlate.Incident{ID: "inc-7f3a", StartedAt: at}, x
}

func TestABlamedChangeSaysWhatIsKnownAboutUndoingIt(t *testing.T) {
	for name, c := range map[string]struct {
		tune  func(*correlate.Suspect)
		known string
		path  string
		say   string
	}{
		"both": {
			nil, "The sender gave a rollback link; the version before was 4.11.3.", "https://cd.example/checkout/rollback/4.11.3",
			"Please take checkout in production (eu-west-1) back from 4.12.0 to 4.11.3. That undoes “Deploy checkout 4.12.0” (argo-cd/checkout-1842), suspect 1 of inc-7f3a at 84%, 8 min before the first alert. Rollback: https://cd.example/checkout/rollback/4.11.3",
		},
		"link alone": {
			func(x *correlate.Suspect) { x.Change.PreviousVersion = "" }, "The sender gave a rollback link, and not the version before.", "https://cd.example/checkout/rollback/4.11.3",
			"Please undo “Deploy checkout 4.12.0” (argo-cd/checkout-1842) on checkout in production (eu-west-1), suspect 1",
		},
		"version alone": {func(x *correlate.Suspect) { x.Change.Links = nil }, "The version before was 4.11.3. The sender gave no rollback link.", "", "back from 4.12.0 to 4.11.3. That undoes"},
		"before alone":  {func(x *correlate.Suspect) { x.Change.Version = "" }, "The sender gave a rollback link; the version before was 4.11.3.", "https://cd.example/checkout/rollback/4.11.3", "Please take checkout in production (eu-west-1) back to 4.11.3."},
		"neither": {
			func(x *correlate.Suspect) { x.Change.Links, x.Change.PreviousVersion = nil, "" },
			"How to undo it is not known: the sender gave neither a rollback link nor the version before.", "", "",
		},
		"link that runs something": {
			func(x *correlate.Suspect) {
				x.Change.Links.Rollback, x.Change.PreviousVersion = "javascript:alert(1)", ""
			},
			"How to undo it is not known: the sender gave neither a rollback link nor the version before.", "", "",
		},
		"data":        {func(x *correlate.Suspect) { x.Change.Kind = correlate.KindSchemaMigration }, "the version before was 4.11.3. What it did to data may not be undone by going back.", "https://cd.example/checkout/rollback/4.11.3", "Please take"},
		"everything":  {func(x *correlate.Suspect) { x.Change.Services = nil }, "The sender gave", "https://cd.example/checkout/rollback/4.11.3", "Please undo “Deploy checkout 4.12.0” (argo-cd/checkout-1842) in production (eu-west-1), suspect 1"},
		"rolled back": {func(x *correlate.Suspect) { x.Change.Status = correlate.StatusRolledBack }, "Its sender says that it has been rolled back.", "", ""},
	} {
		in, x := blamed(c.tune)
		v := undoOf(in, x, "")
		if v == nil || !strings.Contains(v.Known, c.known) || v.Path != c.path || !strings.Contains(v.Say, c.say) || (c.say == "") != (v.Say == "") {
			t.Errorf("%s: %+v", name, v)
		}
		if (v.Say == "") != (v.Keep == "") {
			t.Errorf("%s: the verdict is offered without anything to do, or not after it: %+v", name, v)
		}
	}
}

func TestOnlyWhatIsBlamedIsUndone(t *testing.T) {
	in, x := blamed(nil)
	if v := undoOf(in, x, "confirmed"); v == nil || v.Say == "" {
		t.Error("a confirmed cause shows no way back")
	}
	if undoOf(in, x, "ruled out") != nil {
		t.Error("people ruled it out, and the page asks to undo it")
	}
	x.Probability = 0.29
	if undoOf(in, x, "") != nil {
		t.Error("the page asks to undo a weak suspect")
	}
}

func TestTheLinkThatTheSuspectCarriesComesBeforeTheChangesOwn(t *testing.T) {
	in, x := blamed(func(x *correlate.Suspect) { x.Links = &correlate.ChangeLinks{Rollback: "https://other.example/undo"} })
	if v := undoOf(in, x, ""); v.Path != "https://other.example/undo" {
		t.Errorf("it leads to %q", v.Path)
	}
}

func TestTheMessageHoldsNothingThatTurnsOrHidesText(t *testing.T) {
	in, x := blamed(func(x *correlate.Suspect) {
		x.Change.Title, x.Change.PreviousVersion, x.Change.Services = "a\u202eb\nc\x00"+strings.Repeat("x", 100_000), "1\u2066\n2", []string{"s\r\n1", "b", "c", "d", "e", "f"}
	})
	v := undoOf(in, x, "")
	if strings.ContainsAny(v.Say+v.Known, "\u202e\u2066\x00\r\n") || len(v.Say) > 3*blockLetters || !strings.Contains(v.Say, "s 1, b, c, d and 2 more") {
		t.Errorf("%d bytes: %.300s", len(v.Say), v.Say)
	}
}

func TestTheCommandIsLeftOutWhereItWouldNotNameTheChange(t *testing.T) {
	for _, key := range []correlate.Key{{Source: "a", ID: "x\u202ey"}, {Source: "a\nb", ID: "x"}, {Source: "", ID: "x"}, {Source: "a", ID: strings.Repeat("y", 500)}} {
		if got := verdictCommand("inc-1", key); got != "" {
			t.Errorf("%+v gives %q", key, got)
		}
	}
	if got := verdictCommand("inc-1", correlate.Key{Source: "argo-cd", ID: "checkout/1"}); got != "faultline verdict inc-1 confirm --change=checkout/1 --source=argo-cd --reason='undoing it ended the outage'" {
		t.Errorf("%s", got)
	}
}

// TestACopiedCommandRunsNothingElse gives names that a shell would act on to a real
// shell, and looks at the words that it makes of them.
func TestACopiedCommandRunsNothingElse(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatalf("a shell is needed to see what it makes of the command: %v", err)
	}
	for _, nasty := range []string{"$(echo owned)", "`id`", "a;b", "a b", "it's", "a'$(id)'b", `a"b\`, "-rf", "*", "~", "a|b>c", "#x", "!!", "ä", "a&b"} {
		command := verdictCommand("inc-1", correlate.Key{Source: "s", ID: nasty})
		out, err := exec.CommandContext(t.Context(), shell, "-c", `faultline() { for w in "$@"; do printf '[%s]' "$w"; done; }; `+command).Output()
		want := "[verdict][inc-1][confirm][--change=" + nasty + "][--source=s][--reason=undoing it ended the outage]"
		if err != nil || string(out) != want {
			t.Errorf("%q becomes %q, %v", nasty, out, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ -~]{1,20}`).Draw(t, "text")
		if q := quoted(text); q != text && (!strings.HasPrefix(q, "'") || !strings.HasSuffix(q, "'") || strings.ReplaceAll(strings.Trim(strings.ReplaceAll(q, `'\''`, "\x01"), "'"), "\x01", "'") != text && !strings.Contains(text, "'")) {
			t.Fatalf("%q becomes %s", text, q)
		}
	})
}
