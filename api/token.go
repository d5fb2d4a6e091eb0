package api

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Role is what a token may do.
type Role string

// The roles. Reader reads. Ingest sends events and cannot read. Agent reads and
// proposes verdicts, which count for nothing until a person accepts them. Judge
// reads, proposes and judges findings. Admin may do everything.
const (
	RoleReader Role = "reader"
	RoleIngest Role = "ingest"
	RoleAgent  Role = "agent"
	RoleJudge  Role = "judge"
	RoleAdmin  Role = "admin"
)

// Roles lists every role, the weakest first.
func Roles() []Role { return []Role{RoleReader, RoleIngest, RoleAgent, RoleJudge, RoleAdmin} }

// Covers reports whether the role may do what need may do.
func (r Role) Covers(need Role) bool {
	switch r {
	case RoleAdmin:
		return slices.Contains(Roles(), need)
	case RoleJudge:
		return need == RoleJudge || need == RoleAgent || need == RoleReader
	case RoleAgent:
		return need == RoleAgent || need == RoleReader
	case RoleReader, RoleIngest:
		return need == r
	default:
		return false
	}
}

// Token is a configured token: everything but the token itself.
type Token struct {
	// ID is the public part of the token, between its first two underscores.
	ID string
	// Name says in logs who called.
	Name string
	Role Role
	// Hash is "sha256:" and 64 hexadecimal digits over the whole token.
	Hash string
	// ExpiresAt ends the token's life; zero means never.
	ExpiresAt time.Time
}

// tokenPrefix starts every token, so that secret scanners can find leaked ones.
const tokenPrefix = "flt"

// Sizes of a token's parts before encoding. A secret of 256 random bits cannot
// be guessed, so a plain hash without salt or stretching keeps it.
const (
	tokenIDBytes     = 5
	tokenSecretBytes = 32
)

// NewToken draws a token, flt_<id>_<secret>, from a source of secure random
// bytes. The text is shown once and never stored; the Token goes into the
// configuration.
func NewToken(random io.Reader, name string, role Role) (text string, token Token, err error) {
	if name == "" {
		return "", Token{}, fmt.Errorf("a token needs a name that says who calls with it")
	}
	if !slices.Contains(Roles(), role) {
		return "", Token{}, fmt.Errorf("unknown role %q; use one of %s", role, strings.Trim(fmt.Sprint(Roles()), "[]"))
	}
	raw := make([]byte, tokenIDBytes+tokenSecretBytes)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", Token{}, fmt.Errorf("draw a token: %w", err)
	}
	id, secret := tokenText(raw[:tokenIDBytes]), tokenText(raw[tokenIDBytes:])
	text = tokenPrefix + "_" + id + "_" + secret
	return text, Token{ID: id, Name: name, Role: role, Hash: HashToken(text)}, nil
}

// tokenText encodes in lower-case letters and digits, which double-click as one
// word and survive any shell.
func tokenText(raw []byte) string {
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw))
}

// hashPrefix names the hash, so that another one can follow it one day.
const hashPrefix = "sha256:"

// HashToken returns the hash that the configuration holds for a token.
func HashToken(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hashPrefix + hex.EncodeToString(sum[:])
}

// parseHash reads what HashToken writes.
func parseHash(hash string) (sum [sha256.Size]byte, err error) {
	digits, ok := strings.CutPrefix(hash, hashPrefix)
	if !ok || hex.DecodedLen(len(digits)) != len(sum) {
		return sum, fmt.Errorf("the hash is not %q and %d hexadecimal digits", hashPrefix, hex.EncodedLen(len(sum)))
	}
	if _, err := hex.Decode(sum[:], []byte(digits)); err != nil {
		return sum, fmt.Errorf("the hash: %w", err)
	}
	return sum, nil
}

// splitToken returns the public id of a token, if the text looks like one.
func splitToken(text string) (id string, ok bool) {
	parts := strings.SplitN(text, "_", 3)
	if len(parts) != 3 || parts[0] != tokenPrefix || parts[1] == "" || parts[2] == "" {
		return "", false
	}
	return parts[1], true
}
