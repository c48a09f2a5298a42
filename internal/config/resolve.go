package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/sallyport/sallyport"
)

const maxSecret = 64 << 10 // bytes of a file with a secret

// resolve turns what c names into what it means: paths, secrets in files of
// their own, and API documents in a directory.
func (l *loader) resolve(c *Config) {
	for _, x := range l.root.leaves("") {
		if x.shape.is == "path" {
			f := fieldAt(reflect.ValueOf(c).Elem(), l.root, x.path)
			f.SetString(under(l.base(x.path), f.String()))
		}
	}
	from := "storage.url"
	if l.secret("storage.url", &c.Storage.URL, c.Storage.URLFile) {
		from = "storage.url_file"
	}
	c.Storage.URL = sqliteUnder(l.base(from), c.Storage.URL)
	l.secret("decide.secret", &c.Decide.Secret, c.Decide.SecretFile)
	l.secret("keys.master_key", &c.Keys.MasterKey, c.Keys.MasterKeyFile)
	l.exposed(c)
	l.present("public.tls.cert_file", c.Public.TLS.CertFile, exists)
	l.present("public.tls.key_file", c.Public.TLS.KeyFile, private)
	l.present("decide.grpc.tls.cert_file", c.Decide.GRPC.TLS.CertFile, exists)
	l.present("decide.grpc.tls.key_file", c.Decide.GRPC.TLS.KeyFile, private)
	for i := range c.Audit.Sinks {
		l.resolveSink(fmt.Sprintf("audit.sinks[%d]", i), &c.Audit.Sinks[i])
	}
	if c.APIsDir != "" {
		apis, faults := apiDir(c.APIsDir)
		c.APIs = append(c.APIs, apis...)
		for _, f := range faults {
			l.faults = append(l.faults, l.place(f))
		}
	}
	if c.Public.URL == "" {
		c.Public.URL = localURL(c.Public.Listen)
	}
}

// fieldAt returns the field of a struct that has this key.
func fieldAt(v reflect.Value, s *shape, path string) reflect.Value {
	for key := range strings.SplitSeq(path, ".") {
		s = s.fields[key]
		v = v.FieldByName(s.field)
	}
	return v
}

func under(base, path string) string {
	if path == "" || base == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(base, path)
}

// sqliteUnder does for the path in a storage.url what is done for other paths.
func sqliteUnder(base string, u sallyport.Secret) sallyport.Secret {
	path, ok := strings.CutPrefix(u.Reveal(), "sqlite:")
	if !ok || strings.HasPrefix(path, ":") || strings.HasPrefix(path, "file:") {
		return u
	}
	return sallyport.Secret("sqlite:" + under(base, path))
}

// secret reads the file that holds the secret of a key, if it is not set
// itself, and reports whether it did. Where both are set, the environment wins
// over the file, and within one of them it is a fault.
func (l *loader) secret(key string, value *sallyport.Secret, file string) bool {
	fileKey := key + "_file"
	own, other := l.origins[key].variable != "", l.origins[fileKey].variable != ""
	switch {
	case file == "":
		return false
	case *value != "" && own == other:
		l.fault(key, "is set, and %s too; remove one of them", fileKey)
		return false
	case *value != "" && own:
		return false
	}
	text, err := readSecret(file)
	if err != nil {
		l.fault(fileKey, "%s", err)
		return false
	}
	*value = sallyport.Secret(text)
	l.origins[key] = l.origins[fileKey]
	return true
}

// readSecret returns the text of a file without the line break at its end.
func readSecret(path string) (string, error) {
	if err := private(path); err != nil {
		return "", err
	}
	data, err := readBounded(path, maxSecret)
	if err != nil {
		return "", fmt.Errorf("%s %s", path, cause(err))
	}
	text := strings.TrimRight(string(data), "\r\n")
	switch {
	case text == "":
		return "", fmt.Errorf("%s is empty", path)
	case isReference(text):
		return "", fmt.Errorf("%s holds a reference that nobody resolved, not a secret", path)
	case strings.ContainsAny(text, "\r\n\x00"):
		return "", fmt.Errorf("%s holds more than one line", path)
	}
	return text, nil
}

// private returns an error if a file can be read or written by everyone.
func private(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("%s %s", path, cause(err))
	}
	if info.IsDir() {
		return fmt.Errorf("%s is a directory; name the file in it", path)
	}
	if mode := info.Mode().Perm(); mode&0o006 != 0 {
		return fmt.Errorf("%s can be read by everyone (mode %04o); make it 0600", path, mode)
	}
	return nil
}

// exposed finds secrets that are written in a configuration file which everyone
// can read.
func (l *loader) exposed(c *Config) {
	if l.file == "" || private(l.file) == nil {
		return
	}
	for _, x := range []struct {
		key string
		is  bool
	}{
		{"decide.secret", c.Decide.Secret != ""},
		{"keys.master_key", c.Keys.MasterKey != ""},
		{"storage.url", hasPassword(c.Storage.URL)},
	} {
		here := l.origins[x.key].line != 0 && l.origins[x.key] != l.origins[x.key+"_file"]
		if x.is && here && !l.reported(x.key) {
			l.fault(x.key, "is a secret in a file that everyone can read; make the file 0600, or use %s_file or the variable %s", x.key, variable(x.key))
		}
	}
}

// present looks at a file, if one is named, before a node starts without it.
func (l *loader) present(key, path string, check func(string) error) {
	if path == "" {
		return
	}
	if err := check(path); err != nil {
		l.fault(key, "%s", err)
	}
}

func exists(path string) error {
	if _, err := os.Stat(path); err != nil {
		return errors.New(path + " " + cause(err))
	}
	return nil
}
