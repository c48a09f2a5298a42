package itop

import (
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/sallyport/sallyport/demo/platform/web"
)

// params reads the parameters of a request as the product's language does:
// from the query, a form or a multipart body, of which the body goes first. A
// file part counts as a parameter unless an ordinary one has its name.
func params(w http.ResponseWriter, r *http.Request) (map[string]string, error) {
	out := map[string]string{}
	web.LenientForm(out, r.URL.RawQuery)
	if r.Body == nil || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return out, nil
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	r.Body = http.MaxBytesReader(w, r.Body, web.MaxBody)
	var err error
	switch kind {
	case "application/x-www-form-urlencoded":
		var body []byte
		if body, err = io.ReadAll(r.Body); err == nil {
			web.LenientForm(out, string(body))
		}
	case "multipart/form-data":
		err = parts(out, r)
	}
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		return nil, internal("the request is longer than %d bytes", web.MaxBody)
	}
	if err != nil {
		return nil, internal("the body of the request could not be read")
	}
	return out, nil
}

// parts adds the parts of a multipart body to out.
func parts(out map[string]string, r *http.Request) error {
	body, err := r.MultipartReader()
	if err != nil {
		return err
	}
	files := map[string]string{}
	for range web.MaxParams {
		part, err := body.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return err
		}
		if part.FileName() != "" {
			files[part.FormName()] = string(content)
			continue
		}
		out[part.FormName()] = string(content)
	}
	for name, content := range files {
		if _, taken := out[name]; !taken {
			out[name] = content
		}
	}
	return nil
}
