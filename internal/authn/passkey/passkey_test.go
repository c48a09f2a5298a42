package passkey_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/authn/passkey"
	"github.com/sallyport/sallyport/internal/authn/passkey/passkeytest"
)

const site, rp = "https://api.example.com:8443", "api.example.com"

// Browsers have no passkeys for addresses, nor without TLS.
func TestFor(t *testing.T) {
	t.Parallel()
	for public, want := range map[string]bool{
		site: true, "https://localhost": true, "http://localhost:8080": true,
		"http://api.example.com": false, "https://192.0.2.1": false, "http://127.0.0.1:8080": false, "https://[2001:db8::1]": false, "https://": false,
	} {
		p, err := passkey.For(public)
		if err != nil || (p != nil) != want {
			t.Errorf("%s: %v, %v", public, p, err)
		}
	}
}

func made(t *testing.T, d *passkeytest.Device, o *passkey.Owner) *passkey.Party {
	t.Helper()
	p, err := passkey.For(site)
	if err != nil {
		t.Fatal(err)
	}
	q, err := p.Make(o)
	if err != nil {
		t.Fatal(err)
	}
	if options := string(q.Options); !strings.Contains(options, `"userVerification":"required"`) || strings.Contains(options, `"direct"`) {
		t.Errorf("the question for a passkey: %s", options)
	}
	k, err := p.Made(o, q.Remember, []byte(d.Make(string(q.Options))))
	if err != nil {
		t.Fatal(err)
	}
	k.Factor = "f"
	o.Keys = append(o.Keys, k)
	return p
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	d := passkeytest.New(t, site, rp)
	d.Counter = 1
	o := &passkey.Owner{ID: "00000000-0000-4000-8000-000000000001", Login: "jo"}
	p := made(t, d, o)
	for name, tt := range map[string]struct {
		change func(*passkeytest.Device)
		owner  *passkey.Owner
		good   bool
		err    error
	}{
		"right":               {func(d *passkeytest.Device) { d.Counter = 2 }, o, true, nil},
		"right, by anybody":   {func(d *passkeytest.Device) { d.Counter = 9 }, nil, true, nil},
		"another origin":      {func(d *passkeytest.Device) { d.Origin, d.Counter = "https://api.example.com.evil.test", 9 }, o, false, nil},
		"another port":        {func(d *passkeytest.Device) { d.Origin, d.Counter = "https://api.example.com", 9 }, o, false, nil},
		"without TLS":         {func(d *passkeytest.Device) { d.Origin, d.Counter = "http://api.example.com:8443", 9 }, o, false, nil},
		"another party":       {func(d *passkeytest.Device) { d.RP, d.Counter = "example.com", 9 }, o, false, nil},
		"nobody was verified": {func(d *passkeytest.Device) { d.Verified, d.Counter = false, 9 }, o, false, nil},
		"the counter stands":  {func(d *passkeytest.Device) { d.Counter = 1 }, o, false, passkey.ErrRegressed},
		"the counter is gone": {func(d *passkeytest.Device) { d.Counter = 0 }, o, false, passkey.ErrRegressed},
		"somebody else's":     {func(d *passkeytest.Device) { d.Handle("00000000-0000-4000-8000-000000000002"); d.Counter = 9 }, nil, false, nil},
	} {
		changed := *d
		tt.change(&changed)
		q, err := p.Ask(tt.owner)
		if err != nil {
			t.Fatal(err)
		}
		answer := changed.Sign(string(q.Options))
		k, err := p.Answered(o, q.Remember, []byte(answer))
		if (err == nil) != tt.good || tt.err != nil && !errors.Is(err, tt.err) {
			t.Errorf("%s: %v", name, err)
		}
		if tt.good && (k.Factor != "f" || k.Counter != int64(changed.Counter)) {
			t.Errorf("%s: %+v", name, k)
		}
		other, err := p.Ask(o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Answered(o, other.Remember, []byte(answer)); err == nil {
			t.Errorf("%s: the answer to one question is taken for another", name)
		}
	}
	stranger := passkeytest.New(t, site, rp)
	q, err := p.Ask(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Answered(o, q.Remember, []byte(stranger.Sign(string(q.Options)))); err == nil {
		t.Error("a passkey that was never made is taken")
	}
	var options struct {
		AllowCredentials []any `json:"allowCredentials"`
	}
	if json.Unmarshal(q.Options, &options) != nil || len(options.AllowCredentials) != 1 {
		t.Errorf("the question names %d passkeys", len(options.AllowCredentials))
	}
}

// Whatever a browser sends is an error or an answer, and never a fault of ours.
func FuzzAnswer(f *testing.F) {
	p, err := passkey.For(site)
	if err != nil {
		f.Fatal(err)
	}
	o := &passkey.Owner{ID: "00000000-0000-4000-8000-000000000001", Login: "jo"}
	d := passkeytest.New(f, site, rp)
	making, err := p.Make(o)
	if err != nil {
		f.Fatal(err)
	}
	created := d.Make(string(making.Options))
	k, err := p.Made(o, making.Remember, []byte(created))
	if err != nil {
		f.Fatal(err)
	}
	o.Keys = []passkey.Key{k}
	asking, err := p.Ask(o)
	if err != nil {
		f.Fatal(err)
	}
	signed := d.Sign(string(asking.Options))
	f.Add([]byte(created))
	f.Add([]byte(signed))
	f.Add([]byte(`{"id":"","rawId":"","type":"public-key","response":{}}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		_, _ = p.Made(o, making.Remember, answer)
		_, _ = passkey.Whose(answer)
		if _, err := p.Answered(o, asking.Remember, answer); err == nil && len(answer) < len(signed)/2 {
			t.Errorf("taken: %q", answer)
		}
	})
}
