package deliver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/faultline/faultline/internal/report"
)

// Files writes the report into a directory, one file for each rendering.
type Files struct{ dir string }

// NewFiles writes into a directory, which is made when it is missing.
func NewFiles(dir string) *Files { return &Files{dir: dir} }

// Recipients is the directory.
func (f *Files) Recipients() []string { return []string{"files:" + f.dir} }

// Send writes all renderings. Each appears whole or not at all, and a second
// writing changes nothing, so it needs no note of its beginning.
func (f *Files) Send(_ context.Context, r *report.Report, _ string, _ Begin) error {
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return fmt.Errorf("directory of reports: %w", err)
	}
	for _, format := range report.Formats() {
		text, err := r.Render(format)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrFinal, err)
		}
		if err := replace(filepath.Join(f.dir, "faultline-"+r.Week+"."+format.Ending()), text); err != nil {
			return err
		}
	}
	return nil
}

// replace writes a file beside the place and moves it there.
func replace(path string, text []byte) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), ".report-*")
	if err != nil {
		return fmt.Errorf("write a report: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write a report: %w", err), os.Remove(file.Name()))
		}
	}()
	if _, err := file.Write(text); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := errors.Join(file.Chmod(0o644), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
