package app

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/faultline/faultline/internal/policy"
)

// LoadPolicy compiles the rules in a file, those that ship when there is no
// name. The error lists everything that is wrong, with line, column and mend.
func LoadPolicy(path string) (*policy.Policy, error) {
	text := policy.Builtin()
	if path != "" {
		var err error
		if text, err = os.ReadFile(path); err != nil {
			return nil, fmt.Errorf("policy: %w; name a file of rules, or none for those that ship", err)
		}
	}
	rules, err := policy.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("policy %s: %w", path, err)
	}
	return rules, nil
}

// policy is the rules of this process, read once.
func (s *service) policy() (*policy.Policy, error) {
	if s.rules != nil {
		return s.rules, nil
	}
	var err error
	s.rules, err = LoadPolicy(s.cfg.Policy.File)
	return s.rules, err
}

// CheckPolicy compiles the rules in a file and tells what they are. Everything
// that is wrong is in the error.
func CheckPolicy(path, output string, out io.Writer) error {
	if err := checkOutput(output); err != nil {
		return err
	}
	rules, err := LoadPolicy(path)
	if err != nil {
		return err
	}
	if output != "table" {
		return writeDocument(out, output, map[string]any{"version": rules.Version(), "rules": rules.Rules()})
	}
	return printLine(out, fmt.Sprintf("version %s, %d rules: %s", rules.Version(), len(rules.Rules()), strings.Join(rules.Rules(), ", ")))
}

// ShowPolicy prints the rules that ship, as a start for one's own.
func ShowPolicy(out io.Writer) error {
	_, err := out.Write(policy.Builtin())
	return err
}
