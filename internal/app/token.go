package app

import (
	"crypto/rand"
	"fmt"
	"io"

	"github.com/faultline/faultline/api"
)

// TokenOptions say what a new token may do and what it is for.
type TokenOptions struct {
	Role   string
	Name   string
	Output string
}

// createdToken is a new token with its entry for the configuration.
type createdToken struct {
	Token string `json:"token"`
	ID    string `json:"id"`
	Name  string `json:"name"`
	Role  string `json:"role"`
	Hash  string `json:"hash"`
}

// CreateToken draws a token and prints it once, with the entry that lets the
// service know it. Only the hash is ever stored.
func CreateToken(opts TokenOptions, out io.Writer) error {
	if err := checkOutput(opts.Output); err != nil {
		return err
	}
	text, token, err := api.NewToken(rand.Reader, opts.Name, api.Role(opts.Role))
	if err != nil {
		return err
	}
	made := createdToken{Token: text, ID: token.ID, Name: token.Name, Role: string(token.Role), Hash: token.Hash}
	if opts.Output != "table" {
		return writeDocument(out, opts.Output, made)
	}
	_, err = fmt.Fprintf(out, "token (shown once, keep it): %s\n\nentry for the configuration:\n\napi:\n  tokens:\n    - {id: %s, name: %q, role: %s, hash: %q}\n",
		made.Token, made.ID, made.Name, made.Role, made.Hash)
	return err
}
