package demo

import (
	"fmt"
	"io"
	"strings"
)

// Print writes what a person needs to begin with: requests to paste, accounts, and
// where the rest is. file is where the manifest was written; empty: nowhere.
func (m *Manifest) Print(w io.Writer, file string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\nSallyport stands at %s in front of %d APIs.\n", m.URL, len(m.APIs))
	fmt.Fprintf(&b, "\nPaste these into another terminal. The last line that each prints is the status.\n")
	for _, e := range m.Examples {
		if e.Show {
			fmt.Fprintf(&b, "\n# %s -> %d\n%s\n", e.Title, e.ExpectStatus, e.Command)
		}
	}
	fmt.Fprintf(&b, "\nAccounts (with Basic, or in the console):\n\n")
	widest := 0
	for _, u := range m.Users {
		widest = max(widest, len(u.Login))
	}
	for _, u := range m.Users {
		fmt.Fprintf(&b, "  %-*s  %s  %s\n", widest, u.Login, u.Password, u.About)
	}
	if token, ok := m.secret("administration"); ok {
		fmt.Fprintf(&b, "\nWho holds more than he uses (the program is bin/sallyport after \"make demo\"):\n\n  export SALLYPORT_URL=%s SALLYPORT_TOKEN=%s\n", m.URL, token)
		fmt.Fprintf(&b, "  sallyport advise --tenant %s && sallyport advise billing\n", tenantMain)
		fmt.Fprintf(&b, "\nWhat a draft of a policy would have refused, had it been in force:\n\n  sallyport shadow show %s\n", draftName)
	}
	if m.ConsoleURL != "" {
		fmt.Fprintf(&b, "\nConsole:    %s\n", m.ConsoleURL)
	}
	fmt.Fprintf(&b, "Management: %s/sallyport/api/v1/openapi.json\n", m.URL)
	fmt.Fprintf(&b, "Decisions:  %s/decide/nginx, health and metrics at %s/readyz and /metrics\n", m.InternalURL, m.InternalURL)
	if file != "" {
		fmt.Fprintf(&b, "Manifest:   %s (all %d examples, every secret)\n", file, len(m.Examples))
	} else {
		fmt.Fprintf(&b, "All %d examples: start it again with --manifest demo.json\n", len(m.Examples))
	}
	fmt.Fprintf(&b, "\nEnd it with Ctrl-C.\n\n")
	_, err := io.WriteString(w, b.String())
	if err != nil {
		return fmt.Errorf("print the tour: %w", err)
	}
	return nil
}

// secret returns the secret of a credential of the cast.
func (m *Manifest) secret(name string) (string, bool) {
	for _, c := range m.Credentials {
		if c.Name == name {
			return c.Secret, true
		}
	}
	return "", false
}
