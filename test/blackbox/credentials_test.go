package blackbox_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// flip returns text with its last letter changed.
func flip(text string) string {
	if strings.HasSuffix(text, "A") {
		return text[:len(text)-1] + "B"
	}
	return text[:len(text)-1] + "A"
}

func b64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// Credentials that are not quite right let nobody in and reach no upstream.
func TestOddCredentials(t *testing.T) {
	t.Parallel()
	in := initialise(t, "")
	in.serve("TERM")
	w := in.furnish()
	_, second := w.newKey("second")
	auth := func(value string) []string { return []string{"Authorization: " + value} }
	swapped := w.key[:8] + second[8:]
	unsigned := "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.eyJzdWIiOiJhZG1pbiIsImlzcyI6Imh0dHA6Ly9hIn0."
	for _, tt := range []struct {
		name    string
		target  string
		headers []string
		status  int
	}{
		{"Basic without padding", "/orders/1", auth("Basic " + strings.TrimRight(b64("jo:"+w.password+"xx"), "=")), 401},
		{"Basic with the other alphabet", "/orders/1", auth("Basic YTo_Pz4="), 401},
		{"Basic twice in one", "/orders/1", auth(basic("jo", w.password) + " YTpi"), 401},
		{"Basic and nothing", "/orders/1", auth("Basic"), 401},
		{"Basic of a colon", "/orders/1", auth("Basic Og=="), 401},
		{"Basic without a colon", "/orders/1", auth("Basic am8="), 401},
		{"Basic with a NUL", "/orders/1", auth("Basic " + b64("j\x00o:"+w.password)), 401},
		{"Basic with a line end", "/orders/1", auth("Basic " + b64("jo\r\n:"+w.password)), 401},
		{"Basic in Latin-1", "/orders/1", auth("Basic " + b64("jos\xe9:"+w.password)), 401},
		{"Basic with a long password", "/orders/1", auth("Basic " + b64("jo:"+strings.Repeat("x", 2000))), 401},
		{"Basic with the start of the password", "/orders/1", auth(basic("jo", w.password[:len(w.password)-1])), 401},
		{"Basic with a blank behind the password", "/orders/1", auth(basic("jo", w.password+" ")), 401},
		{"two lines of Authorization", "/orders/1", []string{"Authorization: " + basic("jo", w.password), bearer(w.token)}, 400},
		{"a key and a token", "/orders/1", []string{apiKey(w.key), bearer(w.token)}, 400},
		{"two lines with keys", "/orders/1", []string{apiKey(w.key), apiKey(w.key)}, 400},
		{"two keys in a line", "/orders/1", []string{apiKey(w.key + "," + second)}, 400},
		{"a key in a header and one in the URL", "/orders/1?api_key=" + second, []string{apiKey(w.key)}, 400},
		{"a key in the URL twice", "/orders/1?api_key=" + w.key + "&api_key=" + w.key, nil, 400},
		{"a key behind a thousand parameters", "/orders/1?" + strings.Repeat("a=1&", 1000) + "api_key=" + w.key, nil, 400},
		{"a key behind a semicolon", "/orders/1?a=1;api_key=" + w.key, nil, 400},
		{"a key by another name", "/orders/1?API_KEY=" + w.key + "&apiKey=" + w.key, nil, 401},
		{"a token in the URL, where only keys are taken", "/orders/1?api_key=" + w.token, nil, 401},
		{"no key", "/orders/1", []string{"X-API-Key: "}, 401},
		{"a key cut short", "/orders/1", []string{apiKey(w.key[:len(w.key)-1])}, 401},
		{"a key made longer", "/orders/1", []string{apiKey(w.key + "A")}, 401},
		{"a key with another end", "/orders/1", []string{apiKey(flip(w.key))}, 401},
		{"a key in capitals", "/orders/1", []string{apiKey(strings.ToUpper(w.key))}, 401},
		{"the prefix of a key", "/orders/1", []string{apiKey("spk_")}, 401},
		{"halves of two keys", "/orders/1", []string{apiKey(swapped)}, 401},
		{"a reference in place of a key", "/orders/1", []string{apiKey("${SALLYPORT_KEYS_MASTER_KEY}")}, 401},
		{"a key outside ASCII", "/orders/1", []string{apiKey("cl\xc3\xa9")}, 401},
		{"a very long key", "/orders/1", []string{apiKey("spk_" + strings.Repeat("a", 9000))}, 401},
		{"a token without a signature", "/orders/1", auth("Bearer " + unsigned), 401},
		{"a token of five parts", "/orders/1", auth("Bearer a.b.c.d.e"), 401},
		{"a token of a million dots", "/orders/1", auth("Bearer " + strings.Repeat(".", 20_000)), 401},
		{"a wrong token and a right cookie's name", "/orders/1", []string{bearer("x"), "Cookie: sp_session=" + w.token}, 401},
		{"a token in a cookie", "/orders/1", []string{"Cookie: sp_session=" + w.token}, 401},
		{"a token in a header of another product", "/orders/1", []string{"Auth-Token: " + w.token}, 401},
		{"a wrong credential at a public route", "/pub/x", auth("Bearer garbage"), 401},
		{"another scheme at a public route", "/pub/x", auth("Digest x"), 401},
	} {
		w.up.take()
		res := ask(t, http.MethodGet, in.url(tt.target), "", tt.headers...)
		if seen := w.up.take(); res.status != tt.status || len(seen) != 0 {
			t.Errorf("%s: %d %s %v and %d requests upstream, want %d", tt.name, res.status, res.body, res.err, len(seen), tt.status)
			continue
		}
		challenged := res.header.Get("Www-Authenticate") != ""
		if challenged != (tt.status == 401) || res.header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(res.header.Get("Content-Type"), "application/problem+json") {
			t.Errorf("%s: the headers are %v", tt.name, res.header)
		}
	}
	w.up.take()
	res := ask(t, http.MethodGet, in.url("/orders/1?a=1&api_key="+w.key+"&b=%20"), "")
	if seen := w.up.take(); res.status != 200 || len(seen) != 1 || seen[0].target != "/orders/1?a=1&b=%20" {
		t.Errorf("a key in the URL, where it is taken: %d, upstream %v", res.status, seen)
	}
}

// Who guesses has to wait, by whatever way he guesses and whatever he says about
// where he is; and a restart forgives nobody.
func TestGuessing(t *testing.T) {
	t.Parallel()
	in := initialise(t, "")
	p := in.serve("TERM")
	w := in.furnish()
	guess := func(i int) reply {
		if i%2 == 0 {
			return in.read("Authorization: "+basic([]string{"jo", "JO"}[i/2%2], "a guess that is wrong"), "X-Forwarded-For: 203.0.113."+string(rune('0'+i%10)))
		}
		return ask(t, http.MethodPost, in.url("/sallyport/api/v1/session"), `{"login":"jo","password":"a guess that is wrong"}`,
			"Content-Type: application/json", "Origin: "+in.url(""))
	}
	for i := range 10 {
		if res := guess(i); res.status != 401 {
			t.Errorf("guess %d: %d %s", i, res.status, res.body)
		}
	}
	check := func(when string, right int) {
		t.Helper()
		for i := range 2 {
			if res := guess(i); res.status != 429 || res.header.Get("Retry-After") == "" {
				t.Errorf("%s: %d %s; want 429 and when to come back", when, res.status, res.body)
			}
		}
		if res := in.read("Authorization: " + basic("jo", w.password)); res.status != right {
			t.Errorf("%s, the right password: %d, want %d", when, res.status, right)
		}
		if res := in.read(apiKey(w.key)); res.status != 200 {
			t.Errorf("%s, somebody else: %d", when, res.status)
		}
		if res := in.read("Authorization: " + basic(in.login, in.password)); res.status != 200 {
			t.Errorf("%s, another account: %d", when, res.status)
		}
	}
	check("after ten", 200) // the node remembers that it was right before
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
	in.serve("TERM")
	check("after a restart", 429)

	// The trail tells of it, in few rows.
	env := []string{"SALLYPORT_URL=" + in.url(""), "SALLYPORT_TOKEN=" + in.signIn().token}
	res := run(t, env, "audit", "list", "--all", "--action", "sign_in.failed", "-o", "json")
	var rows []struct {
		Kind    string `json:"target_kind"`
		Target  string `json:"target_name"`
		Address string `json:"address"`
		After   struct {
			Attempts int `json:"attempts"`
		} `json:"after"`
	}
	if err := json.Unmarshal([]byte(res.out), &rows); err != nil {
		t.Fatalf("%d %s%s: %v", res.status, res.out, res.errOut, err)
	}
	attempts := 0
	for _, row := range rows {
		attempts += row.After.Attempts
		// An attempt that was not evaluated is not known to be at a user's login.
		if row.Address != "127.0.0.1" || row.Kind == "user" && row.Target != "jo" || row.Kind == "login" && len(row.Target) != 12 {
			t.Errorf("%+v", row)
		}
	}
	if attempts < 12 || len(rows) > 8 {
		t.Errorf("%d attempts in %d rows: %s", attempts, len(rows), res.out)
	}
}

// A flood of wrong passwords keeps nobody else waiting: it is refused, and those
// who need no hash are served.
func TestFloodOfPasswords(t *testing.T) {
	t.Parallel()
	in := initialise(t, "")
	in.serve("TERM", "SALLYPORT_LOG_ACCESS=false")
	w := in.furnish()
	done := make(chan int)
	const guesses = 150
	for i := range guesses {
		go func() {
			res := in.read("Authorization: " + basic("user"+string(rune('a'+i%26))+string(rune('a'+i/26)), "wrong"))
			done <- res.status
		}()
	}
	counts := map[int]int{}
	for n := 0; n < guesses; {
		select {
		case status := <-done:
			counts[status]++
			n++
		default:
			if res := in.read(apiKey(w.key)); res.status != 200 {
				t.Errorf("an API key during the flood: %d %s", res.status, res.body)
			}
			if got := statusOf(t, "http://"+in.internal+"/readyz"); got != 200 {
				t.Errorf("readiness during the flood: %d", got)
			}
		}
	}
	for status := range counts {
		if status != 401 && status != 429 && status != 503 {
			t.Errorf("guesses were answered %v", counts)
		}
	}
	if res := in.read("Authorization: " + basic("jo", w.password)); res.status != 200 && res.status != 429 {
		t.Errorf("after the flood: %d %s", res.status, res.body)
	}
	t.Log("guesses were answered", counts)
}
