package carrier_test

import (
	"bytes"
	"mime/multipart"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/authn/carrier"
)

// multipartForm makes a body of fields; a name that starts with "@" is a file.
func multipartForm(t testing.TB, pairs ...string) (contentType string, body []byte) {
	t.Helper()
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	for i := 0; i < len(pairs); i += 2 {
		part, err := w.CreateFormField(pairs[i])
		if name, ok := strings.CutPrefix(pairs[i], "@"); ok {
			part, err = w.CreateFormFile(name, "file.json")
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte(pairs[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), buf.Bytes()
}

func TestFormValue(t *testing.T) {
	t.Parallel()
	const boundary = "multipart/form-data; boundary=b"
	const disposition = "Content-Disposition: form-data; name=\"a\"\r\n"
	multi, fields := multipartForm(t, "x", "1", "a", "v+%41", "@a", "file")
	_, many := multipartForm(t, strings.Split(strings.Repeat("x,y,", carrier.MaxFields), ",")[:2*carrier.MaxFields]...)
	tooMany, moreFields := multipartForm(t, strings.Split(strings.Repeat("x,y,", carrier.MaxFields+1), ",")[:2*carrier.MaxFields+2]...)
	if len(many) == 0 {
		t.Fatal("no body")
	}
	for _, tt := range []struct {
		name, contentType, body, value string
		count                          int
		fault                          carrier.Fault
	}{
		{"urlencoded", "application/x-www-form-urlencoded", "x=1&a=v%41+", "vA ", 1, carrier.OK},
		{"with a charset, in capitals", "APPLICATION/X-WWW-Form-Urlencoded ; charset=UTF-8", "a=v", "v", 1, carrier.OK},
		{"twice", "application/x-www-form-urlencoded", "a=1&a=2", "1", 2, carrier.OK},
		{"more than a query may have", "application/x-www-form-urlencoded", strings.Repeat("x&", 500) + "a=v", "v", 1, carrier.OK},
		{"semicolon", "application/x-www-form-urlencoded", "x=1;a=v", "", 0, carrier.QueryMalformed},
		{"JSON", "application/json", "a=v", "", 0, carrier.OK},
		{"no type", "", "a=v", "", 0, carrier.OK},
		{"almost a form", "application/x-www-form-urlencoded2", "a=v", "", 0, carrier.OK},
		{"multipart", multi, string(fields), "v+%41", 1, carrier.OK},
		{"no boundary", "multipart/form-data", string(fields), "", 0, carrier.BodyMalformed},
		{"two boundaries", "multipart/form-data; boundary=a; boundary=b", string(fields), "", 0, carrier.BodyMalformed},
		{"wrong boundary", "multipart/form-data; boundary=wrong", string(fields), "", 0, carrier.BodyMalformed},
		{"broken off", multi, string(fields[:len(fields)-10]), "", 0, carrier.BodyMalformed},
		{"too many parts", tooMany, string(moreFields), "", 0, carrier.TooManyParameters},
		{"no name", boundary, "--b\r\n\r\nv\r\n--b--\r\n", "", 0, carrier.BodyMalformed},
		{"two names", boundary, "--b\r\n" + disposition + disposition + "\r\nv\r\n--b--\r\n", "", 0, carrier.BodyMalformed},
		{"two names in one", boundary, "--b\r\nContent-Disposition: form-data; name=x; name=a\r\n\r\nv\r\n--b--\r\n", "", 0, carrier.BodyMalformed},
		{"transfer encoding is no veil", boundary, "--b\r\n" + disposition + "Content-Transfer-Encoding: quoted-printable\r\n\r\n=41\r\n--b--\r\n", "=41", 1, carrier.OK},
		{"empty file name", boundary, "--b\r\nContent-Disposition: form-data; name=a; filename=\"\"\r\n\r\nv\r\n--b--\r\n", "", 0, carrier.OK},
	} {
		value, count, fault := carrier.FormValue(tt.contentType, []byte(tt.body), "a")
		if value != tt.value || count != tt.count || fault != tt.fault {
			t.Errorf("%s: FormValue = %q, %d, %v; want %q, %d, %v", tt.name, value, count, fault, tt.value, tt.count, tt.fault)
		}
	}
	if value, count, fault := carrier.FormFileValue(multi, fields, "a"); value != "v+%41" || count != 2 || fault != carrier.OK {
		t.Errorf("with files: %q, %d, %v", value, count, fault)
	}
}

func TestExtractMultipart(t *testing.T) {
	t.Parallel()
	view := func(pairs ...string) carrier.View {
		contentType, body := multipartForm(t, pairs...)
		return carrier.View{
			Header: map[string][]string{"Content-Type": {contentType}},
			Body:   func() ([]byte, error) { return body, nil },
		}
	}
	checkExtract(t, everything, []extractRow{
		{"field", view("x", "1", "auth_token", "a+b"), carrier.Form, "", "a+b", carrier.OK},
		{"file", view("@auth_token", "ab"), carrier.Form, "", "ab", carrier.OK},
		{"login and password", view("auth_pwd", "p%41 w", "auth_user", "u"), carrier.Form, "u", "p%41 w", carrier.OK},
		{name: "file where a field is asked for", view: view("@auth_pwd", "p")},
		{name: "nothing of ours", view: view("x", "1")},
		{name: "no fields", view: view()},
		{name: "twice", view: view("auth_token", "a", "auth_token", "a"), fault: carrier.Ambiguous},
		{name: "field and file", view: view("auth_token", "a", "@auth_token", "a"), fault: carrier.Ambiguous},
		{name: "empty", view: view("auth_token", ""), fault: carrier.Malformed},
		{name: "long", view: view("auth_token", strings.Repeat("a", 257)), fault: carrier.TooLong},
	})
}

// FuzzForm: nothing breaks, and an urlencoded field that is cut is gone.
func FuzzForm(f *testing.F) {
	multi, fields := multipartForm(f, "x", "1", "auth_token", "v", "@f", "file")
	f.Add(multi, fields)
	f.Add("application/x-www-form-urlencoded", []byte("a=1&auth_token=%zz"))
	f.Add("multipart/form-data; boundary=b", []byte("--b\r\nContent-Disposition: form-data; name=auth_token\r\n\r\nv\r\n--b--"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		value, count, fault := carrier.FormValue(contentType, body, "auth_token")
		if (fault != carrier.OK || count == 0) && value != "" || fault != carrier.OK && count != 0 {
			t.Fatalf("FormValue = %q, %d, %v", value, count, fault)
		}
		_, withFiles, _ := carrier.FormFileValue(contentType, body, "auth_token")
		if withFiles < count {
			t.Fatalf("%d fields, but %d with files", count, withFiles)
		}
		cut := carrier.CutForm(body, "auth_token")
		if _, left, fault := carrier.FormValue("application/x-www-form-urlencoded", cut, "auth_token"); fault == carrier.OK && left != 0 {
			t.Fatalf("CutForm(%q) = %q", body, cut)
		}
	})
}
