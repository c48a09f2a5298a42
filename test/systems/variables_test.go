package systems_test

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// known are the variables that stand for something: NAME to value.
type known map[string]string

// variables returns those of a demonstration.
func (s *stage) variables() known {
	k := known{"host": s.host, "url": s.URL, "upstream": s.UpstreamURL, "cr": "\r"}
	for _, u := range s.Users {
		k["password:"+u.Login] = u.Password
	}
	for _, c := range s.Credentials {
		k["secret:"+c.Name], k["id:"+c.Name] = c.Secret, c.ID
	}
	for _, t := range s.Tenants {
		k["tenant:"+t.Name] = t.ID
	}
	return k
}

// expand puts values into the places of variables.
func (k known) expand(text string) (string, error) {
	var b strings.Builder
	for {
		before, rest, there := strings.Cut(text, "${")
		b.WriteString(before)
		if !there {
			return b.String(), nil
		}
		end := closing(rest)
		if end < 0 {
			return "", fmt.Errorf("${%.20s... has no end", rest)
		}
		inner, err := k.expand(rest[:end])
		if err != nil {
			return "", err
		}
		value, err := k.value(inner)
		if err != nil {
			return "", err
		}
		b.WriteString(value)
		text = rest[end+1:]
	}
}

// closing returns where the brace is that closes a variable; -1: nowhere.
func closing(text string) int {
	depth := 1
	for i := range len(text) {
		switch {
		case strings.HasPrefix(text[i:], "${"):
			depth++
		case text[i] == '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// value returns what stands for the variable of a name.
func (k known) value(name string) (string, error) {
	if value, ok := k[name]; ok {
		return value, nil
	}
	function, text, _ := strings.Cut(name, ":")
	switch function {
	case "base64":
		return base64.StdEncoding.EncodeToString([]byte(text)), nil
	case "query":
		return url.QueryEscape(text), nil
	case "hex":
		raw, err := hex.DecodeString(text)
		return string(raw), err
	case "in":
		d, err := time.ParseDuration(text)
		return time.Now().Add(d).UTC().Format(time.RFC3339Nano), err
	case "repeat":
		count, unit, _ := strings.Cut(text, ":")
		n, err := strconv.Atoi(count)
		if err != nil || n < 0 {
			return "", fmt.Errorf("${repeat:%s:...}: not a count", count)
		}
		return strings.Repeat(unit, n), nil
	}
	return "", fmt.Errorf("there is no ${%s}", name)
}

// hide puts variables into the places of their values, the longest first.
func (k known) hide(text string) string {
	names := make([]string, 0, len(k))
	for name, value := range k {
		if value != "" {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(len(k[b])-len(k[a]), strings.Compare(a, b))
	})
	for _, name := range names {
		text = strings.ReplaceAll(text, k[name], "${"+name+"}")
	}
	return text
}

func TestVariables(t *testing.T) {
	t.Parallel()
	k := known{"password:jane": "s3c:ret", "token": "4711", "cr": "\r", "url": "http://h:1", "host": "h:1"}
	for _, tt := range []struct{ text, want string }{
		{"plain $ } text", "plain $ } text"},
		{"Bearer ${token}${cr}\n", "Bearer 4711\r\n"},
		{"${base64:jane:${password:jane}}", "amFuZTpzM2M6cmV0"},
		{"${query:a b${token}}&${hex:00ff}", "a+b4711&\x00\xff"},
		{"${repeat:3:[${token}]}", "[4711][4711][4711]"},
	} {
		if got, err := k.expand(tt.text); err != nil || got != tt.want {
			t.Errorf("%s: %q, %v; want %q", tt.text, got, err, tt.want)
		}
	}
	for _, text := range []string{"${nothing}", "${token", "${repeat:x:y}", "${hex:0}", "${base64:${nothing}}", "${in:soon}"} {
		if got, err := k.expand(text); err == nil {
			t.Errorf("%s became %q", text, got)
		}
	}
	if got := k.hide("http://h:1/ h:1 s3c:ret\r"); got != "${url}/ ${host} ${password:jane}${cr}" {
		t.Errorf("hidden: %s", got)
	}
}
