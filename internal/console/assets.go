package console

import (
	"bytes"
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
	kind string // content type
	text []byte
}

// assets are the files by the name that they have in URLs. The name changes with
// the content, so that browsers can keep them for ever.
type assets struct {
	files map[string]asset
	style string // URLs
	icon  string
}

func loadAssets() (assets, error) {
	a := assets{files: map[string]asset{}}
	for _, f := range []struct {
		file, kind string
		url        *string
	}{
		{"style.css", "text/css; charset=utf-8", &a.style},
		{"icon.svg", "image/svg+xml", &a.icon},
	} {
		text, err := fs.ReadFile(assetFiles, "assets/"+f.file)
		if err != nil {
			return a, fmt.Errorf("read an asset: %w", err)
		}
		sum := sha256.Sum256(text)
		ext := path.Ext(f.file)
		named := strings.TrimSuffix(f.file, ext) + "." + hex.EncodeToString(sum[:6]) + ext
		a.files[named] = asset{f.kind, text}
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
	h.Del("Vary")
	http.ServeContent(v.w, v.r, "", time.Time{}, bytes.NewReader(f.text))
	return nil
}
