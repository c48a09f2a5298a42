package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/sallyport/sallyport/api"
)

// maxSecretFile is how much is read of a file with a password.
const maxSecretFile = 8 << 10

// readSecret reads a password from a file, or from standard input when the path
// is "-". There is no flag for the password itself, as other users of the
// machine can see those.
func (m *manager) readSecret(flag, path string) (api.Secret, error) {
	if path == "-" {
		return readSecretFrom(m.in, "standard input")
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("--%s: %w", flag, err)
	}
	defer func() { _ = f.Close() }() // it was only read
	return readSecretFrom(f, path)
}

// readSecretFrom reads one line that is all there is.
func readSecretFrom(r io.Reader, name string) (api.Secret, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxSecretFile+1))
	if err != nil {
		return "", fmt.Errorf("read the password from %s: %w", name, err)
	}
	line := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	switch {
	case line == "":
		return "", fmt.Errorf("there is no password in %s", name)
	case !utf8.ValidString(line):
		return "", fmt.Errorf("the password in %s is not UTF-8", name)
	case len(text) > maxSecretFile || strings.ContainsAny(line, "\r\n"):
		return "", fmt.Errorf("there is more than a password in %s; it must be one line", name)
	}
	return api.Secret(line), nil
}

// ask reads a password from the terminal, which does not show it.
func (m *manager) ask(flag, prompt string) (api.Secret, error) {
	file, ok := m.in.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return "", &usageError{withHint(errors.New("there is no terminal to ask for the password at"), "--%s FILE reads it from a file, --%s - from standard input", flag, flag)}
	}
	fmt.Fprintf(m.errOut, "%s: ", prompt)
	line, err := term.ReadPassword(int(file.Fd()))
	fmt.Fprintln(m.errOut)
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	if len(line) == 0 {
		return "", errors.New("no password was given")
	}
	return api.Secret(line), nil
}

// askTwice reads a new password from the terminal, twice.
func (m *manager) askTwice(flag, prompt string) (api.Secret, error) {
	first, err := m.ask(flag, prompt)
	if err != nil {
		return "", err
	}
	again, err := m.ask(flag, "Again")
	if err == nil && again != first {
		err = errors.New("the two are not the same; nothing was changed")
	}
	return first, err
}
