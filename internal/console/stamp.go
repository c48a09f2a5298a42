package console

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
)

// stampField is the field that proves that a form is one of our pages'.
const stampField = "stamp"

// formStart is how each form that changes something begins in our templates.
// Stored text is escaped, so nothing else on a page looks like it.
var formStart = []byte(`<form method="post"`)

// stamp is what only a page can know that was made for this session: a keyed
// hash of nothing but itself, whose key is the session's secret. It is "" for a
// visitor without a session.
func (v *visit) stamp() string {
	secret, reason := v.shown()
	if reason != "" || secret == "" {
		return ""
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("console form"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// stamped puts the stamp into each form of a page, so that none can be
// forgotten.
func (v *visit) stamped(page []byte) []byte {
	if v.self == nil || !bytes.Contains(page, formStart) {
		return page
	}
	field := []byte(`<input type="hidden" name="` + stampField + `" value="` + v.stamp() + `">`)
	var out []byte
	for {
		start := bytes.Index(page, formStart)
		if start < 0 {
			return append(out, page...)
		}
		end := bytes.IndexByte(page[start:], '>')
		if end < 0 {
			return append(out, page...)
		}
		end += start + 1
		out = append(append(out, page[:end]...), field...)
		page = page[end:]
	}
}

// An origin says where a form comes from.
type origin int

const (
	foreign origin = iota // another site, or it is not told credibly
	untold                // the browser says nothing of it
	ours
)

// originOf tells where a form comes from by what the browser says of it.
func (v *visit) originOf() origin {
	if v.crossOrigin.Check(v.r) != nil {
		return foreign
	}
	if len(v.r.Header["Sec-Fetch-Site"]) > 0 {
		return ours
	}
	switch told := v.r.Header["Origin"]; {
	case len(told) == 0:
		return untold
	case len(told) == 1 && (told[0] == v.request.Scheme+"://"+v.r.Host || told[0] == v.origin):
		return ours
	}
	return foreign
}

// trusted reports whether a form was sent by one of our own pages. Where the
// browser does not say, as those before 2020 do not, the form's stamp decides.
func (v *visit) trusted() bool {
	switch v.originOf() {
	case ours:
		return true
	case untold:
		want := v.stamp()
		return want != "" && hmac.Equal([]byte(want), []byte(v.form.Get(stampField)))
	case foreign:
	}
	return false
}

// send answers with a page.
func (v *visit) send(status int, page []byte) {
	v.w.WriteHeader(status)
	if v.r.Method != http.MethodHead {
		_, _ = v.w.Write(page) // the browser is gone
	}
}
