package itop

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/sallyport/sallyport/demo/platform/web"
)

// params reads the parameters of a request as the product's language does:
// from the query, a form or a multipart body, of which the body goes first. A
// file part counts as a parameter unless an ordinary one has its name.
func params(w http.ResponseWriter, r *http.Request) (map[string]string, error) {
	out := map[string]string{}
	parse(out, r.URL.RawQuery)
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
			parse(out, string(body))
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

// maxParams bounds the parameters of one request, like the product's own
// setting does.
const maxParams = 1000

// parse adds the parameters of a query or form to out. The last one of a name
// counts. What is not a valid escape is taken as it stands.
func parse(out map[string]string, text string) {
	n := 0
	for pair := range strings.SplitSeq(text, "&") {
		if n++; n > maxParams {
			return
		}
		name, value, _ := strings.Cut(pair, "=")
		if name = unescape(name); name != "" {
			out[name] = unescape(value)
		}
	}
}

func unescape(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			out = append(out, ' ')
		case s[i] == '%' && i+2 < len(s) && hex(s[i+1]) < 16 && hex(s[i+2]) < 16:
			out = append(out, hex(s[i+1])<<4|hex(s[i+2]))
			i += 2
		default:
			out = append(out, s[i])
		}
	}
	return string(out)
}

// hex is the value of a hexadecimal digit, 16 for anything else.
func hex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 16
}

// parts adds the parts of a multipart body to out.
func parts(out map[string]string, r *http.Request) error {
	body, err := r.MultipartReader()
	if err != nil {
		return err
	}
	files := map[string]string{}
	for range maxParams {
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
