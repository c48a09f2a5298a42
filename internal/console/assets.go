package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
)

//go:embed assets
var assetFiles embed.FS

// An asset is a file that is the same for everybody.
type asset struct {
	kind   string // content type
	text   []byte
	packed []byte // the same by gzip; nil: that is no smaller
}

// assets are the files by the name that they have in URLs. The name changes with
// the content, so that browsers can keep them for ever.
type assets struct {
	files  map[string]asset
	style  string // URLs
	script string
	icon   string

	passkey string // a script for the pages with passkeys alone
}

func loadAssets() (assets, error) {
	a := assets{files: map[string]asset{}}
	for _, f := range []struct {
		file, kind string
		url        *string
	}{
		{"style.css", "text/css; charset=utf-8", &a.style},
		{"script.js", "text/javascript; charset=utf-8", &a.script},
		{"passkey.js", "text/javascript; charset=utf-8", &a.passkey},
		{"icon.svg", "image/svg+xml", &a.icon},
	} {
		text, err := fs.ReadFile(assetFiles, "assets/"+f.file)
		if err != nil {
			return a, fmt.Errorf("read an asset: %w", err)
		}
		sum := sha256.Sum256(text)
		ext := path.Ext(f.file)
		named := strings.TrimSuffix(f.file, ext) + "." + hex.EncodeToString(sum[:6]) + ext
		a.files[named] = asset{f.kind, text, packed(text)}
		*f.url = Base + "/assets/" + named
	}
	return a, nil
}

func (v *visit) asset() error {
	f, ok := v.assets.files[v.r.PathValue("file")]
	if !ok {
		return sallyport.ErrNotFound("there is no such file")
	}
	h := v.w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	text := f.text
	if f.packed != nil && takesGzip(v.r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		text = f.packed
	}
	http.ServeContent(v.w, v.r, "", time.Time{}, bytes.NewReader(text))
	return nil
}

// packed compresses a file that everybody may see.
func packed(text []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil
	}
	if _, err = w.Write(text); err != nil || w.Close() != nil || b.Len() >= len(text) {
		return nil
	}
	return b.Bytes()
}

// takesGzip reports whether a browser takes gzip (RFC 9110 section 12.5.3).
func takesGzip(accept string) bool {
	for coding := range strings.SplitSeq(accept, ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			return strings.ReplaceAll(weight, " ", "") != "q=0"
		}
	}
	return false
}
