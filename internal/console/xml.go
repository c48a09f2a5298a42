package console

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// maxNested bounds how deep XML is that is set out in lines.
const maxNested = 50

// indentXML puts the elements of a document on lines of their own, and changes
// nothing else: names, prefixes and texts stay as they are written. It is not ok
// if the document is not well-formed, or too deep.
func indentXML(body []byte) (text string, ok bool) {
	d := xml.NewDecoder(bytes.NewReader(body))
	d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.ErrUnsupported }
	var out strings.Builder
	depth, before, inline, element := 0, int64(0), false, false
	line := func() {
		if out.Len() > 0 {
			out.WriteString("\n" + strings.Repeat("  ", depth))
		}
	}
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return out.String(), depth == 0 && element
		}
		if err != nil || depth < 0 || depth > maxNested {
			return "", false
		}
		after := d.InputOffset()
		written := bytes.TrimSpace(body[before:after])
		before = after
		switch token.(type) {
		case xml.StartElement:
			line()
			out.Write(written)
			inline, element = true, true
			depth++
			continue
		case xml.EndElement:
			depth--
			if len(written) == 0 { // of an element that closed itself
				inline = false
				continue
			}
			if !inline {
				line()
			}
			out.Write(written)
			inline = false
			continue
		case xml.CharData:
			if len(written) > 0 {
				if !inline {
					line()
				}
				out.Write(written)
			}
			continue
		}
		line() // a comment, a declaration
		out.Write(written)
		inline = false
	}
}
