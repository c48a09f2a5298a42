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

func (m *mount) cutQuery(raw string) string {
	if raw == "" || len(m.cut.Query) == 0 {
		return raw
	}
	return carrier.CutQuery(raw, m.cut.Query...)
}

func (m *mount) cutHeaders(h http.Header) {
	for _, name := range m.cut.Headers {
		delete(h, name)
	}
	lines := h["Cookie"]
	if len(lines) == 0 {
		return
	}
	if kept := m.cut.CutCookies(lines); len(kept) > 0 {
		h["Cookie"] = kept
	} else {
		delete(h, "Cookie")
	}
}

// cutForm cuts the credential out of a form.
func (p *passage) cutForm() sallyport.Reason {
	types := p.in.Header["Content-Type"]
	if len(p.mount.cut.Form) == 0 || len(types) != 1 {
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
			cut, err = cutParts(body, params["boundary"], p.mount.cut.Form)
		}
		if err != nil {
			return sallyport.BodyMalformed
		}
	} else {
		cut = carrier.CutForm(body, p.mount.cut.Form...)
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
