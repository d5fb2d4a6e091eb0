package eval

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/faultline/faultline/correlate"
)

// weightsFormat names the form of a weights file, so that a later one can be
// told apart.
const weightsFormat = "faultline-weights/1"

// WeightsFile is what fitting writes: the weights with their calibration, where
// they come from, and how they did on cases they were not fitted to.
type WeightsFile struct {
	Format   string    `json:"format"`
	FittedAt time.Time `json:"fitted_at"`
	// Files are the names of the case files, without their directories.
	Files []string `json:"files"`
	// Folds is the number of folds behind OutOfFold.
	Folds int `json:"folds"`
	// Turned are the weights that fitting could alter beside the calibration.
	Turned []string `json:"turned"`
	// OutOfFold are the figures of the fitted weights on cases that they had not
	// seen, Shipped those of the weights that it started from.
	OutOfFold RankerFigures `json:"out_of_fold"`
	Shipped   RankerFigures `json:"shipped"`
	// Cases are hashes of the cases that were learnt from; see hashCase.
	Cases   []string          `json:"cases"`
	Weights correlate.Weights `json:"weights"`
}

// hashCase identifies a case without telling its name: 16 hexadecimal digits of
// a SHA-256 over name and moment of judgement.
func hashCase(name string, at time.Time) string {
	sum := sha256.Sum256([]byte(name + "\n" + at.UTC().Format(time.RFC3339Nano)))
	return hex.EncodeToString(sum[:8])
}

// Knows reports whether the weights were fitted to the case.
func (f *WeightsFile) Knows(name string, at time.Time) bool {
	return f != nil && slices.Contains(f.Cases, hashCase(name, at))
}

// Write writes the file as indented JSON, whole or not at all.
func (f *WeightsFile) Write(path string) error {
	data, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return fmt.Errorf("write weights: %w", err)
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".weights-*")
	if err != nil {
		return fmt.Errorf("write weights: %w", err)
	}
	_, err = temporary.Write(append(data, '\n'))
	if closed := temporary.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Chmod(temporary.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
		return fmt.Errorf("write weights: %w", err)
	}
	return nil
}

// ReadWeights reads a weights file. Weights that it leaves out keep their
// shipped values; unknown keys and values out of bounds are refused by name.
func ReadWeights(path string) (*WeightsFile, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read weights: %w", err)
	}
	f := &WeightsFile{Weights: correlate.DefaultWeights()}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(f); err != nil {
		return nil, fmt.Errorf("weights file %s: %w; write one with faultline fit", path, err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, fmt.Errorf("weights file %s: something follows the JSON object; leave one object in it", path)
	}
	if f.Format != weightsFormat {
		return nil, fmt.Errorf("weights file %s: format is %q; this version reads %q, so fit again", path, f.Format, weightsFormat)
	}
	if err := f.Weights.Check(); err != nil {
		return nil, fmt.Errorf("weights file %s: %w", path, err)
	}
	return f, nil
}
