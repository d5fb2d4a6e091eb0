package chdb

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// trim gives back the pages of the library that only its start needed: 166 MB
// are mapped when it is up, of which a process that inserts and asks touches a
// third again. They stay in the kernel's file cache, and a page that is needed
// after all is mapped again when it is.
func trim(library string) error {
	library, err := filepath.EvalSymlinks(library)
	if err != nil {
		return fmt.Errorf("find the file behind %s: %w", library, err)
	}
	file, err := os.Open("/proc/self/smaps")
	if err != nil {
		return fmt.Errorf("list the mappings of this process: %w", err)
	}
	defer file.Close() //nolint:errcheck // It was only read.
	spans, err := cleanSpans(file, library)
	for _, s := range spans {
		if _, _, errno := syscall.Syscall(syscall.SYS_MADVISE, s.start, s.end-s.start, syscall.MADV_DONTNEED); errno != 0 {
			err = errors.Join(err, fmt.Errorf("give back pages of %s: %w", library, errno))
		}
	}
	return err
}

// span is a range of addresses.
type span struct{ start, end uintptr }

// cleanSpans finds the mappings of a file that hold nothing but what the file
// holds: they cannot be written, and no page of them was when the loader put
// addresses in.
func cleanSpans(smaps io.Reader, path string) ([]span, error) {
	var clean []span
	var current span
	candidate := false
	lines := bufio.NewScanner(smaps)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		switch {
		case len(fields) == 3 && fields[0] == "Anonymous:":
			if candidate && fields[1] == "0" {
				clean = append(clean, current)
			}
			candidate = false
		case len(fields) >= 5 && !strings.HasSuffix(fields[0], ":"):
			if _, err := fmt.Sscanf(fields[0], "%x-%x", &current.start, &current.end); err != nil {
				return nil, fmt.Errorf("read the mapping %q: %w", fields[0], err)
			}
			candidate = strings.Join(fields[5:], " ") == path && fields[1][1] == '-'
		}
	}
	return clean, lines.Err()
}
