package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
)

// DecodeAPI reads one API document in YAML or JSON. It is as strict as [Load]:
// its error is of type [Faults] and lists every unknown or doubled key, wrong
// type and unknown word with its line. Whether the document makes sense as a
// policy is not its matter.
func DecodeAPI(data []byte) (sallyport.API, error) { return DecodeAPIFile("", data) }

// DecodeAPIFile is [DecodeAPI] for text that is in the file of that name, which
// the faults then show.
func DecodeAPIFile(file string, data []byte) (sallyport.API, error) {
	w := &walker{file: file, root: shapeOf(reflect.TypeFor[sallyport.API](), "json"), lines: map[string]int{}}
	m := w.read(data)
	if m == nil && len(w.faults) == 0 {
		w.fault(0, "", "there is no document in it")
	}
	api := w.api(m, "")
	return api, w.faults.err()
}

// api makes an API of what was read, and checks what every API must have.
func (w *walker) api(m map[string]any, key string) sallyport.API {
	var api sallyport.API
	if m == nil {
		return api
	}
	// m holds only keys and types that API has, so this cannot fail for a
	// reason that is not reported already.
	if text, err := json.Marshal(m); err == nil {
		dec := json.NewDecoder(bytes.NewReader(text))
		if err := dec.Decode(&api); err != nil {
			w.fault(w.lines[key], key, "%s", err)
		}
	}
	// A key that was there and wrong is reported already; do not call it missing.
	for _, need := range []string{"name", "base_path", "upstream", "upstream.url"} {
		parent, _, nested := strings.Cut(need, ".")
		if _, said := w.lines[join(key, need)]; said {
			continue
		}
		if need == "base_path" && api.Dialect != "" && api.Dialect != "standard" {
			continue // the dialect knows where its system is
		}
		if _, said := w.lines[join(key, parent)]; nested && !said {
			continue
		}
		w.fault(w.lines[key], join(key, need), "is missing")
	}
	return api
}

// apiDir reads every API document of a directory, in the order of the names of
// the files.
func apiDir(dir string) ([]sallyport.API, Faults) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, Faults{{Key: "apis_dir", Message: cause(err)}}
	}
	var apis []sallyport.API
	var faults Faults
	for _, e := range entries {
		ext := filepath.Ext(e.Name())
		if e.IsDir() || strings.HasPrefix(e.Name(), ".") || !slices.Contains([]string{".yaml", ".yml", ".json"}, ext) {
			continue
		}
		file := filepath.Join(dir, e.Name())
		data, err := readBounded(file, maxFile)
		if err != nil {
			faults = append(faults, Fault{File: file, Message: cause(err)})
			continue
		}
		api, err := DecodeAPIFile(file, data)
		if bad, ok := err.(Faults); ok { //nolint:errorlint // DecodeAPIFile returns nothing else
			faults = append(faults, bad...)
			continue
		}
		apis = append(apis, api)
	}
	return apis, faults
}

// twice returns a fault for each API whose name another one has.
func twice(apis []sallyport.API) Faults {
	var faults Faults
	seen := map[sallyport.APIName]bool{}
	for i, a := range apis {
		if seen[a.Name] {
			faults = append(faults, Fault{Key: fmt.Sprintf("apis[%d].name", i), Message: fmt.Sprintf("there is more than one API %q", a.Name)})
		}
		seen[a.Name] = true
	}
	return faults
}
