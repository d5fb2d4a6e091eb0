package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"path"
)

//go:embed static
var staticFiles embed.FS

// assets are the embedded style, script and icon by the digest in their
// address. A new version has a new address, so browsers may keep them for good.
type assets struct {
	byName map[string]asset
}

type asset struct {
	address, media string
	body           []byte
}

// loadAssets reads everything under static.
func loadAssets() (*assets, error) {
	entries, err := staticFiles.ReadDir("static")
	if err != nil {
		return nil, fmt.Errorf("embedded assets: %w", err)
	}
	a := &assets{byName: make(map[string]asset, len(entries))}
	for _, entry := range entries {
		body, err := staticFiles.ReadFile(path.Join("static", entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("embedded asset: %w", err)
		}
		sum := sha256.Sum256(body)
		media := mime.TypeByExtension(path.Ext(entry.Name()))
		a.byName[entry.Name()] = asset{
			address: "/assets/" + hex.EncodeToString(sum[:6]) + "/" + entry.Name(), media: media, body: body,
		}
	}
	return a, nil
}

// path returns the address of an asset.
func (a *assets) path(name string) string { return a.byName[name].address }

// serve answers one asset. An address with another digest is of another version
// and is not answered with this one.
func (s *Site) serveAsset(w http.ResponseWriter, r *http.Request) error {
	known, ok := s.assets.byName[r.PathValue("name")]
	if !ok || known.address != r.URL.Path {
		return s.Problem(w, r, &Problem{
			Status: http.StatusNotFound, Title: "There is no such file", Detail: "This file belongs to another version of the pages; load the page anew.",
		})
	}
	h := w.Header()
	h.Set("Content-Type", known.media)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	return send(w, r, http.StatusOK, known.body)
}
