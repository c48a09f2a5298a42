package respond

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"

	"github.com/sallyport/sallyport"
)

// reasonsTemplate shows what a caller may know of each reason. What operators
// are told is in docs/reference/reasons.md.
const reasonsTemplate = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Reasons</title></head>
<body>
<h1>Why a request was refused</h1>
<p>The type of a problem document leads here.</p>
{{range .}}<section id="{{.Reason}}">
<h2>{{.Title}}</h2>
<p><code>{{.Reason}}</code>, status {{.Status}}</p>
<p>{{.Public}}</p>
</section>
{{end}}</body>
</html>
`

// ReasonsPage returns the handler of the page that [DefaultDocs] points to. A
// reason of which callers are told a coarser one is there under that.
func ReasonsPage() (http.Handler, error) {
	t, err := template.New("reasons").Parse(reasonsTemplate)
	if err != nil {
		return nil, fmt.Errorf("the page of reasons: %w", err)
	}
	var shown []sallyport.ReasonInfo
	seen := map[sallyport.Reason]bool{}
	for _, info := range sallyport.Reasons() {
		if info.Coarse != "" {
			info.Reason = info.Coarse
		}
		if !seen[info.Reason] {
			seen[info.Reason] = true
			shown = append(shown, info)
		}
	}
	var page bytes.Buffer
	if err := t.Execute(&page, shown); err != nil {
		return nil, fmt.Errorf("the page of reasons: %w", err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(page.Bytes()) // the client may have gone
	}), nil
}
