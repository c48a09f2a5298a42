package carrier

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"strings"
)

// MaxFields is how many fields a form may have in which a credential is looked
// for.
const MaxFields = 1000

// A filePolicy says whether a file part of a multipart form is a field.
type filePolicy bool

const (
	noFiles   filePolicy = false
	withFiles filePolicy = true
)

// files returns the policy of the carrier.
func (c *Carrier) files() filePolicy { return filePolicy(c.FilePart) }

// FormValue returns the value of the first field with this name in a form body,
// decoded, and how often the name is there. A body of another type has no
// fields. Urlencoded bodies are read as [QueryValue] reads a query, with at most
// [MaxFields] fields; file parts of a multipart body do not count.
func FormValue(contentType string, body []byte, name string) (value string, count int, fault Fault) {
	return formValue(contentType, body, name, noFiles)
}

// FormFileValue is [FormValue], but takes a file part for a field as well.
func FormFileValue(contentType string, body []byte, name string) (value string, count int, fault Fault) {
	return formValue(contentType, body, name, withFiles)
}

func formValue(contentType string, body []byte, name string, files filePolicy) (value string, count int, fault Fault) {
	kind := formKind(contentType)
	if kind == noForm {
		return "", 0, OK
	}
	from, fault := readForm(contentType, kind, body)
	if fault != OK {
		return "", 0, fault
	}
	found, count := from.value(name, files)
	return found.text(), count, OK
}

// FormNames calls f with the name of each field of a form, decoded, until it
// returns false. A body of another type has no fields.
func FormNames(contentType string, body []byte, f func(name string) bool) Fault {
	kind := formKind(contentType)
	if kind == noForm {
		return OK
	}
	from, fault := readForm(contentType, kind, body)
	if fault != OK {
		return fault
	}
	if from.parts == nil {
		QueryNames(from.raw, f)
		return OK
	}
	for _, p := range from.parts {
		if !f(p.name) {
			return OK
		}
	}
	return OK
}

// CutForm returns an urlencoded body without the fields of these names, as
// [CutQuery] does it.
func CutForm(body []byte, names ...string) []byte {
	raw := string(body)
	if cut := CutQuery(raw, names...); len(cut) != len(raw) {
		return []byte(cut)
	}
	return body
}

// The sorts of a form.
type form uint8

const (
	noForm form = iota
	urlencoded
	multiparted
)

// formKind tells the sort of form from a content type.
func formKind(contentType string) form {
	media, _, _ := strings.Cut(contentType, ";")
	switch media = strings.TrimSpace(media); {
	case strings.EqualFold(media, "application/x-www-form-urlencoded"):
		return urlencoded
	case strings.EqualFold(media, "multipart/form-data"):
		return multiparted
	}
	return noForm
}

// fields are the parameters of a query or form: in raw, or in parts.
type fields struct {
	raw   string
	parts []part
}

// A part is a field of a multipart form.
type part struct {
	name, value string
	file        bool
}

// value returns the first value of a parameter and how often it is there.
func (f fields) value(name string, files filePolicy) (value encoded, count int) {
	if f.parts == nil {
		return scan(f.raw, name)
	}
	for _, p := range f.parts {
		if p.name != name || p.file && !bool(files) {
			continue
		}
		if count == 0 {
			value = encoded{raw: p.value}
		}
		count++
	}
	return value, count
}

// readForm reads a form.
func readForm(contentType string, kind form, body []byte) (fields, Fault) {
	if kind == multiparted {
		return readMultipart(contentType, body)
	}
	raw := string(body)
	return fields{raw: raw}, checkParameters(raw, MaxFields)
}

// readMultipart reads a multipart form. What a transfer encoding hides stays
// hidden: RFC 7578 §4.7 does away with them, and not every server decodes them.
func readMultipart(contentType string, body []byte) (fields, Fault) {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || params["boundary"] == "" {
		return fields{}, BodyMalformed
	}
	reader := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	parts := []part{}
	for {
		p, err := reader.NextRawPart()
		switch {
		case errors.Is(err, io.EOF):
			// The reader also takes a body without any boundary for a preamble.
			if len(parts) == 0 && !bytes.Contains(body, []byte("--"+params["boundary"]+"--")) {
				return fields{}, BodyMalformed
			}
			return fields{parts: parts}, OK
		case err != nil:
			return fields{}, BodyMalformed
		case len(parts) == MaxFields:
			return fields{}, TooManyParameters
		}
		value, err := io.ReadAll(p)
		if err != nil {
			return fields{}, BodyMalformed
		}
		_, disposition, err := mime.ParseMediaType(p.Header.Get("Content-Disposition"))
		if err != nil || len(p.Header.Values("Content-Disposition")) != 1 {
			return fields{}, BodyMalformed
		}
		_, file := disposition["filename"]
		parts = append(parts, part{name: disposition["name"], value: string(value), file: file})
	}
}
