package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"

	"github.com/sallyport/sallyport"
)

// A loader puts a configuration together.
type loader struct {
	file    string
	root    *shape
	layers  *koanf.Koanf
	origins map[string]origin
	faults  Faults
}

// An origin says where a value comes from. The zero origin is the defaults.
type origin struct {
	variable string // not empty: the environment
	line     int    // not 0: the file
}

// Load reads the file at path over the defaults, and the variables of environ
// (in the form of [os.Environ]) over the file. Without a path there is no file.
// Secrets that are in files of their own are read, and relative paths made
// those that they mean. The result has passed [Config.Validate].
//
// An error is of type [Faults].
func Load(path string, environ []string) (Config, error) {
	l := &loader{file: path, root: shapeOf(reflect.TypeFor[Config](), "koanf"), layers: koanf.New("."), origins: map[string]origin{}}
	l.layer(flat(reflect.ValueOf(Default()), l.root))
	apis, usable := l.readFile()
	l.layer(l.environment(environ))
	if !usable {
		return Config{}, l.faults.err()
	}
	var c Config
	if err := l.layers.Unmarshal("", &c); err != nil {
		l.fault("", "%s", err) // unreachable: every layer was checked against the shape
		return Config{}, l.faults.err()
	}
	c.APIs = apis
	l.resolve(&c)
	for _, f := range c.faults() {
		if !l.reported(f.Key) {
			l.faults = append(l.faults, l.place(f))
		}
	}
	if err := l.faults.err(); err != nil {
		return Config{}, err
	}
	return c, nil
}

// layer puts values over those that are there.
func (l *loader) layer(values map[string]any) {
	if err := l.layers.Load(confmap.Provider(values, "."), nil); err != nil {
		l.fault("", "%s", err) // unreachable: confmap only copies
	}
}

func (l *loader) fault(key, format string, args ...any) {
	l.faults = append(l.faults, l.place(Fault{Key: key, Message: fmt.Sprintf(format, args...)}))
}

// place says where the value of a fault's key comes from.
func (l *loader) place(f Fault) Fault {
	if f.File != "" {
		return f
	}
	o, ok := l.origins[f.Key]
	if o.variable != "" {
		f.File = o.variable
		return f
	}
	f.File, f.Line = l.file, o.line
	for key := f.Key; !ok && key != ""; { // a key that is missing: the line of what it is missing in
		key = key[:max(strings.LastIndexByte(key, '.'), 0)]
		o, ok = l.origins[key]
		f.Line = o.line
	}
	return f
}

// reported reports whether something is wrong with key or inside it already.
func (l *loader) reported(key string) bool {
	return slices.ContainsFunc(l.faults, func(f Fault) bool {
		return f.Key == key || f.Key == key+"_file" || strings.HasPrefix(f.Key, key+"[") || strings.HasPrefix(f.Key, key+".")
	})
}

// readFile makes a layer of the file and returns its APIs. It reports whether
// the file could be read as YAML at all.
func (l *loader) readFile() ([]sallyport.API, bool) {
	if l.file == "" {
		return nil, true
	}
	data, err := readBounded(l.file, maxFile)
	if err != nil {
		l.faults = append(l.faults, Fault{File: l.file, Message: cause(err)})
		return nil, false
	}
	w := &walker{file: l.file, root: l.root, lines: map[string]int{}}
	m := w.read(data)
	var apis []sallyport.API
	list, _ := m["apis"].([]any)
	delete(m, "apis")
	for i, item := range list {
		if doc, ok := item.(map[string]any); ok {
			apis = append(apis, w.api(doc, fmt.Sprintf("apis[%d]", i)))
		}
	}
	l.faults = append(l.faults, w.faults...)
	for key, line := range w.lines {
		l.origins[key] = origin{line: line}
	}
	if m == nil {
		return nil, len(w.faults) == 0
	}
	l.layer(m)
	return apis, true
}

// flat returns the leaves of a Config as the plain values of a layer.
func flat(v reflect.Value, s *shape) map[string]any {
	m := map[string]any{}
	for _, key := range s.keys {
		c := s.fields[key]
		f := v.FieldByName(c.field)
		switch c.kind {
		case object:
			m[key] = flat(f, c)
		case list:
			if c.elem.kind == object {
				continue // the APIs; they are no matter of layers
			}
			all := make([]any, f.Len())
			for i := range all {
				all[i] = fmt.Sprint(f.Index(i).Interface())
			}
			m[key] = all
		case parsed:
			m[key] = fmt.Sprint(f.Interface())
		case secret:
			m[key] = f.String()
		case text, boolean, number, duration, texts:
			m[key] = f.Interface()
		}
	}
	return m
}

// readBounded reads a file of at most limit bytes.
func readBounded(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a file")
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("it is larger than %s", Size(limit))
	}
	return os.ReadFile(path)
}

// cause says why a file could not be read, without its path, which is said
// elsewhere.
func cause(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	return "cannot be read: " + err.Error()
}

// base returns the directory that a relative path of this key starts from: that
// of the file, if the path is written there.
func (l *loader) base(key string) string {
	if l.origins[key].line == 0 {
		return ""
	}
	return filepath.Dir(l.file)
}
