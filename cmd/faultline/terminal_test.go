package main

import (
	"context"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// onTerminal runs a command line whose standard output is a terminal of so many
// columns, and returns what the terminal got.
func onTerminal(t *testing.T, columns uint16, stdin string, args ...string) string {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatalf("no pseudo terminal: %v", err)
	}
	defer master.Close()
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(slave.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: columns}); err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 1)
	go func() {
		all, _ := io.ReadAll(master) // Ends with EIO once the other side is closed.
		got <- string(all)
	}()
	run(context.Background(), args, []string{"HOME=" + t.TempDir()}, strings.NewReader(stdin), slave, slave)
	_ = slave.Close()
	select {
	case text := <-got:
		return strings.ReplaceAll(text, "\r\n", "\n")
	case <-time.After(time.Minute):
		t.Fatal("the terminal does not end")
		return ""
	}
}

// denied is a change that the rules which ship deny with a long reason.
const denied = `{"id":"d-1","source":"ci","kind":"deploy","services":["checkout"],
	"commits":[{"sha":"1","message":"Retry\n\nCo-authored-by: Claude <noreply@anthropic.com>","author":{"login":"ada"}}],"approvals":[{"by":"grace","level":"mid","before_start":true}]}`

func TestATableIsColouredAndWrappedOnATerminalAndWholeInAPipe(t *testing.T) {
	for _, name := range []string{"COLUMNS", "NO_COLOR", "TERM"} {
		t.Setenv(name, "")
	}
	_, piped, errs := execute(t, denied, "gate", "--change", "-")
	reason := ""
	for line := range strings.Lines(piped) {
		if strings.Contains(line, "to mend it:") {
			reason = strings.TrimSpace(line)
		}
	}
	if len(reason) < 100 || strings.Contains(piped, "\x1b") {
		t.Fatalf("in a pipe:\n%s%s", piped, errs)
	}
	narrow, wide := onTerminal(t, 80, denied, "gate", "--change", "-"), onTerminal(t, 200, denied, "gate", "--change", "-")
	for columns, text := range map[int]string{80: narrow, 200: wide} {
		if !strings.Contains(text, "\x1b[1mOUTCOME") {
			t.Errorf("%d columns: titles are not bold:\n%s", columns, text)
		}
		for line := range strings.SplitSeq(strings.NewReplacer("\x1b[1m", "", "\x1b[0m", "").Replace(text), "\n") {
			if len([]rune(line)) > columns {
				t.Errorf("%d columns: %q", columns, line)
			}
		}
		if words := strings.Join(strings.Fields(text), " "); !strings.Contains(words, "after that") {
			t.Errorf("%d columns: the reason is cut:\n%s", columns, text)
		}
	}
	if strings.Contains(narrow, reason) || !strings.Contains(wide, reason) {
		t.Errorf("80 columns:\n%s\n200 columns:\n%s", narrow, wide)
	}
}

func TestColourGoesWhenItIsNotWanted(t *testing.T) {
	for _, off := range [][2]string{{"NO_COLOR", "1"}, {"TERM", "dumb"}} {
		t.Setenv("NO_COLOR", "")
		t.Setenv("TERM", "xterm")
		t.Setenv(off[0], off[1])
		if text := onTerminal(t, 100, denied, "gate", "--change", "-"); strings.Contains(text, "\x1b") || !strings.Contains(text, "OUTCOME") {
			t.Errorf("%s=%s: %q", off[0], off[1], text)
		}
	}
	t.Setenv("NO_COLOR", "")
	if text := onTerminal(t, 100, denied, "gate", "--change", "-", "-o", "json"); strings.Contains(text, "\x1b") || !strings.Contains(text, `"decision"`) {
		t.Errorf("a document is coloured: %q", text)
	}
}
