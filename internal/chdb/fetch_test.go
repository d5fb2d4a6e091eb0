package chdb

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/internal/testenv"
)

// fetcher runs scripts/fetch-chdb.sh with a cache of its own and only those
// commands that the test gives it.
type fetcher struct {
	t          *testing.T
	cache, bin string
	env        []string
}

func newFetcher(t *testing.T) *fetcher {
	t.Helper()
	testenv.Need(t, runtime.GOOS == "linux", "Linux", "the script fetches for no other system")
	f := &fetcher{t: t, cache: t.TempDir(), bin: t.TempDir()}
	for _, name := range []string{"bash", "dirname", "sed", "grep", "tr", "cut", "du", "mkdir", "mktemp", "mv", "cp", "rm", "chmod", "sleep", "kill", "cat"} {
		path, err := exec.LookPath(name)
		testenv.Need(t, err == nil, name, "install it")
		if err := os.Symlink(path, filepath.Join(f.bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	f.command("uname", `[ "$1" = -s ] && echo Linux || echo x86_64`)
	f.command("getconf", "echo glibc 2.36")
	return f
}

// command gives the script a command.
func (f *fetcher) command(name, script string) {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(f.bin, name), []byte("#!"+filepath.Join(f.bin, "bash")+"\n"+script+"\n"), 0o755); err != nil {
		f.t.Fatal(err)
	}
}

// npm gives it an npm that installs a library when it is called rightly.
func (f *fetcher) npm() {
	f.command("npm", `[ "$1" = ci ] && [[ " $* " == *" --ignore-scripts "* ]] || { echo "npm error called as $*"; exit 1; }
[ -f package-lock.json ] && grep -q omit-lockfile-registry-resolved=true .npmrc || { echo "npm error no lock"; exit 1; }
sleep 0.1; mkdir -p node_modules/@chdb/lib-linux-x64-gnu; echo library > node_modules/@chdb/lib-linux-x64-gnu/libchdb.so`)
}

// start makes the command ready to run.
func (f *fetcher) start() *exec.Cmd {
	cmd := exec.CommandContext(f.t.Context(), filepath.Join(f.bin, "bash"), filepath.Join("..", "..", "scripts", "fetch-chdb.sh"))
	cmd.Env = append([]string{"PATH=" + f.bin, "HOME=" + f.cache, "FAULTLINE_CACHE=" + f.cache, "TMPDIR=" + f.cache}, f.env...)
	return cmd
}

func (f *fetcher) run() (output string, err error) {
	out, err := f.start().CombinedOutput()
	return string(out), err
}

func (f *fetcher) library() string {
	return filepath.Join(f.cache, "chdb", Version, "node_modules", "@chdb", "lib-linux-x64-gnu", "libchdb.so")
}

// clean fails when the cache holds anything but finished installations.
func (f *fetcher) clean() {
	f.t.Helper()
	left, err := filepath.Glob(filepath.Join(f.cache, "chdb", ".*"))
	if err != nil || len(left) > 0 {
		f.t.Errorf("left behind: %v %v", left, err)
	}
}

func TestFetchingInstallsWhereTheCodeLooksAndOnlyOnce(t *testing.T) {
	f := newFetcher(t)
	f.npm()
	out, err := f.run()
	if err != nil || !strings.Contains(out, "166 MB") || !strings.Contains(out, "MB unpacked") || !strings.Contains(out, "is ready") {
		t.Fatalf("%v: %s", err, out)
	}
	t.Setenv("FAULTLINE_CACHE", f.cache)
	t.Setenv("FAULTLINE_LIBCHDB", "")
	if path, err := Find(); err != nil || path != f.library() {
		t.Errorf("found %s, %v", path, err)
	}
	f.clean()
	// The second time works without npm and without a network.
	if err := os.Remove(filepath.Join(f.bin, "npm")); err != nil {
		t.Fatal(err)
	}
	if out, err := f.run(); err != nil || !strings.Contains(out, "is present") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestWhatKeepsTheEngineFromBeingFetchedIsOneLine(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*fetcher)
		want    string
	}{
		"npm":      {func(*fetcher) {}, "npm is missing; install Node.js"},
		"platform": {func(f *fetcher) { f.command("uname", "echo Darwin") }, "Linux/x86_64 only and this is Darwin/Darwin"},
		"libc":     {func(f *fetcher) { f.command("getconf", "exit 1") }, "needs glibc"},
		"registry": {func(f *fetcher) {
			f.command("npm", "echo npm error code ECONNREFUSED; echo 'npm error connect refused'; echo 'npm error     at somewhere'; exit 1")
		}, "(code ECONNREFUSED connect refused )"},
		"package":  {func(f *fetcher) { f.command("npm", "exit 0") }, "is not among the files"},
		"override": {func(f *fetcher) { f.env = []string{"FAULTLINE_LIBCHDB=/nowhere/libchdb.so"} }, "FAULTLINE_LIBCHDB names /nowhere/libchdb.so"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFetcher(t)
			c.prepare(f)
			out, err := f.run()
			var line string
			for l := range strings.Lines(out) {
				if strings.HasPrefix(l, "fetch-chdb: ") {
					line += l
				}
			}
			if err == nil || strings.Count(line, "\n") != 1 || !strings.Contains(line, c.want) {
				t.Errorf("%v: %s, want one line with %q", err, out, c.want)
			}
			if name != "package" && !strings.Contains(line, "--clickhouse-dsn") {
				t.Errorf("%s does not name the setting for a server", line)
			}
			f.clean()
		})
	}
}

func TestAnInterruptedFetchLeavesNothing(t *testing.T) {
	f := newFetcher(t)
	f.command("npm", "sleep 30")
	cmd := f.start()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("an interrupted fetch succeeds")
	}
	if _, err := os.Stat(f.library()); err == nil {
		t.Error("an interrupted fetch installs")
	}
	f.clean()
}
