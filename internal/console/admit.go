package console

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/authn/carrier"
	"github.com/sallyport/sallyport/internal/doors"
)

// maxForm bounds what a form may hold, in bytes.
const maxForm = 64 << 10

// admit decides whether a request may go on to its route. If it may not, it is
// answered already, unless there is an error.
func (v *visit) admit(rt *route) (admitted bool, err error) {
	if rt.large() {
		// Its form may be large, so it is not read for just anybody.
		if reason := v.identify(); reason != "" {
			return false, v.turnAway(reason)
		}
		v.body.Limit(maxUpload)
	}
	if rt.method == http.MethodPost {
		if err := v.readForm(); err != nil {
			return false, err
		}
	}
	if rt.access == anybody {
		v.decision.Allowed, v.decision.Reason = true, ""
		return true, nil
	}
	if reason := v.identify(); reason != "" {
		return false, v.turnAway(reason)
	}
	self, err := v.Admin.Me(v.r.Context(), v.actor)
	if err != nil {
		if e, ok := errors.AsType[*sallyport.Error](err); ok && e.Kind == sallyport.Refused && e.Reason.Coarse() == sallyport.CredentialInvalid {
			return false, v.turnAway(e.Reason) // it ended this very moment
		}
		return false, err
	}
	v.self = &self
	if self.MustChange && rt.access != changing {
		return false, v.redirect(Base + "/password")
	}
	return true, nil
}

// large reports whether the form of a route may be larger than others.
func (rt *route) large() bool {
	return rt.access == member && slices.Contains([]string{startPath, documentPath, importPath}, rt.path)
}

// readForm reads a form of one of our pages.
func (v *visit) readForm() error {
	if v.originOf() == foreign {
		return v.denied(sallyport.OriginForbidden)
	}
	kind, parameters, err := mime.ParseMediaType(v.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" && kind != "multipart/form-data" {
		return v.denied(sallyport.BodyMalformed)
	}
	text, err := v.body.Bytes()
	if err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return v.denied(sallyport.BodyTooLarge)
		}
		return v.denied(sallyport.BodyMalformed)
	}
	if kind == "multipart/form-data" {
		v.form, err = inParts(text, parameters["boundary"])
	} else {
		v.form, err = url.ParseQuery(string(text))
	}
	if err != nil {
		return v.denied(sallyport.BodyMalformed)
	}
	if !v.trusted() {
		return v.denied(sallyport.OriginForbidden)
	}
	v.form.Del(stampField)
	return nil
}

// maxUpload bounds a form with a file in it, in bytes.
const maxUpload = 2 << 20

// inParts reads a form in parts (RFC 7578). Of a file it is the content that
// counts.
func inParts(text []byte, boundary string) (url.Values, error) {
	// What was read already is kept in memory, never in files.
	form, err := multipart.NewReader(bytes.NewReader(text), boundary).ReadForm(maxUpload)
	if err != nil {
		return nil, fmt.Errorf("read a form in parts: %w", err)
	}
	values := url.Values(form.Value)
	for name, files := range form.File {
		for _, header := range files {
			f, err := header.Open()
			if err != nil {
				return nil, fmt.Errorf("open a part of a form: %w", err)
			}
			content, err := io.ReadAll(f)
			if err = errors.Join(err, f.Close()); err != nil {
				return nil, fmt.Errorf("read a part of a form: %w", err)
			}
			values.Add(name, string(content))
		}
	}
	return values, nil
}

// shown returns the session's secret that the request has in its cookie.
func (v *visit) shown() (string, sallyport.Reason) {
	found, fault := carrier.Extract(
		carrier.View{Header: v.r.Header, RawQuery: v.r.URL.RawQuery},
		[]carrier.Carrier{{In: carrier.Cookie, Name: v.Cookie}},
	)
	switch {
	case fault != carrier.OK:
		return "", fault.Reason()
	case found.In != carrier.Cookie:
		return "", sallyport.CredentialMissing
	}
	return found.Secret, ""
}

// identify finds out who comes, by the first door.
func (v *visit) identify() sallyport.Reason {
	secret, reason := v.shown()
	if reason != "" {
		return reason
	}
	holder, reason := v.Doors.Holder(v.r.Context(), doors.Shown{
		Secret: secret, Kinds: []sallyport.CredentialKind{sallyport.Session}, Client: v.request.Client, Agent: v.r.UserAgent(),
	})
	if reason != "" {
		return reason
	}
	d := &v.decision
	d.Allowed, d.Reason = true, ""
	d.Principal, d.Credential, d.CredentialKind = &holder.Principal.Principal, holder.Credential, holder.Kind
	if holder.Limited {
		d.Scopes = holder.Scopes
	}
	v.actor = admin.ActorOf(d, v.address())
	return ""
}

// turnAway answers who was not recognised: with the way to the sign-in, if that
// is what he lacks.
func (v *visit) turnAway(reason sallyport.Reason) error {
	err := v.denied(reason)
	if reason != sallyport.CredentialMissing && reason.Coarse() != sallyport.CredentialInvalid {
		return err
	}
	if len(v.r.Header["Authorization"]) > 0 {
		// A program, with a credential that is for the management API.
		return err
	}
	q := url.Values{}
	switch {
	case v.r.Method == http.MethodPost:
		q.Set("done", "ended")
	case v.r.URL.Path != home || v.r.URL.RawQuery != "":
		q.Set("next", v.r.URL.RequestURI())
	}
	if reason != sallyport.CredentialMissing {
		q.Set("done", "ended")
	}
	to := Base + "/sign-in"
	if len(q) > 0 {
		to += "?" + q.Encode()
	}
	return v.redirect(to)
}
