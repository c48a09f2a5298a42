package foreign

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"

	"github.com/sallyport/sallyport"
)

// readHTPasswd reads lines of login:hash, as htpasswd(1) writes them: bcrypt,
// SHA-1 and apr1.
func (h *Haul) readHTPasswd(data []byte) error {
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		login, hash, ok := strings.Cut(line, ":")
		if !ok || login == "" {
			h.lose(fmt.Sprintf("line %d", n), "is not LOGIN:HASH")
			continue
		}
		hash, _, _ = strings.Cut(hash, ":") // some programs put a comment behind
		u := User{Login: login, Kind: sallyport.Person}
		switch {
		case strings.HasPrefix(hash, "$2"), strings.HasPrefix(hash, "$apr1$"), strings.HasPrefix(hash, "{SHA}"), strings.HasPrefix(hash, "{SSHA}"):
			u.Hash = sallyport.Secret(hash)
		default:
			h.lose(fmt.Sprintf("password of %q", login), "is not a hash of bcrypt, SHA or apr1; give the user a new password")
		}
		h.Users = append(h.Users, u)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the lines: %w", err)
	}
	return nil
}
