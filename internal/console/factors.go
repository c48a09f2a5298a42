package console

import (
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"rsc.io/qr"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
)

func factorRoutes() []route {
	const factor = "/factors/{factor}"
	return []route{
		{"factors", "GET", "/factors", member, (*visit).factors},
		{"factor.start", "POST", "/factors", member, (*visit).startFactor},
		{"factor.activate", "POST", factor + "/activate", member, (*visit).activateFactor},
		{"passkey.start", "POST", "/factors/passkeys", member, (*visit).startPasskey},
		{"passkey.activate", "POST", factor + "/passkey", member, (*visit).activatePasskey},
		{"factor.name.show", "GET", factor + "/name", member, (*visit).showFactorName},
		{"factor.name", "POST", factor + "/name", member, (*visit).renameFactor},
		{"factor.remove.ask", "GET", factor + "/remove", member, (*visit).askRemoveFactor},
		{"factor.remove", "POST", factor + "/remove", member, (*visit).removeFactor},
		{"factor.codes", "POST", "/factors/codes", member, (*visit).renewCodes},
	}
}

// A factorsPage lists what somebody signs in with besides his password.
type factorsPage struct {
	frame
	admin.Factors
	Person   bool
	Passkeys bool // browsers can make them here
	Name     string
	Faults   faults
}

func (v *visit) factorsPage() (*factorsPage, error) {
	list, err := v.Admin.Factors(v.r.Context(), v.actor)
	return &factorsPage{
		frame: v.frame(v.text("factors.title"), "factors"), Factors: list,
		Person: v.self.Principal.Kind == sallyport.PrincipalPerson, Passkeys: v.Admin.HasPasskeys(),
	}, err
}

func (v *visit) factors() error {
	page, err := v.factorsPage()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "factors", page)
}

// A factorPage sets up an app: its secret as a picture and as text, and a field
// for the first code.
type factorPage struct {
	frame
	ID      sallyport.FactorID
	Secret  string
	URI     template.URL
	Picture template.HTML
	Faults  faults
}

func (v *visit) startFactor() error {
	begun, err := v.Admin.StartFactor(v.r.Context(), v.actor, v.form.Get("name"), v.issuer())
	if err != nil {
		return v.factorsRefused(err, v.form.Get("name"))
	}
	page, err := v.factorPage(begun.ID, begun.Secret.Reveal(), begun.URI.Reveal())
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "factor", page)
}

// issuer is what apps show codes under.
func (v *visit) issuer() string {
	if u, err := url.Parse(v.URL); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	return "Sallyport"
}

func (v *visit) factorPage(id sallyport.FactorID, secret, uri string) (*factorPage, error) {
	picture, err := qrCode(uri)
	return &factorPage{
		frame: v.frame(v.text("factor.title"), "factors"), ID: id, Secret: secret,
		URI:     template.URL(uri), //nolint:gosec // it was made here, of an escaped secret and login
		Picture: picture,
	}, err
}

// qrCode draws a text for a camera.
func qrCode(text string) (template.HTML, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", fmt.Errorf("draw a QR code: %w", err)
	}
	var path strings.Builder
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+4, y+4) // a margin of four, as the standard asks for
			}
		}
	}
	return template.HTML(fmt.Sprintf( //nolint:gosec // numbers alone
		`<svg class="qr" viewBox="0 0 %[1]d %[1]d" aria-hidden="true" focusable="false"><rect width="%[1]d" height="%[1]d" fill="#fff"/><path d="%[2]s" fill="#000"/></svg>`,
		code.Size+8, path.String())), nil
}

// A codesPage shows recovery codes, this once.
type codesPage struct {
	frame
	Codes []string
}

func (v *visit) showCodes(codes []sallyport.Secret) error {
	page := &codesPage{frame: v.frame(v.text("codes.title"), "factors")}
	for _, c := range codes {
		page.Codes = append(page.Codes, c.Reveal())
	}
	return v.show(http.StatusOK, "factor_codes", page)
}

func (v *visit) activateFactor() error {
	id := sallyport.FactorID(v.r.PathValue("factor"))
	codes, err := v.Admin.ActivateFactor(v.r.Context(), v.actor, id, v.form.Get("code"))
	switch {
	case err == nil && len(codes) > 0:
		return v.showCodes(codes)
	case err == nil:
		return v.redirect(Base + "/factors?done=factor")
	case sallyport.KindOf(err) != sallyport.Invalid:
		return err
	}
	// The picture is made again of what the form brought along: the secret is told
	// by the store no second time.
	page, perr := v.factorPage(id, v.form.Get("secret"), v.form.Get("uri"))
	if perr != nil || !strings.HasPrefix(v.form.Get("uri"), "otpauth://totp/") {
		return err
	}
	page.Faults.take(err, "code")
	return v.show(statusOf(err), "factor", page)
}

// factorNamed returns one of the visitor's factors.
func (v *visit) factorNamed() (admin.Factor, bool, error) {
	list, err := v.Admin.Factors(v.r.Context(), v.actor)
	if err != nil {
		return admin.Factor{}, false, err
	}
	active := 0
	var found *admin.Factor
	for i, f := range list.List {
		if f.Active {
			active++
		}
		if string(f.ID) == v.r.PathValue("factor") {
			found = &list.List[i]
		}
	}
	if found == nil {
		return admin.Factor{}, false, sallyport.ErrNotFound("no such second factor")
	}
	return *found, active == 1 && found.Active, nil
}

func (v *visit) askRemoveFactor() error {
	f, last, err := v.factorNamed()
	if err != nil {
		return err
	}
	page := &confirmPage{
		frame: v.frame(v.text("factor.remove"), "factors"), Heading: v.text("factor.remove.heading", f.Name),
		Trail: tab{Text: v.text("factors.title"), Path: Base + "/factors"}, Points: []string{v.text("factor.remove.point")},
		Action: Base + "/factors/" + string(f.ID) + "/remove", Button: v.text("factor.remove"), Cancel: Base + "/factors",
	}
	if last {
		page.Warning = v.text("factor.remove.last")
	}
	return v.show(http.StatusOK, "confirm", page)
}

func (v *visit) removeFactor() error {
	if err := v.Admin.RemoveFactor(v.r.Context(), v.actor, sallyport.FactorID(v.r.PathValue("factor"))); err != nil {
		return err
	}
	return v.redirect(Base + "/factors?done=factor-removed")
}

func (v *visit) renewCodes() error {
	codes, err := v.Admin.NewRecoveryCodes(v.r.Context(), v.actor)
	if err != nil {
		return err
	}
	return v.showCodes(codes)
}
