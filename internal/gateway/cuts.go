package gateway

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn/carrier"
)

// cuts are the places in which clients of an API have their credentials. They
// are cut out of what the upstream gets, whether a credential was looked for or
// not; only our own session cookies are if the API wants to see the others.
type cuts struct {
	headers []string // in canonical form
	query   []string
	form    []string
	cookies []string

	allCookies bool
}

func newCuts(doc *sallyport.API) cuts {
	c := cuts{allCookies: doc.Upstream.DropCookies, cookies: []string{SessionCookie, InsecureSessionCookie}}
	if doc.Upstream.ForwardCredentials {
		for _, a := range doc.Accept {
			if a.In == sallyport.CarrierCookie {
				c.cookies = slices.DeleteFunc(c.cookies, func(name string) bool { return name == a.Name })
			}
		}
		return c
	}
	c.headers = []string{"Authorization"}
	c.query, c.form = slices.Clone(doc.Upstream.DropParameters), slices.Clone(doc.Upstream.DropParameters)
	for _, a := range doc.Accept {
		switch a.In {
		case sallyport.CarrierHeader:
			c.headers = append(c.headers, http.CanonicalHeaderKey(a.Name))
		case sallyport.CarrierQuery:
			c.query = append(c.query, whole(a)...)
		case sallyport.CarrierForm:
			c.form = append(c.form, whole(a)...)
		case sallyport.CarrierCookie:
			c.cookies = append(c.cookies, a.Name)
		case sallyport.CarrierBasic, sallyport.CarrierBearer:
		}
	}
	return c
}

// whole returns the names of all of a credential. A login that is left alone would
// be half a credential to the upstream.
func whole(a sallyport.Accept) []string {
	if a.Login == "" {
		return []string{a.Name}
	}
	return []string{a.Name, a.Login}
}

func (m *mount) cutQuery(raw string) string {
	if raw == "" || len(m.cut.query) == 0 {
		return raw
	}
	return carrier.CutQuery(raw, m.cut.query...)
}

func (m *mount) cutHeaders(h http.Header) {
	for _, name := range m.cut.headers {
		delete(h, name)
	}
	if m.cut.allCookies {
		delete(h, "Cookie")
	}
	lines := h["Cookie"]
	if len(lines) == 0 {
		return
	}
	var kept []string
	for _, line := range lines {
		if line = carrier.CutCookie(line, m.cut.cookies...); line != "" {
			kept = append(kept, line)
		}
	}
	if len(kept) == 0 {
		delete(h, "Cookie")
		return
	}
	h["Cookie"] = kept
}

// cutForm cuts the credential out of a form.
func (p *passage) cutForm() sallyport.Reason {
	types := p.in.Header["Content-Type"]
	if len(p.mount.cut.form) == 0 || len(types) != 1 {
		return ""
	}
	media, params, err := mime.ParseMediaType(types[0])
	isMultipart := strings.EqualFold(media, "multipart/form-data")
	if !isMultipart && !strings.EqualFold(media, "application/x-www-form-urlencoded") {
		return ""
	}
	body, readErr := p.body.Bytes()
	if readErr != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](readErr); tooLarge {
			return sallyport.BodyTooLarge
		}
		return sallyport.BodyMalformed
	}
	cut := body
	if isMultipart {
		if err == nil {
			cut, err = cutParts(body, params["boundary"], p.mount.cut.form)
		}
		if err != nil {
			return sallyport.BodyMalformed
		}
	} else {
		cut = carrier.CutForm(body, p.mount.cut.form...)
	}
	if len(cut) != len(body) {
		p.body.Replace(cut)
	}
	return ""
}

// cutParts returns a multipart form without the parts of these names. If there
// are none it returns body itself; else the parts that stay are written anew, so
// that the upstream reads the very ones that were read here.
func cutParts(body []byte, boundary string, names []string) ([]byte, error) {
	reader := multipart.NewReader(bytes.NewReader(body), boundary)
	var out bytes.Buffer
	writer := multipart.NewWriter(&out)
	if err := writer.SetBoundary(boundary); err != nil {
		return nil, err
	}
	dropped := false
	for {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		_, disposition, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
		if err != nil {
			return nil, err
		}
		if slices.Contains(names, disposition["name"]) {
			dropped = true
			continue
		}
		to, err := writer.CreatePart(part.Header)
		if err != nil {
			return nil, err
		}
		if _, err := io.Copy(to, part); err != nil {
			return nil, err
		}
	}
	if !dropped {
		return body, nil
	}
	err := writer.Close()
	return out.Bytes(), err
}
